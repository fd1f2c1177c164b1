-- deepsad_freeze: a function for indexes and generated columns
CREATE FUNCTION make_model(seed int, width int) RETURNS bytea LANGUAGE sql AS $$
	SELECT deepsad_train(ARRAY(SELECT sin(i * 7 + j * j + seed) FROM generate_series(1, width) j), NULL,
		deepsad_options(preset => 'paper', hidden => '{8}', latent => 4, epochs => 1, pretrain_epochs => 0,
			seed => seed, batch_size => 64))
	FROM generate_series(1, 64) i $$;
CREATE TABLE big AS SELECT i AS id, ARRAY(SELECT sin(i * 3 + j * j) FROM generate_series(1, 3) j)::real[] AS f
FROM generate_series(1, 1000) i;
CREATE TABLE detector AS SELECT make_model(1, 3) AS model;
CREATE TABLE event AS SELECT i AS id, i % 50 + 1 AS tenant, ARRAY[sin(i), cos(i), sin(i * i)]::real[] AS f FROM generate_series(1, 500) i;
SELECT deepsad_freeze(model, 'Odd.Name') FROM detector;
SELECT deepsad_freeze(model, 'big_score') FROM detector;
SELECT deepsad_freeze(model, 'big_score') FROM detector;
SELECT deepsad_freeze(model, '"') FROM detector;
SELECT deepsad_freeze('\x01', 'other');
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
-- the extension cannot go while a frozen function needs it
\set VERBOSITY terse
DROP EXTENSION deepsad;
\set VERBOSITY default
DROP TABLE big;
DROP FUNCTION big_score(float8[]), big_score_model();
-- settings, other functions of the same name and the search_path change nothing
SET standard_conforming_strings = off;
SET escape_string_warning = off;
SELECT deepsad_freeze(model, 'frozen') FROM detector;
RESET standard_conforming_strings;
CREATE FUNCTION deepsad_score(bytea, float8[]) RETURNS float8 LANGUAGE sql AS 'SELECT -2::float8';
SELECT frozen(ARRAY[1, 2, 3]) = deepsad_score(model, 1, 2, 3) AS same FROM detector;
DROP FUNCTION deepsad_score(bytea, float8[]);
SET search_path = pg_temp, public;
SELECT deepsad_freeze(model, 'frozen') IS NOT NULL AS temporary FROM detector;
SELECT pg_temp.frozen(ARRAY[1, 2, 3]) = deepsad_score(model, 1, 2, 3) AS same FROM detector;
RESET search_path;
DROP FUNCTION pg_temp.frozen(float8[]), pg_temp.frozen_model();
SELECT deepsad_freeze(model, 'float8_avg') FROM detector;
DROP FUNCTION public.float8_avg(float8[]), float8_avg_model();
DROP FUNCTION frozen(float8[]), frozen_model();
CREATE SCHEMA "it's; x";
ALTER EXTENSION deepsad SET SCHEMA "it's; x";
SELECT "it's; x".deepsad_freeze(model, 'frozen') FROM detector;
SELECT frozen(ARRAY[1, 2, 3]) = "it's; x".deepsad_score(model, 1, 2, 3) AS same FROM detector;
DROP FUNCTION frozen(float8[]), frozen_model();
ALTER EXTENSION deepsad SET SCHEMA public;
DROP SCHEMA "it's; x";

-- big scans of a frozen function go parallel
SELECT deepsad_freeze(model, 'frozen') FROM detector;
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

-- names: long ones that share their first bytes, one whose model is still there, what the function's array stands for
SELECT deepsad_freeze(model, repeat('s', 60) || 'ab') IS NOT NULL AS first, deepsad_freeze(model, repeat('s', 60) || 'cd') IS NOT NULL AS second FROM detector;
SELECT count(*) AS models FROM pg_proc WHERE proname ~ '^s+_[0-9a-f]{8}_model$';
SELECT deepsad_freeze(model, 'again') FROM detector;
DROP FUNCTION again(float8[]);
SELECT deepsad_freeze(model, 'again') FROM detector;
DROP FUNCTION again_model();
SELECT deepsad_freeze(model, 'again') FROM detector;
SELECT obj_description('again(float8[])'::regprocedure);
CREATE TABLE named AS SELECT deepsad_train(t, NULL, '{"epochs": 1, "pretrain_epochs": 0, "members": 1}') AS model
FROM (SELECT sin(i) AS "Width", cos(i)::numeric AS height, ARRAY[i % 7, i % 3] AS xs FROM generate_series(1, 50) i) t;
SELECT deepsad_freeze(model, 'of_columns') FROM named;
SELECT obj_description('of_columns(float8[])'::regprocedure);
SELECT of_columns(ARRAY[0.5, 0.25, 3, 1]) = deepsad_score(model, t) AS same
FROM named, (SELECT 0.25::numeric AS height, ARRAY[3, 1] AS xs, 0.5::float8 AS "Width") t;

-- a model that is too large; an error says where it comes from, not what the model is
SELECT deepsad_freeze(deepsad_train(ARRAY[sin(i), cos(i)], NULL, '{"epochs": 1, "pretrain_epochs": 0, "members": 1, "hidden": [1000, 600]}'), 'large')
FROM generate_series(1, 20) i;
CREATE FUNCTION freezing(model bytea) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	PERFORM deepsad_freeze(model, 'not.allowed');
	RETURN NULL;
END $$;
\set SHOW_CONTEXT never
SELECT freezing(model) FROM detector;
CREATE FUNCTION refuse() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no functions today'; END $$;
CREATE EVENT TRIGGER refusing ON ddl_command_start WHEN TAG IN ('CREATE FUNCTION') EXECUTE FUNCTION refuse();
DO $$
DECLARE
	context text;
BEGIN
	PERFORM deepsad_freeze(model, 'refused') FROM detector;
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS context = PG_EXCEPTION_CONTEXT;
	RAISE NOTICE '%; the context names the function: %, shows the model: %', SQLERRM, context LIKE '%SQL statement "deepsad_freeze"%', context ~ '[0-9a-f]{100}';
END $$;
DROP EVENT TRIGGER refusing;
SHOW check_function_bodies;

-- what others put beside the functions of a schema is not called with the caller's rights
CREATE TABLE captured (what text);
CREATE FUNCTION decoy(what text) RETURNS void LANGUAGE sql AS 'INSERT INTO captured VALUES (what)';
CREATE FUNCTION _deepsad_frozen_score(anyelement, anyarray) RETURNS float8 LANGUAGE sql AS $$SELECT decoy('any score'); SELECT 1::float8$$;
CREATE FUNCTION baited_model(VARIADIC int[]) RETURNS bytea LANGUAGE sql AS $$SELECT decoy('variadic model'); SELECT ''::bytea$$;
CREATE FUNCTION public.decode(text, text) RETURNS bytea LANGUAGE sql AS $$SELECT decoy('decode'); SELECT ''::bytea$$;
SET search_path = public, pg_catalog;
SELECT deepsad_freeze(model, 'baited') FROM detector;
SELECT baited(ARRAY[1, 2, 3]::float8[]) = deepsad_score(model, 1, 2, 3) AS same FROM detector;
RESET search_path;
SELECT * FROM captured;
DROP FUNCTION _deepsad_frozen_score(anyelement, anyarray), public.decode(text, text), baited_model(int[]), baited(float8[]), baited_model();
DROP TABLE detector, event, named, captured;
DROP FUNCTION make_model, uses_index, filter_order, freezing, refuse, decoy;
DO $$
DECLARE frozen regprocedure;
BEGIN
	FOR frozen IN SELECT oid FROM pg_proc WHERE proname ~ '^(sss|again|of_columns)' ORDER BY proname LIKE '%\_model' LOOP
		EXECUTE 'DROP FUNCTION ' || frozen;
	END LOOP;
END $$;
