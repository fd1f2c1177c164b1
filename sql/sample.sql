-- Training sets as values: what they hold, and that they are the same whatever the plan.
\set VERBOSITY terse
SET extra_float_digits = 0;
SET timezone = 'UTC';

-- what a set is
CREATE TABLE st (id int, a real, b text, c int, at timestamptz, f real[], y boolean);
INSERT INTO st SELECT i, i % 7, CASE WHEN i % 5 > 0 THEN 'k' || i % 3 END, i % 2, '2026-01-01'::timestamptz + i * interval '1 hour',
	ARRAY[i % 3, i % 4], CASE WHEN i % 50 = 0 THEN i % 100 = 0 END FROM generate_series(1, 600) i;
SELECT jsonb_pretty(deepsad_sample_info(deepsad_sample(st, y)) - 'digest') FROM st;
SELECT deepsad_sample_info(deepsad_sample(f)) - 'digest' - 'columns' AS arrays FROM st;
SELECT deepsad_sample_info(deepsad_sample(f))->'columns' AS columns FROM st;
-- columns that are left out, or the only ones that are taken
SELECT jsonb_path_query_array(deepsad_sample_info(deepsad_sample(st, y, '{"columns": {"id": "skip", "b": "skip", "y": "skip"}}')), '$.columns[*].name') FROM st;
SELECT jsonb_path_query_array(deepsad_sample_info(deepsad_sample(st, NULL, '{"columns": ["c", "a"]}')), '$.columns[*].name') FROM st;
-- copies are one entry
SELECT deepsad_sample_info(deepsad_sample(r))->'entries' AS entries, deepsad_sample_info(deepsad_sample(r))->'rows' AS rows FROM st, LATERAL (SELECT a, c) r;
SELECT key, label, count, features FROM deepsad_sample_rows((SELECT deepsad_sample(r) FROM st, LATERAL (SELECT c) r));
-- every type comes back as it was
CREATE TYPE st_mood AS ENUM ('calm', 'wild');
CREATE DOMAIN st_short AS varchar(4) CHECK (VALUE <> 'no');
CREATE TABLE st_all (i2 int2, i4 int4, i8 int8, n numeric, f4 float4, f8 float8, o boolean, t text, v varchar(9), p char(5), m name,
	q "char", u uuid, ts timestamp, tz timestamptz, d date, h time, hz timetz, iv interval, ip inet, ci cidr, mood st_mood, dom st_short,
	a2 int2[], a4 int4[], a8 int8[], an numeric[], af real[], ad float8[]);
INSERT INTO st_all VALUES
	(1, -2, 9223372036854775807, 1.5, 0.1, 0.1, true, 'text', 'vary', 'pad', 'nam', 'c', '00112233-4455-6677-8899-aabbccddeeff',
	'2026-01-02 03:04:05.678', '2026-01-02 03:04:05+02', '2026-01-02', '12:34:56', '12:00+02', '1 month 2 days 03:00', '10.1.2.3/8', '2001:db8::/32',
	'wild', 'yes', '{1,2}', '{-1,70000}', '{9007199254740993,1}', '{1.5,NULL}', '{0.1,2}', '{0.1,1e300}'),
	(NULL, NULL, -9223372036854775808, 'NaN', 'NaN', '-Infinity', false, '', NULL, '', NULL, NULL, NULL, 'infinity', '-infinity', '4000-01-01 BC',
	'24:00', NULL, '-1 day', '::1', NULL, 'calm', NULL, '{3}', NULL, NULL, '{-1}', '{1,2,3}', NULL);
CREATE TEMP TABLE st_back AS SELECT * FROM deepsad_sample_rows((SELECT deepsad_sample(st_all) FROM st_all), NULL::st_all);
SELECT * FROM st_back ORDER BY i8 \gx
-- a type with some of the columns, of other types
SELECT * FROM deepsad_sample_rows((SELECT deepsad_sample(r) FROM st, LATERAL (SELECT a, c) r), NULL::st_all) LIMIT 0;
CREATE TYPE st_part AS (c bigint, a text, other int);
SELECT * FROM deepsad_sample_rows((SELECT deepsad_sample(r) FROM st, LATERAL (SELECT a, c) r), NULL::st_part) ORDER BY c, a LIMIT 3;
SELECT count(*) FROM deepsad_sample_rows((SELECT deepsad_sample(r) FROM st, LATERAL (SELECT a, c) r), NULL::st_part);
-- numbers that are equal are one row, whatever type they have; NULL is what a row does not have
SELECT deepsad_sample_info(deepsad_merge(s))->'entries' AS entries FROM (
	SELECT deepsad_sample(r) AS s FROM (SELECT 1::int AS a, NULL::text AS b) r UNION ALL SELECT deepsad_sample(r) FROM (SELECT 1.0::float8 AS a) r
	UNION ALL SELECT deepsad_sample(r) FROM (SELECT NULL::text AS b, 1::numeric AS a) r) q;

-- keys and labels: a key is one entry, a known label wins, the longest content stays
CREATE TABLE sk (k text, x text, y boolean);
INSERT INTO sk VALUES ('a', 'short', NULL), ('a', 'a longer one', NULL), ('b', 'b', true), ('b', 'b', NULL), ('c', 'c', false), ('c', 'cc', false), ('d', 'd', NULL);
SELECT * FROM deepsad_sample_rows((SELECT deepsad_sample(r, y, NULL, k) FROM sk, LATERAL (SELECT x) r)) ORDER BY key;
INSERT INTO sk VALUES ('c', 'c', true);
SELECT deepsad_sample(r, y, NULL, k) FROM sk, LATERAL (SELECT x) r;
SELECT deepsad_sample(r, y) FROM sk, LATERAL (SELECT x) r;
SELECT deepsad_sample(ARRAY[1, 2], y) FROM sk;

-- the same value, bit for bit, from every plan
CREATE TABLE sp (part int, tenant int, k text, a real, b text, c int, f real[], y boolean) PARTITION BY LIST (part);
CREATE TABLE sp0 PARTITION OF sp FOR VALUES IN (0);
CREATE TABLE sp1 PARTITION OF sp FOR VALUES IN (1);
CREATE TABLE sp2 PARTITION OF sp FOR VALUES IN (2);
INSERT INTO sp SELECT i % 3, i % 10, 'k' || i::bigint * 7919 % 3000, i % 5, 't' || i % 4, CASE WHEN i % 3 > 0 THEN i % 6 END,
	ARRAY[i % 5, i % 7, sqrt(i % 50)], CASE WHEN i::bigint * 7919 % 3000 % 40 = 0 AND i % 2 = 0 THEN i::bigint * 7919 % 3000 % 80 = 0 END
	FROM generate_series(1, 12000) i;
ANALYZE sp;
CREATE FUNCTION st_plan(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE line text; partial boolean := false; gather boolean := false;
BEGIN
	FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
		partial := partial OR line LIKE '%Partial%Aggregate%';
		gather := gather OR line LIKE '%Gather%';
	END LOOP;
	RETURN concat_ws(' ', CASE WHEN gather THEN 'parallel' END, CASE WHEN partial THEN 'partial' END);
END $$;
-- what differs from the serial plan, and the plans that there were
CREATE FUNCTION st_same(aggregate text) RETURNS TABLE (how text, plan text, same boolean) LANGUAGE plpgsql AS $$
DECLARE
	query text := format('SELECT md5(%s::text) FROM sp', aggregate);
	expected text;
	got text;
	workers int;
	partitions text;
BEGIN
	SET LOCAL parallel_setup_cost = 0;
	SET LOCAL parallel_tuple_cost = 0;
	SET LOCAL min_parallel_table_scan_size = 0;
	SET LOCAL enable_partitionwise_aggregate = off;
	SET LOCAL max_parallel_workers_per_gather = 0;
	EXECUTE query INTO expected;
	FOREACH workers IN ARRAY ARRAY[0, 1, 2] LOOP
		FOREACH partitions IN ARRAY ARRAY['off', 'on'] LOOP
			PERFORM set_config('max_parallel_workers_per_gather', workers::text, true), set_config('enable_partitionwise_aggregate', partitions, true);
			EXECUTE query INTO got;
			how := format('%s workers, partitionwise %s', workers, partitions);
			plan := st_plan(query);
			same := got = expected;
			RETURN NEXT;
		END LOOP;
	END LOOP;
	plan := NULL;
	SET LOCAL max_parallel_workers_per_gather = 0;
	EXECUTE format('SELECT md5(deepsad_merge(s ORDER BY random())::text) = %L FROM (SELECT %s AS s FROM sp GROUP BY tenant) q', expected, aggregate) INTO same;
	how := 'merged'; RETURN NEXT;
	EXECUTE format('SELECT md5(deepsad_merge(s)::text) = %L FROM (SELECT deepsad_merge(s) AS s FROM (SELECT tenant, %s AS s FROM sp GROUP BY tenant, part) q GROUP BY tenant / 3) q',
		expected, aggregate) INTO same;
	how := 'merged as a tree'; RETURN NEXT;
	EXECUTE format('SELECT md5(%s::text) = %L FROM (SELECT * FROM sp ORDER BY random()) sp', aggregate, expected) INTO same;
	how := 'shuffled'; RETURN NEXT;
	EXECUTE format('SELECT md5(deepsad_merge(deepsad_rows)::text) = %L FROM (SELECT deepsad_merge(%s::text::deepsad_rows) AS deepsad_rows FROM sp WHERE false
		UNION ALL SELECT s FROM (SELECT %s AS s FROM sp GROUP BY tenant) q) q', expected, 'NULL', aggregate) INTO same;
	how := 'merged with NULL'; RETURN NEXT;
END $$;
SELECT how, plan, same FROM st_same($$deepsad_sample(sp, y, '{"max_rows": 100, "max_bytes": 9000, "seed": 5}', k)$$);
SELECT count(*), bool_and(same) FROM st_same($$deepsad_sample(sp, y, '{"max_rows": 400, "seed": 6}', k)$$);
SELECT count(*), bool_and(same) FROM st_same($$deepsad_sample(sp, y, '{"max_bytes": 20000, "columns": {"part": "skip"}}', k)$$);
SELECT count(*), bool_and(same) FROM st_same($$deepsad_sample(f)$$);
SELECT count(*), bool_and(same) FROM st_same($$deepsad_sample(f, NULL, '{"max_rows": 40}')$$);
SELECT count(*), bool_and(same) FROM st_same($$deepsad_sample(f, CASE WHEN a = 0 THEN true END, '{"max_rows": 40}')$$);
-- counts are exact: those of the keys in the set are those of the table
SELECT count(*), bool_and(s.count = t.count) FROM deepsad_sample_rows((SELECT deepsad_sample(sp, NULL, '{"max_rows": 100, "seed": 7}', k) FROM sp)) s
	JOIN (SELECT k, count(*) FROM sp GROUP BY k) t ON t.k = s.key;
-- all labels are there while they fit
SELECT count(*) FILTER (WHERE label) AS anomalies, count(*) FILTER (WHERE NOT label) AS normals, count(*)
	FROM deepsad_sample_rows((SELECT deepsad_sample(sp, y, '{"max_rows": 100}', k) FROM sp));
SELECT count(DISTINCT k) FILTER (WHERE y) AS anomalies, count(DISTINCT k) FILTER (WHERE NOT y) AS normals FROM sp;
-- another seed is another sample
SELECT count(*) < 30 AS other FROM deepsad_sample_rows((SELECT deepsad_sample(sp, NULL, '{"max_rows": 100, "seed": 8}', k) FROM sp)) a JOIN
	deepsad_sample_rows((SELECT deepsad_sample(sp, NULL, '{"max_rows": 100, "seed": 9}', k) FROM sp)) b USING (key);

-- groups, windows, no rows
SELECT count(*), sum((deepsad_sample_info(s)->>'rows')::int) FROM (SELECT deepsad_sample(sp, y, NULL, k) AS s FROM sp GROUP BY tenant) q;
SELECT max((deepsad_sample_info(s)->>'rows')::int) FROM (SELECT deepsad_sample(st, y) OVER (ORDER BY id ROWS BETWEEN 3 PRECEDING AND CURRENT ROW) AS s FROM st WHERE id < 20) q;
SELECT deepsad_sample(st) IS NULL FROM st WHERE false;
SELECT deepsad_merge(NULL) IS NULL;
SELECT deepsad_sample_info(deepsad_sample(NULL::st)) - 'digest' AS "only NULL rows" FROM st;

-- the functions work where the call is another aggregate's, in every plan; nothing of the call is asked
CREATE AGGREGATE st_rows(record, boolean, jsonb, text) (SFUNC = _deepsad_sample_transition, STYPE = deepsad_rows, FINALFUNC = _deepsad_sample_final,
	COMBINEFUNC = _deepsad_sample_combine, PARALLEL = SAFE);
CREATE AGGREGATE st_arrays(anyarray) (SFUNC = _deepsad_sample_transition, STYPE = deepsad_rows, FINALFUNC = _deepsad_sample_final);
CREATE AGGREGATE st_states(deepsad_rows) (SFUNC = _deepsad_sample_combine, STYPE = deepsad_rows);
SELECT count(*), bool_and(same) FROM st_same($$st_rows(sp, y, '{"max_rows": 100}', k)$$);
SELECT md5(st_rows(sp, y, '{"max_rows": 100}', k)::text) = md5(deepsad_sample(sp, y, '{"max_rows": 100}', k)::text) AS rows,
	md5(st_arrays(f)::text) = md5(deepsad_sample(f)::text) AS arrays FROM sp;
SELECT md5(st_states(s)::text) = md5(deepsad_merge(s)::text) AS states FROM (SELECT deepsad_sample(sp, y, NULL, k) AS s FROM sp GROUP BY tenant) q;
SELECT _deepsad_sample_transition(NULL, ROW(1));
SELECT _deepsad_sample_combine(NULL, NULL);
SELECT count(*) > 20 AS functions, count(*) FILTER (WHERE proparallel <> 's') AS "not parallel safe" FROM pg_proc WHERE proname ~ '^_?deepsad_(sample|merge|rows_)';

-- merging sets whose tables have changed
SELECT jsonb_path_query_array(deepsad_sample_info(deepsad_merge(s)), '$.columns[*]') FROM (
	SELECT deepsad_sample(r) AS s FROM (SELECT 1::int AS a, 'x'::varchar AS b) r UNION ALL
	SELECT deepsad_sample(r) FROM (SELECT 'y'::text AS b, 2::bigint AS a, true AS c) r) q;
SELECT deepsad_merge(s) FROM (SELECT deepsad_sample(r) AS s FROM (SELECT 1 AS a) r UNION ALL SELECT deepsad_sample(r) FROM (SELECT 'x' AS a) r) q;
SELECT deepsad_merge(s) FROM (SELECT deepsad_sample(r) AS s FROM (SELECT 1 AS a) r UNION ALL SELECT deepsad_sample(ARRAY[1])) q;
SELECT deepsad_merge(s) FROM (SELECT deepsad_sample(r, NULL, '{"seed": 1}') AS s FROM (SELECT 1 AS a) r UNION ALL SELECT deepsad_sample(r) FROM (SELECT 1 AS a) r) q;
SELECT deepsad_merge(s) FROM (SELECT deepsad_sample(r, NULL, NULL, 'k') AS s FROM (SELECT 1 AS a) r UNION ALL SELECT deepsad_sample(r) FROM (SELECT 1 AS a) r) q;
-- the smaller of two bounds holds
SELECT deepsad_sample_info(deepsad_merge(s)) - 'digest' - 'columns' FROM (SELECT deepsad_sample(f, NULL, '{"max_rows": 5}') AS s FROM st UNION ALL SELECT deepsad_sample(f, NULL, '{"max_rows": 7, "max_bytes": 5000}') FROM st) q;

-- pictures are collected as they are, one byte a pixel where that is enough
CREATE TABLE sh AS SELECT i AS id, i % 3 AS part, (SELECT array_agg(line ORDER BY r) FROM (SELECT r, array_agg((CASE WHEN c = i % 5 + 1 THEN 150 ELSE 10 END + (i * r * c) % 97)::int2 ORDER BY c) AS line
	FROM generate_series(1, 6) r, generate_series(1, 5) c GROUP BY r) l) AS p, CASE WHEN i % 40 = 0 THEN i % 80 = 0 END AS y FROM generate_series(1, 300) i;
SELECT deepsad_sample_info(deepsad_sample(p, y)) -> 'columns' AS columns, (deepsad_sample_info(deepsad_sample(p, y)) ->> 'bytes')::int / 300 AS "bytes of 30 pixels",
	(deepsad_sample_info(deepsad_sample(ARRAY[p, p])) -> 'columns') AS channels, (deepsad_sample_info(deepsad_sample(ARRAY[p])) -> 'columns') AS "one channel",
	deepsad_sample_info(deepsad_sample(sh)) -> 'columns' -> 2 AS "in a column" FROM sh;
SELECT count(*), sum(count), jsonb_array_length((array_agg(features))[1]) AS height, jsonb_array_length((array_agg(features))[1] -> 0) AS width FROM deepsad_sample_rows((SELECT deepsad_sample(p, y) FROM sh));
CREATE TYPE sh_p AS (p int2[]);
SELECT count(*), min(array_dims(p)) AS dims FROM deepsad_sample_rows((SELECT deepsad_sample(p, y) FROM sh), NULL::sh_p) WHERE p IN (SELECT p FROM sh);
SELECT count(*), min(array_dims(p)) AS dims FROM deepsad_sample_rows((SELECT deepsad_sample(ARRAY[p, p]) FROM sh), NULL::sh_p) WHERE p IN (SELECT ARRAY[p, p] FROM sh);
SELECT count(*), count(*) FILTER (WHERE r.p = sh.p) AS same FROM deepsad_sample_rows((SELECT deepsad_sample(sh, y) FROM sh), NULL::sh) r JOIN sh USING (id);
-- every width, missing pixels, every type; equal numbers are one entry, subscripts do not matter, a shape does
SELECT features, count FROM deepsad_sample_rows((SELECT deepsad_merge(s) FROM (
	SELECT deepsad_sample(p) AS s FROM (VALUES ('{{0,255}}'::int2[]), ('{{0,256}}'), ('{{-1,NULL}}'), ('{{-32768,1}}'), ('[0:0][-5:-4]={{0,255}}')) v (p) UNION ALL
	SELECT deepsad_sample(p) FROM (VALUES ('{{0,255}}'::real[]), ('{{-0,255}}'), ('{{-1,NaN}}'), ('{{0.5,1}}'), ('{{Infinity,0}}')) v (p) UNION ALL
	SELECT deepsad_sample(p) FROM (VALUES ('{{0,255}}'::numeric[]), ('{{0.1,255}}'), ('{{16777217,0}}'), ('{{{0,255}}}')) v (p)) q)) ORDER BY features::text;
SELECT deepsad_sample_info(a)->>'digest' = deepsad_sample_info(b)->>'digest' AS "same shape", deepsad_sample_info(a)->>'digest' = deepsad_sample_info(c)->>'digest' AS "another",
	deepsad_sample_info(a)->>'digest' = deepsad_sample_info(d)->>'digest' AS flat FROM (SELECT deepsad_sample('{{1,2,3},{4,5,6}}'::int2[]) AS a, deepsad_sample('{{1,2,3},{4,5,6}}'::float8[]) AS b,
	deepsad_sample('{{1,2},{3,4},{5,6}}'::int2[]) AS c, deepsad_sample('{1,2,3,4,5,6}'::int2[]) AS d) q;
-- the same from every plan and order
SELECT bool_and(md5(s::text) = (SELECT md5(deepsad_sample(p, y, '{"max_rows": 50}')::text) FROM sh)) AS same FROM (
	SELECT deepsad_merge(s ORDER BY random()) AS s FROM (SELECT deepsad_sample(p, y, '{"max_rows": 50}') AS s FROM sh GROUP BY part) q UNION ALL
	SELECT deepsad_sample(p, y, '{"max_rows": 50}' ORDER BY random()) FROM sh UNION ALL
	SELECT deepsad_merge(s::text::deepsad_rows) FROM (SELECT deepsad_sample(p, y, '{"max_rows": 50}') AS s FROM sh GROUP BY part) q) q;
-- another shape is an error, in rows that the sample leaves out too, and in parts
SELECT deepsad_sample(CASE WHEN id = 200 THEN p[1:5][1:5] ELSE p END, NULL, '{"max_rows": 1}') FROM sh;
SELECT deepsad_sample(CASE WHEN id = 200 THEN ARRAY[p, p] ELSE p END) FROM sh;
SELECT deepsad_sample(CASE WHEN id = 200 THEN '{1,2}' ELSE p END) FROM sh;
SELECT deepsad_sample(r) FROM sh, LATERAL (SELECT id, CASE WHEN id = 200 THEN '{1,2}' ELSE p END AS p) r;
SELECT deepsad_merge(s) FROM (SELECT deepsad_sample(r, NULL, '{"max_rows": 1}') AS s FROM sh, LATERAL (SELECT CASE WHEN id % 100 = 0 THEN p[1:5] WHEN id % 2 = 0 THEN p END AS p, part) r WHERE id < 200 GROUP BY id = 100) q;
SELECT deepsad_merge(s) FROM (SELECT deepsad_sample('{1,2}'::int[]) AS s UNION ALL SELECT deepsad_sample('{{1,2}}'::int[])) q;
SELECT deepsad_sample('{{{{1,2}}}}'::real[]);
SELECT deepsad_sample(r) FROM (SELECT '{{{{1,2}}}}'::real[] AS a) r;
DROP TABLE sh;
DROP TYPE sh_p;

-- errors
SELECT deepsad_sample(st, y, '{"max_rows": 0}') FROM st;
SELECT deepsad_sample(st, y, '{"max_rows": 1.5}') FROM st;
SELECT deepsad_sample(st, y, '{"max_bytes": 1e12}') FROM st;
SELECT deepsad_sample(st, y, '{"seed": "x"}') FROM st;
SELECT deepsad_sample(st, y, '{"epochs": 1}') FROM st;
SELECT deepsad_sample(st, y, '[1]') FROM st;
SELECT deepsad_sample(st, y, '{"columns": {"a": "category"}}') FROM st;
SELECT deepsad_sample(st, y, '{"columns": ["nosuch"]}') FROM st;
SELECT deepsad_sample(st, y, '{"columns": {"id": "skip", "a": "skip", "b": "skip", "c": "skip", "at": "skip", "f": "skip", "y": "skip"}}') FROM st;
SELECT deepsad_sample(st, y, jsonb_build_object('seed', id)) FROM st;
SELECT deepsad_sample(st, y, NULL, NULL) FROM st;
SELECT deepsad_sample(r) FROM (SELECT '{}'::jsonb AS j) r;
SELECT deepsad_sample(r) FROM (SELECT 1 AS a, 2 AS a) r;
SELECT deepsad_sample(r) FROM (SELECT '{}'::real[] AS a) r;
SELECT deepsad_sample('{a}'::text[]);
SELECT deepsad_sample(r, NULL, '{"max_bytes": 1000}') FROM (SELECT repeat('x', 200) AS t) r;
SELECT * FROM deepsad_sample_rows((SELECT deepsad_sample(f) FROM st), NULL::int);
SELECT * FROM deepsad_sample_rows((SELECT deepsad_sample(st, NULL, '{"columns": ["id"]}') FROM st), NULL::sk);

-- callers that mean no good, or know no better
SELECT deepsad_sample_info(deepsad_sample(NULL::real[], NULL, NULL, NULL)) -> 'skipped' AS "NULL everywhere", deepsad_train_rows(deepsad_sample(NULL::record)) IS NULL AS nothing,
	deepsad_sample_info(NULL) IS NULL AS info, deepsad_calibrate_rows(NULL, NULL) IS NULL AS calibrated;
SELECT count(*) FROM deepsad_sample_rows((SELECT deepsad_sample(NULL::record)));
SELECT deepsad_sample(ROW());
SELECT deepsad_sample(ROW(ROW(1, 2), 3));
SELECT deepsad_sample('{1}'::int[], NULL, '{"max_rows": 99999999999999999999}');
SELECT deepsad_sample('{1}'::int[], NULL, '{"max_bytes": 268435457}');
SELECT deepsad_sample('{1}'::int[], NULL, '{"seed": 9223372036854775808}');
SELECT deepsad_sample(array_fill(0.1, ARRAY[1100, 1000]));
SELECT features FROM deepsad_sample_rows((SELECT deepsad_sample(r) FROM (VALUES ('NaN'::float8, 'Infinity'::real, 'NaN'::numeric, ARRAY['NaN', 'Infinity', NULL]::float8[], '-infinity'::date)) r));
CREATE FUNCTION st_run(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE result text;
BEGIN
	IF query LIKE 'CREATE%' THEN EXECUTE query; ELSE EXECUTE query INTO result; END IF;
	RETURN result;
END $$;
SELECT st_run(format('SELECT jsonb_array_length(deepsad_sample_info(s) -> ''columns'') FROM (SELECT deepsad_sample(ROW(%s)) AS s) q', string_agg(i::text, ', '))) AS columns FROM generate_series(1, 1600) i;
SELECT st_run(format('SELECT length(deepsad_sample(ROW(%s))::text)', string_agg(i::text, ', '))) FROM generate_series(1, 1664) i;
-- domains keep what they say
CREATE TYPE st_pair AS (a int, b st_short);
SELECT * FROM deepsad_sample_rows((SELECT deepsad_sample(ROW(1, 'yes')::st_pair)), NULL::st_pair);
SELECT * FROM deepsad_sample_rows((SELECT deepsad_sample(r) FROM (SELECT 1 AS a, 'no' AS b) r), NULL::st_pair);
-- DISTINCT, FILTER, ORDER BY, grouping sets, windows that lose rows again, sets as starting states
SELECT deepsad_sample_info(deepsad_sample(DISTINCT f)) -> 'rows' AS distinct, deepsad_sample_info(deepsad_sample(st ORDER BY id DESC) FILTER (WHERE id > 100)) -> 'rows' AS filter FROM st;
SELECT max((deepsad_sample_info(s) ->> 'rows')::int) FROM (SELECT deepsad_sample(f) AS s FROM st GROUP BY GROUPING SETS ((a), (), (c))) q;
CREATE AGGREGATE st_moving(record) (SFUNC = _deepsad_sample_transition, STYPE = deepsad_rows, FINALFUNC = _deepsad_sample_final,
	MSFUNC = _deepsad_sample_transition, MINVFUNC = _deepsad_sample_transition, MSTYPE = deepsad_rows, MFINALFUNC = _deepsad_sample_final);
SELECT max((deepsad_sample_info(s) ->> 'rows')::int) > 3 AS "not made for that" FROM (SELECT st_moving(st) OVER (ORDER BY id ROWS BETWEEN 2 PRECEDING AND CURRENT ROW) AS s FROM st WHERE id < 20) q;
CREATE AGGREGATE st_bad_start(record) (SFUNC = _deepsad_sample_transition, STYPE = deepsad_rows, INITCOND = '\x00');
SELECT st_run(format('CREATE AGGREGATE st_start(record) (SFUNC = _deepsad_sample_transition, STYPE = deepsad_rows, INITCOND = %L)', deepsad_sample(st ORDER BY id))) FROM st WHERE id <= 2;
SELECT deepsad_sample_info(st_start(st)) -> 'rows' AS rows FROM st WHERE id > 2;
SELECT st_run(format('CREATE AGGREGATE st_start_seed(record) (SFUNC = _deepsad_sample_transition, STYPE = deepsad_rows, INITCOND = %L)', deepsad_sample(st, y, '{"seed": 4}'))) FROM st WHERE id <= 2;
SELECT st_start_seed(st) FROM st;
-- an error leaves nothing behind
BEGIN;
SAVEPOINT a;
SELECT deepsad_sample(ROW('{}'::jsonb));
ROLLBACK TO a;
ALTER TABLE st ADD extra int;
SELECT jsonb_array_length(deepsad_sample_info(deepsad_sample(st)) -> 'columns') AS columns FROM st;
ROLLBACK TO a;
SELECT jsonb_array_length(deepsad_sample_info(deepsad_sample(st)) -> 'columns') AS columns FROM st;
COMMIT;
DROP AGGREGATE st_moving(record), st_start(record), st_start_seed(record);
DROP TYPE st_pair;
DROP FUNCTION st_run;

-- bytes that are no set: in and recv look at all of it
SELECT ''::deepsad_rows;
SELECT '\x'::deepsad_rows;
SELECT '\x0'::deepsad_rows;
SELECT '\xzz'::deepsad_rows;
SELECT ('\x' || repeat('00', 200))::deepsad_rows;
CREATE TEMP TABLE sv AS SELECT deepsad_sample(st, y) AS s FROM st;
SELECT s::text::deepsad_rows::text = s::text AS "text in and out" FROM sv;
CREATE FUNCTION st_bad(value text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	PERFORM deepsad_sample_info(value::deepsad_rows);
	RETURN 'accepted';
EXCEPTION WHEN invalid_binary_representation OR feature_not_supported THEN
	RETURN regexp_replace(SQLERRM, '[0-9]+', 'N');
END $$;
SELECT st_bad(overlay(s::text PLACING '02' FROM 11 FOR 2)) FROM sv;
SELECT st_bad(substr(s::text, 1, length(s::text) - 2 * n)) AS cut, count(*) FROM sv, generate_series(1, 200) n GROUP BY 1;
-- any byte that is another is found
SELECT count(*) AS changed, count(*) FILTER (WHERE st_bad('\x' || encode(set_byte(b, at, get_byte(b, at) # (1 + at % 255)), 'hex')) = 'accepted') AS accepted
	FROM (SELECT deepsad_rows_bytes AS b, n * 37 % length(deepsad_rows_bytes) AS at
		FROM (SELECT decode(substr(s::text, 3), 'hex') AS deepsad_rows_bytes FROM sv) q, generate_series(1, 300) n) q;
-- stored as it is, without compression
SELECT attstorage FROM pg_attribute WHERE attrelid = 'sv'::regclass AND attname = 's';
SELECT deepsad_sample_info('\x44'), deepsad_sample_info(NULL);
-- an aggregate that begins with a set of rows without keys
SELECT format('CREATE AGGREGATE st_begun(record, boolean, jsonb, text) (SFUNC = _deepsad_sample_transition, STYPE = deepsad_rows, INITCOND = %L)',
	deepsad_sample(sp)) FROM (SELECT * FROM sp LIMIT 3) sp
\set ECHO none
\gexec
\set ECHO all
SELECT st_begun(sp, y, NULL, k) FROM sp;
DROP AGGREGATE st_begun(record, boolean, jsonb, text);
DROP AGGREGATE st_rows(record, boolean, jsonb, text), st_arrays(anyarray), st_states(deepsad_rows);
DROP TABLE sp, st, sk, st_all, st_back CASCADE;
