-- rows of real tables: columns by name, categories, gaps, times
SET extra_float_digits = 0;
CREATE TYPE channel AS ENUM ('web', 'shop', 'phone');
CREATE TABLE tx (id bigint, amount numeric(10,2), country text, online boolean, created timestamptz, day date, at time,
	took interval, client inet, way channel, gap int, sizes real[], kept varchar(10), fixed char(4), is_fraud boolean);
INSERT INTO tx SELECT i, i % 37 + i % 11 / 10.0, (ARRAY['DE', 'FR', 'US', 'JP', 'Ünï'])[1 + i % 5], i % 3 = 0,
	'2026-01-01 00:00+00'::timestamptz + i * interval '37 minutes', '2026-01-01'::date + i % 40, '00:00'::time + i * interval '13 minutes',
	i % 9 * interval '1 hour', ('10.' || i % 3 || '.0.' || i % 200)::inet, (enum_range(NULL::channel))[1 + i % 3],
	CASE WHEN i % 20 <> 0 THEN i % 7 END, ARRAY[i % 3, i % 4], CASE WHEN i % 9 > 0 THEN 'k' || i % 4 END, 'f' || i % 2,
	CASE WHEN i % 100 = 0 THEN true END
FROM generate_series(1, 1500) i;
CREATE FUNCTION quick() RETURNS jsonb LANGUAGE sql IMMUTABLE AS
	$$SELECT deepsad_options(epochs => 2, pretrain_epochs => 2, members => 2, columns => '{"id": "skip"}')$$;

-- an enum's labels can be renamed: it must be text
SELECT deepsad_train(t, is_fraud, quick()) FROM tx t;
ALTER TABLE tx ALTER way TYPE text;
-- the label is a column of the row: left out, with a notice
CREATE TABLE tx_model AS SELECT deepsad_train(t, is_fraud, quick()) AS model FROM tx t;
SELECT feature, type, encoding, features, inputs, missing FROM tx_model, deepsad_columns(model);
SELECT feature, expected, categories FROM tx_model, deepsad_columns(model) WHERE left_out IS NULL;
SELECT feature, left_out FROM tx_model, deepsad_columns(model) WHERE left_out IS NOT NULL;
SELECT deepsad_info(model) -> 'columns' AS columns, deepsad_info(model) -> 'features' AS features, jsonb_pretty(deepsad_info(model) -> 'rows') AS rows FROM tx_model;
-- the table's row, its columns in another order and with others among them, and loose ones: the same score
SELECT count(*), count(DISTINCT id), bool_and(deepsad_score(model, t) = deepsad_score(model, f)) AS reordered,
	bool_and(deepsad_score(model, t) = deepsad_score(model, t.amount, t.country, t.online, t.created, t.day, t.at, t.took, t.client, t.way, t.gap, t.sizes, t.kept, t.fixed)) AS loose,
	bool_and(deepsad_score(model, t) = deepsad_score(model, ROW(t.amount, t.country, t.online, t.created, t.day, t.at, t.took, t.client, t.way, t.gap, t.sizes, t.kept, t.fixed))) AS positions
FROM tx_model, tx t, LATERAL (SELECT 1 AS more, way, kept, fixed, sizes, took, client, gap, at, day, NULL::point AS other, created, online, country, amount) f;
-- other types for the same values
SELECT bool_and(deepsad_score(model, t) = deepsad_score(model, f)) AS same
FROM tx_model, tx t, LATERAL (SELECT amount::float8, country::varchar, online, created, day, at, took, client::cidr, way::name, gap::bigint, sizes::float8[], kept::name, fixed::text) f
WHERE masklen(t.client) = 32;
-- scores depend on no setting
CREATE TABLE tx_score AS SELECT id, deepsad_score(model, t) AS score FROM tx t, tx_model;
SET timezone = 'Asia/Tokyo';
SET datestyle = 'German';
SET intervalstyle = 'iso_8601';
SELECT bool_and(deepsad_score(model, t) = score) AS same FROM tx_score JOIN tx t USING (id), tx_model;
RESET timezone;
RESET datestyle;
RESET intervalstyle;
-- a model does not depend on the order of the rows
SELECT deepsad_train(t, is_fraud, quick()) = deepsad_train(t, is_fraud, quick() ORDER BY md5(id::text)) AS same FROM tx t;
-- NULL in each column: a score, another than before
DO $$
DECLARE c text; before float8; after float8;
BEGIN
	FOR c IN SELECT feature FROM tx_model, deepsad_columns(model) WHERE left_out IS NULL LOOP
		EXECUTE format('SELECT deepsad_score(model, t), deepsad_score(model, jsonb_populate_record(t, jsonb_build_object(%L, NULL))) FROM tx_model, tx t WHERE id = 3', c) INTO before, after;
		IF after IS NULL OR after = before THEN RAISE NOTICE '% NULL: % instead of %', c, after, before; END IF;
	END LOOP;
END $$;
SELECT deepsad_score(model, NULL::tx) IS NULL AS no_row, deepsad_score(NULL, t) IS NULL AS no_model, deepsad_score(model, jsonb_populate_record(NULL::tx, '{}')) > 0 AS all_missing FROM tx_model, tx t LIMIT 1;
-- an unseen category is like any other unseen one
SELECT deepsad_score(model, a) = deepsad_score(model, b) AS same, deepsad_score(model, a) > deepsad_score(model, t) AS higher
FROM tx_model, tx t, jsonb_populate_record(t, '{"country": "XX"}') a, jsonb_populate_record(t, '{"country": "Yy"}') b WHERE t.id = 3;
-- renamed, dropped and retyped columns
SELECT deepsad_score(model, f) FROM tx_model, (SELECT amount, country AS land, online, created, day, at, took, client, way, gap, sizes, kept, fixed FROM tx) f;
ALTER TABLE tx RENAME COLUMN gap TO hole;
SELECT deepsad_score(model, t) FROM tx_model, tx t;
ALTER TABLE tx RENAME COLUMN hole TO gap;
ALTER TABLE tx ALTER gap TYPE text;
SELECT deepsad_score(model, t) FROM tx_model, tx t;
ALTER TABLE tx ALTER gap TYPE smallint USING gap::smallint;
SELECT bool_and(deepsad_score(model, t) = score) AS same FROM tx_score JOIN tx t USING (id), tx_model;
ALTER TABLE tx ADD COLUMN later int DEFAULT 5;
ALTER TABLE tx DROP COLUMN fixed;
SELECT deepsad_score(model, t) FROM tx_model, tx t;
ALTER TABLE tx ADD COLUMN fixed text;
UPDATE tx SET fixed = 'f' || id % 2;
SELECT bool_and(deepsad_score(model, t) = score) AS same FROM tx_score JOIN tx t USING (id), tx_model;
SELECT deepsad_score(model, 1, 2) FROM tx_model;
SELECT deepsad_score(model, f) FROM tx_model, tx, LATERAL (SELECT amount, country, online, created, day, at, took, client, way::channel, gap, sizes, kept, fixed) f;
SELECT deepsad_score(model, ROW(1, 2)) FROM tx_model;
SELECT deepsad_score(model, ARRAY[1, 2]) FROM tx_model;
SELECT deepsad_score(model, amount, country, online, created, day, at, took, client, way, gap, gap, kept, fixed) FROM tx_model, tx;
SELECT deepsad_score(model, jsonb_populate_record(t, '{"sizes": [1, 2, 3]}')) FROM tx_model, tx t LIMIT 1;
SELECT deepsad_score(model, jsonb_populate_record(t, '{"sizes": [1, "infinity"]}')) FROM tx_model, tx t LIMIT 1;
-- infinite times are missing
SELECT deepsad_score(model, jsonb_populate_record(t, '{"created": "infinity"}')) = deepsad_score(model, jsonb_populate_record(t, '{"created": null}')) AS same FROM tx_model, tx t WHERE id = 3;
-- in a trigger, where NEW has more columns
CREATE TABLE scored (LIKE tx, score float8);
CREATE FUNCTION score_new() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	NEW.score := deepsad_score((SELECT model FROM tx_model), NEW);
	RETURN NEW;
END $$;
CREATE TRIGGER t BEFORE INSERT ON scored FOR EACH ROW EXECUTE FUNCTION score_new();
INSERT INTO scored SELECT * FROM tx WHERE id <= 20;
SELECT bool_and(scored.score = tx_score.score) AS same FROM scored JOIN tx_score USING (id);

-- in a database of another encoding
SELECT encode(model, 'hex') AS model, encode(float8send(score), 'hex') AS score FROM tx_model, tx_score WHERE id = 4 \gset
SELECT current_database() AS here \gset
CREATE DATABASE regress_deepsad_latin TEMPLATE template0 ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C';
\c regress_deepsad_latin
SET client_min_messages = warning;
CREATE EXTENSION deepsad;
SET client_encoding = 'UTF8';
CREATE TABLE row4 (amount numeric, country text, online boolean, created timestamptz, day date, at time, took interval, client inet, way text,
	gap int, sizes real[], kept text, fixed text);
INSERT INTO row4 VALUES (4 + 4 / 10.0, 'Ünï', false, '2026-01-01 02:28+00', '2026-01-05', '00:52', '4 hours', '10.1.0.4', 'shop', 4, '{1,0}', 'k0', 'f0');
SELECT country, length(country), encode(float8send(deepsad_score(decode(:'model', 'hex'), r)), 'hex') = :'score' AS same FROM row4 r;
-- (before PostgreSQL 14 the numbers of its bytes)
SELECT categories[5] IN ('Ünï', '\xc3\x9cn\xc3\xaf') AS shown FROM deepsad_columns(decode(:'model', 'hex')) WHERE feature = 'country';
\c :here
DROP DATABASE regress_deepsad_latin;
SET extra_float_digits = 0;

-- explanations speak of columns
SELECT feature, value, expected FROM tx_model, tx t, deepsad_explain(model, t) WHERE id = 100 ORDER BY feature;
SELECT abs(sum(contribution) - (deepsad_score(model, t) - (deepsad_info(model) ->> 'baseline_score')::float8)) < 1e-6 AS adds_up
FROM tx_model, tx t, deepsad_explain(model, t) WHERE id = 7 GROUP BY model, t.*;
SELECT value FROM tx_model, tx t, jsonb_populate_record(t, '{"country": "XX"}') f, deepsad_explain(model, f) WHERE t.id = 1 AND feature = 'country';
-- embeddings, updates, batches
SELECT abs((SELECT sum(x * x) FROM unnest(deepsad_embed(model, t)) x) / deepsad_score(model, t) - 1) < 1e-5 AS squared_length FROM tx_model, tx t WHERE id = 1;
SELECT count(*), bool_and(tx_score.score = b.score) AS same FROM tx_model, deepsad_score_query(model, 'SELECT id, t FROM tx t') b JOIN tx_score ON id = key;
SELECT count(*), bool_and(deepsad_pvalue(model, t) BETWEEN 0 AND 1) AS pvalues, count(deepsad_is_anomaly(model, t)) FROM tx_model, tx t;
SELECT deepsad_drift(model, t) -> 'verdict' AS verdict FROM tx_model, tx t;
SELECT string_agg(f ->> 'feature', E'\n') AS features FROM (SELECT deepsad_drift(model, t) AS d FROM tx_model, tx t) d, jsonb_array_elements(d -> 'features') f;
SELECT d -> 'shifted' ? 'country = DE' AS country, d -> 'shifted' ? 'amount' AS amount FROM (SELECT deepsad_drift(model, t) AS d FROM tx_model, tx t WHERE country = 'DE') d;
CREATE TABLE updated AS SELECT deepsad_update(model, t, id % 50 = 0, '{"epochs": 2}') AS model FROM tx_model, tx t;
SELECT deepsad_info(model) #- '{last_update,digest}' -> 'last_update' AS last_update FROM updated;
SELECT count(*) FROM (SELECT feature, encoding, categories FROM tx_model, deepsad_columns(model) EXCEPT SELECT feature, encoding, categories FROM updated, deepsad_columns(model)) e;
SELECT deepsad_score(updated.model, t) > 0 AND deepsad_score(updated.model, t) <> deepsad_score(tx_model.model, t) AS updated FROM updated, tx_model, tx t WHERE id = 1;
SELECT deepsad_update(model, t, NULL, '{"columns": {}}') FROM tx_model, tx t;
SELECT deepsad_update(model, ARRAY[1, 2]) FROM tx_model;
SELECT deepsad_freeze(model, 'frozen') FROM tx_model;
-- rows beyond memory: the same encoding
SET maintenance_work_mem = '1MB';
SELECT count(*) FROM (SELECT feature, encoding, features, inputs, missing, categories FROM tx_model, deepsad_columns(model)
	EXCEPT SELECT (f).feature, (f).encoding, (f).features, (f).inputs, (f).missing, (f).categories FROM (
		SELECT deepsad_columns(model) AS f FROM (SELECT deepsad_train(t, is_fraud, quick() || '{"epochs": 1, "pretrain_epochs": 1}') AS model
			FROM (SELECT tx.* FROM tx, generate_series(1, 10)) t) b) f) e;
RESET maintenance_work_mem;

-- what columns become can be said
SELECT feature, encoding, features, inputs, categories FROM deepsad_columns((SELECT deepsad_train(f, is_fraud,
	'{"epochs": 1, "members": 1, "columns": {"country": {"top": 2}, "gap": "category", "amount": {"as": "skip"}, "created": "number", "client": {"prefix": 8}}}')
	FROM tx, LATERAL (SELECT amount, country, gap, created, client, online) f));
SELECT deepsad_train(t, is_fraud, '{"columns": {"nothing": "skip"}}') FROM tx t;
SELECT deepsad_train(t, is_fraud, '{"columns": {"id": "hash"}}') FROM tx t;
SELECT deepsad_train(t, is_fraud, '{"columns": {"id": {"size": 1}}}') FROM tx t;
SELECT deepsad_train(t, is_fraud, '{"columns": {"country": {"top": 0}}}') FROM tx t;
SELECT deepsad_train(t, is_fraud, '{"columns": {"country": "number"}}') FROM tx t;
SELECT deepsad_train(t, is_fraud, '{"columns": [1]}') FROM tx t;
SELECT deepsad_train(sizes, is_fraud, '{"columns": {}}') FROM tx t;
SELECT deepsad_options(columns => '[1]');
-- identifiers, which are left out, and what is no feature
SELECT feature, left_out FROM deepsad_columns((SELECT deepsad_train(f, NULL, '{"epochs": 1}') FROM tx, LATERAL (SELECT amount, md5(id::text) AS hash) f));
SELECT feature, left_out FROM deepsad_columns((SELECT deepsad_train(f, NULL, '{"epochs": 1}') FROM tx, LATERAL (SELECT amount, md5(id::text)::uuid AS hash) f));
SELECT feature, left_out FROM deepsad_columns((SELECT deepsad_train(ROW(amount, md5(id::text)), NULL, '{"epochs": 1}') FROM tx));
SELECT deepsad_train(f) FROM tx, LATERAL (SELECT md5(id::text) AS hash) f;
SELECT length(deepsad_train(f, NULL, '{"epochs": 1, "columns": {"hash": "category"}}')) > 0 AS insisted FROM tx, LATERAL (SELECT amount, md5(id::text) AS hash) f;
SELECT deepsad_train(f) FROM tx, LATERAL (SELECT amount, to_jsonb(id) AS document) f;
SELECT deepsad_train(f) FROM tx, LATERAL (SELECT amount, 'Infinity'::float8 AS broken) f;
SELECT deepsad_train(f, NULL, '{"columns": {"amount": "skip"}}') FROM tx, LATERAL (SELECT amount) f;
SELECT feature, categories FROM deepsad_columns((SELECT deepsad_train(f, NULL, '{"epochs": 1}')
	FROM tx, LATERAL (SELECT amount, CASE WHEN id % 3 = 0 THEN repeat('x', 1001) ELSE country END AS essay) f));
SELECT deepsad_train(f) FROM tx, LATERAL (SELECT '{}'::int[] AS nothing) f;
-- arrays that are NULL at first, or always
SELECT feature, features, missing, expected FROM deepsad_columns((SELECT deepsad_train(f, NULL, '{"epochs": 1}' ORDER BY id)
	FROM tx, LATERAL (SELECT amount, CASE WHEN id > 100 THEN sizes END AS sizes, NULL::int[] AS never) f WHERE id <= 200));
SELECT feature, features, missing, expected FROM deepsad_columns((SELECT deepsad_train(f, NULL, '{"epochs": 1}' ORDER BY id)
	FROM tx, LATERAL (SELECT amount, CASE WHEN id > 100 THEN sizes END AS sizes) f WHERE id <= 200));
SELECT deepsad_train(f, NULL, '{"epochs": 1}' ORDER BY id) = deepsad_train(f, NULL, '{"epochs": 1}' ORDER BY id DESC) AS same
FROM tx, LATERAL (SELECT amount, CASE WHEN id > 100 THEN sizes END AS sizes) f WHERE id <= 200;
-- flags that tell the label
SELECT feature FROM deepsad_columns((SELECT deepsad_train(f, id % 10 = 0, '{"epochs": 1, "columns": {"kept": "boolean"}}')
	FROM tx, LATERAL (SELECT amount, id % 10 = 0 AS leak, id % 10 = 0 AS kept, online) f));
SELECT feature FROM deepsad_columns((SELECT deepsad_train(f, verdict, '{"epochs": 1}')
	FROM tx, LATERAL (SELECT amount, CASE id % 10 WHEN 0 THEN -1 WHEN 1 THEN 1 END AS verdict) f));
SELECT deepsad_train(f, leak) FROM tx, LATERAL (SELECT is_fraud AS leak) f;

-- a label column without labels is no feature either
SELECT feature FROM deepsad_columns((SELECT deepsad_train(t, is_fraud, quick()) FROM tx t WHERE is_fraud IS NULL)) WHERE feature LIKE 'is%';
-- untyped literals, and one loose column
SELECT deepsad_score(model, 5, 'DE') = deepsad_score(model, ROW(5, 'DE')) AS same, deepsad_score(model, 5.0::float8, 'DE'::name) = deepsad_score(model, '5', 'DE') AS texts
FROM (SELECT deepsad_train(f, NULL, '{"epochs": 1}') AS model FROM tx, LATERAL (SELECT amount, country) f) m;
SELECT deepsad_score(model, 'DE'::text) = deepsad_score(model, f) AS one_text, deepsad_score(model, 'ZZ'::text) > deepsad_score(model, 'DE'::text) AS unseen
FROM (SELECT deepsad_train(ROW(country), NULL, '{"epochs": 1}') AS model FROM tx) m, (SELECT 'DE'::text AS country) f;
-- all numbers: an array does, and the scores are those of an array
SELECT bool_and(deepsad_score(m.model, ARRAY[a, b]) = deepsad_score(m.model, f)) AS arrays, bool_and(deepsad_score(m.model, f) = deepsad_score(a.model, f)) AS plain
FROM (SELECT deepsad_train(f, NULL, '{"epochs": 1}') AS model FROM tx, LATERAL (SELECT id % 97 AS a, id % 7 AS b) f) m,
	(SELECT deepsad_train(ARRAY[id % 97, id % 7], NULL, '{"epochs": 1}') AS model FROM tx) a, (SELECT id % 97 AS a, id % 7 AS b FROM tx) f;

-- a table by name
SELECT deepsad_train_table('tx', '{amount,country}', 'is_fraud', quick());
SELECT deepsad_train_table('tx', '{amount,country}', 'is_fraud', '{"epochs": 1}') = deepsad_train(f, is_fraud, '{"epochs": 1}') AS same FROM tx, LATERAL (SELECT amount, country) f;
SELECT string_agg(feature, ', ') FROM deepsad_columns(deepsad_train_table('tx', label => 'is_fraud', options => quick()));
SELECT deepsad_train_table('tx', '{amount,nothing}');
SELECT deepsad_train_table('tx', '{amount,is_fraud}', 'is_fraud');
SELECT deepsad_train_table('tx', '{amount,amount}');
SELECT deepsad_train_table('tx', '{ctid}');
SELECT deepsad_train_table('tx', '{}');
SELECT deepsad_train_table('tx', '{NULL}');
SELECT deepsad_train_table(NULL);
SELECT deepsad_train_table('tx', '{amount}', 'country');
CREATE SCHEMA "odd schema";
CREATE TABLE "odd schema"."t""f" ("f" int, "t" text, "a b" float8, "L" boolean) PARTITION BY RANGE (f);
CREATE TABLE "odd schema".one PARTITION OF "odd schema"."t""f" FOR VALUES FROM (0) TO (50);
CREATE TABLE "odd schema".two PARTITION OF "odd schema"."t""f" FOR VALUES FROM (50) TO (200);
INSERT INTO "odd schema"."t""f" SELECT i, 'x' || i % 3, i, i % 10 = 0 FROM generate_series(1, 100) i;
SELECT feature FROM deepsad_columns(deepsad_train_table('"odd schema"."t""f"', NULL, 'L', '{"epochs": 1}'));
CREATE VIEW v AS SELECT amount, country, is_fraud FROM tx WHERE online;
SELECT deepsad_info(deepsad_train_table('v', NULL, 'is_fraud', '{"epochs": 1}')) -> 'rows' -> 'trained' AS of_view;
-- with the caller's rights
CREATE ROLE regress_deepsad_reader;
GRANT SELECT (amount, country) ON tx TO regress_deepsad_reader;
SET ROLE regress_deepsad_reader;
SELECT length(deepsad_train_table('tx', '{amount,country}', NULL, '{"epochs": 1}')) > 0 AS granted;
SELECT deepsad_train_table('tx', '{amount,online}');
RESET ROLE;
ALTER TABLE tx ENABLE ROW LEVEL SECURITY;
CREATE POLICY germans ON tx USING (country = 'DE');
SET ROLE regress_deepsad_reader;
SELECT deepsad_info(deepsad_train_table('tx', '{amount,country}', NULL, '{"epochs": 1}')) -> 'rows' -> 'trained' AS visible;
RESET ROLE;
DROP SCHEMA "odd schema" CASCADE;
DROP VIEW v;
DROP TABLE tx, tx_model, tx_score, scored, updated;
DROP ROLE regress_deepsad_reader;
DROP FUNCTION quick, score_new;
DROP TYPE channel;

-- a table's columns have names, even f1, f2, ...; so have those of a subquery when they are another's
CREATE TABLE two_numbers AS SELECT i * 0.37 % 1 AS f1, 5000 + i % 97 AS f2, i % 7 AS f3 FROM generate_series(1, 300) i;
CREATE TABLE two_numbers_model AS SELECT deepsad_train(two_numbers, NULL, '{"members": 1, "epochs": 1, "columns": {"f3": "skip"}}') AS model FROM two_numbers;
SELECT array_agg(feature) AS features FROM two_numbers_model, deepsad_columns(model);
SELECT count(*) FILTER (WHERE deepsad_score(model, two_numbers) IS DISTINCT FROM deepsad_score(model, f1, f2)) AS different FROM two_numbers_model, two_numbers;
UPDATE two_numbers_model SET model = (SELECT deepsad_train(x, NULL, '{"members": 1, "epochs": 1}') FROM (SELECT f1, f2 FROM two_numbers) x);
SELECT deepsad_score(model, x) > 0 AS in_order FROM two_numbers_model, (SELECT f1, f2 FROM two_numbers LIMIT 1) x;
SELECT deepsad_score(model, x) > 0 AS by_name FROM two_numbers_model, (SELECT f2, f1 FROM two_numbers LIMIT 1) x;
SELECT deepsad_train(x, NULL, '{"columns": {"2": "skip"}}') FROM (SELECT f1, f2 FROM two_numbers) x;
SELECT feature, left_out FROM deepsad_columns((SELECT deepsad_train(x, NULL, '{"members": 1, "epochs": 1, "columns": {"f2": "skip"}}') FROM (SELECT f1, f2 FROM two_numbers) x));
-- a name that occurs twice
SELECT deepsad_train(x) FROM (SELECT f1 AS a, f2 AS a FROM two_numbers) x;
UPDATE two_numbers_model SET model = (SELECT deepsad_train(x, NULL, '{"members": 1, "epochs": 1}') FROM (SELECT f1 AS a, f2 AS b FROM two_numbers) x);
SELECT deepsad_score(model, x) FROM two_numbers_model, (SELECT f1 AS a, f2 AS b, f2 AS b FROM two_numbers LIMIT 1) x;
-- the label is no feature of a ROW either; few labels prove nothing of a flag that others have too
SELECT bool_and(deepsad_score(model, ROW(i, i % 5, i % 20 = 0)) = deepsad_score(model, i, i % 5, i % 20 = 0)) AS same, bool_and(deepsad_score(model, i % 5) = deepsad_score(model, ROW(i, i % 5, NULL))) AS those_left
FROM (SELECT deepsad_train(ROW(i, i % 5, i % 20 = 0), i % 20 = 0) AS model FROM generate_series(1, 300) i) m, generate_series(1, 300) i;
SELECT deepsad_score(deepsad_train(ROW(i % 3, i % 5)), ROW(1, 2, 3)) FROM generate_series(1, 300) i;
SELECT feature FROM (SELECT deepsad_train(x, CASE WHEN i = 8 THEN true END, '{"members": 1, "epochs": 1}') AS model
	FROM (SELECT i, i % 4 = 0 AS night FROM generate_series(1, 300) i) x) s, deepsad_columns(model) ORDER BY feature;
SELECT feature FROM (SELECT deepsad_train(x, CASE WHEN i % 20 = 0 THEN true END, '{"members": 1, "epochs": 1}') AS model
	FROM (SELECT i, i % 4 = 0 AS night FROM generate_series(1, 300) i) x) s, deepsad_columns(model) ORDER BY feature;
-- numbers as categories: large ones of any type are the same, NaN is missing
SELECT feature FROM (SELECT deepsad_train(x, NULL, '{"members": 1, "epochs": 1, "columns": {"k": "category"}}') AS model
	FROM (SELECT CASE WHEN i % 9 = 0 THEN 'NaN'::float8 ELSE 1234567890123450 + i % 2 END AS k, i FROM generate_series(1, 100) i) x) s, deepsad_columns(model) ORDER BY feature;
-- a number is one category whatever type it has, and whatever a literal looks like
CREATE TABLE codes AS SELECT 9007199254740992 + i % 4 AS code, i % 7 AS n FROM generate_series(1, 400) i;
CREATE TABLE code_model AS SELECT
	(SELECT deepsad_train(x, NULL, '{"members": 1, "epochs": 2, "calibration": "none", "columns": {"code": "category"}}') FROM (SELECT code, n FROM codes) x) AS by_bigint,
	(SELECT deepsad_train(x, NULL, '{"members": 1, "epochs": 2, "calibration": "none", "columns": {"code": "category"}}') FROM (SELECT code::numeric, n FROM codes) x) AS by_numeric;
SELECT by_bigint.categories, by_bigint.categories = by_numeric.categories AS same FROM code_model m, deepsad_columns(m.by_bigint) by_bigint, deepsad_columns(m.by_numeric) by_numeric
WHERE by_bigint.feature = 'code' AND by_numeric.feature = 'code';
SELECT deepsad_score(by_bigint, 9007199254740993::numeric, 3) = s AS of_numeric, deepsad_score(by_bigint, '9007199254740993', 3) = s AS of_literal,
	deepsad_score(by_bigint, ' 9007199254740993.0', 3) = s AS decimal, deepsad_score(by_bigint, 9007199254740994, 3) = s AS another
FROM code_model, deepsad_score(by_bigint, 9007199254740993, 3) s;
UPDATE code_model SET by_bigint = (SELECT deepsad_train(x, NULL, '{"members": 1, "epochs": 2, "calibration": "none", "columns": {"n": "category"}}') FROM (SELECT n, code % 5 AS other FROM codes) x);
SELECT literal, deepsad_score(by_bigint, literal::float8, 1) = s AS typed FROM code_model, deepsad_score(by_bigint, 5, 1) s, unnest('{5,5.0,5e0}'::text[]) literal;
SELECT deepsad_score(by_bigint, '5', 1) = s AS same, deepsad_score(by_bigint, '5.0', 1) = s AS decimal, deepsad_score(by_bigint, ' +5', 1) = s AS sign,
	deepsad_score(by_bigint, '6', 1) = s AS another, deepsad_score(by_bigint, 'NaN', 1) = deepsad_score(by_bigint, NULL, 1) AS missing
FROM code_model, deepsad_score(by_bigint, 5, 1) s;
SELECT deepsad_score(by_bigint, 'abc', 1) FROM code_model;
DROP TABLE codes, code_model;
-- somebody's cast does not run with the reader's rights
CREATE ROLE regress_deepsad_stranger;
CREATE TYPE odd AS (x int);
CREATE FUNCTION odd_array(odd) RETURNS real[] LANGUAGE sql AS 'SELECT ''{1,2}''::real[]';
CREATE CAST (odd AS real[]) WITH FUNCTION odd_array(odd);
SELECT deepsad_train(ROW('a'::text, ROW(1)::odd), NULL, '{"members": 1, "epochs": 1}') IS NOT NULL AS ours FROM generate_series(1, 20);
ALTER FUNCTION odd_array(odd) OWNER TO regress_deepsad_stranger;
SELECT deepsad_train(ROW('a'::text, ROW(1)::odd), NULL, '{"members": 1, "epochs": 1}') IS NOT NULL AS theirs FROM generate_series(1, 20);
\set SHOW_CONTEXT never
-- neither where its owner has called it before, in the same transaction or at the same place of a function
ALTER FUNCTION odd_array(odd) IMMUTABLE;
CREATE TABLE odd_rows AS SELECT 'a'::text AS a, ROW(1)::odd AS b;
CREATE TABLE odd_model AS SELECT deepsad_train(r, NULL, '{"members": 1, "epochs": 1, "calibration": "none"}') AS model FROM (SELECT 'a'::text AS a, ARRAY[i % 3, 2]::real[] AS b FROM generate_series(1, 20) i) r;
GRANT SELECT ON odd_rows, odd_model TO regress_deepsad_stranger;
CREATE FUNCTION odd_count() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS 'SELECT (deepsad_sample_info(deepsad_sample(odd_rows)) ->> ''rows'')::bigint FROM odd_rows';
CREATE FUNCTION odd_features(bytea, odd_rows) RETURNS float8[] LANGUAGE plpgsql AS 'BEGIN RETURN deepsad_encode($1, $2); END';
CREATE FUNCTION odd_features_of_definer(bytea, odd_rows) RETURNS float8[] LANGUAGE plpgsql SECURITY DEFINER AS 'BEGIN RETURN odd_features($1, $2); END';
BEGIN;
SET LOCAL max_parallel_workers_per_gather = 0;
SET LOCAL ROLE regress_deepsad_stranger;
SELECT deepsad_sample(odd_rows) IS NOT NULL AS ours FROM odd_rows;
SELECT odd_count();
ROLLBACK;
BEGIN;
SET LOCAL ROLE regress_deepsad_stranger;
SELECT odd_features(model, odd_rows) FROM odd_model, odd_rows;
SELECT odd_features_of_definer(model, odd_rows) FROM odd_model, odd_rows;
ROLLBACK;
-- a cast that is made anew within a transaction
BEGIN;
ALTER FUNCTION odd_array(odd) OWNER TO CURRENT_USER;
SELECT features -> 'b' AS b FROM deepsad_sample_rows((SELECT deepsad_sample(odd_rows) FROM odd_rows));
DROP CAST (odd AS real[]);
DROP FUNCTION odd_array(odd);
CREATE FUNCTION odd_array(odd) RETURNS real[] LANGUAGE sql IMMUTABLE AS 'SELECT ''{3,4}''::real[]';
CREATE CAST (odd AS real[]) WITH FUNCTION odd_array(odd);
SELECT features -> 'b' AS b FROM deepsad_sample_rows((SELECT deepsad_sample(odd_rows) FROM odd_rows));
ROLLBACK;
-- a cast that collects training sets itself, of many types and of its own
BEGIN;
DROP FUNCTION odd_array(odd) CASCADE;
CREATE FUNCTION odd_array(odd) RETURNS real[] LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
	FOR i IN 1 .. CASE WHEN $1.x > 0 THEN 10 ELSE 0 END LOOP
		EXECUTE format('SELECT deepsad_sample(r) FROM (SELECT 1 AS a%s, ''a'' AS c) r', i);
	END LOOP;
	RETURN ARRAY[$1.x, CASE WHEN $1.x > 0 THEN (SELECT (deepsad_sample_info(deepsad_sample(r)) ->> 'entries')::int FROM (SELECT 'longer'::text AS a, ROW(v)::odd AS b FROM generate_series($1.x - 3, $1.x - 1) v) r) END];
END $$;
CREATE CAST (odd AS real[]) WITH FUNCTION odd_array(odd);
SELECT features FROM deepsad_sample_rows((SELECT deepsad_sample(r) FROM (SELECT 'a'::text AS a, ROW(v)::odd AS b, 'z'::text AS z FROM generate_series(0, 2) v) r)) ORDER BY features;
SELECT features FROM deepsad_sample_rows((SELECT deepsad_sample(r) FROM (SELECT 'a'::text AS a, ROW(v)::odd AS b FROM generate_series(0, 2) v) r)) ORDER BY features;
SELECT features FROM deepsad_sample_rows((SELECT deepsad_sample(r) FROM (SELECT 'a'::text AS a, ROW(v)::odd AS b FROM generate_series(20, 20) v) r)) ORDER BY features;
ROLLBACK;
\set SHOW_CONTEXT errors
DROP FUNCTION odd_count(), odd_features(bytea, odd_rows), odd_features_of_definer(bytea, odd_rows);
DROP TABLE two_numbers, two_numbers_model, odd_rows, odd_model;
DROP TYPE odd CASCADE;
DROP ROLE regress_deepsad_stranger;
