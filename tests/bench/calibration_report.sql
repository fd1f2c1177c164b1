-- The report of tests/bench/calibration over the table result, as text whose tables become Markdown.
\pset format unaligned
\pset fieldsep ' | '
\pset tuples_only off
\pset footer off
CREATE FUNCTION percent(x float8) RETURNS text LANGUAGE sql AS $$SELECT to_char(100 * x, 'FM990.0')$$;
-- Whether the false alarms on n rows are as promised, by so many calibration rows.
CREATE FUNCTION in_band(rate float8, alpha float8, n int, calibration int) RETURNS boolean LANGUAGE sql AS
	$$SELECT abs(rate - alpha) <= 2.6 * sqrt(alpha * (1 - alpha) * (1.0 / n + 1.0 / calibration))$$;
-- All seeds of a set together.
CREATE VIEW by_set AS
SELECT name, min(method) AS method, round(avg(calibration))::int AS calibration, sum(normals)::int AS normals, round(avg(normals)) AS normals_a_seed,
	sum(alarms5 * normals) / sum(normals) AS alarms5, sum(alarms1 * normals) / sum(normals) AS alarms1, avg(found5) AS found5, avg(found1) AS found1,
	avg(auc) AS auc, avg(ap) AS ap, avg(plain_auc) AS plain_auc, avg(plain_ap) AS plain_ap, sum(planted) AS planted, sum(first) AS first,
	max(missed) AS missed, sum(silent_alarms) AS silent_alarms, sum(silent_cases) AS silent_cases, sum(heard) AS heard, sum(loud_cases) AS loud_cases
FROM result GROUP BY name;

\echo
\echo '### The bars'
\echo
SELECT seed::text, count(*) AS sets, count(*) FILTER (WHERE in_band(alarms5, 0.05, normals, calibration)) AS "0.05 in band",
	count(*) FILTER (WHERE in_band(alarms1, 0.01, normals, calibration) OR calibration < 99) AS "0.01 in band",
	sum(planted) AS planted, percent(sum(first)::float8 / sum(planted)) AS "planted first, %", to_char(max(missed), '9.9EEEE') AS "contributions miss",
	sum(silent_cases) AS "drift: without", sum(silent_alarms) AS alarms, sum(loud_cases) AS "drift: with", sum(heard) AS heard
FROM result GROUP BY GROUPING SETS ((seed), ()) ORDER BY seed;

\echo
\echo '### Detection with and without calibration rows, mean over sets and seeds, in %'
\echo
SELECT method, count(DISTINCT name) AS sets, to_char(avg(auc), 'FM990.00') AS "ROC AUC", to_char(avg(plain_auc), 'FM990.00') AS "without",
	to_char(avg(ap), 'FM990.00') AS "average precision", to_char(avg(plain_ap), 'FM990.00') AS "without"
FROM result GROUP BY GROUPING SETS ((method), ()) ORDER BY method;

\echo
\echo '### Per set: false alarms and anomalies found, in % (mean over seeds)'
\echo
SELECT name AS set, method, calibration AS "calibration rows", normals_a_seed AS "test normals", percent(alarms5) AS "alarms at 0.05", percent(alarms1) AS "at 0.01",
	percent(found5) AS "found at 0.05", percent(found1) AS "at 0.01", planted, first, silent_alarms || ' of ' || silent_cases AS "drift alarms",
	heard || ' of ' || loud_cases AS "drift heard", to_char(auc, 'FM990.0') || ' / ' || to_char(plain_auc, 'FM990.0') AS "ROC AUC with / without"
FROM by_set ORDER BY name;
