-- deepsad_update: goes on training a model with new rows or labels
CREATE TABLE u (id int, x float8[], flag boolean);
INSERT INTO u SELECT i, ARRAY[sin(i), sin(i) * 2 + cos(i * 7) / 10, CASE WHEN i % 50 = 0 THEN 3 ELSE cos(i) END]
FROM generate_series(1, 300) i;
CREATE TABLE um AS SELECT deepsad_train(x, NULL, deepsad_options(epochs => 10, pretrain_epochs => 10, members => 2, milestones => '{5}', calibration => 'none')) AS model FROM u;
UPDATE u SET flag = id % 50 = 0 WHERE id % 50 IN (0, 1);
CREATE TABLE un AS SELECT deepsad_update(um.model, x, flag) AS model FROM u, um;

-- what was done
SELECT deepsad_info(um.model) -> 'rows' = deepsad_info(un.model) -> 'rows' AS rows_stay FROM um, un;
SELECT deepsad_info(model) -> 'updates' AS updates, deepsad_info(model) -> 'last_update' AS last_update FROM um UNION ALL
SELECT deepsad_info(model) -> 'updates', deepsad_info(model) -> 'last_update' FROM un;
SELECT key, a.value AS before, b.value AS after
FROM um, un, jsonb_each(deepsad_info(um.model) -> 'options') a JOIN jsonb_each(deepsad_info(un.model) -> 'options') b USING (key)
WHERE a.value <> b.value ORDER BY key;
SELECT member, phase, count(*) FROM un, deepsad_history(model) GROUP BY 1, 2 ORDER BY 1, 2;
SELECT deepsad_is_model(model) AS is_model FROM un;

-- the anomalies that were labeled stand out now, and the others keep their mean
SELECT avg(deepsad_score(un.model, x)) FILTER (WHERE flag) > 1.5 * avg(deepsad_score(um.model, x)) FILTER (WHERE flag) AS anomalies,
	abs(avg(deepsad_score(un.model, x)) FILTER (WHERE flag IS NOT TRUE) / avg(deepsad_score(um.model, x)) FILTER (WHERE flag IS NOT TRUE) - 1) < 1e-6 AS others
FROM u, um, un;

-- one order of rows or another, workers or none: the same bytes
SELECT count(DISTINCT model) FROM (
	SELECT model FROM un
	UNION ALL SELECT deepsad_update(um.model, x, flag ORDER BY id DESC) FROM u, um
	UNION ALL SELECT deepsad_update((SELECT model || '' FROM um), x, flag) FROM u
	UNION ALL SELECT deepsad_update(um.model, x, flag, deepsad_options(workers => 1)) FROM u, um
	UNION ALL SELECT deepsad_update(um.model, x, flag, NULL) FROM u, um) s;
SELECT (SELECT deepsad_update(un.model, x, flag) FROM u, un) <> model AS goes_on FROM un;
SELECT deepsad_info(deepsad_update(un.model, x)) -> 'last_update' AS without_labels FROM u, un;
SELECT deepsad_info(deepsad_update(un.model, x, flag, deepsad_options(epochs => 3, learning_rate => 0.01))) #> '{members,0}' ->> 'epochs' AS epochs FROM u, un;
-- beyond memory
SET maintenance_work_mem = '1MB';
SELECT deepsad_info(deepsad_update(um.model, ARRAY[sin(i), cos(i), i % 7], i % 1000 = 0, deepsad_options(epochs => 1))) -> 'last_update' AS spilled
FROM um, generate_series(1, 60000) i;
RESET maintenance_work_mem;
-- one model per group
SELECT id % 2 AS half, deepsad_info(deepsad_update(model, x, flag)) -> 'last_update' AS last_update FROM u, um GROUP BY 1 ORDER BY 1;
-- nothing to learn from
SELECT deepsad_update(model, x, flag) IS NULL AS no_rows FROM u, um WHERE false;
SELECT deepsad_update(model, NULL::float8[], flag) = model AS unchanged FROM u, um GROUP BY model;
-- only anomalies
SELECT length(deepsad_update(model, x, flag)) > 1000 AS updated FROM u, um WHERE flag;

-- errors
SELECT deepsad_update(NULL, x, flag) FROM u;
SELECT deepsad_update('\x00', x, flag) FROM u;
SELECT deepsad_update(m, x, flag) FROM (SELECT model FROM um UNION ALL SELECT model FROM un) s (m), u;
SELECT deepsad_update(model, x[1:2], flag) FROM u, um;
SELECT deepsad_update(model, x, flag, deepsad_options(hidden => '{9}')) FROM u, um;
SELECT deepsad_update(model, x, flag, '{"preset": "fast"}') FROM u, um;
SELECT deepsad_update(model, x, flag, '{"epoch": 3}') FROM u, um;
SELECT deepsad_update(model, x, flag, '[]') FROM u, um;
SELECT deepsad_update(model, x, flag, '{"epochs": -1}') FROM u, um;
SELECT deepsad_update(model, x, flag::int) IS NOT NULL AS zero_one FROM u, um;
SELECT deepsad_update(model, 1.5) FROM u, um;
DROP TABLE u, um, un;

-- an expert who confirms normal rows only
SELECT deepsad_is_model(deepsad_update(model, ARRAY[i, i % 7, 1], 1)) AS updated
FROM (SELECT deepsad_train(ARRAY[i, i % 7, 1], NULL, '{"epochs": 1, "pretrain_epochs": 1, "members": 1}') AS model FROM generate_series(1, 50) i) s, generate_series(1, 20) i;
