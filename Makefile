# make && make install && make installcheck   as for any extension (PGXS)
# make demo, make test                        install what is missing, then show or test everything

EXTENSION = deepsad
EXTVERSION = $(shell sed -n "s/^default_version *= *'\(.*\)'/\1/p" deepsad.control)
MODULE_big = deepsad
DATA = $(wildcard sql/deepsad--*.sql)
SOURCES = $(wildcard src/*/*.c src/core/*/*.c)
OBJS = $(SOURCES:.c=.o)

# Each runs alone, in any order, in a database that has the extension: make installcheck REGRESS=decide
REGRESS_OPTS = --load-extension=deepsad
REGRESS = install options train chosen update trust memory failures score decide drift explain input metrics cache batch freeze planner rows columns pictures exchange report sample sample_train distributed window groups wide garden

PG_CONFIG ?= pg_config
OPTFLAGS ?=
# Everything here reaches the JIT bitcode too: it must compute the same bits.
# -isystem: no warnings about the server's own headers.
PG_CPPFLAGS = -I$(srcdir)/src -isystem $(shell $(PG_CONFIG) --includedir-server) -ffp-contract=off \
	-DDEEPSAD_VERSION='"$(EXTVERSION)"'
# 32-bit x86: a float is a float only in SSE registers.
ifneq ($(filter i386-% i486-% i586-% i686-%,$(shell $(or $(shell $(PG_CONFIG) --cc 2>/dev/null),cc) -dumpmachine)),)
CPU_FLAGS = -msse2 -mfpmath=sse
PG_CPPFLAGS += $(CPU_FLAGS)
endif
# SQL functions and callbacks have the parameters they must have.
PG_CFLAGS = -std=gnu11 -Wall -Wextra -Wno-unused-parameter -Werror=implicit -Wvla \
	-fvisibility=hidden $(OPTFLAGS)
SHLIB_LINK = -ldl -lm -lpthread
EXTRA_CLEAN = build

PGXS := $(shell $(PG_CONFIG) --pgxs 2>/dev/null)
ifneq ($(wildcard $(PGXS)),)
# PGXS makes JIT bitcode with the clang that it names; without that clang the extension is as good.
PGXS_CLANG := $(or $(CLANG),$(shell sed -n 's/^CLANG *= *//p' $(dir $(PGXS))../Makefile.global))
ifeq ($(shell command -v $(firstword $(PGXS_CLANG) clang)),)
override with_llvm = no
endif
include $(PGXS)
# The numerical core is where the time goes; without errno square roots are plain instructions.
$(filter src/core/%,$(OBJS)): CFLAGS += -O3 -fno-math-errno
$(OBJS) $(OBJS:.o=.bc): $(wildcard src/*/*.h src/core/*/*.h) deepsad.control
else
all install installcheck:
	@echo "PostgreSQL's server headers were not found; 'make test' and 'make demo' install them" >&2; exit 1
clean:
	rm -rf build
endif

# ---- the core on its own: no PostgreSQL header, no PostgreSQL symbol ----

CORE_CFLAGS = -Isrc -std=gnu11 -O3 -fPIC -ffp-contract=off -fno-math-errno -fvisibility=hidden -Wall -Wextra -Wvla -Werror $(CPU_FLAGS)
CORE_OBJECTS = $(patsubst src/core/%.c,build/core/%.o,$(filter src/core/%,$(SOURCES)))

core: build/libdeepsad_core.a

# The folders change when a source is removed.
build/libdeepsad_core.a: $(CORE_OBJECTS) src/core $(wildcard src/core/*/)
	rm -f $@
	$(AR) rcs $@ $(CORE_OBJECTS)

build/core/%.o: src/core/%.c $(wildcard src/core/*.h src/core/*/*.h)
	@mkdir -p $(@D)
	$(CC) $(CORE_CFLAGS) -c $< -o $@

core-check:
	tests/run/core-check

cross-check:
	tests/run/cross-check

symbols-check:
	tests/run/symbols-check

layers-check:
	tests/run/layers-check

fuzz:
	tests/run/fuzz
	tests/run/with-server tests/run/fuzz-server 30000 $(SEED)

# Exports in ONNX Runtime, onnx's checker, PyTorch, psycopg
exchange-check:
	tests/run/exchange-check $(MODELS)

test:
	@tests/run/test

# Runs the README's SQL and puts what it prints where outputs stand.
readme:
	tests/run/with-server tests/run/readme-check --write

# Rewrites the C files; where a commit does nothing else, list it in .git-blame-ignore-revs.
format:
	tests/run/format

format-check:
	tests/run/format-check

lint:
	tests/run/lint

coverage:
	tests/run/coverage

count-lines:
	tests/run/count-lines

demo:
	@tests/run/demo

# make test in throw-away Debians, with one table: make lanes LANES="bullseye bookworm/i386" LANE_COMMAND="tests/run/test short"
lanes:
	@tests/run/lanes $(LANE_COMMAND)

# pg_upgrade 13 to 15 to 17 to 18, in the newest lane with the servers of the others
upgrade-check:
	@for suite in bullseye bookworm trixie; do tests/run/lane $$suite "" true || exit; done
	@tests/run/lane forky "" tests/run/upgrade-check

# The regression files on servers that watch themselves
lanes-sanitizer:
	@tests/run/lane-sanitizer sanitize
	@tests/run/lane-sanitizer valgrind

# A PGXN archive of HEAD; make test in its own unpacked folder; the Debian package built, linted, installed and tested in a lane.
dist:
	@tests/run/dist

dist-check:
	@tests/run/dist-check

deb:
	@tests/run/lane trixie "" tests/run/deb

# Interrupted trainings and failures, many times over, and two dozen sessions: make torture ROUNDS=100 SECONDS=600
torture:
	@tests/run/torture $(or $(ROUNDS),100) $(SECONDS)

# Pages of deepsad_report in parsers, validators and a browser, as far as they are installed
report-check:
	tests/run/with-server tests/run/report-check $(SEED)

.PHONY: report-check core core-check cross-check symbols-check layers-check exchange-check fuzz test readme format format-check lint coverage \
	count-lines demo torture lanes lanes-sanitizer upgrade-check dist dist-check deb
