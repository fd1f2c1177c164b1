# docker build -t deepsad . && docker run -e POSTGRES_PASSWORD=secret deepsad
ARG PG=17
FROM postgres:$PG AS build
RUN apt-get update && apt-get install -y --no-install-recommends gcc libc6-dev make postgresql-server-dev-$PG_MAJOR
COPY . /src
RUN cd /src && make -s clean with_llvm=no && make -s with_llvm=no && make -s install with_llvm=no DESTDIR=/out
FROM postgres:$PG
RUN apt-get update && apt-get install -y --no-install-recommends libopenblas0-pthread && rm -rf /var/lib/apt/lists/*
COPY --from=build /out /
RUN echo "CREATE EXTENSION deepsad" >/docker-entrypoint-initdb.d/deepsad.sql
