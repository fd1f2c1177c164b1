-- The report of tests/bench/calibration --fresh over the table result, as text whose tables become Markdown.
\pset format unaligned
\pset fieldsep ' | '
\pset tuples_only off
\pset footer off
CREATE FUNCTION percent(x float8) RETURNS text LANGUAGE sql AS $$SELECT to_char(100 * x, 'FM990.0')$$;
CREATE FUNCTION in_band(rate float8, alpha float8, n int, calibration int) RETURNS boolean LANGUAGE sql AS
	$$SELECT abs(rate - alpha) <= 2.6 * sqrt(alpha * (1 - alpha) * (1.0 / n + 1.0 / calibration))$$;
\echo
\echo '### p-values by fresh rows: false alarms on test rows that are normal'
\echo
SELECT how AS model, count(*) AS "sets and seeds", count(*) FILTER (WHERE in_band(alarms5, 0.05, normals, calibration)) AS "0.05 in band",
	count(*) FILTER (WHERE in_band(alarms1, 0.01, normals, calibration) OR calibration < 99) AS "0.01 in band",
	percent(sum(alarms5 * normals) / sum(normals)) AS "alarms at 0.05, %", percent(sum(alarms1 * normals) / sum(normals)) AS "at 0.01, %",
	percent(avg(found5)) AS "found at 0.05, %", percent(avg(found1)) AS "at 0.01, %"
FROM result GROUP BY how ORDER BY how;
