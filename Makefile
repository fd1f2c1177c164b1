# make && make install && make installcheck   as for any extension (PGXS)
# make demo, make test                        install what is missing, then show or test everything

EXTENSION = deepsad
EXTVERSION = $(shell sed -n "s/^default_version *= *'\(.*\)'/\1/p" deepsad.control)
MODULE_big = deepsad
DATA = $(wildcard sql/deepsad--*.sql)
OBJS = $(patsubst %.c,%.o,$(wildcard src/*.c src/core/*.c))

# Run in this order: the first creates the extension.
REGRESS = install options train score input metrics

OPTFLAGS ?=
# Everything here reaches the JIT bitcode too: it must compute the same bits.
PG_CPPFLAGS = -I$(srcdir)/src -ffp-contract=off -DDEEPSAD_VERSION='"$(EXTVERSION)"'
PG_CFLAGS = -std=gnu11 -Wall -Wextra -Wno-unused-parameter -Wno-sign-compare \
	-Wno-missing-field-initializers -Werror=implicit -Wvla -fvisibility=hidden $(OPTFLAGS)
SHLIB_LINK = -ldl -lm -lpthread
EXTRA_CLEAN = build

PG_CONFIG ?= pg_config
PGXS := $(shell $(PG_CONFIG) --pgxs 2>/dev/null)
ifneq ($(wildcard $(PGXS)),)
# PGXS wants clang for the bitcode; without it the extension is as good.
ifeq ($(shell command -v clang clang-14 clang-15 clang-16 clang-17 clang-18 clang-19),)
override with_llvm = no
endif
include $(PGXS)
# The numerical core is where the time goes.
$(patsubst %.c,%.o,$(wildcard src/core/*.c)): CFLAGS += -O3
$(OBJS): $(wildcard src/*.h src/core/*.h)
else
all install installcheck:
	@echo "PostgreSQL's server headers were not found; 'make test' and 'make demo' install them" >&2; exit 1
clean:
	rm -rf build
endif

# ---- the core on its own: no PostgreSQL header, no PostgreSQL symbol ----

CORE_CFLAGS = -std=gnu11 -O3 -fPIC -ffp-contract=off -fvisibility=hidden -Wall -Wextra -Wvla -Werror
CORE_SOURCES = $(wildcard src/core/*.c)

core: build/libdeepsad_core.a

build/libdeepsad_core.a: $(CORE_SOURCES) $(wildcard src/core/*.h)
	@mkdir -p build/core
	for f in $(CORE_SOURCES); do \
		$(CC) $(CORE_CFLAGS) -c $$f -o build/core/$$(basename $$f .c).o || exit 1; done
	rm -f $@ && ar rcs $@ build/core/*.o

core-check:
	tests/run/core-check

symbols-check:
	tests/run/symbols-check

fuzz:
	tests/run/fuzz

test:
	@tests/run/test

demo:
	@tests/run/demo

.PHONY: core core-check symbols-check fuzz test demo
