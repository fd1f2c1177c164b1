-- What tests/bench/sample --quality measures with: NAME_train (i, f, label) and NAME_test (f, anomaly) of three sets.
CREATE EXTENSION IF NOT EXISTS deepsad;
SET max_parallel_workers_per_gather = 0;

-- Generated: 20 numbers around 40 centers, ten of which have one row in a thousand each; one row in ten is a copy of 50; the last quarter
-- has moved. One row in 200 is an anomaly, with a third of its numbers anywhere, and one in ten of those is labeled.
CREATE TABLE center AS SELECT mode, array_agg(4 * (abs(hashint4(mode * 100 + j)) % 10007) / 10007.0::float8 ORDER BY j) AS f
	FROM generate_series(1, 40) mode, generate_series(1, 20) j GROUP BY mode;
CREATE TABLE copied AS SELECT n, array_agg((3 * (abs(hashint4(-n * 100 - j)) % 10007) / 10007.0)::real ORDER BY j) AS f
	FROM generate_series(1, 50) n, generate_series(1, 20) j GROUP BY n;
CREATE FUNCTION make_rows(target text, rows int, anomalies float8, moved float8) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('INSERT INTO %I SELECT i, CASE WHEN copy < 0.1 AND NOT anomaly THEN copied.f ELSE ARRAY[%s]::real[] END, anomaly FROM (
		SELECT i, random() < %s AS anomaly, random() AS copy, 1 + floor(random() * 50)::int AS n, i > %s * %s AS moved,
			CASE WHEN random() < 0.01 THEN 31 + floor(random() * 10)::int ELSE 1 + floor(random() * 30)::int END AS mode
		FROM generate_series(1, %s) i OFFSET 0) drawn JOIN center USING (mode) JOIN copied USING (n)', target,
		(SELECT string_agg(format('CASE WHEN anomaly AND random() < 0.3 THEN 6 * random() ELSE center.f[%s] + random() + random() + random() - 1.5%s END', j,
			CASE WHEN j <= 3 THEN ' + moved::int' END), ', ') FROM generate_series(1, 20) j), anomalies, moved, rows, rows);
END $$;
CREATE TABLE generated (i int, f real[], anomaly boolean);
CREATE TABLE generated_later (i int, f real[], anomaly boolean);
SELECT setseed(0.5);
SELECT make_rows('generated', :world, 0.005, 0.75), make_rows('generated_later', 50000, 0.02, 0);
CREATE VIEW generated_train AS SELECT i, f, CASE WHEN anomaly AND i % 10 = 0 THEN true END AS label FROM generated;
CREATE VIEW generated_test AS SELECT f, anomaly FROM generated_later;

-- Shuttle by the paper's protocol: all training normals, labels of anomalies that are 1 % of them
CREATE TABLE shuttle (seed int, part text, anomaly bool, reveal int, f real[], i serial);
\copy shuttle (seed, part, anomaly, reveal, f) FROM PROGRAM 'zcat "$data/odds/shuttle.tsv.gz"'
CREATE VIEW shuttle_train AS SELECT i, f, CASE WHEN anomaly THEN true END AS label FROM shuttle WHERE seed = 1 AND part = 'train' AND (NOT anomaly OR reveal <= 276);
CREATE VIEW shuttle_test AS SELECT f, anomaly FROM shuttle WHERE seed = 1 AND part = 'test';

-- NSL-KDD: the ordinary connections of the training file, and one in a hundred of the attacks, as many as are labeled
CREATE TYPE connection AS (duration real, protocol_type text, service text, flag text, src_bytes real, dst_bytes real, land real, wrong_fragment real, urgent
	real, hot real, num_failed_logins real, logged_in real, num_compromised real, root_shell real, su_attempted real, num_root real,
	num_file_creations real, num_shells real, num_access_files real, num_outbound_cmds real, is_host_login real, is_guest_login real,
	count real, srv_count real, serror_rate real, srv_serror_rate real, rerror_rate real, srv_rerror_rate real, same_srv_rate real,
	diff_srv_rate real, srv_diff_host_rate real, dst_host_count real, dst_host_srv_count real, dst_host_same_srv_rate real,
	dst_host_diff_srv_rate real, dst_host_same_src_port_rate real, dst_host_srv_diff_host_rate real, dst_host_serror_rate real,
	dst_host_srv_serror_rate real, dst_host_rerror_rate real, dst_host_srv_rerror_rate real);
CREATE TABLE connection_train (f connection, attack text, difficulty int, i serial);
CREATE TABLE connection_test (LIKE connection_train INCLUDING ALL);
CREATE TABLE csv (line text);
\copy csv FROM PROGRAM 'zcat "$data/nslkdd/train20.csv.gz"' DELIMITER '|'
INSERT INTO connection_train (f, attack) SELECT ('(' || array_to_string(p[1:41], ',') || ')')::connection, p[42] FROM csv, string_to_array(line, ',') p;
TRUNCATE csv;
\copy csv FROM PROGRAM 'zcat "$data/nslkdd/test.csv.gz"' DELIMITER '|'
INSERT INTO connection_test (f, attack) SELECT ('(' || array_to_string(p[1:41], ',') || ')')::connection, p[42] FROM csv, string_to_array(line, ',') p;
CREATE VIEW nslkdd_train AS SELECT i, f, CASE WHEN attack <> 'normal' THEN true END AS label FROM connection_train WHERE attack = 'normal' OR i % 100 = 7;
CREATE VIEW nslkdd_test AS SELECT f, attack <> 'normal' AS anomaly FROM connection_test;

-- size NULL: all rows
CREATE FUNCTION sample_quality(name text, size int, seed int, OUT rows bigint, OUT seconds numeric, OUT roc_auc numeric, OUT average_precision numeric)
LANGUAGE plpgsql AS $$
DECLARE
	started timestamptz := clock_timestamp();
	model bytea;
BEGIN
	IF size IS NULL THEN
		EXECUTE format('SELECT deepsad_train(f, label, deepsad_options(seed => %s)) FROM %I', seed, name || '_train') INTO model;
	ELSE
		EXECUTE format('SELECT deepsad_train_rows(deepsad_sample(f, label, %L, i::text), deepsad_options(seed => %s)) FROM %I',
			jsonb_build_object('max_rows', size, 'seed', seed), seed, name || '_train') INTO model;
	END IF;
	seconds := round(extract(epoch FROM clock_timestamp() - started)::numeric, 1);
	rows := (deepsad_info(model) #>> '{rows,unlabeled}')::bigint;
	EXECUTE format('SELECT round(100 * deepsad_roc_auc(score, anomaly)::numeric, 2), round(100 * deepsad_average_precision(score, anomaly)::numeric, 2)
		FROM (SELECT deepsad_score($1, f) AS score, anomaly FROM %I) q', name || '_test') INTO roc_auc, average_precision USING model;
END $$;
