-- deepsad_score_table: the same bits as deepsad_score
CREATE TABLE big AS SELECT i AS id, ARRAY(SELECT sin(i * 3 + j * j) FROM generate_series(1, 3) j)::real[] AS f
FROM generate_series(1, 1000) i;
UPDATE big SET f = NULL WHERE id % 100 = 0;
UPDATE big SET f[2] = NULL WHERE id % 100 = 1;
CREATE TABLE detector AS SELECT make_model(1, 3) AS model;
SELECT count(*), count(s.score), count(*) FILTER (WHERE s.score IS DISTINCT FROM deepsad_score(model, f)) AS different
FROM detector, deepsad_score_table(model, 'SELECT id::bigint, f FROM big') s JOIN big b ON b.id = s.key;
-- other keys, float8[], loose columns, rows
SELECT count(*), max(s.score) = (SELECT max(deepsad_score(model, f)) FROM big, detector WHERE id < 50) AS same
FROM detector, deepsad_score_table(model, 'SELECT id::text, f[1], f[2], f[3] FROM big WHERE id < 50 ORDER BY id', NULL::text) s;
SELECT key, score = deepsad_score(model, '{1,2,3}') AS same
FROM detector, deepsad_score_table(model, $$SELECT DATE '2026-11-24', ROW(1, 2.0::numeric, 3::float8)$$, NULL::date) s;
SELECT key, score = deepsad_score(model, '{1,2,3}') AS same
FROM detector, deepsad_score_table(model, 'SELECT 1, ARRAY[1, 2, 3]::float8[]', 0) s;
SELECT count(*) FROM detector, deepsad_score_table(model, 'SELECT id, f FROM big WHERE false', 0) s;
SELECT count(*) FROM deepsad_score_table(NULL, 'SELECT 1, 2', 0) s;
-- errors
SELECT count(*) FROM detector, deepsad_score_table(model, 'SELECT id, f FROM big') s;
SELECT count(*) FROM detector, deepsad_score_table(model, 'SELECT id FROM big', 0) s;
SELECT count(*) FROM detector, deepsad_score_table(model, 'SELECT id, id::text FROM big', 0) s;
SELECT count(*) FROM detector, deepsad_score_table(model, 'SELECT 1, ARRAY[1, 2]', 0) s;
SELECT count(*) FROM detector, deepsad_score_table(model, $$SELECT 1, ARRAY[1, 2, 'inf'::float8]$$, 0) s;
SELECT count(*) FROM detector, deepsad_score_table(model, 'SELECT 1; SELECT 2', 0) s;
SELECT count(*) FROM detector, deepsad_score_table(model, 'CREATE TABLE x ()', 0) s;
SELECT count(*) FROM deepsad_score_table('\x01', 'SELECT 1, ARRAY[1, 2, 3]', 0) s;
-- with the caller's rights
CREATE ROLE deepsad_reader;
GRANT SELECT ON detector TO deepsad_reader;
SET ROLE deepsad_reader;
SELECT count(*) FROM detector, deepsad_score_table(model, 'SELECT id, f FROM big', 0) s;
RESET ROLE;
REVOKE ALL ON detector FROM deepsad_reader;
DROP ROLE deepsad_reader;

-- deepsad_freeze: a function for indexes and generated columns
SELECT deepsad_freeze('Odd.Name', model) FROM detector;
SELECT deepsad_freeze('big_score', model) FROM detector;
SELECT deepsad_freeze('big_score', model) FROM detector;
SELECT deepsad_freeze('"', model) FROM detector;
SELECT deepsad_freeze('other', '\x01');
SELECT provolatile, proparallel FROM pg_proc WHERE proname = 'big_score';
CREATE INDEX ON big (big_score(f));
ALTER TABLE big ADD g float8[];
UPDATE big SET g = f;
ALTER TABLE big ADD score float8 GENERATED ALWAYS AS (big_score(g)) STORED;
SELECT count(*) FILTER (WHERE score IS DISTINCT FROM deepsad_score(model, f)) AS different FROM big, detector;
CREATE FUNCTION uses_index(query text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE line text;
BEGIN
	FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
		IF line LIKE '%Index%' THEN RETURN true; END IF;
	END LOOP;
	RETURN false;
END $$;
ANALYZE big;
SET enable_seqscan = off;
SELECT uses_index('SELECT id FROM big ORDER BY big_score(f) DESC LIMIT 5');
RESET enable_seqscan;
DROP TABLE big;
-- the extension cannot go while a frozen function needs it
\set VERBOSITY terse
DROP EXTENSION deepsad;
\set VERBOSITY default
DROP FUNCTION big_score(float8[]), big_score_model();
-- settings, other functions of the same name and the search_path change nothing
SET standard_conforming_strings = off;
SET escape_string_warning = off;
SELECT deepsad_freeze('frozen', model) FROM detector;
RESET standard_conforming_strings;
CREATE FUNCTION deepsad_score(bytea, float8[]) RETURNS float8 LANGUAGE sql AS 'SELECT -2::float8';
SELECT frozen(ARRAY[1, 2, 3]) = deepsad_score(model, 1, 2, 3) AS same FROM detector;
DROP FUNCTION deepsad_score(bytea, float8[]);
SET search_path = pg_temp, public;
SELECT deepsad_freeze('frozen', model) IS NOT NULL AS temporary FROM detector;
SELECT pg_temp.frozen(ARRAY[1, 2, 3]) = deepsad_score(model, 1, 2, 3) AS same FROM detector;
RESET search_path;
DROP FUNCTION pg_temp.frozen(float8[]), pg_temp.frozen_model();
SELECT deepsad_freeze('float8_avg', model) FROM detector;
DROP FUNCTION public.float8_avg(float8[]), float8_avg_model();
DROP FUNCTION frozen(float8[]), frozen_model();
CREATE SCHEMA "it's; x";
ALTER EXTENSION deepsad SET SCHEMA "it's; x";
SELECT "it's; x".deepsad_freeze('frozen', model) FROM detector;
SELECT frozen(ARRAY[1, 2, 3]) = "it's; x".deepsad_score(model, 1, 2, 3) AS same FROM detector;
DROP FUNCTION frozen(float8[]), frozen_model();
ALTER EXTENSION deepsad SET SCHEMA public;
DROP SCHEMA "it's; x";

-- big scans of a frozen function go parallel
SELECT deepsad_freeze('frozen', model) FROM detector;
CREATE TABLE scan AS SELECT ARRAY[i, i, i]::float8[] AS f FROM generate_series(1, 40000) i;
ANALYZE scan;
CREATE FUNCTION is_parallel(query text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE line text;
BEGIN
	FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
		IF line LIKE '%Parallel%' THEN RETURN true; END IF;
	END LOOP;
	RETURN false;
END $$;
SET min_parallel_table_scan_size = 0;
SET max_parallel_workers_per_gather = 2;
SET parallel_setup_cost = 500;
SELECT is_parallel('SELECT count(*) FROM scan WHERE frozen(f) > 5') AS parallel, is_parallel('SELECT count(*) FROM scan WHERE f[1] > 5') AS plain;
RESET min_parallel_table_scan_size;
RESET max_parallel_workers_per_gather;
RESET parallel_setup_cost;
DROP TABLE scan;
DROP FUNCTION frozen(float8[]), frozen_model(), is_parallel;
-- GROUP BY of a training sorts, so that one group is held at a time
CREATE FUNCTION sorts(query text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE line text;
BEGIN
	FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
		IF line LIKE '%HashAggregate%' THEN RETURN false; END IF;
	END LOOP;
	RETURN true;
END $$;
SELECT sorts('SELECT tenant, deepsad_train(f) FROM event GROUP BY tenant');
DROP FUNCTION sorts;

-- the planner knows what a literal model costs: cheap filters run first
CREATE FUNCTION filter_order(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE line text;
BEGIN
	FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
		IF line LIKE '%Filter%' THEN RETURN CASE WHEN strpos(line, 'id') < strpos(line, 'deepsad_score') THEN 'cheap first' ELSE 'cheap last' END; END IF;
	END LOOP;
END $$;
SELECT filter_order(format('SELECT FROM event WHERE deepsad_score(%L::bytea, f) > 1 AND id::text || id::text <> %L', model, 'x')) FROM detector;
