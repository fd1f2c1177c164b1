-- deepsad_info's report of trust
CREATE TABLE trust_row AS
SELECT i AS id, ARRAY[sin(i * 1.1) * r, cos(i * 2.3) * r, sin(i * 0.7)]::real[] AS x, CASE WHEN i % 10 = 0 THEN true WHEN i % 10 = 1 THEN false END AS far
FROM (SELECT i, CASE WHEN i % 10 = 0 THEN 4 ELSE 1 END AS r FROM generate_series(1, 600) i) s;

CREATE TABLE trust_model AS SELECT deepsad_train(x, far, deepsad_options(members => 2, validation => 0.4)) AS held_out, deepsad_train(x, far, deepsad_options(members => 2)) AS trained FROM trust_row;
SELECT t -> 'measured_on' AS measured_on, (t -> 'roc_auc')::float8 > 0.9 AS roc_auc, (t -> 'roc_auc_lower')::float8 < (t -> 'roc_auc')::float8 AS low, (t -> 'roc_auc_upper')::float8 > (t -> 'roc_auc')::float8 AS high,
	(t -> 'untrained_roc_auc')::float8 BETWEEN 0 AND 1 AS untrained, (t -> 'plain_roc_auc')::float8 BETWEEN 0 AND 1 AS plain
FROM (SELECT deepsad_info(held_out) -> 'trust' AS t FROM trust_model) s;
SELECT key, t -> key -> 'rows' AS rows, (t -> key -> 'mean_score')::float8 > 2 AS high_score, (t -> key -> 'entropy')::float8 > 1 AS high_entropy
FROM (SELECT deepsad_info(held_out) -> 'trust' AS t FROM trust_model) s, unnest('{anomalies,unlabeled,normals}'::text[]) key;
-- without held-out rows no AUC, after an update neither
SELECT t -> 'measured_on' AS measured_on, t -> 'roc_auc' AS roc_auc, t -> 'plain_roc_auc' AS plain, t -> 'anomalies' -> 'rows' AS anomalies
FROM (SELECT deepsad_info(trained) -> 'trust' AS t FROM trust_model UNION ALL SELECT deepsad_info(deepsad_update(held_out, x, far)) -> 'trust' FROM trust_row, trust_model) s;
-- without labels
SELECT t -> 'roc_auc' AS roc_auc, t -> 'anomalies' AS anomalies FROM (SELECT deepsad_info(deepsad_train(x, NULL, deepsad_options(members => 1, epochs => 2, validation => 0.3))) -> 'trust' AS t FROM trust_row) s;
-- workers or none: the same report
SELECT deepsad_train(x, far, deepsad_options(members => 2, validation => 0.4, workers => 0)) = deepsad_train(x, far, deepsad_options(members => 2, validation => 0.4, workers => 1)) AS same FROM trust_row;

-- labels that say nothing
SET client_min_messages = error;
CREATE TABLE guess_model AS SELECT deepsad_train(x, id % 3 = 0, deepsad_options(members => 1, validation => 0.5, eta => 0)) AS model FROM trust_row WHERE NOT (far IS TRUE);
RESET client_min_messages;
SELECT (deepsad_info(model) -> 'trust' -> 'roc_auc')::float8 BETWEEN 0.3 AND 0.7 AS guessing FROM guess_model;
DROP TABLE trust_row, trust_model, guess_model;
-- without validation rows a sample of all training rows tells, also when they pass through a file in the order they came
SET maintenance_work_mem = '1MB';
SELECT (t #>> '{unlabeled,rows}')::int BETWEEN 1500 AND 2600 AND (t #>> '{normals,rows}')::int BETWEEN 1500 AND 2600 AS of_all
FROM (SELECT deepsad_info(deepsad_train(x, normal, '{"epochs": 0, "pretrain_epochs": 0, "members": 1}')) -> 'trust' AS t
	FROM (SELECT ARRAY[sin(i), cos(i * 7), i % 5, i % 7, i % 11]::float8[] AS x, CASE WHEN i > 20000 THEN false END AS normal
		FROM generate_series(1, 40000) i) s) m;
RESET maintenance_work_mem;
