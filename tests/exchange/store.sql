-- Models of every kind, their exports and their scores of rows that they were not trained on: the lines of
-- tests/exchange/stored.jsonl. Run by tests/run/exchange-store.
\i tests/exchange/kinds.sql
CREATE TABLE line (name text, line jsonb);
DO $$
DECLARE k record; model bytea; result jsonb; training text; rows text;
BEGIN
	FOR k IN SELECT * FROM kind LOOP
		training := replace(replace(k.rows, 'FIRST', '1'), 'LAST', '400');
		rows := replace(replace(k.rows, 'FIRST', '1001'), 'LAST', '1040');
		EXECUTE format('SELECT deepsad_train(%s, NULL::boolean, %L::jsonb) FROM (%s) r', k.row, k.options, training) INTO model;
		EXECUTE format('SELECT jsonb_build_object(''name'', %L, ''row'', %L, ''rows'', %L, ''score'', jsonb_agg(deepsad_score(m, %2$s)::text),
			''features'', jsonb_agg(deepsad_encode(m, %2$s)), ''pvalue'', jsonb_agg(deepsad_pvalue(m, %2$s)), ''is_anomaly'', jsonb_agg(deepsad_is_anomaly(m, %2$s)),
			''model'', translate(encode(deepsad_export_safetensors(%4$L::bytea), ''base64''), E''\n'', ''''))
			FROM (%3$s) r, (SELECT %4$L::bytea AS m OFFSET 0) m', k.name, k.row, rows, model) INTO result;
		IF result -> 'pvalue' -> 0 = 'null' THEN result := result - 'pvalue'; END IF;
		IF result -> 'is_anomaly' -> 0 = 'null' THEN result := result - 'is_anomaly'; END IF;
		-- some of these pictures are calibration rows', to the last pixel
		IF k.name = 'picture' THEN result := result || '{"ties": true}'; END IF;
		INSERT INTO line VALUES (k.name, result || jsonb_build_object('onnx',
			translate(encode(deepsad_export_onnx(model, result ? 'pvalue', result ? 'is_anomaly'), 'base64'), E'\n', '')));
	END LOOP;
END $$;
