-- pictures: arrays of two and three dimensions
SET extra_float_digits = 0;
-- a bright bar that stands upright; anomalies lie
CREATE FUNCTION bar(i int, lies boolean, height int, width int) RETURNS smallint[] LANGUAGE sql IMMUTABLE AS $$
	SELECT array_agg(line ORDER BY r) FROM (
		SELECT r, array_agg((CASE WHEN CASE WHEN lies THEN r = 1 + i % height ELSE c = 1 + i % width END THEN 200 ELSE 0 END + (i * 7919 + r * 104729 + c * 1299709) % 50)::smallint ORDER BY c) AS line
		FROM generate_series(1, height) r, generate_series(1, width) c GROUP BY r) lines $$;
CREATE TABLE picture AS
SELECT i AS id, i % 10 = 0 AS anomaly, bar(i, i % 10 = 0, 9, 11) AS p FROM generate_series(1, 400) i;
CREATE FUNCTION small(more jsonb DEFAULT '{}') RETURNS jsonb LANGUAGE sql IMMUTABLE AS
	$$SELECT '{"epochs": 8, "pretrain_epochs": 2, "members": 2, "batch_size": 32}'::jsonb || more$$;
CREATE TABLE picture_model AS
SELECT network, deepsad_train(p, CASE WHEN anomaly AND id <= 200 THEN true END, small(jsonb_build_object('network', network))) AS model
FROM picture, unnest('{conv,mlp}'::text[]) network GROUP BY network;
SELECT network, deepsad_info(model) -> 'options' -> 'network' AS tells, deepsad_info(model) -> 'picture' AS picture, deepsad_info(model) -> 'features' AS features,
	deepsad_info(model) -> 'options' -> 'channels' AS channels FROM picture_model ORDER BY network;
SELECT network, c.* FROM picture_model, deepsad_columns(model) c ORDER BY network;
SELECT network, deepsad_roc_auc(deepsad_score(model, p), anomaly) > 0.9 AS good FROM picture_model, picture WHERE id > 200 GROUP BY network ORDER BY network;
-- what a picture's numbers are of, and where its subscripts begin, makes no difference; a missing pixel does
SELECT network, bool_and(score = deepsad_score(model, p::int[]) AND score = deepsad_score(model, p::real[]) AND score = deepsad_score(model, p::numeric[]) AND
	score = deepsad_score(model, p::float8[]) AND score = deepsad_score(model, ('[0:8][-3:7]=' || p::text)::smallint[]) AND
	score = deepsad_score(model, ('{' || p::text || '}')::bigint[])) AS same,
	bool_or(score <> deepsad_score(model, ('{{NULL' || substr(p::text, 3 + length(p[1][1]::text)))::int[])) AS other
FROM picture_model, picture, LATERAL (SELECT deepsad_score(model, p) AS score) s GROUP BY network ORDER BY network;
-- nor do the order and the type of the training rows, or how narrow they lie
SELECT deepsad_train(x, NULL, small() ORDER BY id) = deepsad_train(x::float8[], NULL, small() ORDER BY -id) AS same FROM (
	SELECT id, CASE id WHEN 7 THEN array_fill(NULL::int, ARRAY[9, 11]) WHEN 100 THEN array_fill(-300, ARRAY[9, 11]) WHEN 350 THEN array_fill(100000000, ARRAY[9, 11]) ELSE p END AS x
	FROM picture) q;
SELECT deepsad_train(x, NULL, small('{"workers": 0}') ORDER BY id) = deepsad_train(x, NULL, small('{"workers": 1}') ORDER BY md5(id::text)) AS same
FROM (SELECT id, CASE WHEN id % 50 = 3 THEN array_fill(0.1::float8, ARRAY[9, 11]) ELSE p END AS x FROM picture) q;
-- and in a file, where rows widen, too: what an array of one dimension, whose numbers are never narrow, gives
SET maintenance_work_mem = '1MB';
CREATE TEMP TABLE wide AS SELECT i, x, (SELECT array_agg(v) FROM unnest(x) v) AS flat FROM (
	SELECT i, CASE WHEN i > 900 THEN array_fill(i / 7.0, ARRAY[28, 28]) WHEN i > 600 THEN array_fill((i * 77)::float8, ARRAY[28, 28])
		WHEN i = 500 THEN array_fill(NULL::float8, ARRAY[28, 28]) ELSE array_fill((i % 250)::float8, ARRAY[28, 28]) END AS x
	FROM generate_series(1, 1000) i) w;
SELECT bool_and(deepsad_score(picture, x) = deepsad_score(flat_model, flat)) AS same FROM wide,
	(SELECT deepsad_train(x, NULL, o ORDER BY i) AS picture, deepsad_train(flat, NULL, o ORDER BY i) AS flat
	FROM wide, (VALUES ('{"epochs": 1, "pretrain_epochs": 0, "members": 1, "network": "mlp", "hidden": [16], "latent": 4, "scaling": "standard_robust"}'::jsonb)) v (o)) m (picture, flat_model);
RESET maintenance_work_mem;
-- heatmaps: of the picture's shape, in all what the score has above the baseline, and what deepsad_explain says
SELECT network, array_dims(h) AS dims, abs((SELECT sum(v) FROM unnest(h) v) - (score - (deepsad_info(model) ->> 'baseline_score')::float8)) < 1e-4 * score AS adds_up
FROM picture_model, picture, LATERAL (SELECT deepsad_heatmap(model, p) AS h, deepsad_score(model, p) AS score) s WHERE id = 10 ORDER BY network;
SELECT network, count(*), bool_and(contribution = h[f[1]::int][f[2]::int]) AS same
FROM picture_model, picture, deepsad_heatmap(model, p) h, deepsad_explain(model, p) e, regexp_match(feature, '(\d+)\]\[(\d+)') f WHERE id = 10 GROUP BY network ORDER BY network;
SELECT deepsad_heatmap(NULL, p) IS NULL AS no_model, deepsad_heatmap(model, NULL::int[]) IS NULL AS no_picture FROM picture_model, picture WHERE id = 1 AND network = 'conv';
SELECT deepsad_heatmap(deepsad_train(ARRAY[id, id % 7], NULL, small()), ARRAY[1, 2]) FROM picture;
SELECT deepsad_heatmap(model, ARRAY[1, 2]) FROM picture_model WHERE network = 'conv';
-- channels
CREATE TABLE color_model AS SELECT deepsad_train(ARRAY[p, array_fill(id % 100, ARRAY[9, 11])::smallint[], p], anomaly, small()) AS model FROM picture;
SELECT deepsad_info(model) -> 'picture' AS picture, array_dims(deepsad_heatmap(model, ARRAY[p, p, p])) AS dims,
	(SELECT feature ~ '^\[[123]\]\[\d+\]\[\d+\]$' FROM deepsad_explain(model, ARRAY[p, p, p]) WHERE rank = 1) AS named FROM color_model, picture WHERE id = 3;
-- a picture among other columns
CREATE TABLE row_model AS SELECT deepsad_train(t, anomaly, small()) AS model FROM picture, LATERAL (SELECT id % 7 AS weekday, p AS pixels, anomaly AND false AS flag) t;
SELECT c.* FROM row_model, deepsad_columns(model) c;
SELECT count(*) AS rows, bool_and(deepsad_score(model, f) = deepsad_score(model, id % 7, p, false)) AS same
FROM row_model, picture, LATERAL (SELECT p::float4[] AS pixels, false AS flag, id % 7 AS weekday) f;
SELECT deepsad_score(model, f) > 0 AS missing, array_dims(deepsad_heatmap(model, f)) AS dims FROM row_model, (SELECT NULL::int[] AS pixels, false AS flag, 3 AS weekday) f;
SELECT sum(v) = (SELECT contribution FROM deepsad_explain(model, 3, p, false) WHERE feature = 'pixels') AS same
FROM row_model, picture, unnest(deepsad_heatmap(model, 3, p, false)) v WHERE id = 5 GROUP BY model, p;
-- wrong and changing shapes, and others than arrays of one to three dimensions
SELECT deepsad_score(model, array_fill(1, ARRAY[9, 10])) FROM picture_model;
SELECT deepsad_score(model, array_fill(1, ARRAY[99])) FROM picture_model;
SELECT deepsad_score(model, array_fill(1, ARRAY[9, 11, 3])) FROM picture_model;
SELECT deepsad_score(model, array_fill(1, ARRAY[9, 11, 3])) FROM color_model;
SELECT deepsad_score(model, array_fill(1, ARRAY[1, 1, 9, 11])) FROM picture_model;
SELECT deepsad_score(model, '{}'::int[]) FROM picture_model;
SELECT deepsad_score(model, array_fill('Infinity'::float8, ARRAY[9, 11])) FROM picture_model;
SELECT deepsad_score(model, f) FROM row_model, (SELECT array_fill(1, ARRAY[11, 9]) AS pixels, false AS flag, 3 AS weekday) f;
SELECT deepsad_score(model, f) FROM row_model, (SELECT array_fill(1, ARRAY[99]) AS pixels, false AS flag, 3 AS weekday) f;
SELECT deepsad_score(model, p) FROM picture, (SELECT deepsad_train(ARRAY[id, 1, 2], NULL, small()) AS model FROM picture) m;
SELECT deepsad_train(CASE WHEN id < 100 THEN p ELSE p || p END) FROM picture;
SELECT deepsad_train(CASE WHEN id < 100 THEN array_fill(id, ARRAY[99]) ELSE p END) FROM picture;
SELECT deepsad_train(t) FROM (SELECT id, CASE WHEN id < 100 THEN p ELSE p || p END AS pixels FROM picture) t;
SELECT deepsad_train(t) FROM (SELECT id, ARRAY[ARRAY[p, p], ARRAY[p, p]] AS pixels FROM picture) t;
SELECT deepsad_train(array_fill(id, ARRAY[300, 300])) FROM picture;
-- channels last: a warning, and a hint
SELECT deepsad_train(array_fill(id, ARRAY[9, 11, 3]), NULL, small('{"epochs": 1, "members": 1}')) IS NOT NULL AS trained FROM picture;
SELECT deepsad_train(t, NULL, small('{"epochs": 1, "members": 1, "network": "mlp"}')) IS NOT NULL AS trained FROM (SELECT array_fill(id, ARRAY[9, 8, 4]) AS pixels, id % 9 AS x FROM picture) t;
-- small ones have no convolutions
SELECT deepsad_info(deepsad_train(ARRAY[[id, id % 9, 1], [id % 8, id % 7, id % 6]], NULL, small())) ->> 'weights' = deepsad_info(deepsad_train(ARRAY[id, id % 9, 1, id % 8, id % 7, id % 6], NULL, small())) ->> 'weights' AS same FROM picture;
SELECT deepsad_train(ARRAY[[id, id % 9, 1], [id % 8, id % 7, id % 6]], NULL, small('{"network": "conv"}')) FROM picture;
-- options
SELECT deepsad_options(network => 'conv', channels => '{16,8}');
SELECT deepsad_options(network => 'cnn');
SELECT deepsad_options(channels => '{}');
SELECT deepsad_options(channels => '{0}');
SELECT deepsad_options(channels => '{1,2,3,4,5,6,7}');
SELECT deepsad_train(p, NULL, '{"channels": [8, 8, 8, 8]}') FROM picture;
SELECT deepsad_train(ARRAY[id, 2], NULL, '{"network": "conv"}') FROM picture;
SELECT deepsad_train(p, NULL, '{"network": "mlp", "hidden": []}') FROM picture;
SELECT deepsad_train(array_fill(id, ARRAY[200, 200]), NULL, '{"channels": [512, 512]}') FROM picture;
SELECT deepsad_info(deepsad_train(p, NULL, small('{"channels": [3], "hidden": [5], "latent": 4}'))) -> 'options' -> k AS value FROM picture, unnest('{channels,hidden,latent}'::text[]) k GROUP BY k ORDER BY k;
-- an update, p-values, frozen functions, whole sets
SELECT network, deepsad_info(deepsad_update(model, p, NULL, '{"epochs": 1}')) -> 'updates' AS updates FROM picture_model, picture GROUP BY network, model ORDER BY network;
SELECT deepsad_update(model, array_fill(1, ARRAY[9, 12]), NULL) FROM picture_model WHERE network = 'conv';
SELECT deepsad_update(model, p, NULL, '{"channels": [8, 4]}') FROM picture_model, picture WHERE network = 'conv';
SELECT bool_and(deepsad_pvalue(model, p) BETWEEN 0 AND 1) AS pvalues FROM picture_model, picture;
SELECT network, bool_and(q.score = deepsad_score(model, p)) AS same FROM picture_model, deepsad_score_query(model, 'SELECT id::bigint, p FROM picture') q JOIN picture ON id = key GROUP BY network ORDER BY network;
SELECT deepsad_freeze(model, 'picture_score') FROM picture_model WHERE network = 'conv';
SELECT bool_and(picture_score(p::float8[]) = deepsad_score(model, p)) AS same FROM picture, picture_model WHERE network = 'conv';
SELECT obj_description('picture_score(float8[])'::regprocedure);
CREATE INDEX ON picture (picture_score(p::float8[]));
SELECT bool_and(array_length(deepsad_embed(model, p), 1) > 0) AS embedded FROM picture_model, picture;
-- drift looks at a picture's mean and contrast, and at scores
SELECT brighter, deepsad_drift(model, array_fill(brighter, ARRAY[9, 11])::int[]) -> 'shifted' ? 'picture (mean)' AS mean FROM picture_model, picture, unnest('{0,100}'::int[]) brighter WHERE network = 'mlp' GROUP BY brighter;
SELECT network, d -> 'verdict' AS verdict, jsonb_path_query_array(d, '$.features[*].feature') AS features FROM (SELECT network, deepsad_drift(model, p) AS d FROM picture_model, picture GROUP BY network) d ORDER BY network;
SELECT jsonb_path_query_array(d, '$.features[*].feature') AS features FROM (SELECT deepsad_drift(model, t) AS d FROM row_model, picture, LATERAL (SELECT id % 7 AS weekday, p AS pixels, false AS flag) t) d;
-- models of pictures go out and come back, to the last bit
CREATE TABLE every_model AS SELECT network AS name, model FROM picture_model UNION ALL SELECT 'color', model FROM color_model UNION ALL SELECT 'row', model FROM row_model;
SELECT name, deepsad_import(deepsad_export_safetensors(model)) = model AS same FROM every_model ORDER BY name;
-- ... but not files whose shapes do not fit, or whose convolutions are missing
CREATE FUNCTION forged(network_name text, old text, new text) RETURNS bytea LANGUAGE sql AS
	$$SELECT deepsad_import(decode(replace(encode(deepsad_export_safetensors(model), 'hex'), encode(old::bytea, 'hex'), encode(new::bytea, 'hex')), 'hex')) FROM picture_model WHERE network = network_name$$;
SELECT forged('conv', '[1, 9, 11]', '[9, 1, 11]');
SELECT forged('conv', '[1, 9, 11]', '[1, 1, 99]');
SELECT forged('conv', '[1, 9, 11]', '[1, 9, 12]');
SELECT forged('mlp', '[1, 9, 11]', '[1, 99  ] ');
SELECT forged('mlp', '[1, 9, 11]', '[9, 1, 11]') IS NOT NULL AS other_shape;
SELECT forged('conv', 'member.0.conv.1.weight', 'member.0.conv.2.weight');
SELECT forged('conv', 'member.1.conv.1.weight', 'member.1.conv.2.weight');
SELECT forged('conv', 'member.1.conv.1.running_var', 'member.1.conv.1.running_vat');
SELECT forged('conv', '[8, 1, 5, 5]', '[8, 5, 5, 1]');
SELECT forged('conv', '"columns"', '"cOlumns"');
-- an ONNX graph takes the pixels one behind the other, as deepsad_encode gives them
SELECT name, length(deepsad_export_onnx(model, pvalue => true)) > 1000 AS graph, position('"shape": ['::bytea IN deepsad_export_onnx(model)) > 0 AS says_shape,
	position('MaxPool'::bytea IN deepsad_export_onnx(model)) > 0 AS pools FROM every_model ORDER BY name;
SELECT array_length(deepsad_encode(model, p), 1) AS features, (deepsad_encode(model, p))[12] = p[2][1] AS by_rows FROM picture_model, picture WHERE id = 1 AND network = 'conv';
SELECT name, j -> 'columns' -> 0 -> 'shape' AS shape, jsonb_array_length(j -> 'inputs') AS inputs, jsonb_array_length(j -> 'training_rows_by_feature' -> 'features') AS summaries, j -> 'options' -> 'channels' AS channels
FROM every_model, LATERAL (SELECT deepsad_export_json(model)::jsonb AS j) j ORDER BY name;
SELECT count(DISTINCT m ->> 'weights_crc32c') FROM every_model, jsonb_array_elements(deepsad_export_json(model)::jsonb -> 'members') m WHERE name = 'conv';
SELECT deepsad_export_sql(model, 'f') FROM picture_model WHERE network = 'conv';
SELECT deepsad_export_query(model, 'picture') FROM picture_model WHERE network = 'mlp';
-- reports draw the mean picture, and the most anomalous ones with what their pixels add to the score
CREATE FUNCTION parts(page text) RETURNS TABLE (drawn bigint, sentence text, small boolean) LANGUAGE sql AS
	$$SELECT (SELECT count(*) FROM regexp_matches(page, 'class="pixels"', 'g')), substring(page FROM 'trained on[^<]*'), length(page) < 200000$$;
SELECT name, parts.* FROM every_model, parts(deepsad_report(model)) ORDER BY name;
SELECT network, parts.* FROM (SELECT network, deepsad_report(model, CASE WHEN id <> 7 THEN p END, anomaly) AS page FROM picture_model, picture GROUP BY network) r, parts(page) ORDER BY network;
SELECT parts.*, page LIKE '%picture (contrast)%' OR page LIKE '%pixels (contrast)%' AS drift, page LIKE '%<td>(picture)</td>%' AS among_columns
FROM (SELECT deepsad_report(model, t, anomaly) AS page FROM row_model, picture, LATERAL (SELECT id % 7 AS weekday, p AS pixels, false AS flag) t) r, parts(page);
SELECT parts.*, page LIKE '%every pixel is missing%' AS missing FROM (SELECT deepsad_report(model, CASE WHEN id = 3 THEN array_fill(NULL::float8, '{9,11}') ELSE array_fill((id - 2) * 1.7e308, '{9,11}') END, NULL::boolean) AS page
	FROM picture_model, generate_series(1, 3) id WHERE network = 'conv') r, parts(page);
SELECT deepsad_report(model, array_fill(1, ARRAY[9, 12]), NULL::boolean) FROM picture_model WHERE network = 'conv';
-- training sets of pictures: byte for byte what the pictures themselves give
CREATE TABLE picture_set AS SELECT deepsad_merge(s) AS s FROM (SELECT deepsad_sample(p, label) AS s FROM picture, LATERAL (SELECT CASE WHEN anomaly AND id <= 200 THEN true END AS label) l GROUP BY id % 3) q;
SELECT network, deepsad_train_rows(s, small(jsonb_build_object('network', network))) = model AS same, deepsad_info(model)->>'digest' = deepsad_sample_info(s)->>'digest' AS digest
FROM picture_model, picture_set ORDER BY network;
SELECT deepsad_train_rows(deepsad_sample(ARRAY[p, p], anomaly), small('{"epochs": 1}')) = deepsad_train(ARRAY[p, p], anomaly, small('{"epochs": 1}')) AS color,
	deepsad_train_rows(deepsad_sample(x), small('{"epochs": 1}')) = deepsad_train(x, NULL, small('{"epochs": 1}')) AS wide,
	deepsad_train_rows(deepsad_sample(t, anomaly, NULL, id::text), small('{"epochs": 1}')) = deepsad_train(t, anomaly, small('{"epochs": 1}')) AS rows,
	deepsad_train_rows(deepsad_sample(p, anomaly), small('{"epochs": 1, "max_rows": 90, "calibration": "none"}')) = deepsad_train(p, anomaly, small('{"epochs": 1, "max_rows": 90, "calibration": "none"}')) AS sampled
FROM picture, LATERAL (SELECT id % 7 AS weekday, p AS pixels) t, LATERAL (SELECT CASE id % 40 WHEN 7 THEN array_fill(NULL::float8, ARRAY[9, 11]) WHEN 9 THEN array_fill(0.1 + id, ARRAY[9, 11]) ELSE p END AS x) x;
SELECT network, deepsad_update_rows(model, (SELECT s FROM picture_set), '{"epochs": 1}') = deepsad_update(model, p, CASE WHEN anomaly AND id <= 200 THEN true END, '{"epochs": 1}') AS updated
FROM picture_model, picture GROUP BY network, model ORDER BY network;
SELECT network, deepsad_calibrate_rows(model, deepsad_sample(p2, anomaly)) = deepsad_calibrate(model, p2, anomaly ORDER BY md5(id::text)) AS calibrated
FROM picture_model, picture, LATERAL (SELECT ('{' || replace(p::text, '1', '3') || '}')::int[] AS p2) z GROUP BY network, model ORDER BY network;
SELECT deepsad_calibrate_rows(model, s) FROM picture_model, picture_set WHERE network = 'conv';
SELECT deepsad_update_rows(model, deepsad_sample(p[1:8])) FROM picture_model, picture WHERE network = 'conv' GROUP BY model;
-- more memory than there is: the hint names what pictures have
SET maintenance_work_mem = '1MB';
SELECT deepsad_train(x, NULL, '{"channels": [64, 64], "network": "conv"}') FROM generate_series(1, 300) i, LATERAL (SELECT array_fill(i, '{28,28}') AS x) p;
RESET maintenance_work_mem;
DROP TABLE picture_set;
DROP TABLE picture, picture_model, color_model, row_model, every_model, wide CASCADE;
DROP FUNCTION small, bar, forged, parts, picture_score, picture_score_model;
