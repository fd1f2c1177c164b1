-- Rows that belong together: the option group_by.
CREATE TABLE visit AS
SELECT i, 'c' || i % 60 AS customer, i % 60 AS number, timestamp '2025-01-01' + i * interval '1 hour' AS at,
	(sin(i % 60 * 1.7) + sin(i * i * 0.7) * 0.2)::real AS a, (cos(i % 60 * 2.1) + cos(i * i * 0.3) * 0.2)::real AS b,
	CASE WHEN i % 97 = 0 THEN true END AS bad
FROM generate_series(1, 3000) i;
PREPARE quick(text) AS SELECT ('{"epochs": 2, "pretrain_epochs": 1, "members": 2, "hidden": [8], "latent": 2}'::jsonb || $1::jsonb)::text AS quick;
EXECUTE quick('{"group_by": "customer"}') \gset by_
EXECUTE quick('{"group_by": ["number"]}') \gset number_
EXECUTE quick('{"group_by": ["customer", "at"]}') \gset time_

-- one name or several, in both forms
SELECT deepsad_options(group_by => '{customer}'), deepsad_options(group_by => '{customer,at}', epochs => 1);
SELECT deepsad_options(group_by => '{}');
SELECT deepsad_options(group_by => '{NULL}');
SELECT deepsad_train(f, NULL, '{"group_by": 1}') FROM visit, LATERAL (SELECT a, customer) f;
SELECT deepsad_train(f, NULL, '{"group_by": {"customer": 1}}') FROM visit, LATERAL (SELECT a, customer) f;

-- the column is no feature, and whole customers are held aside: a third of them, where they are so few, without known anomalies
SELECT c.feature, c.left_out FROM deepsad_columns((
	SELECT deepsad_train(f, bad, :'by_quick') FROM visit, LATERAL (SELECT a, customer, b) f)) c;
SELECT (i #>> '{calibration,rows}')::int AS calibration, i #> '{calibration,method}' AS method,
	(i #>> '{rows,trained}')::int + (i #>> '{rows,calibration}')::int AS rows
FROM (SELECT deepsad_info(deepsad_train(f, bad, :'by_quick')) AS i FROM visit, LATERAL (SELECT a, customer, b) f) q;

-- the same model: in any order, from a table, when rows go to a file, by parallel workers, from a training set
CREATE TABLE grouped AS
SELECT deepsad_train(f, bad, :'by_quick') AS model FROM visit, LATERAL (SELECT a, b, customer) f;
SELECT bool_and(model = other) AS same FROM grouped, (
	SELECT deepsad_train(f, bad, :'by_quick' ORDER BY md5(i::text)) AS other FROM visit, LATERAL (SELECT a, b, customer) f
	UNION ALL SELECT deepsad_train_table('visit', '{a,b}', 'bad', :'by_quick')
	UNION ALL SELECT deepsad_train_table('visit', '{a,b,customer}', 'bad', :'by_quick')
	UNION ALL SELECT deepsad_train(f, bad, :'by_quick'::jsonb || '{"workers": 2}') FROM visit, LATERAL (SELECT a, b, customer) f
	UNION ALL SELECT deepsad_train_rows(deepsad_sample(f, bad, NULL, i::text), :'by_quick') FROM visit, LATERAL (SELECT a, b, customer) f) o;
SELECT model <> other AS other_seed FROM grouped, (
	SELECT deepsad_train(f, bad, :'by_quick'::jsonb || '{"seed": 1}') AS other FROM visit, LATERAL (SELECT a, b, customer) f) o;

-- a group by a number is like one by text; rows in a file are divided as rows in memory are
CREATE TABLE large AS SELECT i % 500 AS number, sin(i * i * 0.7)::real AS a, cos(i) AS b FROM generate_series(1, 40000) i;
SELECT deepsad_info(deepsad_train(f, NULL, :'number_quick')) -> 'rows' AS in_memory FROM large, LATERAL (SELECT a, b, number) f \gset
SET maintenance_work_mem = '1MB';
SELECT deepsad_info(deepsad_train(f, NULL, :'number_quick')) -> 'rows' = :'in_memory' AS same FROM large, LATERAL (SELECT a, b, number) f;
RESET maintenance_work_mem;

-- scoring needs the features alone, by name, by position and in an array
SELECT bool_and(deepsad_score(model, f) = deepsad_score(model, v.a, v.b) AND deepsad_score(model, f) = deepsad_score(model, ARRAY[v.a, v.b])
	AND deepsad_score(model, f) = deepsad_score(model, v)) AS same
FROM grouped, visit v, LATERAL (SELECT v.b, v.a) f WHERE i <= 100;

-- an update takes every row; it cannot change groups
SELECT deepsad_update(model, f, bad, '{"epochs": 1}') IS NOT NULL AS updated FROM grouped, visit, LATERAL (SELECT a, b, customer) f;
SELECT deepsad_update(model, f, bad, '{"group_by": ["customer"]}') FROM grouped, visit, LATERAL (SELECT a, b, customer) f;

-- an instant is part of a group as a stretch of time, and stays a feature unless it is skipped
SELECT c.feature, c.encoding, c.left_out FROM deepsad_columns((
	SELECT deepsad_train(f, NULL, :'time_quick') FROM visit, LATERAL (SELECT at, a, customer, b) f)) c;
SELECT c.feature, c.encoding, c.left_out FROM deepsad_columns((
	SELECT deepsad_train(f, NULL, :'time_quick'::jsonb || '{"columns": {"at": "skip"}}') FROM visit, LATERAL (SELECT at, a, customer, b) f)) c;
SELECT c.feature, c.encoding, c.left_out FROM deepsad_columns(deepsad_train_table('visit', '{a,b}', NULL, :'time_quick')) c;
SELECT deepsad_train(f, NULL, :'time_quick') = deepsad_train(f, NULL, :'time_quick' ORDER BY i DESC) AS same
FROM visit, LATERAL (SELECT at, a, customer, b) f;

-- an array in a row, and rows that wait for it
SELECT c.feature, c.features, c.left_out FROM deepsad_columns((
	SELECT deepsad_train(f, NULL, :'time_quick'::jsonb || '{"columns": {"at": "skip"}}' ORDER BY i)
	FROM visit, LATERAL (SELECT CASE WHEN i > 10 THEN ARRAY[a, b] END AS pair, at, customer) f)) c;

-- errors
SELECT deepsad_train(ARRAY[a, b], NULL, '{"group_by": ["customer"]}') FROM visit;
SELECT deepsad_train(f, NULL, '{"group_by": ["custom"]}') FROM visit, LATERAL (SELECT a, customer) f;
SELECT deepsad_train(f, NULL, '{"group_by": ["customer"]}') FROM visit, LATERAL (SELECT customer) f;
SELECT deepsad_train(f, NULL, '{"group_by": ["customer"], "columns": {"customer": "category"}}') FROM visit, LATERAL (SELECT a, customer) f;
SELECT deepsad_train(f, NULL, '{"group_by": ["pair"]}') FROM visit, LATERAL (SELECT a, ARRAY[a, b] AS pair) f;
SELECT deepsad_train_table('visit', '{a,b}', NULL, '{"group_by": ["custom"]}');

-- one group cannot be held aside; of two the smaller one can
SELECT deepsad_info(deepsad_train(f, NULL, :'number_quick')) #> '{calibration}' AS calibration FROM visit, LATERAL (SELECT a, b, 1 AS number) f;
SELECT deepsad_info(deepsad_train(f, NULL, :'number_quick')) #> '{calibration,rows}' AS rows FROM visit, LATERAL (SELECT a, b, (i <= 400)::int AS number) f;
-- rows without a group are of one
SELECT deepsad_info(deepsad_train(f, NULL, :'number_quick')) #> '{calibration,rows}' AS rows FROM visit, LATERAL (SELECT a, b, NULLIF(number, number) AS number) f;
DROP TABLE visit, large, grouped;
