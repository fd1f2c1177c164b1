-- Long arrays have defaults of their own: scaling "common", whose own distance of the inputs is whitened.
CREATE TABLE embedding AS
SELECT i, array_agg((sin(i * 0.37 + j * 0.05) + sin(i * i * 0.7 + j * j) / 4 + CASE WHEN i % 50 = 0 AND j % 9 = 0 THEN 1 ELSE 0 END)::real ORDER BY j) AS e,
	i % 50 = 0 AS odd
FROM generate_series(1, 600) i, generate_series(1, 320) j GROUP BY i;
CREATE TABLE wide_model AS
SELECT deepsad_train(e, CASE WHEN odd AND i <= 200 THEN true END, '{"epochs": 5, "pretrain_epochs": 2}') AS model FROM embedding;
SELECT o -> 'scaling' AS scaling, o -> 'hidden' AS hidden, o -> 'latent' AS latent, o -> 'members' AS members,
	round((o -> 'input_weight')::numeric, 2) AS input_weight FROM wide_model, LATERAL (SELECT deepsad_info(model) -> 'options' AS o) i;
SELECT deepsad_roc_auc(deepsad_score(model, e), odd) > 0.95 AS found FROM wide_model, embedding WHERE i > 200;

-- an average row scores 1; an embedding's squared length is the score, and so is the sum of an explanation
SELECT round(avg(deepsad_score(model, e))::numeric, 1) AS mean FROM wide_model, embedding WHERE NOT (odd AND i <= 200);
SELECT max(abs(deepsad_score(model, e) / (SELECT sum(x::float8 * x) FROM unnest(deepsad_embed(model, e)) x) - 1)) < 1e-4 AS same_length,
	max(abs((SELECT sum(contribution) FROM deepsad_explain(model, e)) - (deepsad_score(model, e) - (deepsad_info(model) ->> 'baseline_score')::float8)) / (1 + deepsad_score(model, e))) < 1e-4 AS same_sum
FROM wide_model, embedding WHERE i IN (50, 51, 300);

-- the same bits in batches, one by one, in a row; the model is the same in any order, by workers, and out and in again
SELECT bool_and(s.score = deepsad_score(model, e) AND s.score = deepsad_score(model, ROW(e))) AS same
FROM wide_model, deepsad_score_query(model, 'SELECT i::bigint, e FROM embedding') s JOIN embedding ON i = key;
SELECT bool_and(model = other) AS same FROM wide_model, (
	SELECT deepsad_train(e, CASE WHEN odd AND i <= 200 THEN true END, '{"epochs": 5, "pretrain_epochs": 2}' ORDER BY i DESC) AS other FROM embedding
	UNION ALL SELECT deepsad_train(e, CASE WHEN odd AND i <= 200 THEN true END, '{"epochs": 5, "pretrain_epochs": 2, "workers": 2}') FROM embedding
	UNION ALL SELECT deepsad_import(deepsad_export_safetensors(model)) FROM wide_model) o;
SELECT length(deepsad_export_onnx(model)) > 400000 AS onnx FROM wide_model;
SELECT deepsad_export_sql(model, 'too_wide') FROM wide_model;
SELECT deepsad_score(deepsad_update(model, e, odd, '{"epochs": 1}'), (SELECT e FROM embedding WHERE i = 1)) > 0 AS updated FROM wide_model, embedding GROUP BY model;
SELECT deepsad_is_model(set_byte(model, length(model) / 2, get_byte(model, length(model) / 2) # 1)) AS damaged FROM wide_model;

-- elements that differ in unit have none in common; options stay what they are told to be
SELECT o -> 'scaling' AS scaling, o -> 'members' AS members FROM (
	SELECT deepsad_info(deepsad_train(e[:319] || (i * 100)::real, NULL, '{"epochs": 1, "pretrain_epochs": 1}')) -> 'options' AS o FROM embedding) q;
SELECT o -> 'scaling' AS scaling, o -> 'members' AS members, o -> 'hidden' AS hidden FROM (
	SELECT deepsad_info(deepsad_train(e, NULL, '{"epochs": 1, "pretrain_epochs": 1, "members": 2, "scaling": "robust"}')) -> 'options' AS o FROM embedding) q;
SELECT o -> 'scaling' AS scaling, o -> 'members' AS members, o -> 'hidden' AS hidden FROM (
	SELECT deepsad_info(deepsad_train(e, NULL, '{"epochs": 1, "pretrain_epochs": 1, "preset": "paper"}')) -> 'options' AS o FROM embedding) q;
-- up to 300 numbers all is as it was; a column more does not make a row another
SELECT o -> 'scaling' AS scaling, o -> 'members' AS members, o -> 'hidden' AS hidden FROM (
	SELECT deepsad_info(deepsad_train(e[:300], NULL, '{"epochs": 1, "pretrain_epochs": 1}')) -> 'options' AS o FROM embedding) q;
SELECT o -> 'scaling' AS scaling, o -> 'members' AS members FROM (
	SELECT deepsad_info(deepsad_train(f, NULL, '{"epochs": 1, "pretrain_epochs": 1}')) -> 'options' AS o
	FROM embedding, LATERAL (SELECT e, 1000 * sin(i) AS size, i % 2 = 0 AS flag) f) q;

-- rows that do not vary, or are few
SELECT deepsad_score(deepsad_train(array_fill(1::real, ARRAY[400]), NULL, '{"epochs": 1}'), array_fill(2::real, ARRAY[400])) >= 0 AS scored FROM generate_series(1, 30);
SELECT deepsad_score(deepsad_train(e, NULL, '{"epochs": 1}'), min(e)) > 0 AS scored FROM embedding WHERE i <= 2;
SELECT deepsad_train(e, NULL, '{"epochs": 1, "input_weight": 0}') IS NOT NULL AS trained FROM embedding;
-- a report lists what was given, and not what the rows' length chose, among the options that differ
SELECT string_agg(m[1], ', ' ORDER BY m[1]) AS differ FROM wide_model,
	regexp_matches(substring(deepsad_report(model) FROM 'Options that differ.*?<h3>All options'), '<th scope="row">([a-z_]+)</th>', 'g') m;
DROP TABLE embedding, wide_model;
