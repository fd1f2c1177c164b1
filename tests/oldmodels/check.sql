-- Values that an earlier version wrote, in table stored, say what they said then, to the last bit. Run by tests/run/old-models.
CREATE TABLE result (name text, wrong text);
-- Whether all keys that were there are there, and say the same: new ones may come.
CREATE FUNCTION keeps(now jsonb, before jsonb) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
	IF jsonb_typeof(before) = 'object' THEN
		RETURN jsonb_typeof(now) = 'object' AND NOT EXISTS (SELECT FROM jsonb_each(before) e (key, value) WHERE NOT now ? key OR NOT keeps(now -> key, value));
	ELSIF jsonb_typeof(before) = 'array' THEN
		RETURN jsonb_typeof(now) = 'array' AND jsonb_array_length(now) = jsonb_array_length(before) AND NOT EXISTS (
			SELECT FROM jsonb_array_elements(before) WITH ORDINALITY e (value, i) WHERE NOT keeps(now -> (i - 1)::int, value));
	END IF;
	RETURN now IS NOT DISTINCT FROM before;
END $$;
\i tests/oldmodels/says.sql
DO $$
DECLARE
	l jsonb; model bytea; copy bytea; collected deepsad_rows; now jsonb; wrong text; part text; same boolean; scores jsonb;
BEGIN
	FOR l IN SELECT line FROM stored LOOP
		wrong := '';
		IF l ? 'set' THEN
			collected := (l ->> 'set')::deepsad_rows;
			IF l ? 'info' AND keeps(deepsad_sample_info(collected), l -> 'info') IS NOT TRUE THEN wrong := wrong || ' info'; END IF;
			IF keeps((SELECT jsonb_agg(to_jsonb(e)) FROM deepsad_sample_rows(collected) e), l -> 'entries') IS NOT TRUE THEN wrong := wrong || ' entries'; END IF;
			IF (SELECT deepsad_merge(s) FROM (VALUES (collected), (collected)) v (s))::text IS NULL THEN wrong := wrong || ' merge'; END IF;
		ELSIF l ? 'refused' THEN
			BEGIN
				PERFORM deepsad_score(decode(l ->> 'model', 'base64'), 1);
				wrong := wrong || ' not refused';
			EXCEPTION WHEN feature_not_supported THEN
				GET STACKED DIAGNOSTICS part = PG_EXCEPTION_HINT;
				IF part <> 'Versions before 1.0 made it: train the model again.' THEN wrong := wrong || ' hint'; END IF;
			END;
		ELSE
			model := decode(l ->> 'model', 'base64');
			now := says(model, l ->> 'row', l ->> 'rows');
			FOR part IN SELECT jsonb_object_keys(l -> 'says') LOOP
				IF keeps(now -> part, l -> 'says' -> part) IS NOT TRUE THEN wrong := wrong || ' ' || part; END IF;
			END LOOP;
			-- a later version may word its reasons otherwise
			IF keeps(deepsad_info(model), (l -> 'info') - 'chosen') IS NOT TRUE THEN wrong := wrong || ' info'; END IF;
			IF keeps((SELECT jsonb_agg(to_jsonb(c)) FROM deepsad_columns(model) c), l -> 'columns') IS NOT TRUE THEN wrong := wrong || ' columns'; END IF;
			copy := deepsad_import(decode(l ->> 'safetensors', 'base64'));
			IF keeps(says(copy, l ->> 'row', l ->> 'rows'), l -> 'says') IS NOT TRUE THEN wrong := wrong || ' safetensors'; END IF;
			IF l ? 'json' AND keeps(deepsad_export_json(model)::jsonb, (l -> 'json') - 'edition') IS NOT TRUE THEN wrong := wrong || ' json'; END IF;
			-- PostgreSQL 13 knows no RETURN
			IF l ? 'frozen' AND current_setting('server_version_num')::int >= 140000 THEN
				FOR part IN SELECT jsonb_array_elements_text(l -> 'frozen') LOOP EXECUTE part; END LOOP;
				EXECUTE format('SELECT jsonb_agg(public.frozen(%s::float8[])::text) FROM (%s) r', l ->> 'row', l ->> 'rows') INTO scores;
				IF scores IS DISTINCT FROM l -> 'says' -> 'score' THEN wrong := wrong || ' frozen'; END IF;
			END IF;
		END IF;
		INSERT INTO result VALUES (l ->> 'name', wrong);
	END LOOP;
END $$;
SELECT name || ' is not as stored:' || wrong FROM result WHERE wrong <> '';
SELECT format('%s passed, %s failed', count(*) FILTER (WHERE wrong = ''), count(*) FILTER (WHERE wrong <> '') + (count(*) = 0)::int) FROM result;
