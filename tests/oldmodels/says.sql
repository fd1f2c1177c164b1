-- What a model says of rows, `row` being what it scores of each: everything that must stay. For store.sql and check.sql.
SET TimeZone = 'UTC'; SET DateStyle = 'ISO, MDY'; SET IntervalStyle = 'postgres'; SET extra_float_digits = 1;
CREATE FUNCTION says(model bytea, "row" text, rows text) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE result jsonb;
BEGIN
	EXECUTE format('SELECT jsonb_build_object(''score'', jsonb_agg(deepsad_score(m, %1$s)::text), ''pvalue'', jsonb_agg(deepsad_pvalue(m, %1$s)),
		''is_anomaly'', jsonb_agg(deepsad_is_anomaly(m, %1$s)), ''embed'', jsonb_agg(deepsad_embed(m, %1$s)), ''encode'', jsonb_agg(deepsad_encode(m, %1$s)),
		''explain'', jsonb_agg((SELECT jsonb_agg(to_jsonb(e) ORDER BY rank, feature) FROM deepsad_explain(m, %1$s) e)) FILTER (WHERE n <= 2))
		FROM (SELECT r, row_number() OVER () AS n FROM (%2$s) r) numbered, LATERAL (SELECT (numbered.r).*) r, (SELECT %3$L::bytea AS m OFFSET 0) m', "row", rows, model) INTO result;
	RETURN result;
END $$;
