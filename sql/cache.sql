-- several models alternating in one query, and the session's cache of them
-- the cache is this process's own
SET max_parallel_workers_per_gather = 0;
CREATE FUNCTION make_model(seed int, width int) RETURNS bytea LANGUAGE sql AS $$
	SELECT deepsad_train(ARRAY(SELECT sin(i * 7 + j * j + seed) FROM generate_series(1, width) j), NULL,
		deepsad_options(preset => 'paper', hidden => '{8}', latent => 4, epochs => 1, pretrain_epochs => 0,
			seed => seed, batch_size => 64))
	FROM generate_series(1, 64) i $$;
CREATE TABLE tenant AS SELECT n AS id, make_model(n, 3) AS model FROM generate_series(1, 50) n;
CREATE TABLE event AS SELECT i AS id, i % 50 + 1 AS tenant, ARRAY[sin(i), cos(i), sin(i * i)]::real[] AS f
FROM generate_series(1, 500) i;
-- the same scores when each tenant is scored alone, with a cache that holds nothing
CREATE TABLE expected (id int, score float8);
SET deepsad.model_cache_size = 0;
DO $$
BEGIN
	FOR t IN 1..50 LOOP
		INSERT INTO expected SELECT e.id, deepsad_score(m.model, e.f) FROM event e JOIN tenant m ON m.id = e.tenant WHERE m.id = t;
	END LOOP;
END $$;
SET enable_hashjoin = off;
SET enable_mergejoin = off;
CREATE VIEW differing AS
	SELECT count(*) AS rows, count(*) FILTER (WHERE x.score IS DISTINCT FROM deepsad_score(m.model, e.f)) AS different
	FROM event e JOIN tenant m ON m.id = e.tenant JOIN expected x ON x.id = e.id;
SELECT * FROM differing;
SET deepsad.model_cache_size = '100kB';
SELECT * FROM differing;
SET deepsad.model_cache_size = '64MB';
SELECT * FROM differing;
SELECT * FROM differing;

-- every way a value can be stored: out of line, compressed or not, in line, compressed in line
CREATE TABLE stored (how text, model bytea);
ALTER TABLE stored ALTER model SET STORAGE EXTERNAL;
INSERT INTO stored SELECT 'external', model FROM tenant WHERE id = 7;
ALTER TABLE stored ALTER model SET STORAGE EXTENDED;
INSERT INTO stored SELECT 'extended', model FROM tenant WHERE id = 7;
ALTER TABLE stored ALTER model SET STORAGE MAIN;
INSERT INTO stored SELECT 'main', model FROM tenant WHERE id = 7;
ALTER TABLE stored ALTER model SET STORAGE PLAIN;
INSERT INTO stored SELECT 'plain', model FROM tenant WHERE id = 7;
SELECT how, count(DISTINCT deepsad_score(model, f)) = 500 AS vary,
	bool_and(deepsad_score(model, f) = deepsad_score((SELECT model FROM tenant WHERE id = 7), f)) AS same
FROM stored, event GROUP BY how ORDER BY how;

-- a model row updated while a cursor is open: the cursor goes on with what it sees
BEGIN;
DECLARE c CURSOR FOR SELECT e.id, deepsad_score(m.model, e.f) = x.score AS unchanged
	FROM event e JOIN tenant m ON m.id = e.tenant JOIN expected x ON x.id = e.id WHERE m.id = 3 ORDER BY e.id;
FETCH 2 FROM c;
UPDATE tenant SET model = (SELECT model FROM tenant WHERE id = 4) WHERE id = 3;
SELECT deepsad_score(model, '{1,2,3}') = (SELECT deepsad_score(model, '{1,2,3}') FROM tenant WHERE id = 4) AS updated
FROM tenant WHERE id = 3;
FETCH 2 FROM c;
ROLLBACK;

-- a damaged copy that begins like a cached model is not taken for it
SELECT deepsad_score(model, '{1,2,3}') > 0 AS cached FROM stored WHERE how = 'plain';
SELECT deepsad_score(set_byte(model, length(model) - 40, 255 - get_byte(model, length(model) - 40)), '{1,2,3}')
FROM stored WHERE how = 'plain';

-- an error while a model is read leaves no half of it behind
SELECT deepsad_score('\x00'::bytea, '{1,2,3}');
SELECT * FROM differing;
-- memory stays within the setting, and what is kept serves the next statement (a server with assertions takes 11 kB a model)
CREATE FUNCTION models_kept(OUT models bigint, OUT kilobytes bigint) LANGUAGE plpgsql AS $$
BEGIN
	IF current_setting('server_version_num')::int >= 140000 THEN
		EXECUTE $q$SELECT count(*), sum(total_bytes) / 1024 FROM pg_backend_memory_contexts WHERE name = 'deepsad model'$q$ INTO models, kilobytes;
	END IF;
END $$;
SET deepsad.model_cache_size = '64MB';
SELECT * FROM differing;
SELECT coalesce(models, 50) >= 50 AS all_kept, coalesce(kilobytes / models, 1) < 12 AS small FROM models_kept();
SELECT coalesce(models, 0) AS before FROM models_kept() \gset
SELECT * FROM differing;
SELECT coalesce(models, 0) = :before AS none_read_again FROM models_kept();
SET deepsad.model_cache_size = '100kB';
SELECT count(*) FROM event, tenant WHERE tenant.id = 1 AND deepsad_score(model, f) < 0;
SELECT coalesce(kilobytes, 0) <= 100 AS within FROM models_kept();
-- many calls of deepsad_score_query keep no more than one model each time
SELECT count(s.score) FROM tenant t, LATERAL deepsad_score_query(t.model, 'SELECT 1, ARRAY[1, 2, 3]', 0) s;
SELECT coalesce(kilobytes, 0) <= 100 AS within FROM models_kept();
RESET deepsad.model_cache_size;
DROP FUNCTION models_kept;
RESET enable_hashjoin;
RESET enable_mergejoin;
DROP VIEW differing;
DROP TABLE tenant, event, expected, stored;
DROP FUNCTION make_model;
