-- p-values, decisions and thresholds
SET client_min_messages = warning;
CREATE TABLE decide_data AS
SELECT i, ARRAY[sin(i * 7.3) * 2, cos(i * 3.1), sin(i * 1.7) + cos(i * 0.9)] AS f, CASE WHEN i % 50 = 0 THEN true END AS label
FROM generate_series(1, 1500) i;
CREATE TABLE decide_model AS
SELECT 'split' AS name, deepsad_train(f, label, '{"epochs": 5, "members": 2}') AS model FROM decide_data WHERE i <= 1000
UNION ALL SELECT 'cross', deepsad_train(f, label, '{"epochs": 5, "members": 8}') FROM decide_data WHERE i <= 200
UNION ALL SELECT 'none', deepsad_train(f, label, '{"epochs": 5, "calibration": "none"}') FROM decide_data WHERE i <= 200
UNION ALL SELECT 'paper', deepsad_train(f, label, '{"epochs": 5, "preset": "paper"}') FROM decide_data WHERE i <= 200;

SELECT name, i -> 'calibration' ->> 'method' AS method, i -> 'calibration' -> 'rows' AS rows, i -> 'threshold' ->> 'by' AS by,
	(i -> 'threshold' ->> 'score')::float8 > 0 AS score, i -> 'options' ->> 'calibration' AS option, i -> 'rows' -> 'trained' AS trained
FROM decide_model, deepsad_info(model) i ORDER BY name;

-- a p-value is the share of calibration rows that score at least as high, the row itself counted too
SELECT name, min(p) >= 1.0 / (rows + 1) AS least, max(p) <= 1 AS most, bool_and(abs(p * (rows + 1) - round(p * (rows + 1))) < 1e-9) AS counts,
	bool_and((p <= 0.01) = deepsad_is_anomaly(model, f)) AS decided, avg((p <= 0.1)::int) < 0.15 AS alarms
FROM (SELECT name, model, f, deepsad_pvalue(model, f) AS p, (deepsad_info(model) -> 'calibration' ->> 'rows')::int AS rows
	FROM decide_model, decide_data WHERE name IN ('split', 'cross') AND i > 1000) s GROUP BY name, rows ORDER BY name;
-- with held out rows that is a score
SELECT bool_and((deepsad_score(model, f) >= (deepsad_info(model) -> 'threshold' ->> 'score')::float8) = deepsad_is_anomaly(model, f))
FROM decide_model, decide_data WHERE name = 'split';
SELECT name, deepsad_pvalue(model, 50, -50, 50) < 0.01 AS p, deepsad_is_anomaly(model, 50, -50, 50) AS anomaly,
	deepsad_is_anomaly(model, ARRAY[0, 0, 0]) AS normal, deepsad_pvalue(model, ROW(50, -50, 50)) = deepsad_pvalue(model, '{50,-50,50}') AS types
FROM decide_model WHERE name IN ('split', 'cross') ORDER BY name;
-- NULL as for scores
SELECT deepsad_pvalue(NULL, 1, 2, 3), deepsad_pvalue(model, NULL::real[]), deepsad_is_anomaly(NULL, 1, 2, 3), deepsad_is_anomaly(model, NULL::real[]),
	deepsad_pvalue(model, NULL, NULL, NULL) > 0 AS missing
FROM decide_model WHERE name = 'split';
SELECT deepsad_pvalue(model, 1, 2) FROM decide_model WHERE name = 'split';
SELECT deepsad_pvalue(model, 1, 2, 'Infinity'::float8) FROM decide_model WHERE name = 'split';
SELECT deepsad_is_anomaly(model, 1, 2, 'Infinity'::float8) FROM decide_model WHERE name = 'cross';
SELECT deepsad_pvalue(model, 1, 2, 3) FROM decide_model WHERE name = 'none';
SELECT deepsad_is_anomaly(model, 1, 2, 3) FROM decide_model WHERE name = 'paper';

-- other thresholds, without training again
CREATE TABLE decided AS
SELECT 'alpha' AS name, deepsad_set_threshold(model, alpha => 0.05) AS model FROM decide_model WHERE name = 'split'
UNION ALL SELECT 'contamination', deepsad_set_threshold(model, contamination => 0.05) FROM decide_model WHERE name = 'split'
UNION ALL SELECT 'back', deepsad_set_threshold(deepsad_set_threshold(model, contamination => 0.05), alpha => 0.01) FROM decide_model WHERE name = 'split'
UNION ALL SELECT 'threshold', deepsad_set_threshold(model, threshold => 2) FROM decide_model WHERE name = 'none';
SELECT d.name, deepsad_info(d.model) -> 'threshold' ->> 'by' AS by, round((deepsad_info(d.model) -> 'calibration' ->> 'rows')::numeric) AS rows,
	d.model = m.model AS same, bool_and(deepsad_score(d.model, f) = deepsad_score(m.model, f)) AS scores
FROM decided d, decide_model m, decide_data WHERE m.name = 'split' AND d.name <> 'threshold' GROUP BY d.name, d.model, m.model ORDER BY d.name;
SELECT bool_and(deepsad_is_anomaly(model, f) = (deepsad_score(model, f) >= 2)) FROM decided, decide_data WHERE name = 'threshold';
SELECT bool_and(deepsad_is_anomaly(model, f) = (deepsad_pvalue(model, f) <= 0.05)) FROM decided, decide_data WHERE name = 'alpha';
SELECT deepsad_info(deepsad_train(f, label, deepsad_options(contamination => 0.1, epochs => 1, members => 1))) -> 'threshold' ->> 'by' AS by,
	deepsad_info(deepsad_train(f, label, deepsad_options(threshold => 3, epochs => 1, members => 1))) -> 'threshold' AS score
FROM decide_data;
SELECT deepsad_set_threshold(NULL, alpha => 0.1) IS NULL AS "null";
SELECT deepsad_set_threshold(model) FROM decide_model WHERE name = 'split';
SELECT deepsad_set_threshold(model, alpha => 0.1, threshold => 1) FROM decide_model WHERE name = 'split';
SELECT deepsad_set_threshold(model, alpha => 2) FROM decide_model WHERE name = 'split';
SELECT deepsad_set_threshold(model, contamination => 0) FROM decide_model WHERE name = 'split';
SELECT deepsad_set_threshold(model, threshold => 'NaN') FROM decide_model WHERE name = 'split';
SELECT deepsad_set_threshold(model, alpha => 0.1) FROM decide_model WHERE name = 'none';
SELECT deepsad_set_threshold('\x00', alpha => 0.1);
SELECT deepsad_info(deepsad_set_threshold(model, alpha => 0.0001)) -> 'threshold' AS "none" FROM decide_model WHERE name = 'split';
SELECT deepsad_train(f, label, '{"epochs": 1}') IS NOT NULL AS trained FROM decide_data WHERE i < 50;
SELECT deepsad_train(f, label, '{"calibration": "some"}') FROM decide_data;

-- chosen on labels
SELECT deepsad_threshold(score, label) AS f1, deepsad_threshold(score, label, 0.75) AS p75, deepsad_threshold(score, label, 1) AS p100,
	deepsad_threshold(score, NOT label, 0.9) AS not_reached, deepsad_threshold(score, false) AS without, deepsad_threshold(NULL, true) AS no_rows
FROM (VALUES (9, true), (8, true), (7, false), (6, true), (6, true), (2, false), (2, true), (1, false), (NULL, true), (3, NULL)) v (score, label);
SELECT deepsad_threshold(score, true, 2) FROM generate_series(1, 3) score;
SELECT deepsad_threshold('Infinity', true), deepsad_threshold(s, s > 1) FROM unnest('{1,2,Infinity}'::float8[]) s;
SELECT deepsad_confusion(deepsad_is_anomaly(m, f), label IS TRUE) -> 'recall' AS recall
FROM decide_data, (SELECT deepsad_set_threshold(model, threshold => (
	SELECT deepsad_threshold(deepsad_score(model, f), label IS TRUE, 0.0) FROM decide_data)) AS m FROM decide_model WHERE name = 'none') s;

-- an update drops the calibration, and keeps a threshold that is a score
SELECT name, i -> 'calibration' ->> 'method' AS method, i -> 'threshold' ->> 'by' AS by, i -> 'threshold' ->> 'score' = old AS same
FROM (SELECT name, deepsad_info(model) -> 'threshold' ->> 'score' AS old,
	(SELECT deepsad_info(deepsad_update(model, f, label, '{"epochs": 1}')) FROM decide_data) AS i FROM decide_model) s ORDER BY name;

-- the same bytes for any number of workers, and any order of rows
SELECT name, count(DISTINCT model) FROM (
	SELECT 'split' AS name, deepsad_train(f, label, o || '{"epochs": 1, "members": 4, "calibration": "split"}') AS model
	FROM decide_data, (VALUES ('{"workers": 0}'::jsonb), ('{"workers": 2}')) v (o) GROUP BY o
	UNION ALL SELECT 'cross', deepsad_train(f, label, o || '{"epochs": 1, "members": 4, "calibration": "cross"}' ORDER BY i * (1 - 2 * (o ->> 'workers')::int))
	FROM decide_data, (VALUES ('{"workers": 0}'::jsonb), ('{"workers": 2}')) v (o) GROUP BY o) s GROUP BY name ORDER BY name;
-- rows in blocks
SET maintenance_work_mem = '1MB';
SELECT (deepsad_info(m) -> 'calibration') - 'smallest_pvalue' AS calibration, deepsad_pvalue(m, 50, -50, 50) < 0.01 AS p
FROM (SELECT deepsad_train(f, label, ('{"epochs": 1, "pretrain_epochs": 0, "members": 2, "calibration": "' || method || '"}')::jsonb) AS m
	FROM decide_data, generate_series(1, 20), unnest('{split,cross}'::text[]) method GROUP BY method) s ORDER BY calibration;
RESET maintenance_work_mem;

-- the planner knows the cost of a literal model; a plan may be parallel
SELECT proname, provolatile, proparallel FROM pg_proc WHERE proname IN ('deepsad_pvalue', 'deepsad_is_anomaly', 'deepsad_set_threshold') ORDER BY 1;
DROP TABLE decide_data, decide_model, decided;

-- at any size 1 is the mean score of the rows that are not known anomalies, those included that were held out
CREATE TABLE sizes AS SELECT n, i, ARRAY[sin(i * 3.1 + n), cos(i * i * 0.7), sin(i * 1.3) + cos(n * i)] AS x, CASE WHEN n > 3 AND i % 7 = 0 THEN i % 14 = 0 END AS label
FROM unnest('{1,2,3,5,10,19,20,30,100,499,500,700}'::int[]) n, generate_series(1, n) i;
CREATE TABLE of_sizes AS SELECT n, deepsad_train(x, label) AS model FROM sizes GROUP BY n;
SELECT n, round(avg(deepsad_score(model, x))::numeric, 3) AS mean FROM sizes JOIN of_sizes USING (n) WHERE label IS DISTINCT FROM true GROUP BY n ORDER BY n;
SELECT round(avg(deepsad_score(model, x))::numeric, 3) AS mean FROM sizes, (SELECT deepsad_train(x, label, '{"validation": 0.3, "epochs": 2, "calibration": "cross"}') AS model
	FROM sizes WHERE n = 100) s WHERE n = 100 AND label IS DISTINCT FROM true;
-- too few rows for p-values: NULL, and one warning of either kind, so that a query over many models goes on
SELECT n, count(deepsad_pvalue(model, x)) AS pvalues, count(deepsad_is_anomaly(model, x)) AS decisions FROM sizes JOIN of_sizes USING (n) WHERE n BETWEEN 2 AND 30 GROUP BY n ORDER BY n;
SELECT deepsad_is_anomaly(model, 1, 2, 3), deepsad_pvalue(model, 1, 2, 3) FROM (SELECT deepsad_update(model, x) AS model FROM sizes JOIN of_sizes USING (n) WHERE n = 10) u;
-- rows that do not differ
SELECT deepsad_info(deepsad_train(ARRAY[1, 2, 3], NULL, '{"epochs": 1}')) -> 'collapsed' AS collapsed FROM generate_series(1, 600);
SELECT i % 2 AS half, deepsad_info(deepsad_train(ARRAY[1, NULL::int], NULL, '{"epochs": 1}')) -> 'collapsed' AS collapsed FROM generate_series(1, 60) i GROUP BY 1;
-- a contamination that ties make unreachable
SELECT deepsad_info(deepsad_train(ARRAY[CASE WHEN i % 100 = 0 THEN 50 ELSE i % 5 END], NULL, '{"epochs": 1, "contamination": 0.001}')) -> 'collapsed' AS collapsed FROM generate_series(1, 5000) i;
SELECT deepsad_info(deepsad_train(ARRAY[CASE WHEN i % 100 = 0 THEN 50 ELSE i % 5 END], NULL, '{"epochs": 1, "contamination": 0.03}')) -> 'collapsed' AS collapsed FROM generate_series(1, 5000) i;
DROP TABLE sizes, of_sizes;
