-- deepsad_explain: contributions that add up
CREATE TABLE explained_row (id int, x float8[], r real[], a float8, b float8, c float8);
INSERT INTO explained_row SELECT i, ARRAY[sin(i), sin(i) * 2 + cos(i * 7) / 10, cos(i)], ARRAY[sin(i), sin(i) * 2 + cos(i * 7) / 10, cos(i)],
	sin(i), sin(i) * 2 + cos(i * 7) / 10, cos(i) FROM generate_series(1, 300) i;
CREATE TABLE explained_model AS SELECT deepsad_train(x) AS model FROM explained_row;
SELECT count(*), max(abs(score - baseline - total) / (1 + score)) < 1e-4 AS complete
FROM (SELECT deepsad_score(model, x) AS score, (deepsad_info(model) ->> 'baseline_score')::float8 AS baseline,
	(SELECT sum(contribution) FROM deepsad_explain(model, x)) AS total FROM explained_row, explained_model) s;
-- a row off the line in its second feature alone
SELECT feature, value, round(expected::numeric, 3) AS expected, contribution > 0 AS positive, rank
FROM explained_model, deepsad_explain(model, ARRAY[0.1, 8, 0.1]) WHERE rank = 1;
SELECT string_agg(rank::text, ',' ORDER BY contribution DESC) AS ranks, count(DISTINCT feature) AS features FROM explained_model, deepsad_explain(model, ARRAY[1, NULL, 0.1]);
SELECT feature, value FROM explained_model, deepsad_explain(model, 1, NULL, 0.25) ORDER BY feature;
SELECT jsonb_array_length(j) AS length, j -> 0 ->> 'feature' AS first, j -> 0 ->> 'value' AS value FROM (SELECT deepsad_explain_json(model, 2, ARRAY[0.1, 8, 0.1]) AS j FROM explained_model) s;
SELECT jsonb_array_length(deepsad_explain_json(model, 99, ROW(0.1, 8, 0.1))) AS length FROM explained_model;
-- every form of a row gives the same
SELECT count(DISTINCT j) FROM explained_model, explained_row, LATERAL (VALUES (deepsad_explain_json(model, 3, x)), (deepsad_explain_json(model, 3, a, b, c)), (deepsad_explain_json(model, 3, ROW(a, b, c))),
	(deepsad_explain_json(model, 3, VARIADIC x))) v (j) WHERE id = 5;
SELECT deepsad_explain_json(model, 3, r) -> 0 ->> 'value' = r[(deepsad_explain_json(model, 3, r) -> 0 ->> 'feature')::int]::text AS as_real FROM explained_model, explained_row WHERE id = 5;
SELECT (deepsad_explain(model, x)).feature FROM explained_model, explained_row WHERE id = 5 ORDER BY 1;
-- NULL and bad arguments
SELECT count(*) FROM deepsad_explain(NULL, 1, 2, 3);
SELECT count(*) FROM explained_model, deepsad_explain(model, NULL::float8[]);
SELECT deepsad_explain_json(model, NULL, 1, 2, 3), deepsad_explain_json(NULL, 1, 1, 2, 3), deepsad_explain_json(model, 2, NULL::real[]) FROM explained_model;
SELECT deepsad_explain_json(model, 0, x) FROM explained_model, explained_row;
SELECT * FROM explained_model, deepsad_explain(model, 1, 2);
SELECT * FROM explained_model, deepsad_explain(model, 1, 'Infinity'::float8, 2);
SELECT * FROM deepsad_explain('\x00', 1, 2);
DROP TABLE explained_row, explained_model;
