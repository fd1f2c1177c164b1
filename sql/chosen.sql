-- what training chose where the options did not say, and why: deepsad_info(model) -> 'chosen'
CREATE TABLE chosen_row AS SELECT i, ARRAY[sin(i), cos(i * 7), sin(i * 3) / 2] AS f, CASE WHEN i % 25 = 0 THEN true WHEN i % 10 = 1 THEN false END AS y
FROM generate_series(1, 1000) i;
CREATE FUNCTION told(model bytea, VARIADIC names text[]) RETURNS TABLE (option text, value jsonb, why text) LANGUAGE sql AS $$
	SELECT key, c.value -> 'value', c.value ->> 'why' FROM jsonb_each(deepsad_info(model) -> 'chosen') c WHERE key = ANY (names) ORDER BY key COLLATE "C" $$;
CREATE FUNCTION few() RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$SELECT deepsad_options(epochs => 2, pretrain_epochs => 1, members => 2)$$;
CREATE TABLE chosen_model (name text, model bytea);

-- every option that a model keeps and that is not NULL, with the value that is in force
INSERT INTO chosen_model SELECT 'some labels', deepsad_train(f, y) FROM chosen_row;
SELECT option, value, why FROM chosen_model, told(model, VARIADIC ARRAY(SELECT jsonb_object_keys(deepsad_info(model) -> 'options')));
SELECT bool_and(value = deepsad_info(model) -> 'options' -> option) AS in_force
FROM chosen_model, told(model, VARIADIC ARRAY(SELECT jsonb_object_keys(deepsad_info(model) -> 'options')));

-- pictures have at most 60 epochs, which is why they have no more
SELECT t.* FROM (SELECT deepsad_train(ARRAY[f || f[1], f || f[2], f || f[3], f || f[1]], CASE WHEN i % 2 = 0 THEN true END, '{"members": 1, "channels": [2]}') AS model
	FROM chosen_row WHERE i <= 120) m, told(model, 'epochs', 'latent', 'scaling') t;
-- what somebody gave is said to be given, also if it would have been chosen
SELECT t.* FROM (SELECT deepsad_train(f, y, deepsad_options(epochs => 2, pretrain_epochs => 20, members => 2, latent => 8)) AS model FROM chosen_row) m,
	told(model, 'epochs', 'pretrain_epochs', 'members', 'hidden', 'latent', 'preset') t;
SELECT t.* FROM (SELECT deepsad_train(f, y, deepsad_options(preset => 'paper', epochs => 2, pretrain_epochs => 1)) AS model FROM chosen_row) m,
	told(model, 'epochs', 'preset', 'eta', 'trimming', 'input_weight', 'calibration', 'scaling', 'hidden') t;

-- labels and rows decide
SELECT n, k, t.* FROM (VALUES (15, 0), (300, 1), (600, 60)) v (n, k),
	LATERAL (SELECT deepsad_train(f, CASE WHEN i <= k THEN true END, few()) AS model FROM chosen_row WHERE i <= n) m,
	told(model, 'calibration', 'input_weight', 'trimming') t;
SELECT t.* FROM (SELECT deepsad_train(f, NULL, '{"members": 1, "epochs": 2, "calibration": null}') AS model FROM chosen_row WHERE i <= 300) m, told(model, 'calibration') t;
SELECT t.* FROM (SELECT deepsad_train('{1,2,3}'::real[], NULL, few()) AS model FROM generate_series(1, 30)) m, told(model, 'input_weight') t;
-- rows of few groups
SELECT t.* FROM (SELECT deepsad_train(r, NULL, few() || '{"group_by": ["customer"]}') AS model
	FROM (SELECT f[1] AS a, f[2] AS b, 'customer ' || i % 2 AS customer FROM chosen_row WHERE i <= 100) r) m, told(model, 'calibration') t;

-- many features, long arrays, pictures
SELECT t.* FROM (SELECT deepsad_train(ARRAY(SELECT sin(i * j) FROM generate_series(1, 101) j), NULL, few()) AS model FROM generate_series(1, 30) i) m,
	told(model, 'hidden', 'scaling') t;
SELECT unit, t.* FROM (VALUES (1), (1000)) v (unit),
	LATERAL (SELECT deepsad_train(ARRAY(SELECT sin(i * j) * CASE WHEN j < 5 THEN unit ELSE 1 END FROM generate_series(1, 301) j), NULL, '{"epochs": 2, "pretrain_epochs": 1}') AS model
		FROM generate_series(1, 40) i) m,
	told(model, 'hidden', 'members', 'scaling', 'input_weight') t;
SELECT t.* FROM (SELECT deepsad_train(ARRAY(SELECT ARRAY(SELECT sin(i * x * y) FROM generate_series(1, 8) x) FROM generate_series(1, 6) y), NULL, '{"epochs": 2}') AS model
	FROM generate_series(1, 30) i) m, told(model, 'channels', 'hidden', 'members', 'network', 'pretrain_epochs', 'scaling') t;

-- what counts is how many numbers a row is read as: texts become more features, columns that are left out become none
SELECT t.* FROM (SELECT deepsad_train(r, NULL, few()) AS model
	FROM (SELECT i % 7 AS k, 'a' || i % 60 AS a, 'b' || i * 7 % 60 AS b, sin(i) AS x FROM generate_series(1, 600) i) r) m, told(model, 'hidden', 'latent') t;
DO $$ BEGIN
	EXECUTE 'CREATE TEMP TABLE chosen_wide AS SELECT sin(i) AS x, ' || (SELECT string_agg(format('i * %s AS n%s', n, n), ', ') FROM generate_series(1, 105) n)
		|| ' FROM generate_series(1, 300) i';
END $$;
SET client_min_messages = error;
SELECT t.* FROM (SELECT deepsad_train(r, NULL, few()) AS model FROM chosen_wide r) m, told(model, 'hidden', 'latent') t;
RESET client_min_messages;
DROP TABLE chosen_wide;

-- updates, thresholds and later calibrations
INSERT INTO chosen_model SELECT 'updated', deepsad_update(c.model, f, y, deepsad_options(seed => 3)) FROM chosen_row, chosen_model c WHERE c.name = 'some labels' GROUP BY c.model;
INSERT INTO chosen_model SELECT 'threshold', deepsad_set_threshold(model, threshold => 2) FROM chosen_model WHERE name = 'updated';
INSERT INTO chosen_model SELECT 'calibrated', deepsad_calibrate(c.model, ARRAY[sin(-i), cos(-i * 7.1), sin(-i * 3) / 2]) FROM generate_series(1, 100) i, chosen_model c WHERE c.name = 'updated' GROUP BY c.model;
SELECT name, t.option, CASE WHEN t.option <> 'threshold' OR name = 'threshold' THEN t.value END AS value, t.why
FROM chosen_model, told(model, 'calibration', 'epochs', 'ema_decay', 'learning_rate', 'seed', 'threshold') t WHERE name <> 'some labels' ORDER BY name, option COLLATE "C";

-- files keep it
SELECT name, deepsad_info(deepsad_import(deepsad_export_safetensors(model))) -> 'chosen' = deepsad_info(model) -> 'chosen' AS same FROM chosen_model ORDER BY name;
DROP TABLE chosen_row, chosen_model;
DROP FUNCTION told, few;
