-- One set of tests/bench/calibration --fresh (its file is $file): a line for each seed and model. Half of the training rows train
-- a model, without rows kept aside; p-values come from the other half by deepsad_calibrate. Then the same after an update with half of those.
SET client_min_messages = error;
SET maintenance_work_mem = '256MB';
CREATE TEMP TABLE loaded (seed int, part text, anomaly bool, reveal int, features real[], id serial);
\copy loaded (seed, part, anomaly, reveal, features) FROM PROGRAM 'zcat "$file"'
DELETE FROM loaded WHERE seed > 1 AND :'quick' = '1';
CREATE TEMP TABLE data AS
SELECT *, row_number() OVER (PARTITION BY seed, part, anomaly ORDER BY md5(seed || ' ' || id)) AS number FROM loaded;
DELETE FROM data d USING (SELECT seed, ceil(0.1 * count(*)) AS labeled FROM data WHERE part = 'train' AND anomaly GROUP BY seed) s
WHERE d.seed = s.seed AND part = 'train' AND anomaly AND reveal > labeled;
CREATE TEMP TABLE trained AS SELECT seed, deepsad_train(features, CASE WHEN anomaly THEN true END, deepsad_options(calibration => 'none')) AS model
FROM data WHERE part = 'train' AND number % 2 = 0 GROUP BY seed;
CREATE TEMP TABLE updated AS SELECT seed, deepsad_update(model, features, CASE WHEN anomaly THEN true END) AS model
FROM data JOIN trained USING (seed) WHERE part = 'train' AND number % 4 = 1 GROUP BY seed;
CREATE TEMP TABLE model AS
SELECT seed, 'trained' AS how, deepsad_calibrate(model, features, CASE WHEN anomaly THEN true END) AS model
FROM data JOIN trained USING (seed) WHERE part = 'train' AND number % 2 = 1 GROUP BY seed UNION ALL
SELECT seed, 'updated', deepsad_calibrate(model, features, CASE WHEN anomaly THEN true END)
FROM data JOIN updated USING (seed) WHERE part = 'train' AND number % 4 = 3 GROUP BY seed;
SELECT :'name', seed, how, (deepsad_info(min(model::text)::bytea) -> 'calibration' ->> 'rows')::int, count(*) FILTER (WHERE NOT anomaly), avg((p <= 0.05)::int) FILTER (WHERE NOT anomaly),
	avg((p <= 0.01)::int) FILTER (WHERE NOT anomaly), avg((p <= 0.05)::int) FILTER (WHERE anomaly), avg((p <= 0.01)::int) FILTER (WHERE anomaly)
FROM (SELECT seed, how, anomaly, model, deepsad_pvalue(model, features) AS p FROM data JOIN model USING (seed) WHERE part = 'test') s GROUP BY seed, how;
