-- The report of tests/bench/quality over the tables result and published, as text whose tables become Markdown.
-- mode is main, normals or pollution. Deviations are over seeds; means weigh every set alike.
\pset format unaligned
\pset fieldsep ' | '
\pset tuples_only off
\pset footer off
\pset null ''
CREATE FUNCTION percent(x float8, sd float8 DEFAULT NULL) RETURNS text LANGUAGE sql AS
	$$SELECT to_char(x, 'FM990.0') || coalesce(' ± ' || to_char(sd, 'FM990.0'), '')$$;
-- Two-sided sign test: the chance of a split at least as uneven, were wins and losses as likely.
CREATE FUNCTION sign_test(wins bigint, losses bigint) RETURNS numeric LANGUAGE sql AS $$
	SELECT least(1, round(2 * sum(factorial(wins + losses) / (factorial(i) * factorial(wins + losses - i))) / 2::numeric ^ (wins + losses), 5))
	FROM generate_series(0, least(wins, losses)) i$$;
-- For each set the best of the published methods, chosen afterwards, of either measure: nobody can have that.
INSERT INTO published SELECT protocol, labels, name, 'best of 16 for each set', max(auc), max(ap) FROM published
WHERE protocol = 'adbench' GROUP BY protocol, labels, name;
-- Means over seeds of each set; published ones have no deviations.
CREATE VIEW by_set AS
SELECT folder, protocol, name, method, labels, normals, pollution, count(*) AS seeds, round(avg(anomalies)) AS anomalies,
	avg(auc) AS auc, avg(ap) AS ap, stddev_samp(auc) AS auc_sd, stddev_samp(ap) AS ap_sd, avg(train_ms) AS train_ms, avg(score_us) AS score_us
FROM result GROUP BY folder, protocol, name, method, labels, normals, pollution
UNION ALL
SELECT folder, protocol, name, p.method, p.labels, 0, NULL, NULL, NULL, p.auc, p.ap, NULL, NULL, NULL, NULL
FROM published p JOIN (SELECT DISTINCT folder, protocol, name, labels FROM result) s USING (protocol, name, labels) WHERE :'mode' = 'main';
-- Means over sets; the deviation is that of the seeds' means.
CREATE VIEW by_folder AS
SELECT folder, method, labels, normals, pollution, count(*) AS sets, avg(auc) AS auc, CASE WHEN count(ap) = count(*) THEN avg(ap) END AS ap,
	(SELECT stddev_samp(mean) FROM (SELECT avg(r.auc) AS mean FROM result r WHERE r.folder = s.folder AND r.method = s.method
		AND r.labels = s.labels AND r.normals = s.normals AND r.pollution IS NOT DISTINCT FROM s.pollution GROUP BY seed) m) AS auc_sd
FROM by_set s GROUP BY folder, method, labels, normals, pollution;
-- Of the published methods' means only the best of either measure, and those that are named.
CREATE VIEW shown AS
SELECT * FROM (SELECT *, rank() OVER (PARTITION BY folder, labels, kind ORDER BY auc DESC) AS auc_rank,
		rank() OVER (PARTITION BY folder, labels, kind ORDER BY ap DESC NULLS LAST) AS ap_rank
	FROM (SELECT *, method IN ('deepsad', 'IsolationForest', 'gradient boosting', 'best of 16 for each set') AS kind FROM by_folder) f) r
WHERE kind OR auc_rank = 1 OR ap_rank = 1 OR method IN ('CatB', 'DeepSAD', 'Deep SAD', 'PyTorch reference');

SELECT :'mode' = 'main' AS is_main, :'mode' = 'counts' AS is_counts, :'mode' = 'normals' AS is_normals \gset
\if :is_main

\echo
\echo '### Means over the sets, in %'
\echo
SELECT folder, labels AS "labeled %", method, sets, to_char(auc, 'FM990.00') || coalesce(' ± ' || to_char(auc_sd, 'FM990.0'), '') AS "ROC AUC", to_char(ap, 'FM990.00') AS "average precision",
	CASE WHEN method = 'deepsad' THEN bar END AS bar
FROM shown LEFT JOIN (VALUES ('adbench', 1::float8, '87.0 / 61.0'), ('adbench', 5, '91.5 / 73.0'), ('adbench', 10, '93.3 / 77.5'),
	('adbench', 25, '94.1 / 80.0'), ('adbench', 50, '95.6 / 84.9'), ('adbench', 100, '97.1 / 90.6'),
	('adbench-more', 1, '81 / 54'), ('adbench-more', 5, '87.5 / 65'), ('adbench-more', 10, '91.5 / 73'),
	('adbench-more', 25, '95 / 81'), ('adbench-more', 50, '97 / 86.5'), ('adbench-more', 100, '98.3 / 89'), ('odds', 1, '96.0'),
	('adbench', 0, 'IsolationForest'), ('adbench-more', 0, 'IsolationForest'), ('odds', 0, 'IsolationForest')) b (folder, labels, bar) USING (folder, labels)
ORDER BY folder, labels, method <> 'deepsad', shown.auc DESC;

\echo
\echo '### Set by set against others, over all folders of a protocol: sets won, lost, and the two-sided sign test'
\echo
SELECT d.protocol, labels AS "labeled %", o.method, count(*) FILTER (WHERE d.auc > o.auc) AS "AUC won", count(*) FILTER (WHERE d.auc < o.auc) AS lost,
	sign_test(count(*) FILTER (WHERE d.auc > o.auc), count(*) FILTER (WHERE d.auc < o.auc)) AS p,
	count(*) FILTER (WHERE d.ap > o.ap) AS "AP won", count(*) FILTER (WHERE d.ap < o.ap) AS lost,
	sign_test(count(*) FILTER (WHERE d.ap > o.ap), count(*) FILTER (WHERE d.ap < o.ap)) AS p
FROM by_set d JOIN by_set o USING (folder, name, labels) WHERE d.method = 'deepsad' AND o.method <> 'deepsad'
	AND (d.protocol <> 'adbench' OR o.method IN ('CatB', 'DeepSAD', 'PReNet', 'XGBOD', 'IsolationForest', 'best of 16 for each set'))
GROUP BY d.protocol, labels, o.method ORDER BY d.protocol, labels, o.method;

SELECT count(*) > 0 AS adbench FROM result WHERE protocol = 'adbench' AND labels > 0 \gset
\if :adbench
\echo
\echo '### Sets whose average precision is more than 8 points below the best of 16 for that set'
\echo
SELECT o.labels AS "labeled %", count(*) FILTER (WHERE o.method = 'deepsad') AS sets, count(*) FILTER (WHERE o.method = 'deepsad' AND o.ap < b.ap - 8) AS deepsad,
	count(*) FILTER (WHERE o.method = 'CatB' AND o.ap < b.ap - 8) AS "CatB",
	string_agg(o.name, ', ' ORDER BY o.name) FILTER (WHERE o.method = 'deepsad' AND o.ap < b.ap - 8) AS "deepsad's"
FROM by_set o JOIN by_set b USING (folder, name, labels)
WHERE b.method = 'best of 16 for each set' GROUP BY o.labels ORDER BY o.labels;
\endif

SELECT count(*) > 0 AS classic FROM published p JOIN result USING (protocol, name) WHERE protocol = 'odds' \gset
\if :classic
\echo
\echo '### The paper''s classic sets, 1 % of the training rows labeled anomalies: ROC AUC in %'
\echo
SELECT name AS set, seeds, percent(d.auc, d.auc_sd) AS deepsad, percent(paper) AS "paper's Deep SAD", percent(reference) AS "PyTorch reference",
	percent(best) AS "best of the paper's nine methods", CASE WHEN round(d.auc::numeric, 1) >= greatest(paper, reference)::numeric THEN 'yes' ELSE 'no' END AS "at least both",
	CASE WHEN round(d.auc::numeric, 1) > best::numeric THEN 'yes' ELSE 'no' END AS "above the best", percent(d.ap, d.ap_sd) AS "average precision"
FROM by_set d JOIN (SELECT name, max(auc) FILTER (WHERE method = 'Deep SAD') AS paper, max(auc) FILTER (WHERE method = 'PyTorch reference') AS reference,
	max(auc) FILTER (WHERE method <> 'PyTorch reference') AS best FROM published WHERE protocol = 'odds' AND labels = 1 GROUP BY name) p USING (name)
WHERE d.method = 'deepsad' AND d.labels = 1 AND d.protocol = 'odds' ORDER BY name;
\endif

\echo
\echo '### Per set: ROC AUC / average precision, in %, with deviations over seeds'
\echo
SELECT folder, name AS set, seeds,
	string_agg(percent(auc, auc_sd) || ' / ' || percent(ap, ap_sd), '' ORDER BY labels) FILTER (WHERE labels = 0) AS "no labels",
	string_agg(percent(auc, auc_sd) || ' / ' || percent(ap, ap_sd), '' ORDER BY labels) FILTER (WHERE labels = 1) AS "1 %",
	string_agg(percent(auc, auc_sd) || ' / ' || percent(ap, ap_sd), '' ORDER BY labels) FILTER (WHERE labels = 5) AS "5 %",
	string_agg(percent(auc, auc_sd) || ' / ' || percent(ap, ap_sd), '' ORDER BY labels) FILTER (WHERE labels = 10) AS "10 %",
	string_agg(percent(auc, auc_sd) || ' / ' || percent(ap, ap_sd), '' ORDER BY labels) FILTER (WHERE labels = 25) AS "25 %",
	string_agg(percent(auc, auc_sd) || ' / ' || percent(ap, ap_sd), '' ORDER BY labels) FILTER (WHERE labels = 50) AS "50 %",
	string_agg(percent(auc, auc_sd) || ' / ' || percent(ap, ap_sd), '' ORDER BY labels) FILTER (WHERE labels = 100) AS "100 %",
	round(avg(train_ms)) AS "ms to train", round(avg(score_us)::numeric, 2) AS "µs to score a row"
FROM by_set WHERE method = 'deepsad' GROUP BY folder, name, seeds ORDER BY folder, name;

\echo
\echo '### Per set: published results and IsolationForest, ROC AUC / average precision in %'
\echo
SELECT folder, name AS set, method,
	string_agg(percent(auc) || coalesce(' / ' || percent(ap), ''), '') FILTER (WHERE labels = 0) AS "no labels",
	string_agg(percent(auc) || coalesce(' / ' || percent(ap), ''), '') FILTER (WHERE labels = 1) AS "1 %",
	string_agg(percent(auc) || coalesce(' / ' || percent(ap), ''), '') FILTER (WHERE labels = 5) AS "5 %",
	string_agg(percent(auc) || coalesce(' / ' || percent(ap), ''), '') FILTER (WHERE labels = 10) AS "10 %",
	string_agg(percent(auc) || coalesce(' / ' || percent(ap), ''), '') FILTER (WHERE labels = 25) AS "25 %",
	string_agg(percent(auc) || coalesce(' / ' || percent(ap), ''), '') FILTER (WHERE labels = 50) AS "50 %",
	string_agg(percent(auc) || coalesce(' / ' || percent(ap), ''), '') FILTER (WHERE labels = 100) AS "100 %"
FROM by_set WHERE method IN ('IsolationForest', 'CatB', 'DeepSAD', 'XGBOD', 'PReNet', 'Deep SAD', 'SSAD raw', 'PyTorch reference') GROUP BY folder, name, method ORDER BY folder, name, method;

\elif :is_counts

\echo
\echo '### Few known anomalies: means over the sets that have as many, in %'
\echo
SELECT folder, labels AS "known anomalies", method, sets, to_char(auc, 'FM990.00') AS "ROC AUC", to_char(ap, 'FM990.00') AS "average precision"
FROM by_folder ORDER BY folder, labels, method;

\elif :is_normals

\echo
\echo '### Known normal rows: means over the sets, ROC AUC / average precision in %'
\echo
SELECT folder, labels AS "labeled anomalies %", sets,
	string_agg(percent(auc) || ' / ' || percent(ap), '') FILTER (WHERE normals = 0) AS "no known normals",
	string_agg(percent(auc) || ' / ' || percent(ap), '') FILTER (WHERE normals = 1) AS "1 % of the normals",
	string_agg(percent(auc) || ' / ' || percent(ap), '') FILTER (WHERE normals = 5) AS "5 %",
	string_agg(percent(auc) || ' / ' || percent(ap), '') FILTER (WHERE normals = 10) AS "10 %"
FROM by_folder WHERE method = 'deepsad' GROUP BY folder, labels, sets ORDER BY folder, labels;

\else

\echo
\echo '### Unlabeled anomalies among the training rows: means over the sets, ROC AUC / average precision in %'
\echo
\echo 'Sets that have fewer anomalies than a share asks for have all of them. Labeled: share of all training rows.'
\echo
SELECT folder, labels AS "labeled anomalies %", sets,
	string_agg(percent(auc) || ' / ' || percent(ap), '') FILTER (WHERE pollution = 0) AS "no pollution",
	string_agg(percent(auc) || ' / ' || percent(ap), '') FILTER (WHERE pollution = 1) AS "1 %",
	string_agg(percent(auc) || ' / ' || percent(ap), '') FILTER (WHERE pollution = 5) AS "5 %",
	string_agg(percent(auc) || ' / ' || percent(ap), '') FILTER (WHERE pollution = 10) AS "10 %",
	string_agg(percent(auc) || ' / ' || percent(ap), '') FILTER (WHERE pollution = 20) AS "20 %"
FROM by_folder WHERE method = 'deepsad' GROUP BY folder, labels, sets ORDER BY folder, labels;
\endif
