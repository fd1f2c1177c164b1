\set ON_ERROR_STOP on
\set QUIET on
\pset footer off
\pset border 1
SET client_min_messages = warning;
CREATE EXTENSION deepsad;
CREATE TABLE patient (
	id integer GENERATED ALWAYS AS IDENTITY, part text, anomaly boolean, reveal integer, features real[]);
\copy patient (part, anomaly, reveal, features) FROM pstdin

-- 22 known anomalies (1 % of the rows) are labeled; the others of the training part are left out.
CREATE VIEW known AS
	SELECT id, features, CASE WHEN anomaly THEN true END AS label
	FROM patient WHERE part = 'train' AND (NOT anomaly OR reveal <= 22);

\echo
\echo 'Data: UCI thyroid, 3,772 patients with six measurements each, 93 of them anomalies.'
\echo
SELECT part, count(*) AS patients, count(*) FILTER (WHERE anomaly) AS anomalies FROM patient GROUP BY part ORDER BY part DESC;
\echo 'Training on the normal rows, unlabeled, and 22 labeled anomalies (1 %):'
\echo
\echo '    CREATE TABLE model AS'
\echo '    SELECT deepsad_train(features, label) AS model FROM known;'
\echo
SELECT clock_timestamp() AS started \gset
CREATE TABLE model AS SELECT deepsad_train(features, label) AS model FROM known;
SELECT round(extract(epoch FROM clock_timestamp() - :'started')::numeric, 2) AS seconds \gset
\echo '    trained in' :seconds 's'
\echo
CREATE TABLE unlabeled AS SELECT deepsad_train(features) AS model FROM known WHERE label IS NULL;
CREATE TABLE scored AS
	SELECT id, anomaly, features, deepsad_score(m.model, features) AS score,
		deepsad_score(u.model, features) AS score_without
	FROM patient, model m, unlabeled u WHERE part = 'test';
\echo 'On patients it never saw (1 is an average training row):'
\echo
SELECT 'with 1 % labels' AS trained,
	round(deepsad_roc_auc(score, anomaly)::numeric, 4) AS "ROC AUC",
	round(deepsad_average_precision(score, anomaly)::numeric, 4) AS "average precision"
FROM scored
UNION ALL
SELECT 'without labels', round(deepsad_roc_auc(score_without, anomaly)::numeric, 4),
	round(deepsad_average_precision(score_without, anomaly)::numeric, 4)
FROM scored;
\echo 'The ten most anomalous:'
\echo
\echo '    SELECT id, deepsad_score(model, features) AS score FROM patient, model ORDER BY score DESC LIMIT 10;'
\echo
SELECT id, round(score::numeric, 1) AS score, CASE WHEN anomaly THEN 'anomaly' ELSE 'normal' END AS truth, features
FROM scored ORDER BY score DESC LIMIT 10;
