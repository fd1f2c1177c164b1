-- deepsad_update: goes on training a model with new rows or labels
CREATE TABLE reading (id int, x float8[], flag boolean);
INSERT INTO reading SELECT i, ARRAY[sin(i), sin(i) * 2 + cos(i * 7) / 10, CASE WHEN i % 50 = 0 THEN 3 ELSE cos(i) END]
FROM generate_series(1, 300) i;
CREATE TABLE first_model AS SELECT deepsad_train(x, NULL, deepsad_options(epochs => 10, pretrain_epochs => 10, members => 2, milestones => '{5}', calibration => 'none')) AS model FROM reading;
UPDATE reading SET flag = id % 50 = 0 WHERE id % 50 IN (0, 1);
CREATE TABLE updated_model AS SELECT deepsad_update(first_model.model, x, flag) AS model FROM reading, first_model;

-- what was done
SELECT deepsad_info(first_model.model) -> 'rows' = deepsad_info(updated_model.model) -> 'rows' AS rows_stay FROM first_model, updated_model;
SELECT deepsad_info(model) -> 'updates' AS updates, deepsad_info(model) #- '{last_update,digest}' -> 'last_update' AS last_update FROM first_model UNION ALL
SELECT deepsad_info(model) -> 'updates', deepsad_info(model) #- '{last_update,digest}' -> 'last_update' FROM updated_model ORDER BY 1;
SELECT key, a.value AS before, b.value AS after
FROM first_model, updated_model, jsonb_each(deepsad_info(first_model.model) -> 'options') a JOIN jsonb_each(deepsad_info(updated_model.model) -> 'options') b USING (key)
WHERE a.value <> b.value ORDER BY key;
SELECT member, phase, count(*) FROM updated_model, deepsad_history(model) GROUP BY 1, 2 ORDER BY 1, 2;
SELECT deepsad_is_model(model) AS is_model FROM updated_model;

-- the anomalies that were labeled stand out now, and the others keep their mean
SELECT avg(deepsad_score(updated_model.model, x)) FILTER (WHERE flag) > 1.5 * avg(deepsad_score(first_model.model, x)) FILTER (WHERE flag) AS anomalies,
	abs(avg(deepsad_score(updated_model.model, x)) FILTER (WHERE flag IS NOT TRUE) / avg(deepsad_score(first_model.model, x)) FILTER (WHERE flag IS NOT TRUE) - 1) < 1e-6 AS others
FROM reading, first_model, updated_model;

-- one order of rows or another, workers or none: the same bytes
SELECT count(DISTINCT model) FROM (
	SELECT model FROM updated_model
	UNION ALL SELECT deepsad_update(first_model.model, x, flag ORDER BY id DESC) FROM reading, first_model
	UNION ALL SELECT deepsad_update((SELECT model || '' FROM first_model), x, flag) FROM reading
	UNION ALL SELECT deepsad_update(first_model.model, x, flag, deepsad_options(workers => 1)) FROM reading, first_model
	UNION ALL SELECT deepsad_update(first_model.model, x, flag, NULL) FROM reading, first_model) s;
SELECT (SELECT deepsad_update(updated_model.model, x, flag) FROM reading, updated_model) <> model AS goes_on FROM updated_model;
SELECT deepsad_info(deepsad_update(updated_model.model, x)) #- '{last_update,digest}' -> 'last_update' AS without_labels FROM reading, updated_model;
SELECT deepsad_info(deepsad_update(updated_model.model, x, flag, deepsad_options(epochs => 3, learning_rate => 0.01))) #> '{members,0}' ->> 'epochs' AS epochs FROM reading, updated_model;
-- beyond memory
SET maintenance_work_mem = '1MB';
SELECT deepsad_info(deepsad_update(first_model.model, ARRAY[sin(i), cos(i), i % 7], i % 1000 = 0, deepsad_options(epochs => 1))) #- '{last_update,digest}' -> 'last_update' AS spilled
FROM first_model, generate_series(1, 60000) i;
RESET maintenance_work_mem;
-- one model per group
SELECT id % 2 AS half, deepsad_info(deepsad_update(model, x, flag)) #- '{last_update,digest}' -> 'last_update' AS last_update FROM reading, first_model GROUP BY 1 ORDER BY 1;
-- nothing to learn from
SELECT deepsad_update(model, x, flag) IS NULL AS no_rows FROM reading, first_model WHERE false;
SELECT deepsad_update(model, NULL::float8[], flag) = model AS unchanged FROM reading, first_model GROUP BY model;
-- only anomalies: said once, however many groups
SELECT g, length(deepsad_update(model, x, flag)) > 1000 AS updated FROM reading, first_model, generate_series(1, 3) g WHERE flag GROUP BY g ORDER BY g;
SELECT length(deepsad_update(model, x, flag)) > 1000 AS updated FROM reading, first_model WHERE flag;

-- errors
SELECT deepsad_update(NULL, x, flag) FROM reading;
SELECT deepsad_update('\x00', x, flag) FROM reading;
SELECT deepsad_update(m, x, flag) FROM (SELECT model FROM first_model UNION ALL SELECT model FROM updated_model) s (m), reading;
SELECT deepsad_update(model, x[1:2], flag) FROM reading, first_model;
SELECT deepsad_update(model, x, flag, deepsad_options(hidden => '{9}')) FROM reading, first_model;
SELECT deepsad_update(model, x, flag, '{"preset": "fast"}') FROM reading, first_model;
\set VERBOSITY terse
SELECT deepsad_update(model, x, flag, '{"epoch": 3}') FROM reading, first_model;
\set VERBOSITY default
SELECT deepsad_update(model, x, flag, '[]') FROM reading, first_model;
SELECT deepsad_update(model, x, flag, '{"epochs": -1}') FROM reading, first_model;
SELECT deepsad_update(model, x, flag::int) IS NOT NULL AS zero_one FROM reading, first_model;
SELECT deepsad_update(model, 1.5) FROM reading, first_model;
DROP TABLE reading, first_model, updated_model;

-- an expert who confirms normal rows only
SELECT deepsad_is_model(deepsad_update(model, ARRAY[i, i % 7, 1], 1)) AS updated
FROM (SELECT deepsad_train(ARRAY[i, i % 7, 1], NULL, '{"epochs": 1, "pretrain_epochs": 1, "members": 1}') AS model FROM generate_series(1, 50) i) s, generate_series(1, 20) i;
