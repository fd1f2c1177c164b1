-- Trainings of every kind: `rows` makes rows FIRST to LAST, of which `row` is what a model is trained on. They are made of
-- whole numbers, the same everywhere. For tests/exchange/store.sql and tests/oldmodels/store.sql.
CREATE TABLE kind (name text, row text, rows text, options jsonb);
INSERT INTO kind
SELECT name, CASE WHEN name = 'columns' THEN 'r' ELSE 'r.f' END, CASE WHEN name = 'columns' THEN
	'SELECT i * 7919.0 % 1009 / 10 AS amount, i * 31 % 23 AS visits, (ARRAY[''a'', ''it''''s; --'', ''é"<b>'', NULL])[1 + i % 4] AS "kind of; --", '
	'i % 2 = 0 AS flag, timestamptz ''2024-01-01 00:00+00'' + i * 7919 % 100000 * interval ''1 minute'' AS at, '
	'i * 31 % 97 * interval ''1 hour'' AS took, (''10.'' || i % 4 || ''.0.1'')::inet AS host, date ''2024-01-01'' + i * 17 % 91 AS day, '
	'NULLIF(i * 131 % 23, 7) AS gaps, ARRAY[i * 17.5 % 13, i * 31 % 11] AS pair FROM generate_series(FIRST, LAST) i' ELSE
	'SELECT ARRAY[i * 7919.0 % 1009 / 100, NULLIF(i * 31.5 % 97 / 10, 0), i * i % 101.0 / 7] AS f FROM generate_series(FIRST, LAST) i' END,
	'{"epochs": 3, "pretrain_epochs": 2, "hidden": [8], "latent": 3}'::jsonb || options
FROM (VALUES ('columns', '{"members": 2, "hidden": [8, 4], "columns": {"at": ["time", "number"], "day": "time"}}'::jsonb), ('split', '{}'),
	('cross', '{"members": 3, "calibration": "cross"}'), ('paper', '{"preset": "paper"}'), ('fast', '{"preset": "fast", "validation": 0.2}'),
	('minmax', '{"members": 2, "scaling": "minmax", "calibration": "none", "threshold": 1.5}'),
	('deep', '{"members": 1, "hidden": [6, 5, 4, 3], "scaling": "robust"}')) v (name, options);
INSERT INTO kind VALUES ('wide', 'r.f', 'SELECT (SELECT array_agg((i * 7919 + j * j * 104729) % 997 / 10.0 + i % 7 * j ORDER BY j) FROM generate_series(1, 20) j) AS f FROM generate_series(FIRST, LAST) i',
	'{"epochs": 3, "pretrain_epochs": 2, "hidden": [8], "latent": 3, "members": 2, "scaling": "common", "input_weight": 1}');
-- pictures, with missing pixels; one among other columns
INSERT INTO kind
SELECT name, CASE WHEN name = 'picture' THEN 'r.f' ELSE 'r' END, format(
	'SELECT %sf FROM generate_series(FIRST, LAST) i, LATERAL (SELECT array_agg(plane ORDER BY z) AS all_planes, (array_agg(plane))[1:1] AS planes FROM ('
	'SELECT z, array_agg(line ORDER BY y) AS plane FROM (SELECT z, y, array_agg(CASE WHEN (i * 7 + x * 3 + y + z) %% 41 > 0 THEN (i * 7919 + y * 104729 + x * 1299709 + z * 31) %% 97 END ORDER BY x) AS line '
	'FROM generate_series(1, %s) z, generate_series(1, %s) y, generate_series(1, %s) x GROUP BY z, y) lines GROUP BY z) planes) p, '
	'LATERAL (SELECT %s AS f) f',
	CASE WHEN name = 'picture' THEN '' ELSE 'i * 31 % 23 AS "a ""b""", ' END, channels, height, width,
	CASE WHEN channels = 1 THEN '(SELECT array_agg(array_agg) FROM (SELECT array_agg(v ORDER BY o) FROM unnest(planes) WITH ORDINALITY u (v, o) GROUP BY (o - 1) / ' || width || ' ORDER BY (o - 1) / ' || width || ') l)'
		ELSE 'all_planes' END),
	'{"epochs": 2, "pretrain_epochs": 1, "latent": 3, "batch_size": 32}'::jsonb || options
FROM (VALUES ('picture', 1, 5, 7, '{"members": 2, "channels": [3, 2]}'::jsonb),
	('picture and column', 2, 6, 9, '{"members": 3, "channels": [4], "hidden": [5], "calibration": "cross", "scaling": "standard_robust"}')) v (name, channels, height, width, options);
