#!/usr/bin/env bash
# The shell commands of doc/exchange.md, with a model that is too long for a command line, in the database that PGDATABASE
# names. Ends with `N passed, N failed`.
set -euo pipefail
page=$(realpath "$(dirname "$0")/../../doc/exchange.md")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
psql -X -q -v ON_ERROR_STOP=1 <<'SQL'
SET client_min_messages = error;
CREATE EXTENSION IF NOT EXISTS deepsad;
CREATE TABLE model AS SELECT 'fraud' AS name, deepsad_train(ARRAY(SELECT (i * j * 7919 % 1009) / 100.0 FROM generate_series(1, 60) j),
	NULL, '{"epochs": 1, "pretrain_epochs": 0}') AS model FROM generate_series(1, 100) i;
SQL
sed -n '/^```sh$/,/^```$/{/^```/!p}' "$page" | bash -euo pipefail
passed=0
[ "$(stat -c %s fraud.onnx)" = "$(psql -X -Atqc 'SELECT length(deepsad_export_onnx(model)) FROM model LIMIT 1')" ] && passed=$((passed + 1))
[ "$(stat -c %s fraud.safetensors)" -gt 131072 ] && passed=$((passed + 1))
[ "$(psql -X -Atqc 'SELECT count(*), count(DISTINCT model) FROM model')" = '2|1' ] && passed=$((passed + 1))
psql -X -q -v ON_ERROR_STOP=1 -f fraud.sql
[ "$(psql -X -Atqc "SELECT abs(fraud_score(f) - deepsad_score(model, f)) < 1e-5 FROM model, (SELECT array_fill(3.5::float8, '{60}') AS f) f LIMIT 1")" = t ] &&
	passed=$((passed + 1))
echo "$passed passed, $((4 - passed)) failed"
