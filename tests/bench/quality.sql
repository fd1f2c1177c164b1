-- One set of tests/bench/quality (its file is $file): trains a model for each seed and way of labeling, and prints a
-- line of measurements for each: folder, protocol, set, seed, method, labels %, known normals %, pollution %, labeled
-- anomalies, ROC AUC %, average precision %, ms of training, microseconds of scoring a row.
SET client_min_messages = error;
SET maintenance_work_mem = '256MB';
CREATE TEMP TABLE loaded (seed int, part text, anomaly bool, reveal int, features real[]);
\copy loaded FROM PROGRAM 'zcat "$file"'
DELETE FROM loaded WHERE seed > 1 AND :'quick' = '1';
-- number: rows in a random order that is the same every time
CREATE TEMP TABLE data AS
SELECT *, row_number() OVER (PARTITION BY seed, part, anomaly ORDER BY md5(seed || features::text)) AS number FROM loaded;
ANALYZE data;

-- Shares in percent of labeled anomalies (counts: numbers of them), known normals and unlabeled anomalies (NULL: as the protocol has them).
CREATE TEMP TABLE run AS
SELECT labels, 0::float8 AS normals, NULL::float8 AS pollution FROM unnest(:'ratios'::float8[]) labels
WHERE :'mode' = 'main' AND (:'protocol' = 'adbench' OR labels <= 1)
UNION ALL SELECT labels, 0, NULL FROM unnest('{5,10,20}'::float8[]) labels WHERE :'mode' = 'counts'
UNION ALL SELECT labels, normals, NULL FROM unnest('{0,1,5,10}'::float8[]) normals, unnest('{0,1,5}'::float8[]) labels WHERE :'mode' = 'normals'
UNION ALL SELECT labels, 0, pollution FROM unnest('{0,1,5,10,20}'::float8[]) pollution, unnest('{0,1,5}'::float8[]) labels WHERE :'mode' = 'pollution';

-- What that is in rows. ADBench labels a share of the training anomalies and leaves the others in, unlabeled. In the
-- paper labeled anomalies are a share of all training rows, unlabeled ones (pollution) a share of the unlabeled
-- rows, and the other anomalies are left out.
CREATE TEMP TABLE plan AS
SELECT run.*, seed,
	CASE WHEN :'mode' = 'counts' THEN labels
		WHEN :'protocol' = 'adbench' AND pollution IS NULL THEN ceil(labels / 100 * all_anomalies)
		ELSE least(floor(labels / (100 - labels) * all_normals), all_anomalies) END AS labeled,
	ceil(normals / 100 * all_normals) AS known,
	CASE WHEN pollution IS NOT NULL THEN floor(pollution / (100 - pollution) * all_normals)
		WHEN :'protocol' = 'adbench' THEN all_anomalies ELSE 0 END AS unlabeled
FROM run, (SELECT seed, count(*) FILTER (WHERE NOT anomaly) AS all_normals, count(*) FILTER (WHERE anomaly) AS all_anomalies
	FROM data WHERE part = 'train' GROUP BY seed) s
WHERE :'mode' <> 'counts' OR labels <= all_anomalies;

CREATE TEMP TABLE setting AS SELECT :'options'::jsonb AS options;
CREATE TEMP TABLE measured (seed int, labels float8, normals float8, pollution float8, anomalies int, auc float8, ap float8,
	train_ms float8, score_us float8);
DO $$
DECLARE
	p plan;
	o jsonb := (SELECT options FROM setting);
	m bytea;
	started timestamptz;
	trained timestamptz;
	scored timestamptz;
	auc float8;
	ap float8;
	rows bigint;
BEGIN
	FOR p IN SELECT * FROM plan ORDER BY seed, labels, normals, pollution LOOP
		started := clock_timestamp();
		SELECT deepsad_train(features, CASE WHEN anomaly AND reveal <= p.labeled THEN true WHEN NOT anomaly AND number <= p.known THEN false END, o) INTO m
		FROM data WHERE part = 'train' AND seed = p.seed AND (NOT anomaly OR reveal <= p.labeled + p.unlabeled);
		trained := clock_timestamp();
		CREATE TEMP TABLE scored AS SELECT deepsad_score(m, features) AS score, anomaly FROM data WHERE part = 'test' AND seed = p.seed;
		scored := clock_timestamp();
		SELECT 100 * deepsad_roc_auc(score, s.anomaly), 100 * deepsad_average_precision(score, s.anomaly), count(*) INTO auc, ap, rows FROM scored s;
		DROP TABLE scored;
		INSERT INTO measured VALUES (p.seed, p.labels, p.normals, p.pollution, p.labeled, auc, ap,
			1000 * extract(epoch FROM trained - started), 1e6 * extract(epoch FROM scored - trained) / rows);
	END LOOP;
END $$;
\pset null '\\N'
SELECT :'folder', :'protocol', :'name', seed, 'deepsad', labels, normals, pollution, anomalies, auc, ap, train_ms, score_us FROM measured;
