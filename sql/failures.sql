-- statements that fail half-way, and what they leave to the others of their transaction
CREATE TABLE failing AS SELECT i, ARRAY[1, sin(i), cos(i), i] AS x FROM generate_series(1, 30000) i;
SET maintenance_work_mem = '2MB';
CREATE FUNCTION broken(n int) RETURNS float8[] LANGUAGE sql IMMUTABLE AS 'SELECT ARRAY[1 / (n - 20000), sin(n), cos(n), n]';
CREATE VIEW half AS SELECT deepsad_train(broken(i), NULL, '{"epochs": 1, "pretrain_epochs": 0, "members": 1}') AS model FROM failing;
CREATE VIEW whole AS SELECT deepsad_train(x, NULL, '{"epochs": 1, "pretrain_epochs": 0, "members": 1}') IS NOT NULL AS trained
FROM (SELECT x FROM failing UNION ALL SELECT x FROM failing) r;

-- a cursor that fails in a savepoint keeps its memory: its rows are never written to a file of somebody else's
BEGIN;
DECLARE c CURSOR FOR SELECT * FROM half;
SAVEPOINT s;
FETCH c;
ROLLBACK TO s;
SELECT * FROM whole;
COMMIT;
-- two savepoints deep
BEGIN;
DECLARE c CURSOR FOR SELECT * FROM half;
SAVEPOINT s;
SAVEPOINT t;
FETCH c;
ROLLBACK TO t;
SELECT * FROM whole;
ROLLBACK TO s;
SELECT * FROM whole;
CLOSE c;
SELECT * FROM whole;
COMMIT;
-- a cursor WITH HOLD, and one whose rows went to a file before it failed
BEGIN;
DECLARE c CURSOR WITH HOLD FOR SELECT * FROM half;
SAVEPOINT s;
FETCH c;
ROLLBACK TO s;
SELECT * FROM whole;
CLOSE c;
COMMIT;
BEGIN;
SET LOCAL maintenance_work_mem = '1MB';
DECLARE c CURSOR FOR SELECT * FROM half;
SAVEPOINT s;
FETCH c;
ROLLBACK TO s;
SELECT * FROM whole;
COMMIT;
-- a refcursor in an exception block, and a FETCH in a function
DO $$
DECLARE
	c refcursor;
	m bytea;
BEGIN
	OPEN c FOR SELECT * FROM half;
	FOR i IN 1 .. 2 LOOP
		BEGIN
			FETCH c INTO m;
		EXCEPTION WHEN OTHERS THEN
			RAISE NOTICE '%', sqlerrm;
		END;
		RAISE NOTICE 'trained: %', (SELECT trained FROM whole);
	END LOOP;
END $$;
CREATE FUNCTION fetch_half(c refcursor) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	m bytea;
BEGIN
	FETCH c INTO m;
	RETURN 'fetched';
EXCEPTION WHEN OTHERS THEN
	RETURN sqlerrm;
END $$;
BEGIN;
DECLARE c CURSOR FOR SELECT * FROM half;
SELECT fetch_half('c'), fetch_half('c');
SELECT * FROM whole;
COMMIT;
-- a cursor that is fetched in a savepoint that goes on
BEGIN;
DECLARE c CURSOR FOR SELECT i % 2 AS half, deepsad_train(x, NULL, '{"epochs": 1, "pretrain_epochs": 0, "members": 1}') IS NOT NULL AS trained
FROM failing GROUP BY 1;
SAVEPOINT s;
FETCH c;
RELEASE s;
SELECT * FROM whole;
FETCH c;
SAVEPOINT s;
SELECT 1 / 0;
ROLLBACK TO s;
FETCH c;
COMMIT;

-- rows that another training had to write to a file and could not: an error, not a model of zeros
CREATE FUNCTION train_inside(n int) RETURNS float8 LANGUAGE plpgsql AS $$
BEGIN
	IF n = 25000 THEN
		PERFORM deepsad_train(x, NULL, '{"epochs": 1, "members": 1}') FROM failing;
	END IF;
	RETURN 104.5;
EXCEPTION WHEN OTHERS THEN
	RETURN 104.5;
END $$;
CREATE FUNCTION train_outside(room text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	means text;
BEGIN
	PERFORM set_config('temp_file_limit', room, true);
	SELECT string_agg(round(expected::numeric, 2)::text, ' ') INTO means FROM deepsad_columns((
		SELECT deepsad_train(ARRAY[train_inside(i), 50], NULL, '{"epochs": 1, "members": 1}') FROM generate_series(1, 30000) i));
	RETURN means;
EXCEPTION WHEN io_error THEN
	RETURN sqlerrm;
WHEN OTHERS THEN
	RETURN 'another error: ' || sqlerrm;
END $$;
SELECT room, train_outside(room || 'kB') IN ('104.50 50.00', 'training rows were lost when they could not be written to a temporary file') AS right
FROM unnest('{400,900,1400,1900,2200,2600,3000,9000}'::int[]) room;
SELECT train_outside('900kB'), train_outside('-1');

-- updates, in workers or not, are the same bytes at every size, whatever number of epochs went before
CREATE TABLE trained AS SELECT name, deepsad_train(x[2:4], NULL, options) AS model FROM failing,
	(VALUES ('thirty-five', deepsad_options(members => 2, pretrain_epochs => 1)), ('one', deepsad_options(members => 2, pretrain_epochs => 1, epochs => 1)),
		('stopped', deepsad_options(members => 2, pretrain_epochs => 1, epochs => 500, validation => 0.3, patience => 1))) o (name, options)
WHERE i <= 300 GROUP BY name;
SELECT name, epochs, rows, count(DISTINCT deepsad_update) = 1 AS same, bool_and(deepsad_is_model(deepsad_update)) AS is_model FROM (
	SELECT name, epochs, rows, workers, deepsad_update(model, x[2:4], NULL, deepsad_options(epochs => epochs, workers => workers))
	FROM trained, failing, unnest('{1,35}'::int[]) epochs, unnest('{0,1,2}'::int[]) workers, unnest('{1,200}'::int[]) rows WHERE i <= rows GROUP BY 1, 2, 3, 4) u
GROUP BY 1, 2, 3 ORDER BY 1, 2, 3;
SELECT count(DISTINCT model) FROM (
	SELECT deepsad_update(model, x[2:4], NULL, '{"workers": 0}') AS model FROM trained, failing WHERE name = 'thirty-five'
	UNION ALL SELECT deepsad_update(model, x[2:4], NULL, '{"workers": 2}') FROM trained, failing WHERE name = 'thirty-five'
	UNION ALL SELECT deepsad_update(model, x[2:4]) FROM trained, failing WHERE name = 'thirty-five') u;
-- as many epochs once as the room of the new ones could never hold
SELECT deepsad_is_model(deepsad_update(model, x[2:3], NULL, '{"workers": 1, "epochs": 1}')) AS updated FROM failing,
	(SELECT deepsad_train(x[2:3], NULL, '{"members": 2, "hidden": [1], "latent": 1, "epochs": 40000, "pretrain_epochs": 0, "ema_decay": 0, "workers": 0}') AS model FROM failing WHERE i <= 20) m WHERE i <= 20;
-- nothing is left
SELECT count(*) AS files FROM pg_ls_tmpdir() WHERE name ~ ('^pgsql_tmp' || pg_backend_pid() || '\.');
RESET maintenance_work_mem;
DROP VIEW half, whole;
DROP TABLE failing, trained;
DROP FUNCTION broken, fetch_half, train_inside, train_outside;
