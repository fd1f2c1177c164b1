\set ON_ERROR_STOP on
\set QUIET on
\pset footer off
\pset border 1
SET client_min_messages = warning;
\ir nslkdd.sql
\echo 'Rows of a real table as they are: NSL-KDD, network connections of 41 columns, three of them text.'
\echo
SELECT service, protocol_type, flag, duration, src_bytes, attack FROM connection ORDER BY md5(connection::text) LIMIT 4;
\echo 'Training on the normal connections, unlabeled, and 117 known attacks (1 %), which count little (eta 0.1):'
\echo
\echo '    CREATE TABLE detector AS'
\echo '    SELECT deepsad_train(c, is_attack, ''{"eta": 0.1}'') AS model FROM known_connection c;'
\echo
\set options '{"eta": 0.1}'
SELECT clock_timestamp() AS started \gset
CREATE TABLE detector AS SELECT deepsad_train(c, is_attack, :'options') AS model FROM known_connection c;
SELECT round(extract(epoch FROM clock_timestamp() - :'started')::numeric, 2) AS seconds \gset
\echo '    trained in' :seconds 's (is_attack is a column of the row: left out, with a notice)'
\echo
\echo 'On later connections, 22,544 of them, many of attack types that training never saw:'
\echo
\echo '    SELECT deepsad_score(model, c) FROM later_connection c, detector;'
\echo
CREATE TABLE scored_connection AS
	SELECT c.*, deepsad_score(model, c) AS score, attack NOT IN (SELECT attack FROM connection) AS novel FROM later_connection c, detector;
SELECT round(deepsad_roc_auc(score, attack <> 'normal')::numeric, 4) AS "ROC AUC",
	round(deepsad_average_precision(score, attack <> 'normal')::numeric, 4) AS "average precision",
	round(deepsad_roc_auc(score, attack <> 'normal') FILTER (WHERE attack = 'normal' OR novel)::numeric, 4) AS "ROC AUC of unseen attack types"
FROM scored_connection;
\echo 'Why is the most suspicious one of an unseen type suspicious?'
\echo
\echo '    SELECT (deepsad_explain(model, c)).* FROM ...;'
\echo
SELECT attack, round(score::numeric, 1) AS score, feature, value, expected, round(contribution::numeric, 1) AS contribution
FROM (SELECT * FROM scored_connection WHERE novel ORDER BY score DESC, src_bytes LIMIT 1) c, detector, deepsad_explain(model, c)
WHERE rank <= 5 ORDER BY rank;
