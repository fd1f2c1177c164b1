-- From 0.1 to 1.0: arguments of two functions, and options of deepsad_sample, have other names.
\echo Use "ALTER EXTENSION deepsad UPDATE" to load this file. \quit

DROP FUNCTION deepsad_export_onnx(bytea, boolean, boolean, integer);
CREATE FUNCTION deepsad_export_onnx(
	model bytea, pvalue boolean DEFAULT false, is_anomaly boolean DEFAULT false, opset integer DEFAULT 13)
RETURNS bytea
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10000;
COMMENT ON FUNCTION deepsad_export_onnx(bytea, boolean, boolean, integer) IS 'a model as an ONNX file: encoded features to scores, p-values and decisions';

DROP FUNCTION deepsad_export_query(bytea, regclass);
CREATE FUNCTION deepsad_export_query(model bytea, source regclass) RETURNS text
AS 'MODULE_PATHNAME' LANGUAGE C STABLE STRICT PARALLEL SAFE COST 10000;
COMMENT ON FUNCTION deepsad_export_query(bytea, regclass) IS 'a model as a query that scores a table''s rows and needs no extension';

-- options of deepsad_sample have other names
COMMENT ON AGGREGATE deepsad_sample(record, boolean, jsonb) IS 'collects a training set; options: columns, max_bytes, max_rows, seed';
COMMENT ON AGGREGATE deepsad_sample(smallint[], boolean, jsonb) IS 'collects a training set; options: columns, max_bytes, max_rows, seed';
COMMENT ON AGGREGATE deepsad_sample(integer[], boolean, jsonb) IS 'collects a training set; options: columns, max_bytes, max_rows, seed';
COMMENT ON AGGREGATE deepsad_sample(bigint[], boolean, jsonb) IS 'collects a training set; options: columns, max_bytes, max_rows, seed';
COMMENT ON AGGREGATE deepsad_sample(numeric[], boolean, jsonb) IS 'collects a training set; options: columns, max_bytes, max_rows, seed';
COMMENT ON AGGREGATE deepsad_sample(real[], boolean, jsonb) IS 'collects a training set; options: columns, max_bytes, max_rows, seed';
COMMENT ON AGGREGATE deepsad_sample(float8[], boolean, jsonb) IS 'collects a training set; options: columns, max_bytes, max_rows, seed';
