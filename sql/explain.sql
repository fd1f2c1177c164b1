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
-- the first two, as one value
SELECT jsonb_array_length(why) AS length, why -> 0 ->> 'feature' AS first, why -> 0 ->> 'value' AS value
FROM explained_model, LATERAL (SELECT jsonb_agg(top) AS why FROM (SELECT feature, value FROM deepsad_explain(model, ARRAY[0.1, 8, 0.1]) ORDER BY rank LIMIT 2) top) w;
-- every form of a row gives the same
SELECT count(DISTINCT j) FROM explained_model, explained_row, LATERAL (
	SELECT jsonb_agg(t) AS j FROM deepsad_explain(model, x) t UNION ALL SELECT jsonb_agg(t) FROM deepsad_explain(model, a, b, c) t
	UNION ALL SELECT jsonb_agg(t) FROM deepsad_explain(model, VARIADIC x) t UNION ALL SELECT jsonb_agg(t) FROM deepsad_explain(model, ROW(a, b, c)) t) v WHERE id = 5;
SELECT bool_and(value = r[feature::int]::text) AS as_real FROM explained_model, explained_row, deepsad_explain(model, r) WHERE id = 5;
SELECT (deepsad_explain(model, x)).feature FROM explained_model, explained_row WHERE id = 5 ORDER BY 1;
-- NULL and bad arguments
SELECT count(*) FROM deepsad_explain(NULL, 1, 2, 3);
SELECT count(*) FROM explained_model, deepsad_explain(model, NULL::float8[]);
SELECT * FROM explained_model, deepsad_explain(model, 1, 2);
SELECT * FROM explained_model, deepsad_explain(model, 1, 'Infinity'::float8, 2);
SELECT * FROM deepsad_explain('\x00', 1, 2);
-- a long value that no training row had is shown whole
CREATE TABLE long_model AS SELECT deepsad_train(r, NULL, '{"members": 1, "epochs": 1, "calibration": "none"}') AS model FROM (SELECT i % 3 AS a, 'c' || i % 2 AS c FROM generate_series(1, 40) i) r;
SELECT feature, length(value) FROM long_model, (SELECT 1 AS a, repeat('z', 70000000) AS c) r, deepsad_explain(model, r) ORDER BY feature;
DROP TABLE long_model;
DROP TABLE explained_row, explained_model;
