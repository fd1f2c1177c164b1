-- whether rows are still like the training rows
SET client_min_messages = warning;
CREATE TABLE drift_data AS
SELECT i, ARRAY[sin(i * 7.3) * 2, cos(i * 3.1), sin(i * 1.7) + cos(i * 0.9)] AS f FROM generate_series(1, 1500) i;
CREATE TABLE drift_model AS
SELECT 'split' AS name, deepsad_train(f, NULL, '{"epochs": 5, "members": 2}') AS model FROM drift_data WHERE i <= 1000
UNION ALL SELECT 'cross', deepsad_train(f, NULL, '{"epochs": 5, "members": 8}') FROM drift_data WHERE i <= 300
UNION ALL SELECT 'none', deepsad_train(f, NULL, '{"epochs": 5, "calibration": "none"}') FROM drift_data WHERE i <= 300;

-- silent on rows of the same kind, loud when one feature moves by a standard deviation
SELECT name, d ->> 'verdict' AS verdict, d -> 'rows' AS rows, jsonb_array_length(d -> 'features') AS features, d ? 'score' AS score
FROM (SELECT name, deepsad_drift(model, f) AS d FROM drift_model, drift_data WHERE i > 1000 GROUP BY name) s ORDER BY name;
SELECT name, d ->> 'verdict' AS verdict, d -> 'shifted' -> 0 AS shifted, d #> '{features,1,feature}' AS feature, (d #>> '{features,1,psi}')::float8 > 0.5 AS psi
FROM (SELECT name, deepsad_drift(model, ARRAY[f[1], f[2] + 0.7, f[3]]) AS d FROM drift_model, drift_data WHERE i > 1000 GROUP BY name) s ORDER BY name;
SELECT name, d ->> 'verdict' AS verdict, d -> 'shifted' -> 0 AS shifted
FROM (SELECT name, deepsad_drift(model, ROW(f[1], NULL::float8, f[3])) AS d FROM drift_model, drift_data WHERE i > 1400 GROUP BY name) s ORDER BY name;
-- of the scores alone: all rows lie where few training rows do
SELECT d -> 'shifted' ? 'score' AS score FROM (SELECT deepsad_drift(model, f) AS d
	FROM drift_model, drift_data WHERE name = 'split' AND deepsad_pvalue(model, f) < 0.2) s;
-- the forms of features, few rows, groups, FILTER, NULLs
SELECT deepsad_drift(model, f) = deepsad_drift(model, ROW(f[1], f[2], f[3])) AS same, deepsad_drift(model, f) FILTER (WHERE i < 10) -> 'rows' AS few,
	deepsad_drift(model, f) FILTER (WHERE i = 10) ->> 'verdict' AS one, deepsad_drift(model, CASE WHEN i % 2 = 0 THEN f END) -> 'rows' AS half,
	deepsad_drift(model, f) FILTER (WHERE false) IS NULL AS none, deepsad_drift(NULL, f) IS NULL AS no_model
FROM drift_model, drift_data WHERE name = 'split';
SELECT i % 2 AS half, deepsad_drift(model, f) ->> 'verdict' AS verdict FROM drift_model, drift_data WHERE name = 'cross' GROUP BY 1 ORDER BY 1;
-- after an update: the features against the first training, no scores
SELECT d ->> 'verdict' AS verdict, d ? 'score' AS score
FROM (SELECT deepsad_drift(m, f) AS d FROM drift_data, (SELECT deepsad_update(model, f, NULL, '{"epochs": 1}') AS m FROM drift_model, drift_data WHERE name = 'split') u) s;
-- errors
SELECT deepsad_drift(model, f) FROM drift_model, drift_data;
SELECT deepsad_drift(model, f[1:2]) FROM drift_model, drift_data WHERE name = 'split';
SELECT deepsad_drift(model, ARRAY[1, 2, 'Infinity']::float8[]) FROM drift_model WHERE name = 'split';
SELECT deepsad_drift(model, 1.5) FROM drift_model;
SELECT deepsad_drift('\x00', f) FROM drift_data;
-- no digits of the C library: six, and no chance below 1e-12
SELECT count(*) > 10 AS numbers, max(length(rtrim(ltrim(replace(number #>> '{}', '.', ''), '0'), '0'))) <= 6 AS rounded, min((number #>> '{}')::float8) AS least
FROM (SELECT deepsad_drift(model, ARRAY[f[1], f[2] + 3, f[3]]) AS d FROM drift_model, drift_data WHERE name = 'split') s,
	LATERAL (SELECT d -> 'score' UNION ALL SELECT jsonb_array_elements(d -> 'features')) t (shift), jsonb_each(shift) e (key, number)
WHERE jsonb_typeof(number) = 'number';
SELECT max(length(replace(ltrim(deepsad_info(model) #>> '{trust,unlabeled,entropy}', '-0.'), '.', ''))) <= 6 AS entropy_rounded,
	bool_and((deepsad_info(model) ->> 'format')::int = get_byte(model, 8)) AS own_format FROM drift_model;
DROP TABLE drift_data, drift_model;
