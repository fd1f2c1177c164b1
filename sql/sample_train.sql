-- Training sets: the models that are trained, updated and calibrated on them.
\set VERBOSITY terse
SET client_min_messages = warning;
CREATE FUNCTION srand(i int) RETURNS float8 LANGUAGE sql IMMUTABLE AS $$ SELECT (hashint4(i) + 2147483648) / 4294967296.0 $$;
CREATE TABLE tt AS SELECT i AS id, srand(i) + srand(-i) AS a, (srand(i + 10000) * 20)::int AS b, 'k' || (srand(i + 20000) * 4)::int AS c,
	CASE WHEN i % 7 > 0 THEN (srand(i + 30000) * 100)::numeric(10,2) END AS d, '2026-01-01'::timestamptz + i * interval '37 minutes' AS at,
	('10.0.' || i % 3 || '.1')::inet AS ip, i % 2 = 0 AS o, ARRAY[srand(i + 40000), srand(i + 50000)]::real[] AS f, i % 3 AS g,
	CASE WHEN i % 100 = 0 THEN true WHEN i % 100 = 1 THEN false END AS y FROM generate_series(1, 2000) i;
\set o 'deepsad_options(epochs => 3, pretrain_epochs => 3, members => 2, columns => \'{"c": {"as": "category", "top": 3}, "at": "time"}\')'

-- byte for byte what deepsad_train gives
SELECT deepsad_train_rows(deepsad_sample(tt, y), :o) = deepsad_train(tt, y, :o) AS same FROM tt;
SELECT deepsad_train_rows(deepsad_sample(f, y)) = deepsad_train(f, y) AS same FROM tt;
SELECT deepsad_train_rows(deepsad_sample(b4)) = deepsad_train(b4) AS same FROM tt, LATERAL (SELECT ARRAY[b, g]::int[] AS b4) q;
-- with copies, NULL rows, and from parts
SELECT deepsad_train_rows(s) = m AS same FROM
	(SELECT deepsad_merge(s) AS s FROM (SELECT deepsad_sample(r, y) AS s FROM tt, LATERAL (SELECT b, c, o) r WHERE y IS NULL GROUP BY tt.g) q) s,
	(SELECT deepsad_train(r, y) AS m FROM tt, LATERAL (SELECT b, c, o) r WHERE y IS NULL) m;
SELECT deepsad_train_rows(deepsad_sample(CASE WHEN id % 10 > 0 THEN f END)) = deepsad_train(CASE WHEN id % 10 > 0 THEN f END) AS same FROM tt;
SELECT deepsad_train_rows(deepsad_sample(ROW(a, b, c))) = deepsad_train(ROW(a, b, c)) AS same FROM tt;

-- the model tells which set it was trained on, whatever the set's seed and keys, and whatever the training makes of its columns
SELECT deepsad_info(m)->>'digest' = deepsad_sample_info(s)->>'digest' AS same, deepsad_info(m)->>'digest' = deepsad_sample_info(part)->>'digest' AS part FROM
	(SELECT deepsad_train(tt, y, :o) AS m, deepsad_sample(tt, y, '{"seed": 7}', id::text) AS s, deepsad_sample(tt, y) FILTER (WHERE id > 1) AS part FROM tt) q;
SELECT deepsad_info(deepsad_train_rows(s, '{"epochs": 1, "columns": {"id": "skip", "d": "skip"}}'))->>'digest' = deepsad_sample_info(s)->>'digest' AS same,
	deepsad_info(deepsad_train_table('tt', NULL, NULL, '{"epochs": 1}'))->>'digest' = deepsad_sample_info(unlabeled)->>'digest' AS "same of a table",
	left(deepsad_sample_info(s)->>'digest', 16) = left(deepsad_sample_info(unlabeled)->>'digest', 16) AS "same rows",
	deepsad_sample_info(s)->>'digest' = deepsad_sample_info(unlabeled)->>'digest' AS "same labels"
	FROM (SELECT deepsad_sample(tt, y) AS s, deepsad_sample(tt) AS unlabeled FROM tt) q;
SELECT deepsad_info(deepsad_train(f, y))->>'digest' = deepsad_sample_info(deepsad_sample(f, y))->>'digest' AS arrays,
	deepsad_info(deepsad_train(f::float8[], y))->>'digest' = deepsad_sample_info(deepsad_sample(f, y))->>'digest' AS "equal numbers" FROM tt;
-- what a training set cannot hold is no part of it
SELECT deepsad_info(deepsad_train(r, NULL, '{"epochs": 1, "columns": {"j": "skip", "e": "skip"}}'))->>'digest' = deepsad_sample_info(deepsad_sample(s))->>'digest' AS same
	FROM tt, LATERAL (SELECT tt.a, tt.b, jsonb_build_object('a', tt.a) AS j, '{}'::real[] AS e) r, LATERAL (SELECT tt.a, tt.b) s;
-- rows beyond memory, in any order: what rows in memory give while the scaled ones fit there
CREATE TABLE tl AS SELECT i AS id, round(srand(i % 9000)::numeric, 3) AS a, 'k' || i % 9000 % 7 AS b, CASE WHEN i % 9000 % 5 > 0 THEN i % 9000 % 50 END AS c,
	CASE WHEN i % 9000 = 7 THEN true WHEN i % 9000 = 9 THEN false END AS y FROM generate_series(1, 40000) i;
CREATE TABLE tlm (memory text, how text, model text);
CREATE PROCEDURE tl_train(memory text) LANGUAGE plpgsql AS $$
DECLARE options jsonb := deepsad_options(epochs => 1, pretrain_epochs => 1, members => 2); update jsonb := deepsad_options(epochs => 1);
BEGIN
	PERFORM set_config('maintenance_work_mem', memory, false);
	INSERT INTO tlm SELECT memory, 'train', md5(deepsad_train(r, y, options)) FROM tl, LATERAL (SELECT a, b, c) r;
	INSERT INTO tlm SELECT memory, 'train, shuffled', md5(deepsad_train(r, y, options)) FROM (SELECT * FROM tl ORDER BY hashint4(id)) tl, LATERAL (SELECT a, b, c) r;
	INSERT INTO tlm SELECT memory, 'train_rows', md5(deepsad_train_rows(deepsad_sample(r, y), options)) FROM tl, LATERAL (SELECT a, b, c) r;
	INSERT INTO tlm SELECT memory, 'update_rows', md5(deepsad_update_rows(m, s, update)) FROM (SELECT deepsad_train(r, y, options) AS m FROM tl, LATERAL (SELECT a, b, c) r WHERE id < 1000) m,
		(SELECT deepsad_sample(r, y) AS s FROM tl, LATERAL (SELECT a, b, c) r) s;
	INSERT INTO tlm SELECT memory, 'update, shuffled', md5(deepsad_update(m, r, y, update)) FROM (SELECT deepsad_train(r, y, options) AS m FROM tl, LATERAL (SELECT a, b, c) r WHERE id < 1000) m,
		(SELECT * FROM tl ORDER BY hashint4(id)) tl, LATERAL (SELECT a, b, c) r;
END $$;
CALL tl_train('64MB');
CALL tl_train('3MB');
CALL tl_train('1MB');
RESET maintenance_work_mem;
SELECT left(how, 5) AS how, memory = '1MB' AS "scaled rows in a file", count(*), count(DISTINCT model) AS different FROM tlm GROUP BY 1, 2 ORDER BY 1, 2;
DROP TABLE tl, tlm;
DROP PROCEDURE tl_train;

-- updates
CREATE TABLE tm AS SELECT deepsad_train(r, y, deepsad_options(epochs => 3, pretrain_epochs => 3, members => 2)) AS m FROM tt, LATERAL (SELECT a, b, c) r WHERE id <= 1000;
SELECT deepsad_update_rows((SELECT m FROM tm), deepsad_sample(r, y), deepsad_options(epochs => 2)) = deepsad_update((SELECT m FROM tm), r, y, deepsad_options(epochs => 2)) AS same
	FROM tt, LATERAL (SELECT a, b, c) r WHERE id > 1500;
SELECT deepsad_update_rows((SELECT m FROM tm), deepsad_sample(ROW(a, b, c), y)) = deepsad_update((SELECT m FROM tm), ROW(a, b, c), y) AS same FROM tt WHERE id > 1500;

-- p-values from fresh rows: after an update they are back, and say what they say
CREATE TABLE tu AS SELECT deepsad_update((SELECT m FROM tm), r, y) AS m FROM tt, LATERAL (SELECT a, b, c) r WHERE y IS NOT NULL;
SELECT deepsad_info(m)->'calibration' AS calibration FROM tu;
CREATE TABLE tc AS SELECT deepsad_calibrate((SELECT m FROM tu), r, y) AS m FROM tt, LATERAL (SELECT a, b, c) r WHERE id > 1000;
SELECT deepsad_info(m)->'calibration' AS calibration FROM tc;
SELECT deepsad_calibrate_rows((SELECT m FROM tu), (SELECT deepsad_sample(r, y) FROM tt, LATERAL (SELECT a, b, c) r WHERE id > 1000)) = m AS "same from a set" FROM tc;
SELECT deepsad_calibrate((SELECT m FROM tu), r, y) = (SELECT m FROM tc) AS "same in any order" FROM (SELECT * FROM tt WHERE id > 1000 ORDER BY srand(id)) tt, LATERAL (SELECT a, b, c) r;
SELECT count(*) AS rows, round(avg((deepsad_pvalue(m, a, b, c) <= 0.05)::int), 3) AS "share at most 0.05" FROM tc, tt WHERE id > 1000 AND y IS DISTINCT FROM true;
SELECT min(deepsad_score(tc.m, a, b, c) - deepsad_score(tu.m, a, b, c)) AS least, max(deepsad_score(tc.m, a, b, c) - deepsad_score(tu.m, a, b, c)) AS most FROM tc, tu, tt;
-- more rows than a model keeps scores of
SELECT deepsad_info(deepsad_calibrate((SELECT m FROM tm), r))->'calibration' AS calibration FROM tt, generate_series(1, 3), LATERAL (SELECT a, b, c) r;
-- more than are sorted in memory, in any order, and from a set
SELECT deepsad_info(c)->'calibration' AS calibration, c = deepsad_calibrate_rows((SELECT m FROM tm), s) AS "same from a set", c = shuffled AS "same in any order" FROM (
	SELECT deepsad_calibrate((SELECT m FROM tm), r) AS c, deepsad_calibrate((SELECT m FROM tm), r ORDER BY hashint4(id + 1000 * n)) AS shuffled, deepsad_sample(r) AS s
	FROM tt, generate_series(1, 55) n, LATERAL (SELECT a + n % 50 AS a, b, c) r) q;
-- groups
SELECT g, deepsad_is_model(deepsad_calibrate((SELECT m FROM tm), r)) FROM tt, LATERAL (SELECT a, b, c) r GROUP BY g ORDER BY g;

-- errors
-- rows of the training or of the last update, whatever their labels
SELECT deepsad_calibrate((SELECT m FROM tm), r) FROM tt, LATERAL (SELECT a, b, c) r WHERE id <= 1000;
SELECT deepsad_calibrate_rows((SELECT m FROM tm), (SELECT deepsad_sample(r, y) FROM tt, LATERAL (SELECT a, b, c) r WHERE id <= 1000));
SELECT deepsad_calibrate_rows((SELECT m FROM tu), (SELECT deepsad_sample(r, NULL, '{"seed": 3}', id::text) FROM tt, LATERAL (SELECT a, b, c) r WHERE id <= 1000));
SELECT deepsad_calibrate_rows((SELECT m FROM tu), (SELECT deepsad_sample(r) FROM tt, LATERAL (SELECT a, b, c) r WHERE y IS NOT NULL));
\set VERBOSITY default
SELECT deepsad_calibrate_rows((SELECT m FROM tm), (SELECT deepsad_sample(r) FROM tt, LATERAL (SELECT a, b, c) r WHERE id <= 1000));
\set VERBOSITY terse
SELECT deepsad_calibrate((SELECT m FROM tm), r) FROM tt, LATERAL (SELECT a, b, c) r WHERE id < 10;
SELECT deepsad_calibrate((SELECT m FROM tm), r) IS NULL AS nothing FROM tt, LATERAL (SELECT a, b, c) r WHERE false;
SELECT deepsad_calibrate(NULL, r) FROM tt, LATERAL (SELECT a, b, c) r;
SELECT deepsad_calibrate('\x00', r) FROM tt, LATERAL (SELECT a, b, c) r;
SELECT deepsad_calibrate((SELECT m FROM tm), r, 'x'::text) FROM tt, LATERAL (SELECT a, b, c) r;
SELECT deepsad_calibrate_rows((SELECT m FROM tm), (SELECT deepsad_sample(r) FROM tt, LATERAL (SELECT a, b) r));
SELECT deepsad_train_rows(NULL) IS NULL AS nothing;
SELECT deepsad_train_rows(deepsad_sample(tt), '{"epoch": 3}') FROM tt;
SELECT deepsad_update_rows(NULL, deepsad_sample(tt)) FROM tt;
SELECT deepsad_update_rows((SELECT m FROM tm), NULL) = m AS same FROM tm;
SELECT deepsad_train_rows(deepsad_sample(r)) FROM (SELECT 'Infinity'::float8 AS a, 1 AS b FROM generate_series(1, 30)) r;
DROP TABLE tt, tm, tu, tc;
DROP FUNCTION srand;
