-- scoring: forms of features, caching, plans
CREATE TABLE sample (id int PRIMARY KEY, a float8, b float8, c float8, x real[]);
INSERT INTO sample SELECT i, sin(i), cos(i), sin(i) + cos(i), ARRAY[sin(i), cos(i), sin(i) + cos(i)] FROM generate_series(1, 200) i;
CREATE TABLE model (name text PRIMARY KEY, model deepsad_model);
INSERT INTO model SELECT 'one', deepsad_train(x, NULL, '{"epochs": 5, "pretrain_epochs": 5, "calibration": "none"}') FROM sample;
INSERT INTO model SELECT 'two', deepsad_train(ARRAY[b, a, c], NULL, '{"epochs": 5, "pretrain_epochs": 5, "seed": 3}') FROM sample;
INSERT INTO model VALUES ('bad', '\x00');
INSERT INTO model VALUES ('null', NULL);

-- one average training row scores 1
SELECT name, round(avg(deepsad_score(model, x))::numeric, 6) AS mean FROM sample, model WHERE name = 'one' GROUP BY name;
-- all forms of the same row
SELECT count(*), count(DISTINCT score) FROM sample, model, LATERAL (VALUES
	(deepsad_score(model, x)), (deepsad_score(model, x::float8[])), (deepsad_score(model, VARIADIC x)),
	(deepsad_score(model, x[1], x[2], x[3])), (deepsad_score(model, ROW(x[1], x[2], x[3]))),
	(deepsad_score(model, x::text::real[]))) v (score)
WHERE name = 'one' AND id = 7;
SELECT deepsad_score(model, '{0.5,0.5,1}') = deepsad_score(model, ARRAY[0.5, 0.5, 1]) AS literal,
	deepsad_score(model, 0.5, '0.5', 1) = deepsad_score(model, ARRAY[0.5, 0.5, 1]) AS loose FROM model WHERE name = 'one';
-- NULLs
SELECT deepsad_score(NULL, 1, 2, 3), deepsad_score(NULL::bytea, x) FROM sample WHERE id = 1;
SELECT deepsad_score(model, NULL), deepsad_score(model, NULL::real[]), deepsad_score(model, NULL::sample) FROM model WHERE name = 'one';
SELECT deepsad_score(model, NULL::float8, 1, 2) = deepsad_score(model, ARRAY[NULL, 1, 2]) AS missing,
	deepsad_score(model, 'NaN'::float8, 1, 2) = deepsad_score(model, ARRAY[NULL, 1, 2]) AS nan FROM model WHERE name = 'one';
SELECT deepsad_score(deepsad_train(ARRAY[a], NULL, '{"epochs": 1}'), NULL::float8) IS NOT NULL AS one_missing_column FROM sample;
-- the embedding's squared length is the score
SELECT bool_and(abs((SELECT sum(z::float8 * z) FROM unnest(deepsad_embed(model, x)) z) / deepsad_score(model, x) - 1) < 1e-5)
FROM sample, model WHERE name = 'one';
SELECT array_length(deepsad_embed(model, x), 1) AS embedding FROM sample, model WHERE name = 'one' AND id = 1;

-- the right model every time: alternating, joined, updated, in PL/pgSQL and prepared statements
CREATE TABLE expected AS SELECT id, name, deepsad_score(model, x) AS score FROM sample, model WHERE model IS NOT NULL;
SELECT count(*) FROM (SELECT id, name, deepsad_score(model, x) AS score FROM sample, model WHERE model IS NOT NULL ORDER BY id, name) q
JOIN expected e USING (id, name) WHERE q.score <> e.score;
DO $$
DECLARE m bytea; n text; got float8; wrong int := 0;
BEGIN
	FOR i IN 1..20 LOOP
		n := CASE WHEN i % 2 = 0 THEN 'one' ELSE 'two' END;
		SELECT model INTO m FROM model WHERE name = n;
		got := deepsad_score(m, (SELECT x FROM sample WHERE id = i));
		IF got <> (SELECT score FROM expected WHERE id = i AND name = n) THEN wrong := wrong + 1; END IF;
	END LOOP;
	RAISE NOTICE 'wrong: %', wrong;
END $$;
CREATE FUNCTION score_by_name(n text, f real[]) RETURNS float8 LANGUAGE plpgsql STABLE AS
	$$DECLARE m bytea; BEGIN SELECT model INTO m FROM model WHERE name = n; RETURN deepsad_score(m, f); END$$;
SELECT count(*) FROM sample, model JOIN expected USING (name) WHERE expected.id = sample.id AND sample.id <= 20 AND score_by_name(name, x) <> score;
PREPARE p (bytea, int) AS SELECT deepsad_score($1, x) FROM sample WHERE id = $2;
SELECT model AS one FROM model WHERE name = 'one' \gset
SELECT model AS two FROM model WHERE name = 'two' \gset
SET plan_cache_mode = force_generic_plan;
CREATE TEMP TABLE got (id int, name text, score float8);
EXECUTE p (:'one', 1) \gset
INSERT INTO got VALUES (1, 'one', :deepsad_score);
EXECUTE p (:'two', 1) \gset
INSERT INTO got VALUES (1, 'two', :deepsad_score);
SELECT count(*) FROM got JOIN expected e USING (id, name) WHERE got.score = e.score;
RESET plan_cache_mode;
-- a model row that changes inside a cursor's life
BEGIN;
DECLARE c CURSOR FOR SELECT deepsad_score(model, x) = score AS same FROM sample, model JOIN expected e USING (name) WHERE e.id = sample.id AND name = 'one' ORDER BY sample.id;
FETCH 1 FROM c;
UPDATE model SET model = :'two' WHERE name = 'one';
FETCH 1 FROM c;
ROLLBACK;
-- compressed, external, and plain storage
CREATE TABLE stored (kind text, model bytea);
ALTER TABLE stored ALTER model SET STORAGE EXTERNAL;
INSERT INTO stored SELECT 'external', model FROM model WHERE name = 'one';
ALTER TABLE stored ALTER model SET STORAGE EXTENDED;
INSERT INTO stored SELECT 'extended', model FROM model WHERE name = 'one';
INSERT INTO stored SELECT 'compressed', deepsad_train(ARRAY[a], NULL, '{"hidden": [4], "latent": 2, "members": 1, "epochs": 0, "pretrain_epochs": 0}') FROM sample;
SELECT kind, count(DISTINCT CASE kind WHEN 'compressed' THEN deepsad_score(model, a) >= 0 ELSE deepsad_score(model, x) = score END)
FROM stored, sample JOIN expected e USING (id) WHERE e.name = 'one' GROUP BY kind ORDER BY kind;

-- where it may stand: a literal model in a generated column, an index, a view, a trigger
DO $$
BEGIN
	EXECUTE format('CREATE TABLE watched (x real[], score float8 GENERATED ALWAYS AS (deepsad_score(%L::bytea, x)) STORED)',
		(SELECT model FROM model WHERE name = 'one'));
END $$;
INSERT INTO watched SELECT x FROM sample;
SELECT count(*) FROM watched JOIN sample USING (x) JOIN expected e USING (id) WHERE e.name = 'one' AND watched.score <> e.score;
CREATE VIEW scored AS SELECT id, deepsad_score((SELECT model FROM model WHERE name = 'two'), x) AS score FROM sample;
SELECT count(*) FROM scored JOIN expected e USING (id) WHERE e.name = 'two' AND scored.score = e.score;
CREATE TABLE incoming (x real[], score float8);
CREATE FUNCTION add_score() RETURNS trigger LANGUAGE plpgsql AS
	$$BEGIN NEW.score := deepsad_score((SELECT model FROM model WHERE name = 'one'), NEW.x); RETURN NEW; END$$;
CREATE TRIGGER add_score BEFORE INSERT ON incoming FOR EACH ROW EXECUTE FUNCTION add_score();
INSERT INTO incoming SELECT x FROM sample WHERE id <= 20;
SELECT count(*) FROM incoming JOIN sample USING (x) JOIN expected e USING (id) WHERE e.name = 'one' AND incoming.score = e.score;
-- parallel plans give the same
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
ALTER TABLE sample SET (parallel_workers = 2);
SELECT count(*) FROM (SELECT id, deepsad_score((SELECT model FROM model WHERE name = 'one'), x) AS score FROM sample OFFSET 0) q
JOIN expected e USING (id) WHERE e.name = 'one' AND q.score <> e.score;
SELECT (SELECT deepsad_train(x, NULL, '{"epochs": 5, "pretrain_epochs": 5, "calibration": "none"}') FROM sample) = :'one' AS parallel_training;
RESET parallel_setup_cost;
RESET parallel_tuple_cost;
RESET min_parallel_table_scan_size;
-- row security: the model sees what its trainer may see
CREATE ROLE regress_deepsad_analyst;
GRANT SELECT ON sample TO regress_deepsad_analyst;
ALTER TABLE sample ENABLE ROW LEVEL SECURITY;
CREATE POLICY first_fifty ON sample TO regress_deepsad_analyst USING (id <= 50);
SET ROLE regress_deepsad_analyst;
SELECT deepsad_info(deepsad_train(x, NULL, '{"epochs": 1}')) -> 'rows' ->> 'trained' AS visible FROM sample;
RESET ROLE;
DROP TABLE sample, watched, incoming, stored, expected CASCADE;
DROP TABLE model;
DROP FUNCTION score_by_name, add_score;
DROP ROLE regress_deepsad_analyst;
