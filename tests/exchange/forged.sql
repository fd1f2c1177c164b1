-- Forged safetensors files: bytes changed in stored ones. Each is refused with an error that is none of the server's own, or
-- is a model that scores; \set files and \set seed come from the caller. Ends with `N passed, N failed`.
CREATE TABLE stored (line jsonb);
\copy stored FROM 'tests/exchange/stored.jsonl' WITH (FORMAT csv, QUOTE E'\x01', DELIMITER E'\x02')
CREATE TABLE file AS SELECT line ->> 'row' AS row, decode(line ->> 'model', 'base64') AS file FROM stored;
CREATE TABLE outcome (what text, count bigint);
CREATE FUNCTION forge(file bytea) RETURNS bytea LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	header int := get_byte(file, 0) + 256 * get_byte(file, 1);
	meaning text := '0123456789{}[]",:-e.\ '; place int; times int := 1 + floor(random() * random() * 6)::int;
BEGIN
	FOR i IN 1..times LOOP
		place := CASE WHEN random() < 0.1 THEN floor(random() * 8) WHEN random() < 0.8 THEN 8 + floor(random() * header) ELSE floor(random() * length(file)) END;
		file := set_byte(file, place, CASE WHEN random() < 0.7 THEN ascii(substr(meaning, 1 + floor(random() * 22)::int, 1)) ELSE floor(random() * 256)::int END);
	END LOOP;
	IF random() < 0.05 THEN file := substring(file FROM 1 FOR floor(random() * length(file))::int); END IF;
	RETURN file;
END $$;
CREATE PROCEDURE try(count int) LANGUAGE plpgsql AS $$
DECLARE f bytea; m bytea; what text; length int;
BEGIN
	FOR i IN 1..count LOOP
		SELECT forge(file) INTO f FROM file ORDER BY random() LIMIT 1;
		BEGIN
			m := deepsad_import(f);
			length := length(deepsad_export_onnx(m)) + length(deepsad_export_json(m)::text) + length(deepsad_report(m)) +
				CASE WHEN jsonb_path_exists(deepsad_export_json(m)::jsonb, '$.columns[*].shape') THEN 0 ELSE length(deepsad_export_sql(m, 'f')) END;
			what := CASE WHEN deepsad_is_model(m) AND deepsad_import(deepsad_export_safetensors(m)) = m THEN 'model' ELSE 'wrong model' END;
		EXCEPTION WHEN OTHERS THEN
			what := SQLSTATE;
		END;
		INSERT INTO outcome VALUES (what, 1);
	END LOOP;
END $$;
SELECT setseed(:seed);
SET statement_timeout = '600s';
CALL try(:files);
SELECT string_agg(what || ' ' || n || ' times', ', ' ORDER BY what) FROM (SELECT what, count(*) AS n FROM outcome GROUP BY what) o;
SELECT format('%s passed, %s failed', count(*) FILTER (WHERE what NOT LIKE 'XX%' AND what <> 'wrong model'),
	count(*) FILTER (WHERE what LIKE 'XX%' OR what = 'wrong model')) FROM outcome;
