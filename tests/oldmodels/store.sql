-- Values of every kind as this version writes them, and what it says of them: the lines of tests/oldmodels/VERSION/values.jsonl.
-- Run by tests/run/old-models-store when a version is released; tests/oldmodels/check.sql reads them in every later one.
\i tests/exchange/kinds.sql
CREATE TABLE line (name text PRIMARY KEY, line jsonb);

\i tests/oldmodels/says.sql

-- Keeps a model with what it says, and `more`.
CREATE FUNCTION keep_model(name text, model bytea, "row" text, rows text, more jsonb DEFAULT '{}') RETURNS void LANGUAGE sql AS $$
	INSERT INTO line SELECT name, jsonb_build_object('name', name, 'row', "row", 'rows', rows, 'says', says(model, "row", rows), 'info', deepsad_info(model),
		'columns', (SELECT jsonb_agg(to_jsonb(c)) FROM deepsad_columns(model) c), 'model', translate(encode(model, 'base64'), E'\n', ''),
		'safetensors', translate(encode(deepsad_export_safetensors(model), 'base64'), E'\n', ''))
		|| CASE WHEN name LIKE '%,%' THEN '{}' ELSE jsonb_build_object('json', deepsad_export_json(model)) END || more
$$;

-- A training set, and what is in it.
CREATE FUNCTION keep_set(name text, rows deepsad_rows) RETURNS void LANGUAGE sql AS $$
	INSERT INTO line SELECT name, jsonb_build_object('name', name, 'set', rows::text, 'info', deepsad_sample_info(rows),
		'entries', (SELECT jsonb_agg(to_jsonb(e)) FROM deepsad_sample_rows(rows) e))
$$;

DO $$
DECLARE k record; model bytea; training text; later text; frozen jsonb; changed bytea; collected deepsad_rows;
BEGIN
	FOR k IN SELECT * FROM kind ORDER BY name LOOP
		training := replace(replace(k.rows, 'FIRST', '1'), 'LAST', '400');
		later := replace(replace(k.rows, 'FIRST', '1001'), 'LAST', '1012');
		EXECUTE format('SELECT deepsad_train(%s, label, %L::jsonb) FROM (SELECT r, CASE n %% 40 WHEN 0 THEN true WHEN 1 THEN false END AS label
			FROM (SELECT r, row_number() OVER () AS n FROM (%s) r) numbered) numbered, LATERAL (SELECT (numbered.r).*) r', k.row, k.options, training) INTO model;
		frozen := '{}';
		IF k.name = 'split' THEN
			PERFORM deepsad_freeze(model, 'public.frozen');
			frozen := jsonb_build_object('frozen', jsonb_build_array(pg_get_functiondef('public.frozen_model()'::regprocedure), pg_get_functiondef('public.frozen(float8[])'::regprocedure)));
		END IF;
		PERFORM keep_model(k.name, model, k.row, later, frozen);
		IF k.name IN ('columns', 'cross', 'picture') THEN
			EXECUTE format('SELECT deepsad_update(m, %s, false, ''{"epochs": 2}'') FROM (%s) r, (SELECT %L::bytea AS m OFFSET 0) m', k.row, replace(replace(k.rows, 'FIRST', '401'), 'LAST', '500'), model) INTO changed;
			PERFORM keep_model(k.name || ', updated', changed, k.row, later);
		END IF;
		IF k.name IN ('columns', 'minmax', 'picture and column') THEN
			EXECUTE format('SELECT deepsad_calibrate(m, %s) FROM (%s) r, (SELECT %L::bytea AS m OFFSET 0) m', k.row, replace(replace(k.rows, 'FIRST', '501'), 'LAST', '700'), model) INTO changed;
			PERFORM keep_model(k.name || ', calibrated', changed, k.row, later);
			PERFORM keep_model(k.name || ', contamination', deepsad_set_threshold(changed, contamination => 0.2), k.row, later);
		END IF;
		IF k.name IN ('columns', 'split', 'wide', 'picture', 'picture and column') THEN
			EXECUTE format('SELECT deepsad_sample(%s, CASE WHEN n %% 97 < 60 THEN n %% 97 < 10 END, ''{"max_rows": 12}''%s) FROM (SELECT r, row_number() OVER () AS n FROM (%s) r) numbered, LATERAL (SELECT (numbered.r).*) r',
				CASE WHEN k.row = 'r' THEN 'r' ELSE 'r.f::float8[]' END, CASE WHEN k.name IN ('columns', 'wide') THEN ', ''key '' || n' ELSE '' END, training) INTO collected;
			PERFORM keep_set('set of ' || k.name, collected);
		END IF;
	END LOOP;
END $$;
-- every type that a row's column may have
SELECT keep_set('set of types', (SELECT deepsad_sample(types, b > 210000) FROM (SELECT n::smallint AS a, n * 70000 AS b, n * 10000000000 AS c, n / 7.0 AS d, n / 3::real AS e, n / 3::float8 AS f, n % 2 = 0 AS g,
	'text ' || n AS h, ('v' || n)::varchar AS i, ('c' || n)::char(4) AS j, ('n' || n)::name AS k, chr(64 + n)::"char" AS l, ('00000000-0000-0000-0000-00000000000' || n)::uuid AS m,
	timestamp '2024-02-29 12:00' + n * interval '1 day' AS o, timestamptz '2024-02-29 12:00+00' + n * interval '1 day' AS p, date '2024-02-29' + n AS q, time '12:00' + n * interval '1 minute' AS r,
	timetz '12:00+02' + n * interval '1 minute' AS s, n * interval '1 month 2 days 3 hours' AS t, ('10.0.0.' || n)::inet AS u, ('10.' || n || '.0.0/16')::cidr AS v, ARRAY[n, NULL, 3]::smallint[] AS w,
	ARRAY[n, 70000] AS x, ARRAY[n, 10000000000] AS y, ARRAY[n / 7.0, NULL] AS z, ARRAY[n / 3::real] AS aa, ARRAY[n / 3::float8, 'NaN'] AS ab, NULLIF(n, 4) AS gaps, n AS "quoted "" name" FROM generate_series(1, 5) n) types));
