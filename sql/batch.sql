-- deepsad_score_query: the same bits as deepsad_score
CREATE FUNCTION make_model(seed int, width int) RETURNS bytea LANGUAGE sql AS $$
	SELECT deepsad_train(ARRAY(SELECT sin(i * 7 + j * j + seed) FROM generate_series(1, width) j), NULL,
		deepsad_options(preset => 'paper', hidden => '{8}', latent => 4, epochs => 1, pretrain_epochs => 0,
			seed => seed, batch_size => 64))
	FROM generate_series(1, 64) i $$;
CREATE TABLE big AS SELECT i AS id, ARRAY(SELECT sin(i * 3 + j * j) FROM generate_series(1, 3) j)::real[] AS f
FROM generate_series(1, 1000) i;
UPDATE big SET f = NULL WHERE id % 100 = 0;
UPDATE big SET f[2] = NULL WHERE id % 100 = 1;
CREATE TABLE detector AS SELECT make_model(1, 3) AS model;
SELECT count(*), count(s.score), count(*) FILTER (WHERE s.score IS DISTINCT FROM deepsad_score(model, f)) AS different
FROM detector, deepsad_score_query(model, 'SELECT id::bigint, f FROM big') s JOIN big b ON b.id = s.key;
-- other keys, float8[], loose columns, rows
SELECT count(*), max(s.score) = (SELECT max(deepsad_score(model, f)) FROM big, detector WHERE id < 50) AS same
FROM detector, deepsad_score_query(model, 'SELECT id::text, f[1], f[2], f[3] FROM big WHERE id < 50 ORDER BY id', NULL::text) s;
SELECT key, score = deepsad_score(model, '{1,2,3}') AS same
FROM detector, deepsad_score_query(model, $$SELECT DATE '2026-11-24', ROW(1, 2.0::numeric, 3::float8)$$, NULL::date) s;
SELECT key, score = deepsad_score(model, '{1,2,3}') AS same
FROM detector, deepsad_score_query(model, 'SELECT 1, ARRAY[1, 2, 3]::float8[]', 0) s;
SELECT count(*) FROM detector, deepsad_score_query(model, 'SELECT id, f FROM big WHERE false', 0) s;
SELECT count(*) FROM deepsad_score_query(NULL, 'SELECT 1, 2', 0) s;
-- errors
\set SHOW_CONTEXT never
SELECT count(*) FROM detector, deepsad_score_query(model, 'SELECT id, f FROM big') s;
SELECT count(*) FROM detector, deepsad_score_query(model, 'SELECT id FROM big', 0) s;
SELECT count(*) FROM detector, deepsad_score_query(model, 'SELECT', 0) s;
SELECT count(*) FROM detector, deepsad_score_query(model, 'SELECT id, id::text FROM big', 0) s;
SELECT count(*) FROM detector, deepsad_score_query(model, 'SELECT 1, ARRAY[1, 2]', 0) s;
SELECT count(*) FROM detector, deepsad_score_query(model, $$SELECT 1, ARRAY[1, 2, 'inf'::float8]$$, 0) s;
SELECT count(*) FROM detector, deepsad_score_query(model, 'SELECT 1; SELECT 2', 0) s;
SELECT count(*) FROM detector, deepsad_score_query(model, 'CREATE TABLE x ()', 0) s;
SELECT count(*) FROM deepsad_score_query('\x01', 'SELECT 1, ARRAY[1, 2, 3]', 0) s;
-- with the caller's rights
CREATE ROLE regress_deepsad_reader;
GRANT SELECT ON detector TO regress_deepsad_reader;
SET ROLE regress_deepsad_reader;
SELECT count(*) FROM detector, deepsad_score_query(model, 'SELECT id, f FROM big', 0) s;
RESET ROLE;
REVOKE ALL ON detector FROM regress_deepsad_reader;
DROP ROLE regress_deepsad_reader;
DROP TABLE big, detector;
DROP FUNCTION make_model;
