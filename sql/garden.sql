-- a garden: every function with NULL in each argument and with too few and too many, every type as features and as label;
-- nothing crashes, no error is an internal one
SET client_min_messages = error;
-- thousands of small statements: neither compiled nor in parallel
SET jit = off;
SET max_parallel_workers_per_gather = 0;
CREATE TABLE garden_model AS
SELECT deepsad_train(ARRAY[sin(i), cos(i), i % 7], NULL, '{"epochs": 1, "pretrain_epochs": 0, "members": 1}') AS model FROM generate_series(1, 100) i;
CREATE TABLE found (statement text, error text);
CREATE TABLE tried (kind text, statement text, state text);

-- runs a statement, takes back what it did, and keeps how it ended
CREATE FUNCTION try(kind text, statement text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE state text; message text;
BEGIN
	BEGIN
		EXECUTE statement;
		RAISE EXCEPTION USING ERRCODE = 'ZZ000';
	EXCEPTION WHEN OTHERS THEN
		state := SQLSTATE;
		message := SQLERRM;
	END;
	INSERT INTO tried VALUES (kind, statement, state);
	IF state LIKE 'XX%' THEN INSERT INTO found VALUES (statement, message); END IF;
END $$;

-- what a function of the extension takes: of each argument its name, type, and a value that makes sense
CREATE VIEW argument AS
SELECT p.oid AS function, p.proname AS name, p.prokind, a.place, p.proargnames[a.place] AS called, a.type::regtype::text AS type,
	CASE
		WHEN a.type = 'bytea'::regtype THEN '(SELECT model FROM garden_model)'
		WHEN a.type = '"any"'::regtype AND p.proargnames[a.place] = 'label' THEN 'NULL::boolean'
		WHEN a.type = '"any"'::regtype THEN 'ARRAY[0.1, 0.2, 3]::real[]'
		WHEN a.type = 'jsonb'::regtype THEN '''{"epochs": 1}''::jsonb'
		WHEN a.type = 'regclass'::regtype THEN '''garden_model''::regclass'
		WHEN a.type = 'text'::regtype AND p.proargnames[a.place] = 'query' THEN '''SELECT 1::bigint, ARRAY[0.1, 0.2, 3]'''
		WHEN a.type = 'text'::regtype THEN '''garden'''
		WHEN a.type = 'text[]'::regtype THEN '''{model}''::text[]'
		WHEN a.type = 'integer[]'::regtype THEN '''{4,3}''::int[]'
		WHEN a.type = 'anyelement'::regtype THEN '0::bigint'
		WHEN a.type = 'boolean'::regtype THEN 'true'
		WHEN a.type IN ('integer'::regtype, 'bigint'::regtype) THEN '2::' || a.type::regtype
		WHEN a.type IN ('double precision'::regtype, 'real'::regtype) THEN '0.5::float8'
		ELSE 'NULL'
	END AS value
FROM pg_proc p JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e',
	unnest(p.proargtypes) WITH ORDINALITY a (type, place)
WHERE d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'deepsad');

-- each argument NULL, with its type and without, alone and all together; values of the wrong type; too few, too many
CREATE VIEW call AS
SELECT function, name, 'as it should be' AS kind, array_agg(value ORDER BY place) AS arguments FROM argument GROUP BY 1, 2
UNION ALL
SELECT n.function, n.name, 'NULL', array_agg(CASE WHEN a.place <> n.place THEN a.value WHEN typed AND a.type NOT IN ('"any"', 'anyelement', 'internal')
	THEN 'NULL::' || a.type WHEN typed THEN 'NULL::text' ELSE 'NULL' END ORDER BY a.place)
FROM argument n JOIN argument a USING (function), unnest('{t,f}'::boolean[]) typed GROUP BY n.function, n.name, n.place, typed
UNION ALL
SELECT function, name, 'all NULL', array_agg('NULL'::text) FROM argument GROUP BY 1, 2
UNION ALL
SELECT n.function, n.name, 'another value', array_agg(CASE WHEN a.place = n.place THEN other ELSE a.value END ORDER BY a.place)
FROM argument n JOIN argument a USING (function), unnest(ARRAY['''''', '-1', '0', '''NaN''', '''-Infinity''', '1e300', '9223372036854775807', '''{}''', '''[]''', '''null''',
	'''\x00''', 'ROW()', 'ROW(NULL)', 'ARRAY[NULL]::int[]', '''{{1,2},{3,4}}''::float8[]', 'now()', 'garden_model']) other
GROUP BY n.function, n.name, n.place, other
UNION ALL
SELECT function, name, 'too few', (array_agg(value ORDER BY place))[1:n] FROM argument, generate_series(0, 40) n GROUP BY function, name, n HAVING n < count(*)
UNION ALL
SELECT function, name, 'too many', array_agg(value ORDER BY place) || array_fill(more, ARRAY[n])
FROM argument, generate_series(1, 4) n, unnest('{NULL,1,true}'::text[]) more GROUP BY function, name, n, more;

SELECT count(try(kind, format('SELECT %I(%s) FROM %s', name, array_to_string(arguments, ', ', 'NULL'), 'garden_model')))
	BETWEEN 1000 AND 20000 AS calls FROM (SELECT DISTINCT name, kind, arguments FROM call) c;
-- a few rows each; the setting of a set-returning function in FROM
SELECT count(try('in FROM', format('SELECT * FROM %I(%s)', name, array_to_string(arguments, ', ', 'NULL')))) > 10 AS set_returning
FROM (SELECT DISTINCT c.name, arguments FROM call c JOIN pg_proc p ON p.oid = function WHERE proretset AND kind IN ('as it should be', 'NULL', 'all NULL')) c;

-- of each type a value, if one of these texts is read as one
CREATE FUNCTION value_of(type regtype) RETURNS text LANGUAGE plpgsql AS $$
DECLARE sample text;
BEGIN
	FOREACH sample IN ARRAY ARRAY['1', 'true', 'a', '2026-01-01', '12:00', '1 day', '10.0.0.0', '08:00:2b:01:02:03', '08:00:2b:01:02:03:04:05', '(1,1)', '{}',
		'[1,2)', '{[1,2)}', '[(1,1),(2,2)]', '<(1,1),1>', '{1,1,1}', '<a/>', 'pg_class', '1/1', '1:1:', '(0,1)', '00000000-0000-0000-0000-000000000001']
	LOOP
		BEGIN
			EXECUTE format('SELECT %L::%s', sample, type);
			RETURN format('%L::%s', sample, type);
		EXCEPTION WHEN OTHERS THEN
		END;
	END LOOP;
	RETURN format('NULL::%s', type);
END $$;
CREATE TYPE garden_enum AS ENUM ('a', 'b');
CREATE TYPE garden_pair AS (x int, y garden_enum);
CREATE DOMAIN garden_domain AS real CHECK (VALUE < 1000);
CREATE TABLE value AS
SELECT t.oid::regtype AS type, v FROM pg_type t, LATERAL (SELECT value_of(t.oid::regtype) AS v UNION SELECT format('NULL::%s', t.oid::regtype)) v
WHERE typtype <> 'p' AND typisdefined AND typnamespace IN ('pg_catalog'::regnamespace, 'public'::regnamespace)
	AND (typtype <> 'c' OR t.oid IN ('pg_class'::regtype, 'pg_type'::regtype, 'garden_pair'::regtype, 'garden_model'::regtype));
SELECT count(DISTINCT type) > 100 AS types, count(*) FILTER (WHERE v NOT LIKE 'NULL%') > 100 AS values FROM value;
SELECT count(try('type', replace(replace(statement, 'VALUE', v), 'OPTIONS', '''{"epochs": 1, "pretrain_epochs": 0, "members": 1}'''))) > 1000 AS statements
FROM value, unnest(ARRAY[
	'SELECT deepsad_train(VALUE, NULL, OPTIONS) FROM generate_series(1, 25)',
	'SELECT deepsad_score(deepsad_train(ROW(i, VALUE), NULL, OPTIONS), 1, VALUE) FROM generate_series(1, 25) i',
	'SELECT deepsad_train(ARRAY[VALUE], NULL, OPTIONS) FROM generate_series(1, 25)',
	'SELECT deepsad_train(x, NULL, OPTIONS) FROM (SELECT i, CASE WHEN i % 3 > 0 THEN VALUE END AS column FROM generate_series(1, 25) i) x',
	'SELECT deepsad_train(x, NULL, ''{"epochs": 1, "members": 1, "columns": {"v": "category"}}'') FROM (SELECT i, VALUE AS v FROM generate_series(1, 25) i) x',
	'SELECT deepsad_train(ARRAY[i % 5, i % 7], VALUE, OPTIONS) FROM generate_series(1, 25) i',
	'SELECT deepsad_update(model, ARRAY[i % 5, i % 7, 1], VALUE, ''{"epochs": 1}'') FROM generate_series(1, 5) i, garden_model GROUP BY model',
	'SELECT deepsad_score(model, VALUE), deepsad_embed(model, VALUE) FROM garden_model',
	'SELECT deepsad_score(model, 1, VALUE, 2) FROM garden_model',
	'SELECT deepsad_pvalue(model, ROW(1, 2, VALUE)), deepsad_is_anomaly(model, VALUE) FROM garden_model',
	'SELECT (deepsad_explain(model, 1, 2, VALUE)).* FROM garden_model',
	'SELECT deepsad_drift(model, ROW(VALUE, VALUE, VALUE)) FROM garden_model',
	'SELECT * FROM garden_model, deepsad_score_query(model, ''SELECT 1::bigint, ARRAY[1, 2, 3]'', VALUE)']) statement;

-- internal errors: none; and it was no use without statements that work
SELECT * FROM found ORDER BY statement;
SELECT kind, count(*) FILTER (WHERE state = 'ZZ000') > 0 AS some_work, count(*) FILTER (WHERE state <> 'ZZ000') > 0 AS some_are_refused
FROM tried GROUP BY kind ORDER BY kind COLLATE "C";
DROP VIEW call, argument;
DROP TABLE garden_model, found, tried, value;
DROP FUNCTION try, value_of;
DROP TYPE garden_pair, garden_enum;
DROP DOMAIN garden_domain;
