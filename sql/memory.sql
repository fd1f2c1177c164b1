-- rows beyond maintenance_work_mem, samples, held-out rows, parallel workers
CREATE TABLE big AS SELECT i AS id, i % 4 AS tenant, ARRAY[sin(i), cos(i), sin(i) + cos(i), (i % 1000) / 1000.0]::real[] AS x,
	CASE WHEN i % 97 = 0 THEN true WHEN i % 31 = 0 THEN false END AS flag FROM generate_series(1, 60000) i;
UPDATE big SET x[1] = x[1] + 3 WHERE flag;
VACUUM ANALYZE big;
CREATE FUNCTION quick(members int, workers int) RETURNS jsonb LANGUAGE sql IMMUTABLE AS
	$$SELECT deepsad_options(epochs => 2, pretrain_epochs => 2, members => members, workers => workers)$$;
SET max_parallel_workers_per_gather = 0;
SET synchronize_seqscans = off;

-- in memory: the same bytes with any number of workers, and in any order
CREATE TABLE model AS SELECT 'memory' AS name, deepsad_train(x, flag, quick(4, 0)) AS model FROM big;
SELECT (SELECT deepsad_train(x, flag, quick(4, 1)) FROM big) = model AS one_worker,
	(SELECT deepsad_train(x, flag, quick(4, 3)) FROM big) = model AS three_workers,
	(SELECT deepsad_train(x, flag, quick(4, 1) ORDER BY id DESC) FROM big) = model AS other_order FROM model;
SET max_parallel_workers = 0;
SELECT (SELECT deepsad_train(x, flag, quick(4, 2)) FROM big) = model AS no_worker_to_be_had FROM model;
RESET max_parallel_workers;

-- raw rows in a file, scaled ones in memory; then both in files: rows of every kind are still there
SET maintenance_work_mem = '2MB';
INSERT INTO model SELECT 'file', deepsad_train(x, flag, quick(4, 0) ORDER BY id) FROM big;
SET maintenance_work_mem = '1MB';
INSERT INTO model SELECT 'blocks', deepsad_train(x, flag, quick(4, 0) ORDER BY id) FROM big;
SELECT (SELECT deepsad_train(x, flag, quick(4, 0) ORDER BY id) FROM big) = model AS again,
	(SELECT deepsad_train(x, flag, quick(4, 2) ORDER BY id) FROM big) = model AS two_workers FROM model WHERE name = 'blocks';
-- not by the order in which rows come
SELECT (SELECT deepsad_train(x, flag, quick(4, 0) ORDER BY hashint4(id)) FROM big) = model AS other_order FROM model WHERE name = 'blocks';
SET maintenance_work_mem = '2MB';
SELECT (SELECT deepsad_train(x, flag, quick(4, 0) ORDER BY hashint4(id)) FROM big) = model AS other_order FROM model WHERE name = 'file';
SET maintenance_work_mem = '1MB';
SELECT name, jsonb_pretty(deepsad_info(model) -> 'rows') AS rows, deepsad_info(model) -> 'members' -> 0 -> 'steps' AS steps FROM model ORDER BY name;
SELECT name, (SELECT deepsad_roc_auc(deepsad_score(model, x), coalesce(flag, false)) FROM big) > 0.95 AS good FROM model ORDER BY name;
-- several groups at a time, and all rows of one too wide for a block
SET enable_sort = off;
SELECT tenant, deepsad_info(deepsad_train(x, flag, quick(2, 0))) -> 'rows' -> 'trained' AS trained FROM big GROUP BY tenant ORDER BY tenant;
RESET enable_sort;
SELECT deepsad_info(deepsad_train(array_fill(id::float8, '{10000}'), NULL, deepsad_options(hidden => '{4}', latent => 2, members => 1, epochs => 1,
	pretrain_epochs => 0))) -> 'rows' -> 'trained' AS wide FROM big WHERE id <= 60;
-- nothing is left behind
SELECT count(*) AS files FROM pg_ls_tmpdir() WHERE name ~ ('^pgsql_tmp' || pg_backend_pid() || '\.');
SET temp_file_limit = '1MB';
DO $$ BEGIN PERFORM deepsad_train(x, flag, quick(1, 0)) FROM big; EXCEPTION WHEN configuration_limit_exceeded THEN RAISE NOTICE 'limited'; END $$;
RESET temp_file_limit;
SELECT count(*) AS files FROM pg_ls_tmpdir() WHERE name ~ ('^pgsql_tmp' || pg_backend_pid() || '\.');
-- a training inside a training spills the outer one's rows: its file lives as long as it does
CREATE FUNCTION inner_training(i int, x real[]) RETURNS real[] LANGUAGE plpgsql AS $$
BEGIN
	IF i = 9000 THEN
		BEGIN
			PERFORM length(deepsad_train(b.x, b.flag, quick(1, 0))) FROM big b WHERE b.id <= 20000;
			RAISE EXCEPTION 'roll back';
		EXCEPTION WHEN raise_exception THEN
			RETURN x;
		END;
	END IF;
	RETURN x;
END $$;
SELECT deepsad_info(deepsad_train(inner_training(id, x), flag, quick(1, 0) ORDER BY id)) -> 'rows' -> 'trained' AS trained FROM big WHERE id <= 30000;
SELECT count(*) AS files FROM pg_ls_tmpdir() WHERE name ~ ('^pgsql_tmp' || pg_backend_pid() || '\.');
-- memory beside the rows is bounded too
SELECT deepsad_train(x, flag, '{"hidden": [8192, 8192], "members": 1}') FROM big WHERE id <= 10;
SELECT deepsad_train(x, flag, '{"hidden": [4096], "members": 1, "batch_size": 65536}') FROM big;
-- a cursor that is closed before its group ends
BEGIN;
DECLARE c CURSOR FOR SELECT tenant, length(deepsad_train(x, flag, quick(1, 0))) > 0 FROM (SELECT * FROM big ORDER BY tenant) s GROUP BY tenant;
FETCH 1 FROM c;
CLOSE c;
COMMIT;
SELECT count(*) AS files FROM pg_ls_tmpdir() WHERE name ~ ('^pgsql_tmp' || pg_backend_pid() || '\.');
RESET maintenance_work_mem;

-- a uniform sample
SELECT deepsad_info(deepsad_train(x, flag, deepsad_options(max_rows => 1000, epochs => 1, members => 1))) -> 'rows' -> 'trained' AS trained FROM big;
SELECT deepsad_info(deepsad_train(x, flag, deepsad_options(max_rows => 1000000, epochs => 1, members => 1))) -> 'rows' -> 'trained' AS trained FROM big;
-- it is the same in any order, in memory or in files, from a training set, too; and another one by another seed
CREATE TABLE chosen (how text, seed int, model bytea);
CREATE PROCEDURE choose(features text, orders text[]) LANGUAGE plpgsql AS $$
DECLARE o text; memory text;
BEGIN
	FOREACH o IN ARRAY orders LOOP
		FOREACH memory IN ARRAY ARRAY['64MB', '1MB'] LOOP
			PERFORM set_config('maintenance_work_mem', memory, true);
			EXECUTE format('INSERT INTO chosen SELECT %L, seed, deepsad_train(f, flag, deepsad_options(max_rows => 5000, epochs => 1, members => 1, calibration => ''none'', seed => seed) ORDER BY %s)
				FROM big, LATERAL (SELECT %s AS f) f, generate_series(1, 2) seed GROUP BY seed', features, o, features);
		END LOOP;
	END LOOP;
	PERFORM set_config('maintenance_work_mem', '64MB', true);
	EXECUTE format('INSERT INTO chosen SELECT %L, seed, deepsad_train_rows(deepsad_sample(f, flag), deepsad_options(max_rows => 5000, epochs => 1, members => 1, calibration => ''none'', seed => seed))
		FROM big, LATERAL (SELECT %s AS f) f, generate_series(1, 2) seed GROUP BY seed', features, features);
END $$;
CALL choose('x', ARRAY['id', '-id', 'hashint4(id)']);
CALL choose('ARRAY[id % 3000, CASE WHEN flag THEN 1 WHEN NOT flag THEN 2 ELSE 3 END]', ARRAY['id', 'hashint4(id)']);
SELECT how, count(*), count(DISTINCT (model)) AS different, count(DISTINCT seed) AS seeds FROM chosen GROUP BY how ORDER BY how;
-- every copy has the same chance: a third of all rows are one
SELECT abs((i -> 'rows' ->> 'anomalies')::int - 1000) < 100 AS "a third", i -> 'rows' -> 'trained' AS trained FROM (SELECT deepsad_info(deepsad_train(ARRAY[CASE WHEN id % 3 = 0 THEN 1 ELSE id END, 1], CASE WHEN id % 3 = 0 THEN true END,
	deepsad_options(max_rows => 3000, epochs => 1, members => 1, calibration => 'none'))) AS i FROM big) q;
-- groups have samples of their own
SELECT tenant, deepsad_info(deepsad_train(x, flag, deepsad_options(max_rows => 300, epochs => 1, members => 1, calibration => 'none'))) -> 'rows' -> 'trained' AS trained FROM big GROUP BY tenant ORDER BY tenant;
DROP TABLE chosen;
DROP PROCEDURE choose;
-- held-out rows: early stopping, the best weights kept
CREATE TABLE held AS SELECT deepsad_train(x, flag, deepsad_options(validation => 0.2, patience => 3, epochs => 200, pretrain_epochs => 2, members => 2,
	learning_rate => 0.01)) AS model FROM big WHERE id <= 5000;
SELECT jsonb_pretty(deepsad_info(model) -> 'rows') AS rows FROM held;
SELECT m ->> 'stopped_by' AS stopped_by, (m ->> 'epochs')::int < 200 AS early, (m ->> 'epochs')::int - (m ->> 'best_epoch')::int AS epochs_after_the_best
FROM held, jsonb_array_elements(deepsad_info(model) -> 'members') m;
SELECT member, min(loss) = (SELECT (deepsad_info(model) -> 'members' -> (member - 1) ->> 'validation_loss')::float8 FROM held) AS kept_the_best
FROM held, deepsad_history(model) WHERE phase = 'validation' GROUP BY member ORDER BY member;
SELECT m ->> 'stopped_by' AS stopped_by, m -> 'steps' AS steps FROM (SELECT deepsad_train(x, flag, deepsad_options(max_steps => 7, members => 1)) AS model
	FROM big WHERE id <= 500) s, jsonb_array_elements(deepsad_info(model) -> 'members') m;
SELECT jsonb_pretty(deepsad_info(deepsad_train(x, flag, deepsad_options(validation => 0.5, epochs => 1, members => 1))) -> 'rows') AS rows FROM big WHERE id <= 3;

-- default effort is bounded; an explicit number of epochs is kept
SELECT (o ->> 'epochs')::int AS epochs, (o ->> 'pretrain_epochs')::int AS pretrain_epochs
FROM (SELECT deepsad_info(deepsad_train(ARRAY[i], NULL, deepsad_options(members => 1, hidden => '{2}', latent => 1))) -> 'options' AS o FROM generate_series(1, 300000) i) s;
SELECT o -> 'epochs' AS epochs
FROM (SELECT deepsad_info(deepsad_train(ARRAY[i], NULL, deepsad_options(members => 1, hidden => '{2}', latent => 1, epochs => 20, pretrain_epochs => 0))) -> 'options' AS o FROM generate_series(1, 300000) i) s;

-- progress is gone after every training, and notices come when asked for
SELECT count(*) AS trainings FROM deepsad_progress WHERE pid = pg_backend_pid();
CREATE TABLE no_rows (a float8, b float8);
SELECT deepsad_train_table('no_rows') IS NULL AS no_model;
SELECT count(*) AS trainings FROM deepsad_progress WHERE pid = pg_backend_pid();
SELECT deepsad_train_rows((SELECT deepsad_sample(x) FROM no_rows x WHERE a > 0)) IS NULL AS no_model;
SELECT deepsad_update_rows(model, (SELECT deepsad_sample(NULL::real[]) FROM generate_series(1, 3))) = model AS same_model FROM held;
SELECT count(*) AS trainings FROM deepsad_progress WHERE pid = pg_backend_pid();
SELECT length(deepsad_train(x, flag, deepsad_options(verbose => true, members => 1, epochs => 3, pretrain_epochs => 3, offset_scale => 0))) > 0 AS verbose FROM big WHERE id <= 1;
SELECT length(deepsad_update(model, x, NULL, '{"verbose": true, "epochs": 1}')) > 0 AS verbose
FROM (SELECT deepsad_train(x, NULL, deepsad_options(members => 1, epochs => 1, offset_scale => 0)) AS model FROM big WHERE id <= 1) s, big WHERE id <= 1;
DROP TABLE big, model, held, no_rows;
DROP FUNCTION quick, inner_training;
