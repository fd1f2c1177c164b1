-- Run by pgvector-check: each query prints name|t when it holds.
SET client_min_messages = warning;
CREATE TABLE item AS SELECT i AS id, i % 50 = 0 AS label, f, f::vector AS v, f::vector::halfvec AS h, f::vector::halfvec::real[] AS rounded,
	f::vector::sparsevec AS s
FROM (SELECT i, ARRAY(SELECT sin(i * j + j * j) + (i % 50 = 0)::int FROM generate_series(1, 40) j)::real[] AS f FROM generate_series(1, 400) i) q;
CREATE TABLE setting AS SELECT jsonb '{"epochs": 2, "pretrain_epochs": 2, "members": 2, "seed": 1}' AS options;
CREATE TABLE model AS SELECT deepsad_train(f, label, options) AS model, deepsad_train(rounded, label, options) AS rounded FROM item, setting GROUP BY options;
CREATE FUNCTION message(command text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE detail text; hint text;
BEGIN
	EXECUTE command;
	RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
	RETURN concat_ws(' | ', SQLERRM, nullif(detail, ''), nullif(hint, ''));
END $$;

-- the same models and scores as of arrays
SELECT 'vector trains the model of real[]', deepsad_train(v, label, options) = (SELECT model FROM model) FROM item, setting GROUP BY options;
SELECT 'halfvec trains the model of real[]', deepsad_train(h, label, options) = (SELECT rounded FROM model) FROM item, setting GROUP BY options;
SELECT 'scores of vector', bool_and(deepsad_score(model, v) = deepsad_score(model, f)) FROM item, model;
SELECT 'scores of halfvec', bool_and(deepsad_score(model, h) = deepsad_score(model, item.rounded)) FROM item, model;
SELECT 'scores of halfvec differ from those of vector', count(*) > 0 FROM item, model WHERE deepsad_score(model, h) <> deepsad_score(model, v);
SELECT 'embeddings of vector', bool_and(deepsad_embed(model, v) = deepsad_embed(model, f)) FROM item, model;
SELECT 'explanations of vector', (SELECT array_agg(e::text) FROM item, model, deepsad_explain(model, v) e WHERE id = 50) =
	(SELECT array_agg(e::text) FROM item, model, deepsad_explain(model, f) e WHERE id = 50);
SELECT 'scores in batches', count(*) = 400 AND bool_and(q.score = deepsad_score(model, f))
FROM model, LATERAL deepsad_score_query(model, 'SELECT id::bigint, v FROM item') q JOIN item i ON i.id = q.key;
SELECT 'a literal of type vector', deepsad_score(model, v::text::vector) = deepsad_score(model, f) FROM item, model WHERE id = 3;
SELECT 'an embedding is a vector', vector_dims(deepsad_embed(model, v)::vector) > 0 FROM item, model WHERE id = 1;

-- every length of header, stored every way
CREATE TABLE stored (f real[], v vector, h halfvec);
INSERT INTO stored SELECT f, f::vector, f::vector::halfvec FROM generate_series(1, 70) n, LATERAL (SELECT ARRAY(SELECT j * 0.5 FROM generate_series(1, n) j)::real[] AS f) q;
SELECT 'short and long headers', count(*) = 70 AND bool_and(deepsad_score(m, v) = deepsad_score(m, f) AND deepsad_score(m, h) = deepsad_score(m, f))
FROM stored s, LATERAL (SELECT deepsad_train(t.f, NULL, '{"epochs": 1, "pretrain_epochs": 0, "members": 1, "hidden": [2], "latent": 1}') AS m
	FROM (SELECT s.f UNION ALL SELECT ARRAY(SELECT sin(x + k) FROM unnest(s.f) x)::real[] FROM generate_series(1, 20) k) t) q;
CREATE TABLE wide (f real[], v vector(2000), h halfvec(2000), e vector(2000));
ALTER TABLE wide ALTER v SET STORAGE EXTENDED, ALTER h SET STORAGE MAIN, ALTER e SET STORAGE EXTERNAL;
INSERT INTO wide SELECT f, f::vector, f::vector::halfvec, f::vector FROM generate_series(1, 30) i, LATERAL (SELECT ARRAY(SELECT (j * i) % 3 FROM generate_series(1, 2000) j)::real[] AS f) q;
SELECT 'compressed and out of line', bool_and(deepsad_score(m, v) = deepsad_score(m, f) AND deepsad_score(m, h) = deepsad_score(m, f) AND deepsad_score(m, e) = deepsad_score(m, f))
FROM wide, (SELECT deepsad_train(f, NULL, '{"epochs": 1, "pretrain_epochs": 0, "members": 1, "hidden": [4], "latent": 2}') AS m FROM wide) q;

-- every number of 16 bits: normal, subnormal, both zeros
CREATE TABLE half AS SELECT x, x::vector::halfvec AS h, x::vector::halfvec::real[] AS back
FROM (SELECT ARRAY(SELECT sign * (1 + fraction / 1024.0) * 2.0 ^ exponent FROM generate_series(-25, 15) exponent, generate_series(0, 1023, 31) fraction, unnest('{1,-1}'::int[]) sign)::real[] AS x) q;
SELECT 'numbers of 16 bits', deepsad_score(m, h) = deepsad_score(m, back) FROM half,
	(SELECT deepsad_train(ARRAY(SELECT u * k FROM unnest(x) u)::real[], NULL, '{"scaling": "none", "epochs": 1, "pretrain_epochs": 0, "members": 1, "hidden": [4], "latent": 2}') AS m FROM half, generate_series(1, 3) k) q;

-- columns of a row
CREATE TABLE priced AS SELECT id, label, v, h, id * 0.1 AS price, CASE WHEN id % 2 = 0 THEN 'a' ELSE 'b' END AS kind FROM item;
CREATE TABLE row_model AS SELECT deepsad_train(r, label, options) AS model FROM priced, setting, LATERAL (SELECT v, h, price, kind) r GROUP BY options;
SELECT 'a column of vectors', (SELECT count(*) = 400 FROM priced, row_model, LATERAL (SELECT v, h, price, kind) r WHERE deepsad_score(model, r) > 0);
SELECT 'columns tell their types', string_agg(feature || ' ' || type, ', ' ORDER BY feature) = 'h halfvec, kind text, price numeric, v vector'
FROM row_model, deepsad_columns(model);
SELECT 'NULL and wrong lengths in a column', message('SELECT deepsad_score(model, ROW(''[1,2]''::vector, h, price, kind)) FROM priced, row_model LIMIT 1') LIKE '%2 elements%40%';
SELECT 'a wrong length', message('SELECT deepsad_score(model, ''[1,2]''::vector) FROM model') LIKE '%2 features%40%';

-- sparsevec is refused with a cast that works
SELECT 'sparsevec is refused', message('SELECT deepsad_train(s) FROM item') = 'features of type sparsevec are not supported | A sparsevec holds only the numbers that are not 0; features are all of them. | Cast it in the query: (...)::vector.';
SELECT 'sparsevec is refused in a column', message('SELECT deepsad_train(ROW(s, 1)) FROM item') LIKE '%sparsevec%vector%';
SELECT 'sparsevec as vector', bool_and(deepsad_score(model, s::vector) = deepsad_score(model, f)) FROM item, model;

-- names prove nothing: types that others call vector go through their casts, also when they are added to the extension
CREATE SCHEMA other;
CREATE TYPE other.vector AS RANGE (subtype = float8);
CREATE FUNCTION other.numbers(other.vector) RETURNS real[] LANGUAGE sql IMMUTABLE AS 'SELECT ARRAY[lower($1), upper($1), 7]::real[]';
CREATE CAST (other.vector AS real[]) WITH FUNCTION other.numbers(other.vector);
CREATE TABLE small AS SELECT deepsad_train(ARRAY[sin(i), cos(i), i % 5]::real[], NULL, options) AS model FROM generate_series(1, 50) i, setting GROUP BY options;
SELECT 'a range called vector', deepsad_score(model, other.vector(1, 2)) = deepsad_score(model, ARRAY[1, 2, 7]::real[]) FROM small;
ALTER EXTENSION vector ADD TYPE other.vector;
SELECT 'a range called vector in the extension', deepsad_score(model, other.vector(1, 2)) = deepsad_score(model, ARRAY[1, 2, 7]::real[]) FROM small;
CREATE SCHEMA evil;
CREATE TYPE evil.halfvec;
CREATE FUNCTION evil.halfvec_in(cstring) RETURNS evil.halfvec LANGUAGE internal IMMUTABLE STRICT AS 'byteain';
CREATE FUNCTION evil.halfvec_out(evil.halfvec) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'byteaout';
CREATE TYPE evil.halfvec (INPUT = evil.halfvec_in, OUTPUT = evil.halfvec_out, INTERNALLENGTH = VARIABLE);
CREATE FUNCTION evil.numbers(evil.halfvec) RETURNS real[] LANGUAGE sql IMMUTABLE AS 'SELECT ''{1,2,7}''::real[]';
CREATE CAST (evil.halfvec AS real[]) WITH FUNCTION evil.numbers(evil.halfvec);
ALTER EXTENSION vector ADD TYPE evil.halfvec;
SELECT 'a size that is not what the dimension says: ' || bytes, deepsad_score(model, bytes::evil.halfvec) = deepsad_score(model, ARRAY[1, 2, 7]::real[])
FROM small, unnest('{"\\x","\\x03","\\x0300","\\x030000","\\x03000000","\\x0300000001020304","\\x0300000001020304050607","\\xffff0000","\\xff7f0000","\\x03000100010203040506","\\x00000000"}'::text[]) bytes;
SELECT 'a size that is right', deepsad_score(model, '\x03000000003c0040003c'::evil.halfvec) = deepsad_score(model, ARRAY[1, 2, 1]::real[]) FROM small;
ALTER EXTENSION vector DROP TYPE evil.halfvec;
SELECT 'not in the extension', deepsad_score(model, '\x03000000003c0040003c'::evil.halfvec) = deepsad_score(model, ARRAY[1, 2, 7]::real[]) FROM small;
ALTER EXTENSION vector DROP TYPE other.vector;

-- frozen functions
SELECT 'freezing returns the function of arrays', deepsad_freeze(model, 'frozen')::text = 'frozen(double precision[])' FROM model;
SELECT 'frozen scores', bool_and(frozen(v) = deepsad_score(model, f) AND frozen(f) = frozen(v)) FROM item, model;
SELECT 'frozen functions are IMMUTABLE and safe', bool_and(provolatile = 'i' AND proparallel = 's' AND obj_description(oid) = 'deepsad score of 40 numbers') AND count(*) = 2
FROM pg_proc WHERE proname = 'frozen';
CREATE INDEX ON item (frozen(v));
ANALYZE item;
SET enable_seqscan = off;
CREATE FUNCTION plan(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$ BEGIN RETURN QUERY EXECUTE 'EXPLAIN (COSTS OFF) ' || query; END $$;
SELECT 'an index by score', count(*) = 1 FROM plan('SELECT id FROM item ORDER BY frozen(v) DESC LIMIT 5') line WHERE line LIKE '%Index Scan Backward%';
SELECT 'another function of that name', message('SELECT deepsad_freeze(model, ''frozen'') FROM model') LIKE '%already exists%';
CREATE FUNCTION half_taken(features vector) RETURNS float8 LANGUAGE sql IMMUTABLE AS 'SELECT 1::float8';
SELECT 'also one of vector', message('SELECT deepsad_freeze(model, ''half_taken'') FROM model') LIKE '%half_taken(vector) already exists%';
SELECT 'a model of rows has none', deepsad_freeze(deepsad_train(ROW(sin(i), i % 3), NULL, '{"epochs": 1, "pretrain_epochs": 0, "members": 1}'), 'of_rows') IS NOT NULL FROM generate_series(1, 50) i;
SELECT 'one function only', count(*) = 1 FROM pg_proc WHERE proname = 'of_rows';
SELECT 'pgvector stays while it is needed', message('DROP EXTENSION vector') LIKE '%cannot drop extension vector%';
CREATE SCHEMA hidden;
ALTER EXTENSION vector SET SCHEMA hidden;
SELECT 'pgvector in another schema', deepsad_freeze(model, 'frozen_2') IS NOT NULL FROM model;
SELECT 'its scores', bool_and(frozen_2(v) = frozen(f)) FROM item;
CREATE ROLE pgvector_check_user;
GRANT SELECT ON model TO pgvector_check_user;
GRANT CREATE ON SCHEMA public TO pgvector_check_user;
SET ROLE pgvector_check_user;
SELECT 'who may not name the type', deepsad_freeze(model, 'frozen_3') IS NOT NULL FROM model;
RESET ROLE;
SELECT 'freezes for arrays', count(*) = 1 FROM pg_proc WHERE proname = 'frozen_3';
DROP OWNED BY pgvector_check_user;
DROP ROLE pgvector_check_user;
