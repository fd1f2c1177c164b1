-- One set of tests/bench/calibration (its file is $file): a line of measurements for each seed, as calibration_report.sql
-- names them. Trained with the labels of 10 % of the training anomalies; the others are left out.
SET client_min_messages = error;
SET maintenance_work_mem = '256MB';
CREATE TEMP TABLE loaded (seed int, part text, anomaly bool, reveal int, features real[], id serial);
\copy loaded (seed, part, anomaly, reveal, features) FROM PROGRAM 'zcat "$file"'
DELETE FROM loaded WHERE seed > 1 AND :'quick' = '1';
-- number: rows in a random order that is the same every time, equal rows too
CREATE TEMP TABLE data AS
SELECT *, row_number() OVER (PARTITION BY seed, part, anomaly ORDER BY md5(seed || ' ' || id)) AS number FROM loaded;
DELETE FROM data d USING (SELECT seed, ceil(0.1 * count(*)) AS labeled FROM data WHERE part = 'train' AND anomaly GROUP BY seed) s
WHERE d.seed = s.seed AND part = 'train' AND anomaly AND reveal > labeled;
CREATE TEMP TABLE model AS SELECT seed,
	deepsad_train(features, CASE WHEN anomaly THEN true END) AS model,
	deepsad_train(features, CASE WHEN anomaly THEN true END, deepsad_options(calibration => 'none')) AS uncalibrated,
	deepsad_train(features, CASE WHEN anomaly THEN true END) FILTER (WHERE number % 2 = 0) AS half
FROM data WHERE part = 'train' GROUP BY seed;

CREATE TEMP TABLE scored AS
SELECT seed, number, anomaly, features, deepsad_score(model, features) AS score, deepsad_score(uncalibrated, features) AS uncalibrated,
	deepsad_pvalue(model, features) AS p
FROM data JOIN model USING (seed) WHERE part = 'test';

-- robust and standard deviations of the features, over the training rows
CREATE TEMP TABLE spread AS
SELECT seed, feature, CASE WHEN q[3] > q[1] THEN (q[3] - q[1]) / 1.349 ELSE sd END AS robust, sd
FROM (SELECT seed, feature, percentile_cont('{0.25,0.5,0.75}'::float8[]) WITHIN GROUP (ORDER BY x) AS q, stddev_pop(x) AS sd
	FROM data, unnest(features) WITH ORDINALITY u (x, feature) WHERE part = 'train' AND NOT anomaly GROUP BY seed, feature) s WHERE sd > 0;
CREATE TEMP TABLE feature AS SELECT *, row_number() OVER (PARTITION BY seed ORDER BY feature) - 1 AS place, count(*) OVER (PARTITION BY seed) AS features FROM spread;

-- one feature of a normal row, whose p-value was not low before, moved by 8 robust deviations, up or down
CREATE TEMP TABLE planted AS
SELECT s.seed, f.feature, (SELECT array_agg(CASE WHEN i = f.feature THEN x + 8 * f.robust * (1 - 2 * (s.number / f.features % 2)) ELSE x END ORDER BY i)
	FROM unnest(s.features) WITH ORDINALITY u (x, i)) AS row
FROM scored s JOIN feature f ON f.seed = s.seed AND s.number % f.features = f.place WHERE NOT anomaly AND s.number <= 300 AND p >= 0.01;
CREATE TEMP TABLE found AS
SELECT seed, (SELECT e.feature::int FROM deepsad_explain(model, row) e WHERE rank = 1) = feature AS first
FROM planted JOIN model USING (seed) WHERE deepsad_pvalue(model, row) < 0.01;

-- contributions add up
CREATE TEMP TABLE missed AS
SELECT seed, max(abs(sum - (score - baseline)) / (1 + score)) AS missed
FROM (SELECT seed, score, (deepsad_info(model) ->> 'baseline_score')::float8 AS baseline,
		(SELECT sum(contribution) FROM deepsad_explain(model, features)) AS sum
	FROM scored JOIN model USING (seed) WHERE number <= 300) s GROUP BY seed;

-- the half that the model was not trained on, all of it and few rows of it, then with one feature moved by a standard deviation
CREATE TEMP TABLE silent AS
SELECT seed, sum((deepsad_drift ->> 'verdict' = 'drift')::int) AS alarms, count(*) AS cases
FROM (SELECT seed, rows, deepsad_drift(half, features) FROM data JOIN model USING (seed), unnest('{20,50,1000000}'::int[]) rows
	WHERE part = 'train' AND number % 2 = 1 AND number <= 2 * rows GROUP BY seed, rows) s GROUP BY seed;
CREATE TEMP TABLE loud AS
SELECT seed, count(*) AS cases, count(*) FILTER (WHERE deepsad_drift -> 'shifted' ? feature::text) AS heard
FROM (SELECT f.seed, f.feature, deepsad_drift(half, features[:f.feature - 1] || (features[f.feature] + f.sd)::real || features[f.feature + 1:])
	FROM data d JOIN model USING (seed) JOIN (SELECT seed, feature::int, sd, place FROM feature) f USING (seed)
	WHERE part = 'train' AND number % 2 = 1 AND place < 20 GROUP BY f.seed, f.feature) s GROUP BY seed;

SELECT :'name', m.seed, i -> 'calibration' ->> 'method', i -> 'calibration' -> 'rows', s.*, first.*, missed, silent.alarms, silent.cases, loud.heard, loud.cases
FROM model m JOIN missed USING (seed) JOIN silent USING (seed) JOIN loud USING (seed), deepsad_info(model) i,
	LATERAL (SELECT count(*) FILTER (WHERE NOT anomaly), avg((p <= 0.05)::int) FILTER (WHERE NOT anomaly), avg((p <= 0.01)::int) FILTER (WHERE NOT anomaly),
		avg((p <= 0.05)::int) FILTER (WHERE anomaly), avg((p <= 0.01)::int) FILTER (WHERE anomaly),
		100 * deepsad_roc_auc(score, anomaly), 100 * deepsad_average_precision(score, anomaly),
		100 * deepsad_roc_auc(uncalibrated, anomaly), 100 * deepsad_average_precision(uncalibrated, anomaly),
		(SELECT array_agg(coalesce(n, 0) ORDER BY b) FROM generate_series(1, 20) b LEFT JOIN (SELECT ceil(p * 20) AS b, count(*) AS n
			FROM scored c WHERE c.seed = m.seed AND NOT anomaly GROUP BY 1) h USING (b))
		FROM scored c WHERE c.seed = m.seed) s,
	LATERAL (SELECT count(*), count(*) FILTER (WHERE first) FROM found f WHERE f.seed = m.seed) first;
