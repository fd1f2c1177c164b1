-- columns that are found, left out or warned of without anybody's saying so
SET extra_float_digits = 0;
CREATE FUNCTION quick(columns jsonb DEFAULT NULL) RETURNS jsonb LANGUAGE sql IMMUTABLE AS
	$$SELECT deepsad_options(epochs => 2, pretrain_epochs => 2, members => 2, columns => columns)$$;
-- what a model knows of its columns
CREATE FUNCTION known(model bytea) RETURNS TABLE (name text, encoding text, left_out text) LANGUAGE sql AS
	'SELECT feature, encoding, left_out FROM deepsad_columns(model)';

-- rows are found by name whenever both sides have names, whatever those are
CREATE TABLE ftab AS SELECT 5000 + i % 97 AS f3, i * 0.37 % 1 AS f1, i % 7 AS f2 FROM generate_series(1, 400) i;
CREATE TABLE ftab_model AS SELECT deepsad_train(ftab, NULL, quick()) AS model FROM ftab;
SELECT count(*) FILTER (WHERE deepsad_score(model, x) <> deepsad_score(model, ftab)) AS subquery,
	count(*) FILTER (WHERE deepsad_score(model, ROW(ftab.f1, ftab.f2, ftab.f3)) <> deepsad_score(model, ftab)) AS row_of_names,
	count(*) FILTER (WHERE deepsad_score(model, ftab.f3, ftab.f1, ftab.f2) <> deepsad_score(model, ftab)) AS loose
FROM ftab_model, ftab, LATERAL (SELECT f1, f2, f3) x;
SELECT e.feature, e.value FROM ftab_model, (SELECT f1, f2, f3 FROM ftab LIMIT 1) x, deepsad_explain(model, x) e ORDER BY 1;
SELECT deepsad_drift(model, x) -> 'verdict' AS verdict FROM ftab_model, (SELECT f1, f2, f3 FROM ftab) x;
-- a mixture is an error that says what to write
SELECT deepsad_score(model, x) FROM ftab_model, (SELECT f1, f2, f3 AS other FROM ftab LIMIT 1) x;
SELECT deepsad_score(model, ROW(f1, f2)) FROM ftab_model, ftab LIMIT 1;
-- a table's columns by name, when they are called so
CREATE TABLE payments (id int, f1 float8, f2 float8, is_fraud boolean);
INSERT INTO payments SELECT i, i % 11, i % 13, i % 50 = 0 FROM generate_series(1, 400) i;
SELECT name, encoding FROM known(deepsad_train_table('payments', '{f1,f2}', 'is_fraud', quick('{"f2": "category"}')));
SELECT bool_and(deepsad_score(model, payments) = deepsad_score(model, f1, f2)) AS same
FROM payments, (SELECT deepsad_train_table('payments', '{f1,f2}', 'is_fraud', quick()) AS model) m;

-- what cannot mean the same later: serial numbers, what rises with them or with a time, instants, times that never vary, identifiers
CREATE TABLE visit AS SELECT i AS id, 1000000 - i AS descending, i / 10 AS load, 7 AS always, i % 5 AS kind,
	'2026-01-01 00:00+00'::timestamptz + i * interval '43 minutes' AS created, '2026-03-01'::date AS loaded, interval '1 day' AS period,
	time '10:00' AS opens, (i * 7919 % 1000)::float8 AS amount, i + 0.5 * (i * 31 % 7) AS odometer, md5(i::text) AS session, md5(i::text)::uuid AS device,
	'tcp'::text AS proto, false AS is_admin, i % 40 = 0 AS odd
FROM generate_series(1, 1200) i;
CREATE TABLE visit_model AS SELECT deepsad_train(visit, NULL, quick()) AS model FROM visit;
SELECT known.* FROM visit_model, known(model);
SELECT deepsad_info(model) -> 'columns' AS columns, deepsad_info(model) -> 'left_out' AS left_out FROM visit_model;
-- the order of the rows does not matter
SELECT count(DISTINCT model) FROM (SELECT model FROM visit_model
	UNION ALL SELECT deepsad_train(visit, NULL, quick() ORDER BY amount, id) FROM visit
	UNION ALL SELECT deepsad_train(visit, NULL, quick() ORDER BY id DESC) FROM visit
	UNION ALL SELECT deepsad_train(visit, NULL, quick() ORDER BY kind, id) FROM visit) m;
-- rows later on need not have them
SELECT deepsad_score(model, x) = deepsad_score(model, visit) AS same FROM visit_model, visit, LATERAL (SELECT always, kind, created, amount, odometer, proto, is_admin, odd) x WHERE visit.id = 1;
-- they stay when they are asked for: by a table's features, or by saying what they become
SELECT * FROM known(deepsad_train_table('visit', '{id,created,loaded,session}', NULL, quick()));
SELECT * FROM known((SELECT deepsad_train(visit, NULL, quick('{"id": "number", "created": "number", "loaded": ["time", "number"], "period": "number",
	"session": "category", "descending": "skip", "opens": "time"}')) FROM visit));
SELECT deepsad_drift(model, later.x) -> 'shifted' AS shifted FROM (SELECT deepsad_train(x, NULL, quick('{"id": "number", "created": "number"}')) AS model
	FROM visit, LATERAL (SELECT id, created, amount) x) m,
	(SELECT x FROM visit, LATERAL (SELECT id + 1200 AS id, created + interval '40 days' AS created, amount) x) later;
-- a message for each column, however many groups there are
SELECT kind, deepsad_is_model(deepsad_train(x, NULL, quick())) FROM visit, LATERAL (SELECT id / 5 AS id, amount) x GROUP BY kind ORDER BY kind;
-- few rows: no more than a warning
SELECT * FROM known((SELECT deepsad_train(x, NULL, quick()) FROM (SELECT id, amount FROM visit LIMIT 50) x));
-- time of day and day of week, when the rows have seen enough of them; the difference of two instants
SELECT days, string_agg(name || ': ' || coalesce(encoding, left_out), '; ' ORDER BY name) AS columns FROM (
	SELECT days, deepsad_train(x, NULL, quick()) AS model FROM unnest('{0.25,4,10,15}'::float8[]) days, generate_series(1, 3000) i,
		LATERAL (SELECT '2026-01-01'::timestamp + i / 3000.0 * days * interval '1 day' AS at, '2026-01-01'::date + (i / 3000.0 * days)::int AS day, i % 7 AS n) x
	GROUP BY days) m, known(model) GROUP BY days ORDER BY days;
SELECT * FROM known((SELECT deepsad_train(x, NULL, quick()) FROM generate_series(1, 1000) i,
	LATERAL (SELECT '2020-01-01'::date + i * 7919 % 1000 AS opened, '2026-01-01'::timestamp + i * interval '1 hour' AS paid, i % 7 AS n) x));

-- columns that tell the label
CREATE TABLE credit AS SELECT i, random() AS a, random() AS b, (i % 20 = 0)::int AS class, CASE WHEN i % 20 = 0 THEN 'bad' ELSE 'good' END AS verdict,
	i % 20 <> 0 AS fine, CASE WHEN i % 20 = 0 THEN i % 90 END AS reason, CASE WHEN i % 20 = 0 THEN 5 + random() ELSE random() END AS risk, i % 20 = 0 OR i % 30 = 0 AS on_blacklist
FROM generate_series(1, 1000) i;
SELECT * FROM known((SELECT deepsad_train(credit, class = 1, quick('{"i": "skip"}')) FROM credit));
SELECT * FROM known((SELECT deepsad_train(x, CASE WHEN class = 1 THEN true END, quick()) FROM credit,
	LATERAL (SELECT a, on_blacklist, risk, CASE WHEN class = 1 THEN i % 80 END AS reason, CASE WHEN i % 20 = 0 THEN 'x' ELSE 'y' || i % 3 END AS code) x));
SELECT * FROM known((SELECT deepsad_train(x, CASE WHEN i % 4 = 0 THEN credit.class = 1 END, quick()) FROM credit,
	LATERAL (SELECT a, CASE WHEN i % 4 = 0 THEN i % 100 END AS closed_by, CASE WHEN i % 4 = 0 THEN class ELSE 7 END AS class) x));
-- arrays, too
SELECT * FROM known((SELECT deepsad_train(x, CASE WHEN i % 4 = 0 THEN credit.class = 1 END, quick()) FROM credit,
	LATERAL (SELECT a, CASE WHEN i % 4 = 0 THEN ARRAY[sin(i), NULL] END AS evidence, CASE WHEN class = 1 AND i % 4 = 0 THEN ARRAY[cos(i), 1] END AS plea,
		CASE WHEN i % 4 = 1 THEN ARRAY[sin(i), i % 9] END AS other) x));
-- asked for: a warning
SELECT * FROM known(deepsad_train_table('credit', '{a,class}', 'fine', quick()));
SELECT deepsad_is_model(deepsad_train(ARRAY[a, b, class], class = 1, quick())) FROM credit;
-- too few labels to be sure
SELECT * FROM known((SELECT deepsad_train(x, class = 1, quick()) FROM (SELECT a, b, class FROM credit WHERE i <= 60) x));

-- casts that no query names: IMMUTABLE ones of the caller's or a superuser's, to real[] or float8[]
CREATE TYPE span AS (low float8, high float8);
CREATE FUNCTION span_array(span) RETURNS float8[] LANGUAGE sql IMMUTABLE AS 'SELECT ARRAY[($1).low, ($1).high]';
CREATE CAST (span AS float8[]) WITH FUNCTION span_array(span);
CREATE TABLE spans AS SELECT ROW(i % 11, i % 13)::span AS s, i % 17 AS n FROM generate_series(1, 300) i;
SELECT name, encoding FROM known((SELECT deepsad_train(spans, NULL, quick()) FROM spans));
ALTER FUNCTION span_array(span) VOLATILE;
SELECT deepsad_train(spans, NULL, quick()) FROM spans;
ALTER FUNCTION span_array(span) IMMUTABLE;
CREATE ROLE regress_deepsad_caster;
ALTER FUNCTION span_array(span) OWNER TO regress_deepsad_caster;
SELECT deepsad_train(spans, NULL, quick()) FROM spans;
DROP TABLE spans;
DROP TYPE span CASCADE;
DROP ROLE regress_deepsad_caster;

-- odd names: what the hints say can be written so
CREATE TABLE odd_names ("a""b" point, "c'\d" point, "e f" int);
INSERT INTO odd_names VALUES (NULL, NULL, 1);
SELECT deepsad_train(x) FROM odd_names, LATERAL (SELECT "a""b", "e f") x;
SELECT deepsad_train(x) FROM odd_names, LATERAL (SELECT "c'\d", "e f") x;
SELECT deepsad_is_model(deepsad_train(odd_names, NULL, '{"epochs": 1, "members": 1, "columns": {"a\"b": "skip", "c''\\d": "skip"}}')) FROM odd_names;
-- options are checked inside "columns", too
SELECT deepsad_options(columns => '{"a": "nonsense"}');
SELECT deepsad_options(columns => '{"a": ["number", "category"]}');
SELECT deepsad_options(columns => '{"a": {"as": "category", "tops": 3}}');
SELECT deepsad_options(columns => '{"a": {"top": 0}}');
SELECT deepsad_options(columns => '{"a": 5}');
SELECT deepsad_options(columns => '{"a": {"as": ["time", null]}}');
SELECT deepsad_options(columns => '{"a": ["time", "number"], "b": {"as": "skip"}}');
SELECT deepsad_train(x, NULL, quick('{"n": "time"}')) FROM (SELECT 1 AS n) x;
-- what would say nothing of such a column
SELECT deepsad_train(x, NULL, quick('{"n": {"top": 3}}')) FROM (SELECT 1 AS n) x;
SELECT deepsad_train(x, NULL, quick('{"n": {"as": "category", "prefix": 8}}')) FROM (SELECT 1 AS n) x;
SELECT deepsad_train(x, NULL, quick('{"n": {"prefix": 8}}')) FROM (SELECT 'a'::text AS n) x;
SELECT deepsad_train(x, NULL, quick('{"n": {"as": "skip", "top": 3}, "m": {"as": "category", "top": 3}}')) IS NOT NULL AS trained FROM (SELECT 1 AS n, i % 5 AS m FROM generate_series(1, 30) i) x;
-- numbers beyond the range of double precision are named
SELECT deepsad_train(x, NULL, quick()) FROM (SELECT 1 AS n, ('1' || repeat('0', 400))::numeric AS big) x;
SELECT deepsad_train(ARRAY[1, ('1' || repeat('0', 400))::numeric], NULL, quick());
-- arrays that are NULL in any number of first rows
SELECT name, encoding FROM known((SELECT deepsad_train(x, NULL, quick() ORDER BY i) FROM (SELECT i, i % 7 AS n, CASE WHEN i > 11000 THEN ARRAY[i % 3, i % 5] END AS pair
	FROM generate_series(1, 12000) i) s, LATERAL (SELECT n, pair) x));
-- the same when so many rows wait that they go to a file, and a label comes with each
SELECT name, encoding FROM known((SELECT deepsad_train(x, i % 100 = 0, quick() ORDER BY i) FROM (SELECT i, 'kind ' || i % 7 AS kind, CASE WHEN i > 50000 THEN ARRAY[i % 3, i % 5] END AS pair
	FROM generate_series(1, 50100) i) s, LATERAL (SELECT kind, pair) x));
CREATE TABLE nets AS SELECT i % 7 AS n, ('10.' || i / 65536 || '.' || i / 256 % 256 || '.' || i % 256)::inet AS client FROM generate_series(1, 3000) i;
-- more networks, and more different texts, than are counted: the rest is trained on, in whatever order
SELECT name, left_out FROM known((SELECT deepsad_train(x, NULL, quick()) FROM (SELECT i % 7 AS n, ('10.' || i / 65536 || '.' || i / 256 % 256 || '.' || i % 256)::inet AS client, md5(i::text) AS a, md5((-i)::text) AS b
	FROM generate_series(1, 120000) i ORDER BY i % 1013) x)) WHERE left_out IS NOT NULL;
SELECT (SELECT deepsad_train(x, NULL, quick('{"client": {"prefix": 32}}')) FROM nets x) = (SELECT deepsad_train(x, NULL, quick('{"client": {"prefix": 32}}') ORDER BY n, client DESC) FROM nets x) AS same;
-- rows without names: all columns in the order of the training rows, or those that are left
CREATE TABLE unnamed AS SELECT deepsad_train(ROW(i, i % 7, sin(i)), NULL, quick()) AS model FROM generate_series(1, 300) i;
SELECT feature, left_out FROM unnamed, deepsad_columns(model);
SELECT deepsad_score(model, ROW(900, 3, 0.5::float8)) = deepsad_score(model, ROW(3, 0.5::float8)) AS as_row, deepsad_score(model, 900, 3, 0.5::float8) = deepsad_score(model, 3, 0.5::float8) AS loose,
	deepsad_score(model, ROW(900, 3, 0.5::float8)) = deepsad_score(model, x) AS named FROM unnamed, (SELECT 900 AS id, 3 AS n, 0.5::float8 AS s) x;
SELECT deepsad_score(model, y) = deepsad_score(model, ROW(3, 0.5::float8)) AS two_named FROM unnamed, (SELECT 3 AS n, 0.5::float8 AS s) y;
SELECT deepsad_score(model, 1) FROM unnamed;
DROP TABLE unnamed, nets;
-- rows of several types in one training
SELECT deepsad_train(r, NULL, quick()) FROM (SELECT ROW(i % 3, i % 5) AS r FROM generate_series(1, 50) i UNION ALL SELECT ROW(1, 2, 3)) s;
SELECT deepsad_train(r, NULL, quick()) FROM (SELECT ROW(i % 3, i % 5) AS r FROM generate_series(1, 50) i UNION ALL SELECT ROW(1, 'b'::text)) s;
SELECT deepsad_train(r, NULL, quick()) FROM (SELECT ROW(i % 3, ARRAY[i % 5, 1]) AS r FROM generate_series(1, 50) i UNION ALL SELECT ROW(1, ARRAY[1])) s;
-- an array with an element missing in a labeled row keeps its features
SELECT deepsad_info(deepsad_train(ARRAY[sin(i), CASE WHEN i <> 10 THEN cos(i) END, i % 3], i % 10 = 0, quick())) -> 'features' AS features FROM generate_series(1, 300) i;
-- a group of which nothing is left has no model; the others have
SELECT g, deepsad_train(x, NULL, quick()) IS NOT NULL AS trained FROM (SELECT g, CASE WHEN g = 1 THEN timestamp '2026-01-01' ELSE '2026-01-01'::timestamp + i * i * interval '10 minutes' END AS at
	FROM generate_series(1, 2) g, generate_series(1, 100) i) s, LATERAL (SELECT at) x GROUP BY g ORDER BY g;
-- one sequence numbers the rows of all tenants: no tenant shows it, all together do
SELECT count(deepsad_train) AS models FROM (SELECT deepsad_train(x, NULL, quick()) FROM (SELECT (i * 7919) % 20 AS tenant, i AS id, i % 11 AS n FROM generate_series(1, 4000) i) s, LATERAL (SELECT id, n) x GROUP BY tenant) q;
SELECT count(deepsad_train) AS models FROM (SELECT deepsad_train(x, NULL, quick()) FROM (SELECT i % 20 AS tenant, hashint4(i) % 4000 AS id, i % 11 AS n FROM generate_series(1, 4000) i) s, LATERAL (SELECT id, n) x GROUP BY tenant) q;
-- a category that is called like what stands for all others
SELECT string_agg(f ->> 'feature', ', ') AS features FROM (SELECT deepsad_drift(model, x) AS drift FROM (SELECT deepsad_train(x, NULL, quick()) AS model
	FROM generate_series(1, 200) i, LATERAL (SELECT CASE i % 3 WHEN 0 THEN '(other)' WHEN 1 THEN 'a' ELSE 'b' || i END AS c, i % 7 AS n) x) m, (SELECT 'a' AS c, 1 AS n) x) d,
	jsonb_array_elements(drift -> 'features') f;
-- negative zeros are zeros
SELECT deepsad_train(ARRAY[CASE WHEN i % 2 = 0 THEN '-0'::float8 ELSE 0 END, i % 11, i % 5], NULL, quick() ORDER BY i) =
	deepsad_train(ARRAY[CASE WHEN i % 2 = 0 THEN '-0'::float8 ELSE 0 END, i % 11, i % 5], NULL, quick() ORDER BY md5(i::text)) AS same FROM generate_series(1, 300) i;
SELECT * FROM deepsad_columns('\x01');
DROP TABLE ftab, ftab_model, payments, visit, visit_model, credit, odd_names;
DROP FUNCTION quick, known;

-- a wide array before the others
SELECT feature, left_out FROM deepsad_columns((SELECT deepsad_train(t, NULL, '{"epochs": 1, "pretrain_epochs": 0, "members": 1}')
	FROM (SELECT array_fill(sin(i), '{200}') AS numbers, timestamp '2026-01-01' + i * interval '1 hour' AS at, i / 7 AS load, md5((i / 20)::text) AS session, cos(i) AS x
		FROM generate_series(1, 400) i) t)) WHERE left_out IS NOT NULL;
