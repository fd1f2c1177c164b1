-- deepsad 1.0: deep semi-supervised anomaly detection

\echo Use "CREATE EXTENSION deepsad" to load this file. \quit

-- COST is in units of cpu_operator_cost, measured: what a call takes with a model of the default options (eight
-- members) on fifteen features, as long as the planner cannot see the model.

-- options

CREATE FUNCTION deepsad_options(
	preset text DEFAULT NULL,
	hidden integer[] DEFAULT NULL,
	latent integer DEFAULT NULL,
	members integer DEFAULT NULL,
	seed bigint DEFAULT NULL,
	epochs integer DEFAULT NULL,
	pretrain_epochs integer DEFAULT NULL,
	max_steps bigint DEFAULT NULL,
	batch_size integer DEFAULT NULL,
	learning_rate double precision DEFAULT NULL,
	milestones integer[] DEFAULT NULL,
	weight_decay double precision DEFAULT NULL,
	eta double precision DEFAULT NULL,
	scaling text DEFAULT NULL,
	reconstruction text DEFAULT NULL,
	init text DEFAULT NULL,
	validation double precision DEFAULT NULL,
	patience integer DEFAULT NULL,
	max_rows bigint DEFAULT NULL,
	trimming double precision DEFAULT NULL,
	ema_decay double precision DEFAULT NULL,
	input_weight double precision DEFAULT NULL,
	calibration text DEFAULT NULL,
	alpha double precision DEFAULT NULL,
	contamination double precision DEFAULT NULL,
	threshold double precision DEFAULT NULL,
	offset_scale double precision DEFAULT NULL,
	network text DEFAULT NULL,
	channels integer[] DEFAULT NULL,
	workers integer DEFAULT NULL,
	verbose boolean DEFAULT NULL,
	columns jsonb DEFAULT NULL,
	group_by text[] DEFAULT NULL)
RETURNS jsonb
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 5000;

COMMENT ON FUNCTION deepsad_options(text, integer[], integer, integer, bigint, integer, integer, bigint, integer, double precision, integer[], double precision, double precision, text, text, text, double precision, integer, bigint, double precision, double precision, double precision, text, double precision, double precision, double precision, double precision, text, integer[], integer, boolean, jsonb, text[])
IS 'training options by name, checked, as the jsonb that deepsad_train takes';

-- training

CREATE FUNCTION _deepsad_train_transition(internal, "any") RETURNS internal
AS 'MODULE_PATHNAME', 'deepsad_train_transition' LANGUAGE C PARALLEL SAFE COST 50;

CREATE FUNCTION _deepsad_train_transition(internal, "any", "any") RETURNS internal
AS 'MODULE_PATHNAME', 'deepsad_train_transition' LANGUAGE C PARALLEL SAFE COST 50;

CREATE FUNCTION _deepsad_train_transition(internal, "any", "any", jsonb) RETURNS internal
AS 'MODULE_PATHNAME', 'deepsad_train_transition' LANGUAGE C PARALLEL SAFE COST 50;

-- COST: a training of a few hundred rows.  The planner has no use for what more rows take, and would start JIT for it.
CREATE FUNCTION _deepsad_train_final(internal) RETURNS bytea
AS 'MODULE_PATHNAME', 'deepsad_train_final' LANGUAGE C PARALLEL SAFE COST 10000000;

COMMENT ON FUNCTION _deepsad_train_transition(internal, "any") IS 'transition function of deepsad_train';
COMMENT ON FUNCTION _deepsad_train_transition(internal, "any", "any") IS 'transition function of deepsad_train';
COMMENT ON FUNCTION _deepsad_train_transition(internal, "any", "any", jsonb) IS 'transition function of deepsad_train';
COMMENT ON FUNCTION _deepsad_train_final(internal) IS 'final function of deepsad_train and deepsad_update';

-- SSPACE: a state holds all rows of its group, so groups should come one after the other, sorted.
CREATE AGGREGATE deepsad_train(features "any") (
	SFUNC = _deepsad_train_transition, STYPE = internal, SSPACE = 2000000000,
	FINALFUNC = _deepsad_train_final, FINALFUNC_MODIFY = READ_WRITE, PARALLEL = SAFE);

CREATE AGGREGATE deepsad_train(features "any", label "any") (
	SFUNC = _deepsad_train_transition, STYPE = internal, SSPACE = 2000000000,
	FINALFUNC = _deepsad_train_final, FINALFUNC_MODIFY = READ_WRITE, PARALLEL = SAFE);

CREATE AGGREGATE deepsad_train(features "any", label "any", options jsonb) (
	SFUNC = _deepsad_train_transition, STYPE = internal, SSPACE = 2000000000,
	FINALFUNC = _deepsad_train_final, FINALFUNC_MODIFY = READ_WRITE, PARALLEL = SAFE);

COMMENT ON AGGREGATE deepsad_train("any") IS 'trains an anomaly detector on unlabeled rows; returns the model';
COMMENT ON AGGREGATE deepsad_train("any", "any") IS 'trains an anomaly detector; label true = known anomaly, false = known normal, NULL = unlabeled';
COMMENT ON AGGREGATE deepsad_train("any", "any", jsonb) IS 'trains an anomaly detector with options (see deepsad_options)';

CREATE FUNCTION deepsad_train_table(
	source regclass, features text[] DEFAULT NULL, label text DEFAULT NULL, options jsonb DEFAULT NULL)
RETURNS bytea
AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE PARALLEL UNSAFE COST 10000000;

COMMENT ON FUNCTION deepsad_train_table(regclass, text[], text, jsonb) IS 'trains on a table''s columns by name (NULL: all but the label), with the caller''s rights; returns the model';

-- updates of a model

CREATE FUNCTION _deepsad_update_transition(internal, bytea, "any") RETURNS internal
AS 'MODULE_PATHNAME', 'deepsad_update_transition' LANGUAGE C PARALLEL SAFE COST 50;

CREATE FUNCTION _deepsad_update_transition(internal, bytea, "any", "any") RETURNS internal
AS 'MODULE_PATHNAME', 'deepsad_update_transition' LANGUAGE C PARALLEL SAFE COST 50;

CREATE FUNCTION _deepsad_update_transition(internal, bytea, "any", "any", jsonb) RETURNS internal
AS 'MODULE_PATHNAME', 'deepsad_update_transition' LANGUAGE C PARALLEL SAFE COST 50;

COMMENT ON FUNCTION _deepsad_update_transition(internal, bytea, "any") IS 'transition function of deepsad_update';
COMMENT ON FUNCTION _deepsad_update_transition(internal, bytea, "any", "any") IS 'transition function of deepsad_update';
COMMENT ON FUNCTION _deepsad_update_transition(internal, bytea, "any", "any", jsonb) IS 'transition function of deepsad_update';

CREATE AGGREGATE deepsad_update(model bytea, features "any") (
	SFUNC = _deepsad_update_transition, STYPE = internal, SSPACE = 2000000000,
	FINALFUNC = _deepsad_train_final, FINALFUNC_MODIFY = READ_WRITE, PARALLEL = SAFE);

CREATE AGGREGATE deepsad_update(model bytea, features "any", label "any") (
	SFUNC = _deepsad_update_transition, STYPE = internal, SSPACE = 2000000000,
	FINALFUNC = _deepsad_train_final, FINALFUNC_MODIFY = READ_WRITE, PARALLEL = SAFE);

CREATE AGGREGATE deepsad_update(model bytea, features "any", label "any", options jsonb) (
	SFUNC = _deepsad_update_transition, STYPE = internal, SSPACE = 2000000000,
	FINALFUNC = _deepsad_train_final, FINALFUNC_MODIFY = READ_WRITE, PARALLEL = SAFE);

COMMENT ON AGGREGATE deepsad_update(bytea, "any") IS 'goes on training a model with new rows; returns the new model';
COMMENT ON AGGREGATE deepsad_update(bytea, "any", "any") IS 'goes on training a model with new rows or labels; returns the new model';
COMMENT ON AGGREGATE deepsad_update(bytea, "any", "any", jsonb) IS 'goes on training a model with options (epochs, learning_rate, ...)';

-- trainings now running, from any session

CREATE FUNCTION _deepsad_progress(
	OUT pid integer, OUT datid oid, OUT usesysid oid, OUT query_start timestamptz, OUT phase text, OUT rows bigint,
	OUT bytes bigint, OUT member integer, OUT members integer, OUT members_done integer, OUT epoch integer, OUT epochs integer,
	OUT loss double precision, OUT workers integer, OUT percent double precision, OUT elapsed interval,
	OUT remaining interval)
RETURNS SETOF record
AS 'MODULE_PATHNAME', 'deepsad_progress' LANGUAGE C STRICT VOLATILE PARALLEL RESTRICTED COST 500 ROWS 10;

CREATE VIEW deepsad_progress AS
	SELECT p.pid, p.datid, d.datname, p.usesysid, a.rolname AS usename, p.query_start, p.phase, p.rows, p.bytes, p.member, p.members,
		p.members_done, p.epoch, p.epochs, p.loss, p.workers, p.percent, p.elapsed, p.remaining
	FROM _deepsad_progress() p
	LEFT JOIN pg_catalog.pg_database d ON d.oid OPERATOR(pg_catalog.=) p.datid
	LEFT JOIN pg_catalog.pg_roles a ON a.oid OPERATOR(pg_catalog.=) p.usesysid;

GRANT SELECT ON deepsad_progress TO PUBLIC;

COMMENT ON FUNCTION _deepsad_progress() IS 'rows of the view deepsad_progress';
COMMENT ON VIEW deepsad_progress IS 'trainings now running in any session: phase, member, epoch, loss, estimated rest';

-- scoring: bit-identical everywhere and a function of its arguments alone, hence IMMUTABLE

CREATE FUNCTION _deepsad_score_support(internal) RETURNS internal
AS 'MODULE_PATHNAME', 'deepsad_score_support' LANGUAGE C STRICT PARALLEL SAFE;

COMMENT ON FUNCTION _deepsad_score_support(internal) IS 'planner support for deepsad_score and all that scores a row: what it costs';

CREATE FUNCTION deepsad_score(model bytea, VARIADIC features "any") RETURNS double precision
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 120 SUPPORT _deepsad_score_support;

COMMENT ON FUNCTION deepsad_score(bytea, "any") IS 'anomaly score of a row: 1 = an average training row, higher = more anomalous';

-- what frozen functions call: without VARIADIC, so that no function beside it can be a better match
CREATE FUNCTION _deepsad_frozen_score(model bytea, features double precision[]) RETURNS double precision
AS 'MODULE_PATHNAME', 'deepsad_score' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 120 SUPPORT _deepsad_score_support;

COMMENT ON FUNCTION _deepsad_frozen_score(bytea, double precision[]) IS 'deepsad_score for the functions that deepsad_freeze makes';

CREATE FUNCTION deepsad_embed(model bytea, VARIADIC features "any") RETURNS real[]
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 160 SUPPORT _deepsad_score_support;

COMMENT ON FUNCTION deepsad_embed(bytea, "any") IS 'embedding of a row; its squared length is the score';

CREATE FUNCTION deepsad_pvalue(model bytea, VARIADIC features "any") RETURNS double precision
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 120 SUPPORT _deepsad_score_support;

CREATE FUNCTION deepsad_is_anomaly(model bytea, VARIADIC features "any") RETURNS boolean
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 120 SUPPORT _deepsad_score_support;

CREATE FUNCTION deepsad_set_threshold(model bytea, alpha double precision DEFAULT NULL,
	contamination double precision DEFAULT NULL, threshold double precision DEFAULT NULL) RETURNS bytea
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 25000;

COMMENT ON FUNCTION deepsad_pvalue(bytea, "any") IS 'how often a normal row scores at least as high as this one, by rows that were not trained on';
COMMENT ON FUNCTION deepsad_is_anomaly(bytea, "any") IS 'whether a row is beyond the model''s threshold';
COMMENT ON FUNCTION deepsad_set_threshold(bytea, double precision, double precision, double precision) IS 'the same model with another threshold: alpha (of the p-value), contamination, or a score; exactly one of them';

CREATE FUNCTION deepsad_score_query(model bytea, query text, OUT key bigint, OUT score double precision)
RETURNS SETOF record
AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL UNSAFE COST 1000000 ROWS 10000;

CREATE FUNCTION deepsad_score_query(model bytea, query text, key_type anyelement,
	OUT key anyelement, OUT score double precision)
RETURNS SETOF record
AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL UNSAFE COST 1000000 ROWS 10000;

COMMENT ON FUNCTION deepsad_score_query(bytea, text) IS 'scores in batches the rows of a query that returns a bigint key and features; faster than deepsad_score for large networks';
COMMENT ON FUNCTION deepsad_score_query(bytea, text, anyelement) IS 'scores in batches the rows of a query that returns a key, of the type of the third argument, and features';

CREATE FUNCTION deepsad_freeze(model bytea, name text) RETURNS regprocedure
AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE COST 100000;

COMMENT ON FUNCTION deepsad_freeze(bytea, text) IS 'creates the IMMUTABLE function name(float8[]), and name(vector) where pgvector is installed, with the model inside, for expression indexes and generated columns';

-- about models

CREATE FUNCTION deepsad_info(model bytea) RETURNS jsonb
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 15000;

COMMENT ON FUNCTION deepsad_info(bytea) IS 'what a model is: effective options, training rows, members';

CREATE FUNCTION deepsad_columns(
	model bytea, OUT feature text, OUT type text, OUT encoding text, OUT features integer, OUT inputs integer,
	OUT missing boolean, OUT expected text, OUT categories text[], OUT left_out text)
RETURNS SETOF record
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 12000 ROWS 20;
COMMENT ON FUNCTION deepsad_columns(bytea) IS 'what each column of the training rows became';

CREATE FUNCTION _deepsad_explain_support(internal) RETURNS internal
AS 'MODULE_PATHNAME', 'deepsad_explain_support' LANGUAGE C STRICT PARALLEL SAFE;

COMMENT ON FUNCTION _deepsad_explain_support(internal) IS 'planner support for deepsad_explain: what it costs, and how many rows it gives';

CREATE FUNCTION deepsad_explain(
	model bytea, VARIADIC features "any", OUT feature text, OUT value text, OUT expected text,
	OUT contribution double precision, OUT rank integer)
RETURNS SETOF record
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 12000 ROWS 20 SUPPORT _deepsad_explain_support;
COMMENT ON FUNCTION deepsad_explain(bytea, "any") IS 'each feature''s part in a row''s score; contributions add up to score - baseline_score';

CREATE FUNCTION deepsad_heatmap(model bytea, VARIADIC features "any") RETURNS double precision[]
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 12000 SUPPORT _deepsad_explain_support;

COMMENT ON FUNCTION deepsad_heatmap(bytea, "any") IS 'each pixel''s part in a picture''s score, as an array of the picture''s shape; they add up to score - baseline_score';

CREATE FUNCTION deepsad_history(
	model bytea, OUT member integer, OUT phase text, OUT epoch integer, OUT loss double precision)
RETURNS SETOF record
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 15000 ROWS 600;

COMMENT ON FUNCTION deepsad_history(bytea) IS 'training loss of each member, phase and epoch';

CREATE FUNCTION deepsad_is_model(value bytea) RETURNS boolean
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10000;

COMMENT ON FUNCTION deepsad_is_model(bytea) IS 'whether a value is a model that can be scored with';

CREATE DOMAIN deepsad_model AS bytea CHECK (deepsad_is_model(VALUE));

COMMENT ON DOMAIN deepsad_model IS 'a trained model';

CREATE FUNCTION deepsad_build_info() RETURNS jsonb
AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE PARALLEL RESTRICTED COST 500;

COMMENT ON FUNCTION deepsad_build_info() IS 'version, scoring kernel and OpenBLAS of this session';

-- drift

CREATE FUNCTION _deepsad_drift_transition(internal, bytea, "any") RETURNS internal
AS 'MODULE_PATHNAME', 'deepsad_drift_transition' LANGUAGE C PARALLEL SAFE COST 300;
CREATE FUNCTION _deepsad_drift_final(internal) RETURNS jsonb
AS 'MODULE_PATHNAME', 'deepsad_drift_final' LANGUAGE C PARALLEL SAFE COST 5000;
COMMENT ON FUNCTION _deepsad_drift_transition(internal, bytea, "any") IS 'transition function of deepsad_drift';
COMMENT ON FUNCTION _deepsad_drift_final(internal) IS 'final function of deepsad_drift';

-- SSPACE, here and of deepsad_calibrate: what a model takes that is ready to score
CREATE AGGREGATE deepsad_drift(model bytea, features "any") (
	SFUNC = _deepsad_drift_transition, STYPE = internal, SSPACE = 200000, FINALFUNC = _deepsad_drift_final, PARALLEL = SAFE);
COMMENT ON AGGREGATE deepsad_drift(bytea, "any") IS 'whether rows are still like the training rows: each feature and the scores';

-- metrics; SSPACE: a state is a sort of its own, so groups should come one after the other

CREATE TYPE deepsad_auc_interval AS (roc_auc double precision, lower double precision, upper double precision);
CREATE TYPE deepsad_roc_point AS (threshold double precision, false_positive_rate double precision, true_positive_rate double precision);
CREATE TYPE deepsad_pr_point AS (threshold double precision, recall double precision, "precision" double precision);
COMMENT ON TYPE deepsad_auc_interval IS 'an area under the ROC curve and its confidence interval';
COMMENT ON TYPE deepsad_roc_point IS 'a point of a ROC curve: rates among the rows whose score is at least the threshold';
COMMENT ON TYPE deepsad_pr_point IS 'a point of a precision-recall curve: of the rows whose score is at least the threshold';

-- COST: with each row's part in the sort at the end
CREATE FUNCTION _deepsad_metric_transition(internal, double precision, boolean) RETURNS internal
AS 'MODULE_PATHNAME', 'deepsad_metric_transition' LANGUAGE C PARALLEL SAFE COST 25;
CREATE FUNCTION _deepsad_metric_transition(internal, double precision, boolean, bigint) RETURNS internal
AS 'MODULE_PATHNAME', 'deepsad_metric_transition' LANGUAGE C PARALLEL SAFE COST 25;
CREATE FUNCTION _deepsad_metric_transition(internal, double precision, boolean, double precision) RETURNS internal
AS 'MODULE_PATHNAME', 'deepsad_metric_transition' LANGUAGE C PARALLEL SAFE COST 25;
CREATE FUNCTION _deepsad_roc_auc_final(internal) RETURNS double precision
AS 'MODULE_PATHNAME', 'deepsad_roc_auc_final' LANGUAGE C PARALLEL SAFE COST 100;
CREATE FUNCTION _deepsad_roc_auc_ci_final(internal) RETURNS deepsad_auc_interval
AS 'MODULE_PATHNAME', 'deepsad_roc_auc_ci_final' LANGUAGE C PARALLEL SAFE COST 100;
CREATE FUNCTION _deepsad_threshold_final(internal) RETURNS double precision
AS 'MODULE_PATHNAME', 'deepsad_threshold_final' LANGUAGE C PARALLEL SAFE COST 100;
CREATE FUNCTION _deepsad_average_precision_final(internal) RETURNS double precision
AS 'MODULE_PATHNAME', 'deepsad_average_precision_final' LANGUAGE C PARALLEL SAFE COST 100;
CREATE FUNCTION _deepsad_precision_at_k_final(internal) RETURNS double precision
AS 'MODULE_PATHNAME', 'deepsad_precision_at_k_final' LANGUAGE C PARALLEL SAFE COST 100;
CREATE FUNCTION _deepsad_recall_at_k_final(internal) RETURNS double precision
AS 'MODULE_PATHNAME', 'deepsad_recall_at_k_final' LANGUAGE C PARALLEL SAFE COST 100;
CREATE FUNCTION _deepsad_roc_curve_final(internal) RETURNS deepsad_roc_point[]
AS 'MODULE_PATHNAME', 'deepsad_roc_curve_final' LANGUAGE C PARALLEL SAFE COST 1000;
CREATE FUNCTION _deepsad_pr_curve_final(internal) RETURNS deepsad_pr_point[]
AS 'MODULE_PATHNAME', 'deepsad_pr_curve_final' LANGUAGE C PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION _deepsad_metric_transition(internal, double precision, boolean) IS 'transition function of the metrics';
COMMENT ON FUNCTION _deepsad_metric_transition(internal, double precision, boolean, bigint) IS 'transition function of the metrics';
COMMENT ON FUNCTION _deepsad_metric_transition(internal, double precision, boolean, double precision) IS 'transition function of the metrics';
COMMENT ON FUNCTION _deepsad_roc_auc_final(internal) IS 'final function of deepsad_roc_auc';
COMMENT ON FUNCTION _deepsad_roc_auc_ci_final(internal) IS 'final function of deepsad_roc_auc_ci';
COMMENT ON FUNCTION _deepsad_threshold_final(internal) IS 'final function of deepsad_threshold';
COMMENT ON FUNCTION _deepsad_average_precision_final(internal) IS 'final function of deepsad_average_precision';
COMMENT ON FUNCTION _deepsad_precision_at_k_final(internal) IS 'final function of deepsad_precision_at_k';
COMMENT ON FUNCTION _deepsad_recall_at_k_final(internal) IS 'final function of deepsad_recall_at_k';
COMMENT ON FUNCTION _deepsad_roc_curve_final(internal) IS 'final function of deepsad_roc_curve';
COMMENT ON FUNCTION _deepsad_pr_curve_final(internal) IS 'final function of deepsad_pr_curve';

CREATE AGGREGATE deepsad_roc_auc(score double precision, label boolean) (
	SFUNC = _deepsad_metric_transition, STYPE = internal, SSPACE = 2000000000,
	FINALFUNC = _deepsad_roc_auc_final, FINALFUNC_MODIFY = SHAREABLE, PARALLEL = SAFE);
CREATE AGGREGATE deepsad_roc_auc_ci(score double precision, label boolean) (
	SFUNC = _deepsad_metric_transition, STYPE = internal, SSPACE = 2000000000,
	FINALFUNC = _deepsad_roc_auc_ci_final, FINALFUNC_MODIFY = SHAREABLE, PARALLEL = SAFE);
CREATE AGGREGATE deepsad_roc_auc_ci(score double precision, label boolean, confidence double precision) (
	SFUNC = _deepsad_metric_transition, STYPE = internal, SSPACE = 2000000000,
	FINALFUNC = _deepsad_roc_auc_ci_final, FINALFUNC_MODIFY = SHAREABLE, PARALLEL = SAFE);
CREATE AGGREGATE deepsad_average_precision(score double precision, label boolean) (
	SFUNC = _deepsad_metric_transition, STYPE = internal, SSPACE = 2000000000,
	FINALFUNC = _deepsad_average_precision_final, FINALFUNC_MODIFY = SHAREABLE, PARALLEL = SAFE);
CREATE AGGREGATE deepsad_precision_at_k(score double precision, label boolean, k bigint) (
	SFUNC = _deepsad_metric_transition, STYPE = internal, SSPACE = 2000000000,
	FINALFUNC = _deepsad_precision_at_k_final, FINALFUNC_MODIFY = SHAREABLE, PARALLEL = SAFE);
CREATE AGGREGATE deepsad_recall_at_k(score double precision, label boolean, k bigint) (
	SFUNC = _deepsad_metric_transition, STYPE = internal, SSPACE = 2000000000,
	FINALFUNC = _deepsad_recall_at_k_final, FINALFUNC_MODIFY = SHAREABLE, PARALLEL = SAFE);
CREATE AGGREGATE deepsad_threshold(score double precision, label boolean) (
	SFUNC = _deepsad_metric_transition, STYPE = internal, SSPACE = 2000000000,
	FINALFUNC = _deepsad_threshold_final, FINALFUNC_MODIFY = SHAREABLE, PARALLEL = SAFE);
CREATE AGGREGATE deepsad_threshold(score double precision, label boolean, "precision" double precision) (
	SFUNC = _deepsad_metric_transition, STYPE = internal, SSPACE = 2000000000,
	FINALFUNC = _deepsad_threshold_final, FINALFUNC_MODIFY = SHAREABLE, PARALLEL = SAFE);
CREATE AGGREGATE deepsad_roc_curve(score double precision, label boolean) (
	SFUNC = _deepsad_metric_transition, STYPE = internal, SSPACE = 2000000000,
	FINALFUNC = _deepsad_roc_curve_final, FINALFUNC_MODIFY = SHAREABLE, PARALLEL = SAFE);
CREATE AGGREGATE deepsad_pr_curve(score double precision, label boolean) (
	SFUNC = _deepsad_metric_transition, STYPE = internal, SSPACE = 2000000000,
	FINALFUNC = _deepsad_pr_curve_final, FINALFUNC_MODIFY = SHAREABLE, PARALLEL = SAFE);
COMMENT ON AGGREGATE deepsad_roc_auc(double precision, boolean) IS 'area under the ROC curve; label true = anomaly, NULLs ignored, ties count half';
COMMENT ON AGGREGATE deepsad_roc_auc_ci(double precision, boolean) IS 'area under the ROC curve with its 95 % confidence interval (Newcombe 2006, method 5)';
COMMENT ON AGGREGATE deepsad_roc_auc_ci(double precision, boolean, double precision) IS 'area under the ROC curve with its confidence interval (Newcombe 2006, method 5)';
COMMENT ON AGGREGATE deepsad_average_precision(double precision, boolean) IS 'average precision (area under the precision-recall curve); label true = anomaly, NULLs ignored';
COMMENT ON AGGREGATE deepsad_precision_at_k(double precision, boolean, bigint) IS 'share of anomalies among the k rows with the highest scores; tied rows count by their share';
COMMENT ON AGGREGATE deepsad_recall_at_k(double precision, boolean, bigint) IS 'share of the anomalies that are among the k rows with the highest scores; tied rows count by their share';
COMMENT ON AGGREGATE deepsad_threshold(double precision, boolean) IS 'the threshold with the best F1; rows whose score is at least the threshold are taken for anomalies';
COMMENT ON AGGREGATE deepsad_threshold(double precision, boolean, double precision) IS 'the threshold that finds the most anomalies with at least that precision; NULL when none has it';
COMMENT ON AGGREGATE deepsad_roc_curve(double precision, boolean) IS 'the corners of the ROC curve, highest threshold first; unnest it';
COMMENT ON AGGREGATE deepsad_pr_curve(double precision, boolean) IS 'the points of the precision-recall curve, highest threshold first; unnest it';

CREATE FUNCTION _deepsad_confusion_transition(bigint[], boolean, boolean) RETURNS bigint[]
AS 'MODULE_PATHNAME', 'deepsad_confusion_transition' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 5;
CREATE FUNCTION _deepsad_confusion_combine(bigint[], bigint[]) RETURNS bigint[]
AS 'MODULE_PATHNAME', 'deepsad_confusion_combine' LANGUAGE C STRICT IMMUTABLE PARALLEL SAFE COST 5;
CREATE FUNCTION _deepsad_confusion_final(bigint[]) RETURNS jsonb
AS 'MODULE_PATHNAME', 'deepsad_confusion_final' LANGUAGE C STRICT IMMUTABLE PARALLEL SAFE COST 500;
COMMENT ON FUNCTION _deepsad_confusion_transition(bigint[], boolean, boolean) IS 'transition function of deepsad_confusion';
COMMENT ON FUNCTION _deepsad_confusion_combine(bigint[], bigint[]) IS 'combine function of deepsad_confusion';
COMMENT ON FUNCTION _deepsad_confusion_final(bigint[]) IS 'final function of deepsad_confusion';
CREATE AGGREGATE deepsad_confusion(decision boolean, label boolean) (
	SFUNC = _deepsad_confusion_transition, STYPE = bigint[], INITCOND = '{0,0,0,0}',
	COMBINEFUNC = _deepsad_confusion_combine, FINALFUNC = _deepsad_confusion_final, PARALLEL = SAFE);
COMMENT ON AGGREGATE deepsad_confusion(boolean, boolean) IS 'counts of right and wrong decisions, precision, recall, F1; true = anomaly, NULLs ignored';

-- exchange: models in other programs' formats

CREATE FUNCTION deepsad_export_safetensors(model bytea) RETURNS bytea
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10000;
COMMENT ON FUNCTION deepsad_export_safetensors(bytea) IS 'a model as a safetensors file, from which deepsad_import makes the same model';

CREATE FUNCTION deepsad_import(file bytea) RETURNS bytea
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10000;
COMMENT ON FUNCTION deepsad_import(bytea) IS 'the model of a safetensors file';

CREATE FUNCTION deepsad_export_onnx(
	model bytea, pvalue boolean DEFAULT false, is_anomaly boolean DEFAULT false, opset integer DEFAULT 13)
RETURNS bytea
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10000;
COMMENT ON FUNCTION deepsad_export_onnx(bytea, boolean, boolean, integer) IS 'a model as an ONNX file: encoded features to scores, p-values and decisions';

CREATE FUNCTION deepsad_encode(model bytea, VARIADIC features "any") RETURNS double precision[]
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100;
COMMENT ON FUNCTION deepsad_encode(bytea, "any") IS 'a row''s encoded features, which an exported ONNX graph takes; NULL = missing';

CREATE FUNCTION deepsad_export_sql(model bytea, name text) RETURNS text
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10000;
COMMENT ON FUNCTION deepsad_export_sql(bytea, text) IS 'a model as the command that creates an SQL function of that name, which needs no extension';

CREATE FUNCTION deepsad_export_query(model bytea, source regclass) RETURNS text
AS 'MODULE_PATHNAME' LANGUAGE C STABLE STRICT PARALLEL SAFE COST 10000;
COMMENT ON FUNCTION deepsad_export_query(bytea, regclass) IS 'a model as a query that scores a table''s rows and needs no extension';

CREATE FUNCTION deepsad_export_json(model bytea) RETURNS json
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10000;
COMMENT ON FUNCTION deepsad_export_json(bytea) IS 'all of a model that can be read, with keys in a fixed order, for comparing and auditing';

-- reports: pages to look at

CREATE FUNCTION deepsad_report(model bytea) RETURNS text
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100000;
COMMENT ON FUNCTION deepsad_report(bytea) IS 'a page of HTML about a model: training, features, threshold, trust';

CREATE FUNCTION _deepsad_report_transition(internal, bytea, "any", "any") RETURNS internal
AS 'MODULE_PATHNAME', 'deepsad_report_transition' LANGUAGE C PARALLEL SAFE COST 300;
CREATE FUNCTION _deepsad_report_final(internal) RETURNS text
AS 'MODULE_PATHNAME', 'deepsad_report_final' LANGUAGE C PARALLEL SAFE COST 300000;
COMMENT ON FUNCTION _deepsad_report_transition(internal, bytea, "any", "any") IS 'transition function of deepsad_report';
COMMENT ON FUNCTION _deepsad_report_final(internal) IS 'final function of deepsad_report';

-- SSPACE: a state sorts all scores of its group, so groups should come one after the other, sorted.
CREATE AGGREGATE deepsad_report(model bytea, features "any", label "any") (
	SFUNC = _deepsad_report_transition, STYPE = internal, SSPACE = 2000000000,
	FINALFUNC = _deepsad_report_final, FINALFUNC_MODIFY = READ_WRITE, PARALLEL = SAFE);
COMMENT ON AGGREGATE deepsad_report(bytea, "any", "any") IS 'a page of HTML about a model and rows to judge it by: curves, alarms, the most anomalous rows, drift';

-- training sets as values

CREATE TYPE deepsad_rows;

CREATE FUNCTION _deepsad_rows_in(cstring) RETURNS deepsad_rows
AS 'MODULE_PATHNAME', 'deepsad_rows_in' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
CREATE FUNCTION _deepsad_rows_out(deepsad_rows) RETURNS cstring
AS 'MODULE_PATHNAME', 'deepsad_rows_out' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
CREATE FUNCTION _deepsad_rows_recv(internal) RETURNS deepsad_rows
AS 'MODULE_PATHNAME', 'deepsad_rows_recv' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
CREATE FUNCTION _deepsad_rows_send(deepsad_rows) RETURNS bytea
AS 'MODULE_PATHNAME', 'deepsad_rows_send' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;

-- STORAGE: numbers do not compress
CREATE TYPE deepsad_rows (
	INPUT = _deepsad_rows_in, OUTPUT = _deepsad_rows_out, RECEIVE = _deepsad_rows_recv, SEND = _deepsad_rows_send,
	INTERNALLENGTH = VARIABLE, ALIGNMENT = double, STORAGE = external);

COMMENT ON TYPE deepsad_rows IS 'a training set: rows, their labels, and how often each came';
COMMENT ON FUNCTION _deepsad_rows_in(cstring) IS 'input function of deepsad_rows';
COMMENT ON FUNCTION _deepsad_rows_out(deepsad_rows) IS 'output function of deepsad_rows';
COMMENT ON FUNCTION _deepsad_rows_recv(internal) IS 'binary input function of deepsad_rows';
COMMENT ON FUNCTION _deepsad_rows_send(deepsad_rows) IS 'binary output function of deepsad_rows';

CREATE FUNCTION _deepsad_sample_combine(deepsad_rows, deepsad_rows) RETURNS deepsad_rows
AS 'MODULE_PATHNAME', 'deepsad_sample_combine' LANGUAGE C PARALLEL SAFE COST 1000;
CREATE FUNCTION _deepsad_sample_final(deepsad_rows) RETURNS deepsad_rows
AS 'MODULE_PATHNAME', 'deepsad_sample_final' LANGUAGE C PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION _deepsad_sample_combine(deepsad_rows, deepsad_rows) IS 'combine function of deepsad_sample and deepsad_merge, transition function of deepsad_merge';
COMMENT ON FUNCTION _deepsad_sample_final(deepsad_rows) IS 'final function of deepsad_sample and deepsad_merge';

CREATE FUNCTION _deepsad_sample_transition(deepsad_rows, record) RETURNS deepsad_rows
AS 'MODULE_PATHNAME', 'deepsad_sample_row_transition' LANGUAGE C PARALLEL SAFE COST 100;
CREATE FUNCTION _deepsad_sample_transition(deepsad_rows, record, boolean) RETURNS deepsad_rows
AS 'MODULE_PATHNAME', 'deepsad_sample_row_transition' LANGUAGE C PARALLEL SAFE COST 100;
CREATE FUNCTION _deepsad_sample_transition(deepsad_rows, record, boolean, jsonb) RETURNS deepsad_rows
AS 'MODULE_PATHNAME', 'deepsad_sample_row_transition' LANGUAGE C PARALLEL SAFE COST 100;
CREATE FUNCTION _deepsad_sample_transition(deepsad_rows, record, boolean, jsonb, text) RETURNS deepsad_rows
AS 'MODULE_PATHNAME', 'deepsad_sample_row_transition' LANGUAGE C PARALLEL SAFE COST 100;
COMMENT ON FUNCTION _deepsad_sample_transition(deepsad_rows, record) IS 'transition function of deepsad_sample';
COMMENT ON FUNCTION _deepsad_sample_transition(deepsad_rows, record, boolean) IS 'transition function of deepsad_sample';
COMMENT ON FUNCTION _deepsad_sample_transition(deepsad_rows, record, boolean, jsonb) IS 'transition function of deepsad_sample';
COMMENT ON FUNCTION _deepsad_sample_transition(deepsad_rows, record, boolean, jsonb, text) IS 'transition function of deepsad_sample';

CREATE FUNCTION _deepsad_sample_transition(deepsad_rows, anyarray) RETURNS deepsad_rows
AS 'MODULE_PATHNAME', 'deepsad_sample_array_transition' LANGUAGE C PARALLEL SAFE COST 100;
CREATE FUNCTION _deepsad_sample_transition(deepsad_rows, anyarray, boolean) RETURNS deepsad_rows
AS 'MODULE_PATHNAME', 'deepsad_sample_array_transition' LANGUAGE C PARALLEL SAFE COST 100;
CREATE FUNCTION _deepsad_sample_transition(deepsad_rows, anyarray, boolean, jsonb) RETURNS deepsad_rows
AS 'MODULE_PATHNAME', 'deepsad_sample_array_transition' LANGUAGE C PARALLEL SAFE COST 100;
CREATE FUNCTION _deepsad_sample_transition(deepsad_rows, anyarray, boolean, jsonb, text) RETURNS deepsad_rows
AS 'MODULE_PATHNAME', 'deepsad_sample_array_transition' LANGUAGE C PARALLEL SAFE COST 100;
COMMENT ON FUNCTION _deepsad_sample_transition(deepsad_rows, anyarray) IS 'transition function of deepsad_sample';
COMMENT ON FUNCTION _deepsad_sample_transition(deepsad_rows, anyarray, boolean) IS 'transition function of deepsad_sample';
COMMENT ON FUNCTION _deepsad_sample_transition(deepsad_rows, anyarray, boolean, jsonb) IS 'transition function of deepsad_sample';
COMMENT ON FUNCTION _deepsad_sample_transition(deepsad_rows, anyarray, boolean, jsonb, text) IS 'transition function of deepsad_sample';

CREATE AGGREGATE deepsad_sample(features record) (
	SFUNC = _deepsad_sample_transition, STYPE = deepsad_rows, SSPACE = 100000,
	COMBINEFUNC = _deepsad_sample_combine, FINALFUNC = _deepsad_sample_final, PARALLEL = SAFE);
CREATE AGGREGATE deepsad_sample(features record, label boolean) (
	SFUNC = _deepsad_sample_transition, STYPE = deepsad_rows, SSPACE = 100000,
	COMBINEFUNC = _deepsad_sample_combine, FINALFUNC = _deepsad_sample_final, PARALLEL = SAFE);
CREATE AGGREGATE deepsad_sample(features record, label boolean, options jsonb) (
	SFUNC = _deepsad_sample_transition, STYPE = deepsad_rows, SSPACE = 100000,
	COMBINEFUNC = _deepsad_sample_combine, FINALFUNC = _deepsad_sample_final, PARALLEL = SAFE);
CREATE AGGREGATE deepsad_sample(features record, label boolean, options jsonb, key text) (
	SFUNC = _deepsad_sample_transition, STYPE = deepsad_rows, SSPACE = 100000,
	COMBINEFUNC = _deepsad_sample_combine, FINALFUNC = _deepsad_sample_final, PARALLEL = SAFE);
COMMENT ON AGGREGATE deepsad_sample(record) IS 'collects a training set of rows';
COMMENT ON AGGREGATE deepsad_sample(record, boolean) IS 'collects a training set; label true = known anomaly, false = known normal, NULL = unlabeled';
COMMENT ON AGGREGATE deepsad_sample(record, boolean, jsonb) IS 'collects a training set; options: columns, max_bytes, max_rows, seed';
COMMENT ON AGGREGATE deepsad_sample(record, boolean, jsonb, text) IS 'collects a training set; rows of equal key are one entry';

-- One for each type: Citus hands an aggregate only arguments of exactly its types, which anyarray is not.
CREATE AGGREGATE deepsad_sample(features smallint[]) (
	SFUNC = _deepsad_sample_transition, STYPE = deepsad_rows, SSPACE = 100000,
	COMBINEFUNC = _deepsad_sample_combine, FINALFUNC = _deepsad_sample_final, PARALLEL = SAFE);
CREATE AGGREGATE deepsad_sample(features smallint[], label boolean) (
	SFUNC = _deepsad_sample_transition, STYPE = deepsad_rows, SSPACE = 100000,
	COMBINEFUNC = _deepsad_sample_combine, FINALFUNC = _deepsad_sample_final, PARALLEL = SAFE);
CREATE AGGREGATE deepsad_sample(features smallint[], label boolean, options jsonb) (
	SFUNC = _deepsad_sample_transition, STYPE = deepsad_rows, SSPACE = 100000,
	COMBINEFUNC = _deepsad_sample_combine, FINALFUNC = _deepsad_sample_final, PARALLEL = SAFE);
CREATE AGGREGATE deepsad_sample(features smallint[], label boolean, options jsonb, key text) (
	SFUNC = _deepsad_sample_transition, STYPE = deepsad_rows, SSPACE = 100000,
	COMBINEFUNC = _deepsad_sample_combine, FINALFUNC = _deepsad_sample_final, PARALLEL = SAFE);
COMMENT ON AGGREGATE deepsad_sample(smallint[]) IS 'collects a training set of rows';
COMMENT ON AGGREGATE deepsad_sample(smallint[], boolean) IS 'collects a training set; label true = known anomaly, false = known normal, NULL = unlabeled';
COMMENT ON AGGREGATE deepsad_sample(smallint[], boolean, jsonb) IS 'collects a training set; options: columns, max_bytes, max_rows, seed';
COMMENT ON AGGREGATE deepsad_sample(smallint[], boolean, jsonb, text) IS 'collects a training set; rows of equal key are one entry';
CREATE AGGREGATE deepsad_sample(features integer[]) (
	SFUNC = _deepsad_sample_transition, STYPE = deepsad_rows, SSPACE = 100000,
	COMBINEFUNC = _deepsad_sample_combine, FINALFUNC = _deepsad_sample_final, PARALLEL = SAFE);
CREATE AGGREGATE deepsad_sample(features integer[], label boolean) (
	SFUNC = _deepsad_sample_transition, STYPE = deepsad_rows, SSPACE = 100000,
	COMBINEFUNC = _deepsad_sample_combine, FINALFUNC = _deepsad_sample_final, PARALLEL = SAFE);
CREATE AGGREGATE deepsad_sample(features integer[], label boolean, options jsonb) (
	SFUNC = _deepsad_sample_transition, STYPE = deepsad_rows, SSPACE = 100000,
	COMBINEFUNC = _deepsad_sample_combine, FINALFUNC = _deepsad_sample_final, PARALLEL = SAFE);
CREATE AGGREGATE deepsad_sample(features integer[], label boolean, options jsonb, key text) (
	SFUNC = _deepsad_sample_transition, STYPE = deepsad_rows, SSPACE = 100000,
	COMBINEFUNC = _deepsad_sample_combine, FINALFUNC = _deepsad_sample_final, PARALLEL = SAFE);
COMMENT ON AGGREGATE deepsad_sample(integer[]) IS 'collects a training set of rows';
COMMENT ON AGGREGATE deepsad_sample(integer[], boolean) IS 'collects a training set; label true = known anomaly, false = known normal, NULL = unlabeled';
COMMENT ON AGGREGATE deepsad_sample(integer[], boolean, jsonb) IS 'collects a training set; options: columns, max_bytes, max_rows, seed';
COMMENT ON AGGREGATE deepsad_sample(integer[], boolean, jsonb, text) IS 'collects a training set; rows of equal key are one entry';
CREATE AGGREGATE deepsad_sample(features bigint[]) (
	SFUNC = _deepsad_sample_transition, STYPE = deepsad_rows, SSPACE = 100000,
	COMBINEFUNC = _deepsad_sample_combine, FINALFUNC = _deepsad_sample_final, PARALLEL = SAFE);
CREATE AGGREGATE deepsad_sample(features bigint[], label boolean) (
	SFUNC = _deepsad_sample_transition, STYPE = deepsad_rows, SSPACE = 100000,
	COMBINEFUNC = _deepsad_sample_combine, FINALFUNC = _deepsad_sample_final, PARALLEL = SAFE);
CREATE AGGREGATE deepsad_sample(features bigint[], label boolean, options jsonb) (
	SFUNC = _deepsad_sample_transition, STYPE = deepsad_rows, SSPACE = 100000,
	COMBINEFUNC = _deepsad_sample_combine, FINALFUNC = _deepsad_sample_final, PARALLEL = SAFE);
CREATE AGGREGATE deepsad_sample(features bigint[], label boolean, options jsonb, key text) (
	SFUNC = _deepsad_sample_transition, STYPE = deepsad_rows, SSPACE = 100000,
	COMBINEFUNC = _deepsad_sample_combine, FINALFUNC = _deepsad_sample_final, PARALLEL = SAFE);
COMMENT ON AGGREGATE deepsad_sample(bigint[]) IS 'collects a training set of rows';
COMMENT ON AGGREGATE deepsad_sample(bigint[], boolean) IS 'collects a training set; label true = known anomaly, false = known normal, NULL = unlabeled';
COMMENT ON AGGREGATE deepsad_sample(bigint[], boolean, jsonb) IS 'collects a training set; options: columns, max_bytes, max_rows, seed';
COMMENT ON AGGREGATE deepsad_sample(bigint[], boolean, jsonb, text) IS 'collects a training set; rows of equal key are one entry';
CREATE AGGREGATE deepsad_sample(features numeric[]) (
	SFUNC = _deepsad_sample_transition, STYPE = deepsad_rows, SSPACE = 100000,
	COMBINEFUNC = _deepsad_sample_combine, FINALFUNC = _deepsad_sample_final, PARALLEL = SAFE);
CREATE AGGREGATE deepsad_sample(features numeric[], label boolean) (
	SFUNC = _deepsad_sample_transition, STYPE = deepsad_rows, SSPACE = 100000,
	COMBINEFUNC = _deepsad_sample_combine, FINALFUNC = _deepsad_sample_final, PARALLEL = SAFE);
CREATE AGGREGATE deepsad_sample(features numeric[], label boolean, options jsonb) (
	SFUNC = _deepsad_sample_transition, STYPE = deepsad_rows, SSPACE = 100000,
	COMBINEFUNC = _deepsad_sample_combine, FINALFUNC = _deepsad_sample_final, PARALLEL = SAFE);
CREATE AGGREGATE deepsad_sample(features numeric[], label boolean, options jsonb, key text) (
	SFUNC = _deepsad_sample_transition, STYPE = deepsad_rows, SSPACE = 100000,
	COMBINEFUNC = _deepsad_sample_combine, FINALFUNC = _deepsad_sample_final, PARALLEL = SAFE);
COMMENT ON AGGREGATE deepsad_sample(numeric[]) IS 'collects a training set of rows';
COMMENT ON AGGREGATE deepsad_sample(numeric[], boolean) IS 'collects a training set; label true = known anomaly, false = known normal, NULL = unlabeled';
COMMENT ON AGGREGATE deepsad_sample(numeric[], boolean, jsonb) IS 'collects a training set; options: columns, max_bytes, max_rows, seed';
COMMENT ON AGGREGATE deepsad_sample(numeric[], boolean, jsonb, text) IS 'collects a training set; rows of equal key are one entry';
CREATE AGGREGATE deepsad_sample(features real[]) (
	SFUNC = _deepsad_sample_transition, STYPE = deepsad_rows, SSPACE = 100000,
	COMBINEFUNC = _deepsad_sample_combine, FINALFUNC = _deepsad_sample_final, PARALLEL = SAFE);
CREATE AGGREGATE deepsad_sample(features real[], label boolean) (
	SFUNC = _deepsad_sample_transition, STYPE = deepsad_rows, SSPACE = 100000,
	COMBINEFUNC = _deepsad_sample_combine, FINALFUNC = _deepsad_sample_final, PARALLEL = SAFE);
CREATE AGGREGATE deepsad_sample(features real[], label boolean, options jsonb) (
	SFUNC = _deepsad_sample_transition, STYPE = deepsad_rows, SSPACE = 100000,
	COMBINEFUNC = _deepsad_sample_combine, FINALFUNC = _deepsad_sample_final, PARALLEL = SAFE);
CREATE AGGREGATE deepsad_sample(features real[], label boolean, options jsonb, key text) (
	SFUNC = _deepsad_sample_transition, STYPE = deepsad_rows, SSPACE = 100000,
	COMBINEFUNC = _deepsad_sample_combine, FINALFUNC = _deepsad_sample_final, PARALLEL = SAFE);
COMMENT ON AGGREGATE deepsad_sample(real[]) IS 'collects a training set of rows';
COMMENT ON AGGREGATE deepsad_sample(real[], boolean) IS 'collects a training set; label true = known anomaly, false = known normal, NULL = unlabeled';
COMMENT ON AGGREGATE deepsad_sample(real[], boolean, jsonb) IS 'collects a training set; options: columns, max_bytes, max_rows, seed';
COMMENT ON AGGREGATE deepsad_sample(real[], boolean, jsonb, text) IS 'collects a training set; rows of equal key are one entry';
CREATE AGGREGATE deepsad_sample(features float8[]) (
	SFUNC = _deepsad_sample_transition, STYPE = deepsad_rows, SSPACE = 100000,
	COMBINEFUNC = _deepsad_sample_combine, FINALFUNC = _deepsad_sample_final, PARALLEL = SAFE);
CREATE AGGREGATE deepsad_sample(features float8[], label boolean) (
	SFUNC = _deepsad_sample_transition, STYPE = deepsad_rows, SSPACE = 100000,
	COMBINEFUNC = _deepsad_sample_combine, FINALFUNC = _deepsad_sample_final, PARALLEL = SAFE);
CREATE AGGREGATE deepsad_sample(features float8[], label boolean, options jsonb) (
	SFUNC = _deepsad_sample_transition, STYPE = deepsad_rows, SSPACE = 100000,
	COMBINEFUNC = _deepsad_sample_combine, FINALFUNC = _deepsad_sample_final, PARALLEL = SAFE);
CREATE AGGREGATE deepsad_sample(features float8[], label boolean, options jsonb, key text) (
	SFUNC = _deepsad_sample_transition, STYPE = deepsad_rows, SSPACE = 100000,
	COMBINEFUNC = _deepsad_sample_combine, FINALFUNC = _deepsad_sample_final, PARALLEL = SAFE);
COMMENT ON AGGREGATE deepsad_sample(float8[]) IS 'collects a training set of rows';
COMMENT ON AGGREGATE deepsad_sample(float8[], boolean) IS 'collects a training set; label true = known anomaly, false = known normal, NULL = unlabeled';
COMMENT ON AGGREGATE deepsad_sample(float8[], boolean, jsonb) IS 'collects a training set; options: columns, max_bytes, max_rows, seed';
COMMENT ON AGGREGATE deepsad_sample(float8[], boolean, jsonb, text) IS 'collects a training set; rows of equal key are one entry';

CREATE FUNCTION deepsad_record(features record) RETURNS record
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 0.01;
COMMENT ON FUNCTION deepsad_record(record) IS 'the row itself, of type record: what Citus hands to deepsad_sample';

CREATE AGGREGATE deepsad_merge(rows deepsad_rows) (
	SFUNC = _deepsad_sample_combine, STYPE = deepsad_rows, SSPACE = 1000000,
	COMBINEFUNC = _deepsad_sample_combine, FINALFUNC = _deepsad_sample_final, PARALLEL = SAFE);
COMMENT ON AGGREGATE deepsad_merge(deepsad_rows) IS 'the training set of all rows of training sets; columns by name';

CREATE FUNCTION deepsad_sample_info(rows deepsad_rows) RETURNS jsonb
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION deepsad_sample_info(deepsad_rows) IS 'what a training set holds: entries, rows seen, labels, columns, bytes, digest';

CREATE FUNCTION deepsad_sample_rows(
	rows deepsad_rows, OUT key text, OUT label boolean, OUT count bigint, OUT features jsonb)
RETURNS SETOF record
AS 'MODULE_PATHNAME' LANGUAGE C STABLE STRICT PARALLEL SAFE COST 1000 ROWS 10000;
COMMENT ON FUNCTION deepsad_sample_rows(deepsad_rows) IS 'the entries of a training set';

CREATE FUNCTION deepsad_sample_rows(rows deepsad_rows, row_type anyelement) RETURNS SETOF anyelement
AS 'MODULE_PATHNAME', 'deepsad_sample_rows_typed' LANGUAGE C STABLE PARALLEL SAFE COST 1000 ROWS 10000;
COMMENT ON FUNCTION deepsad_sample_rows(deepsad_rows, anyelement) IS 'the rows of a training set, by name, as rows of the second argument''s type, each as often as it came';

CREATE FUNCTION deepsad_train_rows(rows deepsad_rows, options jsonb DEFAULT NULL) RETURNS bytea
AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE PARALLEL UNSAFE COST 10000000;
COMMENT ON FUNCTION deepsad_train_rows(deepsad_rows, jsonb) IS 'trains on the rows of a training set, as deepsad_train does; returns the model';

CREATE FUNCTION deepsad_update_rows(model bytea, rows deepsad_rows, options jsonb DEFAULT NULL) RETURNS bytea
AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE PARALLEL UNSAFE COST 10000000;
COMMENT ON FUNCTION deepsad_update_rows(bytea, deepsad_rows, jsonb) IS 'goes on training a model with the rows of a training set, as deepsad_update does; returns the new model';

CREATE FUNCTION _deepsad_calibrate_transition(internal, bytea, "any") RETURNS internal
AS 'MODULE_PATHNAME', 'deepsad_calibrate_transition' LANGUAGE C PARALLEL SAFE COST 150;
CREATE FUNCTION _deepsad_calibrate_transition(internal, bytea, "any", "any") RETURNS internal
AS 'MODULE_PATHNAME', 'deepsad_calibrate_transition' LANGUAGE C PARALLEL SAFE COST 150;
CREATE FUNCTION _deepsad_calibrate_final(internal) RETURNS bytea
AS 'MODULE_PATHNAME', 'deepsad_calibrate_final' LANGUAGE C PARALLEL SAFE COST 25000;
COMMENT ON FUNCTION _deepsad_calibrate_transition(internal, bytea, "any") IS 'transition function of deepsad_calibrate';
COMMENT ON FUNCTION _deepsad_calibrate_transition(internal, bytea, "any", "any") IS 'transition function of deepsad_calibrate';
COMMENT ON FUNCTION _deepsad_calibrate_final(internal) IS 'final function of deepsad_calibrate';

CREATE AGGREGATE deepsad_calibrate(model bytea, features "any") (
	SFUNC = _deepsad_calibrate_transition, STYPE = internal, SSPACE = 400000, FINALFUNC = _deepsad_calibrate_final,
	FINALFUNC_MODIFY = READ_WRITE, PARALLEL = SAFE);
CREATE AGGREGATE deepsad_calibrate(model bytea, features "any", label "any") (
	SFUNC = _deepsad_calibrate_transition, STYPE = internal, SSPACE = 400000, FINALFUNC = _deepsad_calibrate_final,
	FINALFUNC_MODIFY = READ_WRITE, PARALLEL = SAFE);
COMMENT ON AGGREGATE deepsad_calibrate(bytea, "any") IS 'the model with p-values by rows that it was not trained on';
COMMENT ON AGGREGATE deepsad_calibrate(bytea, "any", "any") IS 'the model with p-values by rows that it was not trained on; known anomalies are left out';

CREATE FUNCTION deepsad_calibrate_rows(model bytea, rows deepsad_rows) RETURNS bytea
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100000;
COMMENT ON FUNCTION deepsad_calibrate_rows(bytea, deepsad_rows) IS 'the model with p-values by the rows of a training set that it was not trained on; known anomalies are left out';

-- windows of a series

CREATE FUNCTION deepsad_window(n integer, VARIADIC "values" "any") RETURNS real[]
AS 'MODULE_PATHNAME' LANGUAGE C WINDOW IMMUTABLE PARALLEL SAFE COST 25;
CREATE FUNCTION deepsad_window(n integer, at timestamptz, step interval, VARIADIC "values" "any") RETURNS real[]
AS 'MODULE_PATHNAME', 'deepsad_window_gaps' LANGUAGE C WINDOW STABLE PARALLEL SAFE COST 25;
CREATE FUNCTION deepsad_window(n integer, at timestamp, step interval, VARIADIC "values" "any") RETURNS real[]
AS 'MODULE_PATHNAME', 'deepsad_window_gaps' LANGUAGE C WINDOW IMMUTABLE PARALLEL SAFE COST 25;

COMMENT ON FUNCTION deepsad_window(integer, "any") IS 'the values of the last n rows, oldest first, a row''s beside each other; NULL until there are n rows';
COMMENT ON FUNCTION deepsad_window(integer, timestamptz, interval, "any") IS 'deepsad_window that starts anew after a step in time that is larger than step';
COMMENT ON FUNCTION deepsad_window(integer, timestamp, interval, "any") IS 'deepsad_window that starts anew after a step in time that is larger than step';

-- what frozen functions for pgvector's vector call

CREATE FUNCTION _deepsad_frozen_score(model bytea, features real[]) RETURNS double precision
AS 'MODULE_PATHNAME', 'deepsad_score' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 120 SUPPORT _deepsad_score_support;

COMMENT ON FUNCTION _deepsad_frozen_score(bytea, real[]) IS 'deepsad_score for the functions that deepsad_freeze makes for pgvector''s vector';
