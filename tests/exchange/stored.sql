-- Stored models of every kind: imported, they score as they did, to the last bit, and are exported as they were.
CREATE TABLE stored (line jsonb);
\copy stored FROM 'tests/exchange/stored.jsonl' WITH (FORMAT csv, QUOTE E'\x01', DELIMITER E'\x02')
CREATE TABLE result (name text, wrong text);
DO $$
DECLARE
	l jsonb; model bytea; scores jsonb; features jsonb; wrong text; arguments text; far float8;
BEGIN
	FOR l IN SELECT line FROM stored LOOP
		model := deepsad_import(decode(l ->> 'model', 'base64'));
		wrong := '';
		EXECUTE format('SELECT jsonb_agg(deepsad_score(%L::bytea, %s)::text), jsonb_agg(deepsad_encode(%1$L::bytea, %2$s)) FROM (%3$s) r',
			model, l ->> 'row', l ->> 'rows') INTO scores, features;
		IF scores <> l -> 'score' THEN wrong := wrong || ' scores'; END IF;
		IF features <> l -> 'features' THEN wrong := wrong || ' features'; END IF;
		IF deepsad_import(deepsad_export_safetensors(model)) <> model THEN wrong := wrong || ' safetensors'; END IF;
		IF encode(deepsad_export_onnx(model, l ? 'pvalue', l ? 'is_anomaly'), 'base64') <> encode(decode(l ->> 'onnx', 'base64'), 'base64') THEN
			wrong := wrong || ' onnx';
		END IF;
		IF deepsad_export_json(model) -> 'columns' IS NULL THEN wrong := wrong || ' json'; END IF;
		IF jsonb_path_exists(deepsad_export_json(model)::jsonb, '$.columns[*].shape') OR deepsad_export_json(model) -> 'options' ->> 'scaling' = 'common' THEN
			BEGIN
				PERFORM deepsad_export_sql(model, 'f');
				wrong := wrong || ' sql that cannot be';
			EXCEPTION WHEN feature_not_supported THEN
			END;
			INSERT INTO result VALUES (l ->> 'name', wrong);
			CONTINUE;
		END IF;
		EXECUTE deepsad_export_sql(model, 'pg_temp.exported');
		EXECUTE 'CREATE TEMP TABLE r AS ' || (l ->> 'rows');
		SELECT string_agg('r.' || CASE WHEN l ->> 'row' = 'r' THEN quote_ident(feature) ELSE 'f' END, ', ' ORDER BY n) INTO arguments
		FROM (SELECT feature, row_number() OVER () AS n FROM deepsad_columns(model) WHERE left_out IS NULL LIMIT CASE WHEN l ->> 'row' = 'r' THEN 1000 ELSE 1 END) c;
		EXECUTE format('SELECT max(greatest(abs(pg_temp.exported(%s) - s), abs(score - s)) / greatest(s, 1))
			FROM (SELECT *, deepsad_score(%L::bytea, %s) AS s FROM (%s) r) r', arguments, model, l ->> 'row', deepsad_export_query(model, 'r')) INTO far;
		IF NOT far <= 1e-5 OR far IS NULL THEN wrong := wrong || ' sql ' || far; END IF;
		DROP FUNCTION pg_temp.exported;
		DROP TABLE r;
		INSERT INTO result VALUES (l ->> 'name', wrong);
	END LOOP;
END $$;
SELECT name || ' is not as stored:' || wrong FROM result WHERE wrong <> '';
SELECT format('%s passed, %s failed', count(*) FILTER (WHERE wrong = ''), count(*) FILTER (WHERE wrong <> '') + (count(*) = 0)::int) FROM result;
