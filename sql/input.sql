-- features that are refused, and what the errors say
CREATE TABLE input_row (a int, b float8, c numeric, d text, e real[], g boolean);
INSERT INTO input_row SELECT i, i * 2, i * 3, 'x', ARRAY[i, 1], true FROM generate_series(1, 50) i;
CREATE TABLE input_model AS SELECT deepsad_train(ROW(a, b, c), NULL, '{"epochs": 1, "pretrain_epochs": 1}') AS model FROM input_row;
SELECT deepsad_train(a) FROM input_row;
SELECT deepsad_train(d) FROM input_row;
SELECT deepsad_train(ARRAY[d]) FROM input_row;
SELECT deepsad_train(g) FROM input_row;
SELECT deepsad_score(model, input_row) FROM input_row, input_model;
SELECT deepsad_train(ROW(a, NULL), NULL, '{"epochs": 1, "pretrain_epochs": 1}') IS NOT NULL AS trained FROM input_row;
SELECT deepsad_train('{}'::real[]) FROM input_row;
SELECT deepsad_train(ARRAY[[a, a], [a, a]], NULL, '{"epochs": 1, "pretrain_epochs": 0}') IS NOT NULL AS trained FROM input_row;
SELECT deepsad_train(ARRAY[a, 'Infinity'::float8]) FROM input_row;
SELECT deepsad_train(CASE WHEN a < 10 THEN ARRAY[a, a] ELSE ARRAY[a] END) FROM input_row;
SELECT deepsad_train('{1,2}') IS NULL AS literal FROM input_row;
SELECT deepsad_train('{1,x}') FROM input_row;
SELECT deepsad_score(model, a, b) FROM input_row, input_model;
SELECT deepsad_score(model, a, b, d) FROM input_row, input_model;
SELECT deepsad_score(model, a, b, g) FROM input_row, input_model;
SELECT deepsad_score(model, ARRAY[1, 2]) FROM input_model;
SELECT deepsad_score(model, ARRAY[1, 2, '-Infinity'::float8]) FROM input_model;
SELECT deepsad_score(model, 1, 2, '-Infinity'::float8) FROM input_model;
SELECT deepsad_score(model, ARRAY[[1, 2, 3]]) FROM input_model;
SELECT deepsad_score(model, e, e) FROM input_row, input_model;
SELECT deepsad_score('\xdeadbeef', 1);
SELECT deepsad_score('', 1);
SELECT deepsad_score(substr(model, 1, length(model) - 1), a, b, c) FROM input_row, input_model;
SELECT deepsad_score(set_byte(model, 200, 255 - get_byte(model, 200)), a, b, c) FROM input_row, input_model;
SELECT deepsad_score(set_byte(model, 8, 7), a, b, c) FROM input_row, input_model;
SELECT deepsad_info('\x1234');
SELECT * FROM deepsad_history('\x1234');
SELECT deepsad_is_model(model), deepsad_is_model('\x00'), deepsad_is_model(NULL), deepsad_is_model(substr(model, 1, 500)) FROM input_model;
-- a NULL in ROW is missing, as among loose columns
SELECT deepsad_score(model, ROW(1, 2, NULL)) = deepsad_score(model, 1, 2, NULL) AS same, deepsad_score(model, ROW(1, '2', 3)) = deepsad_score(model, 1, 2, 3) AS text FROM input_model;
SELECT deepsad_embed(model, 1, 2, 'Infinity'::float8) FROM input_model;
SELECT deepsad_embed(model, NULL::real[]) IS NULL AS no_row, deepsad_embed(NULL, 1, 2, 3) IS NULL AS no_model FROM input_model;
-- a row type that changes while a call site lives: the right columns, or an error, never old ones
CREATE TYPE changing AS (a numeric, b int, c int);
CREATE FUNCTION stale() RETURNS void LANGUAGE plpgsql AS $$
DECLARE v record; score float8; model bytea := (SELECT input_model.model FROM input_model);
BEGIN
	FOR i IN 1..3 LOOP
		IF i = 2 THEN
			EXECUTE 'ALTER TYPE changing ALTER ATTRIBUTE a TYPE int8, ALTER ATTRIBUTE b TYPE int8, ALTER ATTRIBUTE c TYPE int8';
			EXECUTE 'SELECT ROW(7, 8, 9)::changing AS r' INTO v;
		ELSIF i = 3 THEN
			EXECUTE 'ALTER TYPE changing DROP ATTRIBUTE b';
			EXECUTE 'SELECT ROW(7, 9)::changing AS r' INTO v;
		ELSE
			EXECUTE 'SELECT ROW(1, 2, 3)::changing AS r' INTO v;
		END IF;
		score := deepsad_score(model, v.r);
		RAISE NOTICE 'step %: %', i, score = deepsad_score(model, CASE i WHEN 1 THEN ARRAY[1, 2, 3] ELSE ARRAY[7, 8, 9] END);
	END LOOP;
END $$;
\set VERBOSITY terse
SELECT stale();
\set VERBOSITY default
DROP FUNCTION stale;
DROP TYPE changing;
-- alternating row types cost no memory
CREATE FUNCTION grown() RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE model bytea := (SELECT input_model.model FROM input_model); score float8; before bigint; after bigint;
BEGIN
	IF current_setting('server_version_num')::int < 140000 THEN RETURN false; END IF;
	FOR i IN 1..20000 LOOP
		score := deepsad_score(model, CASE WHEN i % 2 = 0 THEN ROW(i, 2, 3) ELSE ROW(i::float8, 2, 3) END);
		IF i = 100 THEN EXECUTE 'SELECT sum(total_bytes) FROM pg_backend_memory_contexts' INTO before; END IF;
	END LOOP;
	EXECUTE 'SELECT sum(total_bytes) FROM pg_backend_memory_contexts' INTO after;
	RETURN after - before > 1000000;
END $$;
SELECT grown();
DROP FUNCTION grown;
-- limits
SELECT deepsad_train(array_fill(1::real, '{65536}'));
SELECT deepsad_train(ROW());
SELECT deepsad_train(array_fill(1::real, '{60000}'), NULL, '{"hidden": [8192]}');
-- rows that differ but all look alike to the net: a warning, and a field of deepsad_info
SELECT deepsad_info(deepsad_train(ARRAY[1e12 + a], NULL, '{"scaling": "none", "epochs": 2, "pretrain_epochs": 2, "members": 2}')) ->> 'collapsed' AS collapsed FROM input_row;
-- types with a cast to real[], as pgvector's vector has
CREATE TYPE point3 AS RANGE (subtype = float8);
CREATE FUNCTION to_real(point3) RETURNS real[] LANGUAGE sql IMMUTABLE AS
	$$SELECT ARRAY[lower($1), upper($1), lower($1) + upper($1)]::real[]$$;
CREATE CAST (point3 AS real[]) WITH FUNCTION to_real(point3) AS IMPLICIT;
SELECT (SELECT deepsad_train(point3(a, b + 1), NULL, '{"epochs": 1}') FROM input_row) =
	(SELECT deepsad_train(ARRAY[a, b + 1, a + b + 1]::real[], NULL, '{"epochs": 1}') FROM input_row) AS same_model;
SELECT deepsad_score(model, point3(1, 2)) = deepsad_score(model, 1, 2, 3) AS same_score FROM input_model;
-- a cast needs the right to call its function, as written casts do
CREATE ROLE regress_deepsad_caster;
GRANT SELECT ON input_model TO regress_deepsad_caster;
REVOKE EXECUTE ON FUNCTION to_real FROM PUBLIC;
SET ROLE regress_deepsad_caster;
SELECT deepsad_score(model, point3(1, 2)) FROM input_model;
RESET ROLE;
REVOKE ALL ON input_model FROM regress_deepsad_caster;
DROP ROLE regress_deepsad_caster;
DROP CAST (point3 AS real[]);
DROP FUNCTION to_real;
-- pgvector's cast takes three arguments
CREATE FUNCTION to_real(point3, integer, boolean) RETURNS real[] LANGUAGE sql IMMUTABLE AS
	$$SELECT ARRAY[lower($1), upper($1), lower($1) + upper($1) + $2 + 1]::real[]$$;
CREATE CAST (point3 AS real[]) WITH FUNCTION to_real(point3, integer, boolean) AS IMPLICIT;
SELECT deepsad_score(model, point3(1, 2)) = deepsad_score(model, 1, 2, 3) AS same_score FROM input_model;
CREATE OR REPLACE FUNCTION to_real(point3, integer, boolean) RETURNS real[] LANGUAGE sql IMMUTABLE AS 'SELECT NULL::real[]';
SELECT deepsad_score(model, point3(1, 2)) FROM input_model;
SELECT deepsad_train(point3(a, b + 1)) FROM input_row;
DROP CAST (point3 AS real[]);
DROP FUNCTION to_real;
DROP TYPE point3;
-- a row type whose columns are dropped and added
ALTER TABLE input_row DROP d, DROP e, DROP g;
SELECT bool_and(deepsad_score(named, input_row) = deepsad_score(unnamed, input_row)) AS same_scores
FROM input_row, (SELECT deepsad_train(input_row, NULL, '{"epochs": 1}') AS named, deepsad_train(ROW(a, b, c), NULL, '{"epochs": 1}') AS unnamed FROM input_row) m;
SELECT bool_and(deepsad_score(model, input_row) = deepsad_score(model, a, b, c)) FROM input_row, input_model;
-- epoch seconds and large numbers keep their meaning
SELECT abs(deepsad_score(model, 1700000000.0 + 500) - deepsad_score(model, 1700000000.0 + 501)) > 0 AS told_apart
FROM (SELECT deepsad_train(ARRAY[1700000000.0 + i], NULL, '{"epochs": 1, "pretrain_epochs": 0}') AS model FROM generate_series(1, 1000) i) m;
DROP TABLE input_row, input_model;
