-- deepsad_export_..., deepsad_import: models in other programs' formats
CREATE TABLE exchanged AS
SELECT i AS id, (i * 7919 % 1009)::float8 / 10 AS amount, i * 31 % 23 AS visits, (ARRAY['a', 'it''s; --', NULL])[1 + i % 3] AS "kind of",
	i % 2 = 0 AS flag, timestamptz '2024-01-01 00:00+00' + i * 7919 % 100000 * interval '1 minute' AS at,
	i * 31 % 97 * interval '1 hour' AS took, ('10.' || i % 4 || '.0.1')::inet AS host, ARRAY[i % 7, i * 31 % 11, NULLIF(i % 5, 0)]::real[] AS f
FROM generate_series(1, 300) i;
CREATE TABLE exchange_model AS
SELECT 'rows' AS name, deepsad_train(r, NULL::boolean, deepsad_options(epochs => 2, pretrain_epochs => 1, members => 2, hidden => '{8,4}',
	latent => 3, columns => '{"at": ["time", "number"], "id": "skip"}')) AS model FROM exchanged r;
INSERT INTO exchange_model SELECT 'array', deepsad_train(f, NULL, deepsad_options(epochs => 2, pretrain_epochs => 1, hidden => '{8}',
	validation => 0.2)) FROM exchanged;
INSERT INTO exchange_model SELECT 'cross', deepsad_train(f, NULL, deepsad_options(epochs => 1, pretrain_epochs => 1, hidden => '{8}',
	members => 3, calibration => 'cross')) FROM exchanged;
INSERT INTO exchange_model SELECT 'paper', deepsad_train(f, NULL, deepsad_options(preset => 'paper', epochs => 1, pretrain_epochs => 1))
FROM exchanged;
INSERT INTO exchange_model SELECT 'updated', deepsad_update(model, f, NULL) FROM exchange_model, exchanged WHERE name = 'array' GROUP BY model;

-- the same model back, the same bits
SELECT name, deepsad_import(deepsad_export_safetensors(model)) = model AS same FROM exchange_model ORDER BY name;
SELECT deepsad_export_safetensors(NULL) IS NULL AS a, deepsad_import(NULL) IS NULL AS b, deepsad_export_onnx(NULL) IS NULL AS c,
	deepsad_export_sql(NULL, 'x') IS NULL AS d, deepsad_export_json(NULL) IS NULL AS e, deepsad_export_query(NULL, 'exchanged') IS NULL AS f,
	deepsad_encode(NULL, 1, 2) IS NULL AS g;

-- the header is JSON, and its texts are JSON
CREATE FUNCTION header(file bytea) RETURNS jsonb LANGUAGE sql AS $$
	SELECT convert_from(substring(file FROM 9 FOR get_byte(file, 0) + 256 * get_byte(file, 1)), 'UTF8')::jsonb $$;
SELECT jsonb_object_keys(header(deepsad_export_safetensors(model)) -> '__metadata__') FROM exchange_model WHERE name = 'rows' ORDER BY 1;
SELECT key, value ->> 'dtype' AS dtype, value -> 'shape' AS shape FROM exchange_model, jsonb_each(header(deepsad_export_safetensors(model)))
WHERE name = 'rows' AND key NOT LIKE '%loss' AND key NOT LIKE 'member.1%' AND key <> '__metadata__' ORDER BY key COLLATE "C";
SELECT (header(deepsad_export_safetensors(model)) -> '__metadata__' ->> 'columns')::jsonb -> 2 FROM exchange_model WHERE name = 'rows';

-- a file that is not one is refused
CREATE FUNCTION forged(file bytea, was text, becomes text) RETURNS bytea LANGUAGE plpgsql AS $$
DECLARE
	length int := get_byte(file, 0) + 256 * get_byte(file, 1);
	header text := convert_from(substring(file FROM 9 FOR length), 'UTF8');
	bytes bytea := convert_to(replace(header, was, becomes), 'UTF8');
	size bytea := '\x0000000000000000';
BEGIN
	IF position(was IN header) = 0 THEN RAISE 'header has no %', was; END IF;
	size := set_byte(set_byte(size, 0, length(bytes) % 256), 1, length(bytes) / 256);
	RETURN size || bytes || substring(file FROM 9 + length);
END $$;
CREATE TABLE file AS SELECT deepsad_export_safetensors(model) AS file FROM exchange_model WHERE name = 'cross';
SELECT deepsad_import(forged(file, '"dtype": "F32"', '"dtype":   "F32"')) = model AS same FROM file, exchange_model WHERE name = 'cross';
\set VERBOSITY terse
SELECT deepsad_import('');
SELECT deepsad_import('\x0102030405060708');
SELECT deepsad_import('\xffffffffffffffff7b7d');
SELECT deepsad_import('\x02000000000000007b7d');
SELECT deepsad_import('\x03000000000000007b7d7d');
SELECT deepsad_import(substring(file FROM 1 FOR 7)) FROM file;
SELECT deepsad_import(substring(file FROM 1 FOR length(file) - 4)) FROM file;
SELECT deepsad_import(file || '\x00') FROM file;
SELECT deepsad_import(model) FROM exchange_model WHERE name = 'rows';
SELECT deepsad_import(forged(file, '"deepsad": "1"', '"deepsad": "2"')) FROM file;
SELECT deepsad_import(forged(file, '"deepsad": "1"', '"deepsad": 1')) FROM file;
SELECT deepsad_import(forged(file, '"deepsad": "1"', '"deepsaw": "1"')) FROM file;
SELECT deepsad_import(forged(file, '"given": "[', '"given": "[\"speed\", ')) FROM file;
SELECT deepsad_import(forged(file, '"given": "[', '"given": "[1, ')) FROM file;
SELECT deepsad_import(forged(file, '"given": "[', '"given": "[\"workers\", ')) FROM file;
SELECT deepsad_import(forged(file, 'member.2.center', 'member.2.bias')) FROM file;
SELECT deepsad_import(forged(file, 'member.1.layer.0.weight', 'member.7.layer.0.weight')) FROM file;
SELECT deepsad_import(forged(file, '"dtype": "F32"', '"dtype": "F16"')) FROM file;
SELECT deepsad_import(forged(file, '"scaling.offset": {"dtype": "F64"', '"scaling.offset": {"dtype": "I64"')) FROM file;
SELECT deepsad_import(forged(file, '"shape": [8]', '"shape": [9223372036854775807, 9]')) FROM file;
SELECT deepsad_import(forged(file, '"shape": [8]', '"shape": [1, 2, 4]')) FROM file;
SELECT deepsad_import(forged(file, '"shape": [8]', '"shape": [-8]')) FROM file;
SELECT deepsad_import(forged(file, '"data_offsets": [0, ', '"data_offsets": [8, ')) FROM file;
SELECT deepsad_import(forged(file, '\"epochs\": 1', '\"epochs\": 1000001')) FROM file;
SELECT deepsad_import(forged(file, '\"collapsed\": false', '\"collapsed\": 2')) FROM file;
SELECT deepsad_import(forged(file, '\"collapsed\": false', '\"collapsed\": \"no\"')) FROM file;
SELECT deepsad_import(forged(file, '\"collapsed\": false', '\"collapsed\": 0')) = model AS as_number FROM file, exchange_model WHERE name = 'cross';
SELECT deepsad_import(decode(replace(encode(file, 'hex'), encode('"F32"', 'hex'), '22ff333222'), 'hex')) FROM file;
SELECT deepsad_import(forged(file, '\"members\": 3', '\"membres\": 3')) FROM file;
SELECT deepsad_import(forged(file, '[{\"mean_distance\"', '[{},{\"mean_distance\"')) FROM file;
SELECT deepsad_import(forged(file, '\"calibration\": \"cross\"', '\"calibration\": \"split\"')) FROM file;
SELECT deepsad_import(forged(file, '\"cells\": 3', '\"cells\": 4')) FROM file;
SELECT deepsad_import(forged(file, '\"cells\": 3', '\"cells\": 2.7')) FROM file;
SELECT deepsad_import(forged(file, '\"cells\": 3', '\"cells\": 1e30')) FROM file;
SELECT deepsad_import(forged(file, '\"cells\": 3', '\"cells\": 3.0')) = deepsad_import(file) AS same FROM file;
SELECT deepsad_import(forged(file, '\"encoding\": \"number\"', '\"encoding\": \"category\"')) FROM file;
SELECT deepsad_import(forged(file, '\"encoding\": \"number\"', '\"encoding\": \"fancy\"')) FROM file;
SELECT deepsad_import(forged(file, '\"type_name\": \"\"', '\"type_name\": 5')) FROM file;
SELECT deepsad_import(forged(file, '"input_mean": "', '"input_mean": "-')) FROM file;
SELECT deepsad_import(forged(file, '"facts": "{', '"facts": "[{')) FROM file;

\set VERBOSITY default
-- scores as SQL, without the extension's functions
SELECT left(deepsad_export_sql(model, 'public."Score of"'), 223) AS sql FROM exchange_model WHERE name = 'paper';
DO $$ BEGIN EXECUTE string_agg(deepsad_export_sql(model, 'score_' || name), '') FROM exchange_model; END $$;
-- also where somebody has put a better match beside the server's operators
CREATE FUNCTION other_product(numeric, double precision) RETURNS double precision LANGUAGE sql AS 'SELECT 42::double precision';
CREATE OPERATOR * (LEFTARG = numeric, RIGHTARG = double precision, FUNCTION = other_product);
SELECT 0.5 * 2::double precision AS other, max(abs(score_array(f) - deepsad_score(model, f))) < 1e-5 AS same FROM exchanged, exchange_model WHERE name = 'array';
DROP OPERATOR * (numeric, double precision);
DROP FUNCTION other_product(numeric, double precision);
SELECT max(abs(score_rows(amount, visits, "kind of", flag, at, took, host, f) - s) / greatest(s, 1)) < 1e-5 AS rows
FROM (SELECT *, deepsad_score(model, r) AS s FROM exchanged r, exchange_model WHERE name = 'rows') q;
SELECT max(abs(score_array(f) - deepsad_score(a.model, f))) < 1e-5 AS array, max(abs(score_cross(f) - deepsad_score(c.model, f))) < 1e-5 AS cross,
	max(abs(score_paper(f) - deepsad_score(p.model, f))) < 1e-5 AS paper, max(abs(score_updated(f) - deepsad_score(u.model, f))) < 1e-5 AS updated
FROM exchanged, exchange_model a, exchange_model c, exchange_model p, exchange_model u
WHERE a.name = 'array' AND c.name = 'cross' AND p.name = 'paper' AND u.name = 'updated';
SELECT score_rows(NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL) > 0 AS nothing, score_rows(1e308, -2147483648, '', NULL, 'infinity', '-100000 years', '::1',
	'{NULL,NaN,1e300}') > 0 AS extremes, score_rows(5e-324, 0, NULL, true, '4713-01-01 00:00+00 BC', '0', '0.0.0.0/0', '{}') > 0 AS smallest;
SELECT deepsad_export_query(model, 'exchanged') AS query FROM exchange_model WHERE name = 'rows' \gset
SELECT count(*), max(abs(score - s) / greatest(s, 1)) < 1e-5 AS close FROM (:query) q JOIN
	(SELECT id, deepsad_score(model, r) AS s FROM exchanged r, exchange_model WHERE name = 'rows') s USING (id);
ALTER TABLE exchanged ADD score int, ADD d_x int;
SELECT deepsad_export_query(model, 'exchanged') AS query FROM exchange_model WHERE name = 'array' \gset
SELECT count(*), max(abs(deepsad_score - s)) < 1e-5 AS close FROM (:query) q JOIN
	(SELECT id, deepsad_score(model, f) AS s FROM exchanged r, exchange_model WHERE name = 'array') s USING (id);
ALTER TABLE exchanged DROP score, DROP d_x;
SELECT deepsad_export_query(model, 'file') FROM exchange_model WHERE name = 'rows';
SELECT deepsad_export_query(model, 0) FROM exchange_model WHERE name = 'rows';
SELECT deepsad_export_query(model, 'file') FROM exchange_model WHERE name = 'array';
CREATE TABLE other AS SELECT amount::text, visits, "kind of", flag, at, took, host, f FROM exchanged;
SELECT deepsad_export_query(model, 'other') FROM exchange_model WHERE name = 'rows';
SELECT deepsad_export_sql(model, '') FROM exchange_model WHERE name = 'rows';
SELECT deepsad_export_sql(deepsad_train(f, NULL, deepsad_options(epochs => 0, pretrain_epochs => 0, members => 1, hidden => '{1000,200}')), 'x') FROM exchanged;
SELECT deepsad_export_query(deepsad_train(f, NULL, deepsad_options(epochs => 0, pretrain_epochs => 0, members => 20, hidden => '{100}')), 'exchanged') FROM exchanged;
SELECT deepsad_export_sql('\x01', 'x');
SELECT deepsad_export_sql(model, 'a.b.c') FROM exchange_model WHERE name = 'rows';
SELECT deepsad_export_safetensors('\x01');

-- ONNX: the same bytes each time, and what a graph cannot have
SELECT name, deepsad_export_onnx(model) = deepsad_export_onnx(model, false, false, 13) AS same,
	length(deepsad_export_onnx(model, name IN ('rows', 'array', 'cross'), name IN ('rows', 'array', 'cross'), 17)) > length(deepsad_export_onnx(model)) AS longer
FROM exchange_model ORDER BY name;
SELECT position('is_anomaly'::bytea IN deepsad_export_onnx(model, true, true)) > 0 AS decides, position('it''s; --'::bytea IN deepsad_export_onnx(model)) > 0 AS columns
FROM exchange_model WHERE name = 'rows';
SELECT deepsad_export_onnx(model, pvalue => true) FROM exchange_model WHERE name = 'paper';
SELECT deepsad_export_onnx(model, is_anomaly => true) FROM exchange_model WHERE name = 'paper';
SELECT deepsad_export_onnx(model, opset => 12) FROM exchange_model WHERE name = 'paper';
SELECT deepsad_export_onnx(model, opset => 18) FROM exchange_model WHERE name = 'paper';
SELECT deepsad_export_onnx('\x01');
SELECT deepsad_encode(model, ROW(2.5, 3, 'it''s; --', true, NULL::timestamptz, interval '1 day', inet '10.1.2.3', '{1,2,NULL}'::real[])) AS encoded
FROM exchange_model WHERE name = 'rows';
SELECT deepsad_encode(model, '{1,2,NULL}'::real[]) AS encoded, deepsad_encode(model, NULL::real[]) IS NULL AS nothing FROM exchange_model WHERE name = 'array';
SELECT deepsad_encode(model, 1, 2) FROM exchange_model WHERE name = 'array';

-- JSON
SELECT json_object_keys(deepsad_export_json(model)) FROM exchange_model WHERE name = 'rows';
SELECT deepsad_export_json(model) -> 'columns' -> 2 ->> 'categories' AS categories, json_array_length(deepsad_export_json(model) -> 'inputs') AS inputs,
	json_array_length(deepsad_export_json(model) -> 'members' -> 1 -> 'train_loss') AS losses FROM exchange_model WHERE name = 'rows';
SELECT bool_and(deepsad_export_json(model)::text = deepsad_export_json(deepsad_import(deepsad_export_safetensors(model)))::text) AS same
FROM exchange_model;
SELECT deepsad_export_json('\x01');

-- a network from elsewhere: what the file does not say is as in preset 'paper'
CREATE FUNCTION le(bits bytea) RETURNS bytea LANGUAGE sql AS $$
	SELECT string_agg(substring(bits FROM i FOR 1), '' ORDER BY i DESC) FROM generate_series(1, length(bits)) i $$;
CREATE FUNCTION floats(VARIADIC float4[]) RETURNS bytea LANGUAGE sql AS $$ SELECT string_agg(le(float4send(v)), '') FROM unnest($1) v $$;
CREATE FUNCTION tensors(header text, data bytea) RETURNS bytea LANGUAGE sql AS $$
	SELECT le(int8send(octet_length(header))) || convert_to(header, 'UTF8') || data $$;
CREATE TABLE elsewhere AS SELECT deepsad_import(tensors('{"__metadata__":{"deepsad":"1"},' ||
	'"member.0.layer.0.weight":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]},' ||
	'"member.0.layer.0.running_mean":{"dtype":"F32","shape":[1],"data_offsets":[8,12]},' ||
	'"member.0.layer.0.running_var":{"dtype":"F32","shape":[1],"data_offsets":[12,16]},' ||
	'"member.0.layer.1.weight":{"dtype":"F32","shape":[2,1],"data_offsets":[16,24]},' ||
	'"member.0.center":{"dtype":"F32","shape":[2],"data_offsets":[24,32]}}',
	floats(2, 1, 0.5, 0.9999, 3, -1, 1, 0))) AS model;
SELECT round(deepsad_score(model, 1, 0.5)::numeric, 4) AS score, deepsad_info(model) -> 'options' ->> 'preset' AS preset,
	deepsad_info(model) -> 'options' ->> 'calibration' AS calibration FROM elsewhere;
SELECT deepsad_import(deepsad_export_safetensors(model)) = model AS same FROM elsewhere;
DROP TABLE exchanged, exchange_model, file, other, elsewhere;
DROP FUNCTION header(bytea), forged(bytea, text, text), le(bytea), floats(float4[]), tensors(text, bytea);
DROP FUNCTION score_rows, score_array(float8[]), score_cross, score_paper, score_updated;
