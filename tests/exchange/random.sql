-- Random models, exported in every form and compared; \set models and \set seed come from the caller.
-- Leaves the lines for tests/exchange/onnx_scores.js in table onnx_line, what is wrong in table wrong.
-- A random model is of rows of random columns with names and categories that try to break out.
CREATE TABLE wrong (model int, what text);
CREATE TABLE worst (model int, sql float8, query float8);

-- How far a score is off, 1 = as far as it may be: 1e-5 x max(score, 1), far from all training rows, where the
-- sums of floats lose digits, the server's too, 1e-4 x score.
CREATE FUNCTION off(score float8, other float8) RETURNS float8 LANGUAGE sql IMMUTABLE AS $$
	SELECT CASE WHEN score IS NULL OR score = other THEN 0
		ELSE coalesce(nullif(abs(other - score), 'NaN') / greatest(score, 1) / CASE WHEN score > 1000 THEN 1e-4 ELSE 1e-5 END, 9) END $$;
CREATE TABLE onnx_line (model int, line jsonb);

-- Text that means something to SQL, JSON or HTML, and what is not ASCII.
CREATE FUNCTION hostile() RETURNS text LANGUAGE sql VOLATILE AS $$
	SELECT string_agg((ARRAY['''', '"', '\', '$deepsad$', '$1', '--', '/*', ';', ' ', E'\n', E'\t', '<script>', ']]>', '{', '}',
		'[', ',', ':', '%s', 'DROP', 'x', 'é', '漢', '😀', E'\u0001', '::', '''''', E'\\\'', '$' || '$', ')', '(', 'E'''])
		[1 + floor(random() * 32)::int], '') FROM generate_series(1, 1 + floor(random() * 8)::int) $$;

-- A random column: its type and an expression of i that gives ordinary values.
CREATE FUNCTION random_column(OUT type text, OUT value text, OUT extremes text[]) LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	kind int := floor(random() * 18);
	a text := hostile(); b text := hostile(); c text := hostile();
	scale text := (10 ^ floor(random() * 12 - 6))::text;
BEGIN
	SELECT t, v, e INTO type, value, extremes FROM (VALUES
		(0, 'float8', format('(i * 7919 %% 1009) * %s::float8', scale), ARRAY['1e308', '-1.7e308', '5e-324', '0', 'NaN', '1e-310']),
		(1, 'float8', format('(i * 31 %% 97) * %s::float8 - 5', scale), ARRAY['1.7976931348623157e308', '-1e300', '-5e-324']),
		(2, 'int', 'i * 131 % 23', ARRAY['2147483647', '-2147483648']),
		(3, 'bigint', '(i * 131 % 23)::bigint * 9007199254740993', ARRAY['9223372036854775807', '-9223372036854775808']),
		(4, 'real', '(i * 17 % 101)::real / 3', ARRAY['3.4e38', '-3.4e38', '1e-45', 'NaN']),
		(5, 'numeric', '(i * 17 % 101)::numeric / 7', ARRAY['1e300', '-1e300', '0.000000000000000000000001', 'NaN']),
		(6, 'boolean', 'i % 3 = 0', ARRAY['true', 'false']),
		(7, 'text', format('(ARRAY[%L, %L, %L])[1 + i %% 3]', a, b, c), ARRAY['', hostile(), a || ' ']),
		(8, 'varchar', format('(ARRAY[%L, %L])[1 + i * i %% 2]', a, c), ARRAY[hostile()]),
		(9, 'timestamptz', '''2024-03-01 00:00+00''::timestamptz + (i * 7919 % 100000) * interval ''1 minute''',
			ARRAY['infinity', '-infinity', '294276-12-31 23:59:59+00', '4713-01-02 00:00:00+00 BC']),
		(10, 'timestamp', '''1999-12-01 00:00''::timestamp + (i * 7919 % 100000) * interval ''37 seconds''',
			ARRAY['infinity', '294276-12-31 23:59:59', '4713-01-02 00:00:00 BC']),
		(11, 'date', '''1999-11-01''::date + i * 31 % 97', ARRAY['infinity', '5874897-12-31', '4713-01-01 BC']),
		(12, 'time', '''00:00''::time + (i * 7919 % 86400) * interval ''1 second''', ARRAY['24:00', '00:00']),
		(13, 'timetz', '(''00:00''::time + (i * 7919 % 86400) * interval ''1 second'')::time AT TIME ZONE interval ''3 hours''',
			ARRAY['24:00+00', '00:00-15:59']),
		(14, 'interval', '(i * 31 % 97) * interval ''1 hour'' + (i % 5) * interval ''1 month''',
			ARRAY['-100000 years', '1 year 2 months 3 days 04:05:06.7', '100000 hours']),
		(15, 'inet', '(''10.'' || i % 5 || ''.7.1'')::inet', ARRAY['::1', '2001:db8::7/64', '0.0.0.0/0', '10.0.0.0/8', '::/0']),
		(16, 'float8[]', 'ARRAY[i % 7, i * 31 % 11 + 0.5, i % 2]', ARRAY['{1e308,NULL,-1e308}', '{NaN,0,5e-324}']),
		(17, 'uuid', 'md5((i % 4)::text)::uuid', ARRAY['00000000-0000-0000-0000-000000000000'])
	) v (k, t, v, e) WHERE k = kind;
	IF random() < 0.4 THEN
		value := format('CASE WHEN i %% %s <> 0 THEN %s END', 2 + floor(random() * 6)::int, value);
	END IF;
END $$;

-- Makes table r of random columns and returns random training options for it.
CREATE FUNCTION random_rows(as_array boolean) RETURNS jsonb LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	columns text[] := '{}'; extremes text[] := '{}'; name text; col record; n int; options jsonb; kinds jsonb := '{}';
BEGIN
	DROP TABLE IF EXISTS r CASCADE;
	n := CASE WHEN as_array THEN 1 ELSE 1 + floor(random() * 7)::int END;
	FOR j IN 1..n LOOP
		name := left(format('%s%s', CASE WHEN random() < 0.7 THEN hostile() ELSE 'c' END, j), 15);
		col := random_column();
		IF as_array THEN
			name := 'f'; col.type := 'float8[]'; col.value := 'ARRAY[i % 7, i * 31 % 11 + 0.5, NULLIF(i % 3, 0)]';
			col.extremes := ARRAY['{1e308,NULL,-1e308}', '{NULL,NULL,NULL}', '{NaN,0,5e-324}'];
		END IF;
		columns := columns || format('(%s)::%s AS %I', col.value, col.type, name);
		extremes := extremes || format('(%L::%s[])[1 + floor(random() * 7)::int]', col.extremes, col.type || CASE WHEN col.type LIKE '%[]' THEN '' ELSE '' END);
		IF col.type = 'float8[]' THEN
			extremes[j] := format('(%L::text[])[1 + floor(random() * 4)::int]::float8[]', col.extremes);
		END IF;
		IF col.type LIKE 'time%' OR col.type = 'date' THEN
			kinds := kinds || jsonb_build_object(name, CASE WHEN random() < 0.5 THEN '["time", "number"]'::jsonb ELSE '"time"'::jsonb END);
		ELSIF col.type IN ('int', 'bigint', 'real', 'float8', 'numeric') THEN
			kinds := kinds || jsonb_build_object(name, CASE WHEN random() < 0.3 THEN '"category"'::jsonb ELSE '"number"'::jsonb END);
		ELSIF col.type IN ('text', 'varchar', 'uuid', 'inet') THEN
			kinds := kinds || jsonb_build_object(name, '"category"'::jsonb);
		END IF;
	END LOOP;
	EXECUTE format('CREATE TABLE r AS SELECT %s FROM generate_series(1, 120) i', array_to_string(columns, ', '));
	options := jsonb_build_object('epochs', 1 + floor(random() * 3)::int, 'pretrain_epochs', floor(random() * 2)::int,
		'members', 1 + floor(random() * 3)::int, 'seed', floor(random() * 1e6)::int,
		'hidden', CASE WHEN random() < 0.5 THEN '[8]'::jsonb ELSE '[12, 6]'::jsonb END, 'latent', 1 + floor(random() * 5)::int,
		'preset', (ARRAY['paper', 'fast', 'default', 'best'])[1 + floor(random() * 4)::int],
		-- without scaling sums of floats lose digits where numbers are far from 0, the server's too
		'scaling', (ARRAY['standard', 'minmax', 'robust', 'standard_robust', 'none'])[1 + floor(random() * CASE WHEN as_array THEN 5 ELSE 4 END)::int],
		'calibration', (ARRAY['split', 'cross', 'none'])[1 + floor(random() * 3)::int], 'validation', round(random()) * 0.2);
	IF options ->> 'calibration' = 'cross' THEN options := options || '{"members": 3}'; END IF;
	IF random() < 0.3 THEN options := options || '{"threshold": 1.5}'; END IF;
	IF NOT as_array THEN options := options || jsonb_build_object('columns', kinds); END IF;
	-- what rows can be like later
	EXECUTE format('INSERT INTO r SELECT %s FROM generate_series(1, 12)', array_to_string(extremes, ', '));
	RETURN options;
END $$;

-- Makes table r of pictures of a random shape, alone (column f) or among other columns, some pixels missing, and returns
-- random training options for it; the last 12 rows are what later ones can be like.
CREATE FUNCTION random_pictures(alone boolean, OUT trained int, OUT options jsonb) LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	c int; h int; w int; gap int := 3 + floor(random() * 40)::int; scale text := (10 ^ floor(random() * 8 - 4))::text;
	picture text; others text := ''; type text := (ARRAY['smallint', 'real', 'float8'])[1 + floor(random() * 3)::int];
BEGIN
	DROP TABLE IF EXISTS r CASCADE;
	SELECT v.c, v.h, v.w INTO c, h, w FROM (VALUES (1, 5, 7), (1, 28, 28), (3, 32, 32), (1, 4, 4), (2, 6, 5), (1, 9, 31), (4, 8, 8)) v (c, h, w)
	ORDER BY random() LIMIT 1;
	trained := CASE WHEN c * h * w > 1000 THEN 40 ELSE 120 END;
	IF type = 'smallint' THEN scale := '1'; END IF;
	picture := format('CASE WHEN (x * 31 + y * 17 + z * 7 + i) %% %s > 0 OR i %% 5 > 0 THEN (i * 7919 + y * 104729 + x * 1299709 + z * 31) %% 256 * %s::float8 END', gap, scale);
	picture := format('(SELECT array_agg(line ORDER BY y) AS plane FROM (SELECT y, array_agg((%s)::%s ORDER BY x) AS line FROM generate_series(1, %s) y, generate_series(1, %s) x GROUP BY y) lines)', picture, type, h, w);
	picture := CASE WHEN c = 1 THEN format('(SELECT p FROM (VALUES (0)) v (z), LATERAL %s q (p))', picture)
		ELSE format('(SELECT array_agg(p ORDER BY z) FROM generate_series(1, %s) z, LATERAL %s q (p))', c, picture) END;
	IF NOT alone THEN others := format('i %% 7 * %s::float8 AS x, CASE WHEN i %% 4 > 0 THEN (ARRAY[%L, %L])[1 + i %% 2] END AS %I, ', scale, hostile(), hostile(), left(hostile(), 15) || 'k'); END IF;
	EXECUTE format('CREATE TABLE r AS SELECT %s%s AS f FROM generate_series(1, %s) i', others, picture, trained);
	EXECUTE format('INSERT INTO r SELECT %s array_fill(v::%s, %L::int[]) FROM unnest(%L::text[]) v', CASE WHEN alone THEN '' ELSE 'NULL, NULL, ' END, type,
		CASE WHEN c = 1 THEN ARRAY[h, w] ELSE ARRAY[c, h, w] END, CASE WHEN type = 'smallint' THEN '{NULL,0,32767,-32768}' ELSE '{NULL,0,3e38,-3e38,NaN,1e-40}' END);
	EXECUTE format('INSERT INTO r SELECT * FROM (SELECT %s%s AS f FROM generate_series(1001, 1006) i) q', others, picture);
	options := jsonb_build_object('epochs', 1 + floor(random() * 2)::int, 'pretrain_epochs', floor(random() * 2)::int, 'batch_size', 32,
		'members', 1 + floor(random() * 3)::int, 'seed', floor(random() * 1e6)::int, 'latent', 1 + floor(random() * 9)::int,
		'hidden', CASE WHEN random() < 0.5 THEN '[]' ELSE '[12, 6]' END::jsonb, 'network', CASE WHEN random() < 0.8 THEN 'conv' ELSE 'mlp' END,
		'channels', (ARRAY['[8, 4]', '[5]', '[3, 7]', '[1, 2]'])[1 + floor(random() * 4)::int]::jsonb,
		'preset', (ARRAY['paper', 'fast', 'default', 'best'])[1 + floor(random() * 4)::int],
		'scaling', (ARRAY['standard', 'minmax', 'robust', 'standard_robust'])[1 + floor(random() * 4)::int],
		'calibration', (ARRAY['split', 'cross', 'none'])[1 + floor(random() * 3)::int]);
	IF options ->> 'network' = 'mlp' THEN options := options || '{"hidden": [12, 6]}'; END IF;
	-- 'common' for convolutions alone: of so few rows its distance is a small difference of large sums, which only they find in double precision
	IF options ->> 'network' = 'conv' AND random() < 0.5 THEN options := options || '{"scaling": "common"}'; END IF;
	IF options ->> 'calibration' = 'cross' THEN options := options || '{"members": 3}'; END IF;
	IF NOT alone THEN options := options || '{"columns": {}}'; END IF;
END $$;

-- One random model, compared in every form.
CREATE PROCEDURE check_model(number int) LANGUAGE plpgsql AS $$
DECLARE
	pictures boolean := random() < 0.2; as_array boolean := random() < CASE WHEN pictures THEN 0.7 ELSE 0.2 END; trained int := 120; options jsonb; model bytea; again bytea; arguments text; error float8; parsed jsonb;
	row_text text := CASE WHEN as_array THEN 'r.f' ELSE 'r' END; decides boolean; calibrated boolean; line jsonb; names text[];
BEGIN
	IF pictures THEN
		SELECT * INTO trained, options FROM random_pictures(as_array);
	ELSE
		options := random_rows(as_array);
	END IF;
	BEGIN
		EXECUTE format('SELECT deepsad_train(%s, false, %L::jsonb) FROM (SELECT * FROM r LIMIT %s) r', row_text, options, trained) INTO model;
	EXCEPTION WHEN data_exception OR invalid_parameter_value THEN
		RETURN;					-- no column that can be trained on
	END;
	-- a network that gives every training row one score divides rounding errors by rounding errors
	IF model IS NULL OR jsonb_path_exists(deepsad_export_json(model)::jsonb, '$.members[*] ? (@.collapsed == true)') THEN RETURN; END IF;
	again := deepsad_import(deepsad_export_safetensors(model));
	IF again IS DISTINCT FROM model THEN INSERT INTO wrong VALUES (number, 'safetensors: another model'); END IF;

	IF pictures THEN
		BEGIN
			PERFORM deepsad_export_sql(model, 'f');
			INSERT INTO wrong VALUES (number, 'SQL of pictures');
		EXCEPTION WHEN feature_not_supported THEN
			INSERT INTO worst VALUES (number, NULL, NULL);
		END;
	ELSE
		DROP FUNCTION IF EXISTS "exported; --" CASCADE;
		EXECUTE deepsad_export_sql(model, '"exported; --"');
		IF as_array THEN
			arguments := 'r.f';
		ELSE
			SELECT string_agg(format('r.%I', feature), ', ' ORDER BY n) INTO arguments
			FROM (SELECT feature, row_number() OVER () AS n FROM deepsad_columns(model) WHERE left_out IS NULL) c;
		END IF;
		EXECUTE format('SELECT max(off(s, "exported; --"(%s)))
			FROM (SELECT deepsad_score(%L::bytea, %s) AS s, r.* FROM r) r', arguments, model, row_text) INTO error;
		INSERT INTO worst VALUES (number, error, NULL);
		IF NOT error <= 1 THEN INSERT INTO wrong VALUES (number, 'SQL function: error ' || error); END IF;
		EXECUTE format('SELECT max(off(s, score))
			FROM (SELECT deepsad_score(%L::bytea, %s) AS s, score FROM (%s) r) r', model, row_text, deepsad_export_query(model, 'r')) INTO error;
		UPDATE worst SET query = error WHERE worst.model = number;
		IF NOT error <= 1 THEN INSERT INTO wrong VALUES (number, 'SQL query: error ' || error); END IF;
	END IF;

	parsed := deepsad_export_json(model)::jsonb;
	SELECT array_agg(feature) INTO names FROM deepsad_columns(model) WHERE left_out IS NULL;
	IF as_array THEN names := ARRAY['']; END IF;
	IF (SELECT array_agg(c ->> 'name') FROM jsonb_array_elements(parsed -> 'columns') c) IS DISTINCT FROM names OR
		(SELECT array_agg(v) FROM jsonb_array_elements(parsed -> 'columns') c, jsonb_array_elements_text(c -> 'categories') v)
		IS DISTINCT FROM (SELECT array_agg(v) FROM deepsad_columns(model), unnest(categories) v) THEN
		INSERT INTO wrong VALUES (number, 'JSON: other names or categories');
	END IF;

	calibrated := coalesce((deepsad_info(model) -> 'calibration' ->> 'rows')::int > 0, false);
	decides := deepsad_info(model) -> 'threshold' ->> 'by' IS NOT NULL;
	EXECUTE format('SELECT jsonb_build_object(''name'', %L, ''onnx'', translate(encode(deepsad_export_onnx(%L::bytea, %L, %L, %s), ''base64''), E''\n'', ''''),
		''features'', jsonb_agg(deepsad_encode(%2$L::bytea, %6$s)), ''score'', jsonb_agg(deepsad_score(%2$L::bytea, %6$s)::text)) FROM r',
		'model ' || number, model, calibrated, decides, 13 + number % 5, row_text) INTO line;
	IF calibrated THEN
		EXECUTE format('SELECT jsonb_agg(deepsad_pvalue(%L::bytea, %s)) FROM r', model, row_text) INTO parsed;
		line := line || jsonb_build_object('pvalue', parsed);
	END IF;
	IF decides THEN
		EXECUTE format('SELECT jsonb_agg(deepsad_is_anomaly(%L::bytea, %s)) FROM r', model, row_text) INTO parsed;
		line := line || jsonb_build_object('is_anomaly', parsed);
	END IF;
	INSERT INTO onnx_line VALUES (number, line || jsonb_build_object('columns', deepsad_export_json(model)::jsonb -> 'columns', 'ties', true));
EXCEPTION WHEN OTHERS THEN
	INSERT INTO wrong VALUES (number, SQLSTATE || ' ' || SQLERRM);
END $$;

SET client_min_messages = error;
SET jit = off;
SELECT setseed(:seed);
SELECT format('CALL check_model(%s)', n) FROM generate_series(1, :models) n \gexec
SELECT format('%s models, largest error beside the tolerance: function %s, query %s', count(*), max(sql), max(query)) FROM worst;
SELECT * FROM wrong ORDER BY model LIMIT 20;
SELECT format('%s passed, %s failed', (SELECT count(*) FROM worst WHERE NOT EXISTS (SELECT FROM wrong WHERE wrong.model = worst.model)),
	(SELECT count(DISTINCT model) FROM wrong));
