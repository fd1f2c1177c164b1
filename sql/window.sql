-- deepsad_window: the last n rows of a series
CREATE TABLE reading (series text, at timestamptz, v real, w int, bad text);
INSERT INTO reading SELECT series, timestamptz '2025-01-01 00:00+00' + i * interval '1 minute', i + ascii(series) * 1000, -i, 'x'
FROM generate_series(1, 6) i, unnest('{a,b}'::text[]) series;
SELECT series, v, deepsad_window(3, v) OVER (PARTITION BY series ORDER BY at) FROM reading ORDER BY 1, 2;
SELECT v, deepsad_window(2, v, w, v::numeric / 2) OVER (ORDER BY at) FROM reading WHERE series = 'a' ORDER BY v;
-- n = 1; a partition shorter than n; no rows; a moving frame changes nothing
SELECT deepsad_window(1, v) OVER (ORDER BY at), deepsad_window(7, v) OVER (ORDER BY at),
	deepsad_window(2, v) OVER (ORDER BY at ROWS BETWEEN 1 FOLLOWING AND 2 FOLLOWING) FROM reading WHERE series = 'b' ORDER BY at;
SELECT deepsad_window(3, v) OVER () FROM reading WHERE false;
-- NULL and NaN are missing
SELECT deepsad_window(3, x) OVER (ORDER BY i) FROM unnest('{1,NULL,NaN,4,NULL}'::float8[]) WITH ORDINALITY u (x, i);
-- the same as array_agg, in several sizes and column types
CREATE TABLE walk AS SELECT i, i % 7 AS series, sin(i)::real AS v, cos(i)::float8 AS w, (i * 37 % 101)::smallint AS s FROM generate_series(1, 3000) i;
SELECT n, count(*) AS rows, count(*) FILTER (WHERE wanted IS DISTINCT FROM got) AS different, count(got) AS full
FROM unnest('{1,2,5,64}'::int[]) n, LATERAL (
	SELECT CASE WHEN count(*) OVER past = n THEN array_agg(v) OVER past END AS wanted, deepsad_window(n, v) OVER (PARTITION BY series ORDER BY i) AS got
	FROM walk WINDOW past AS (PARTITION BY series ORDER BY i ROWS BETWEEN n - 1 PRECEDING AND CURRENT ROW)) q GROUP BY n ORDER BY n;
SELECT count(*) AS rows, count(*) FILTER (WHERE wanted IS DISTINCT FROM got) AS different
FROM (SELECT CASE WHEN count(*) OVER past = 3 THEN
		ARRAY[lag(v, 2) OVER past, lag(w, 2) OVER past, lag(s, 2) OVER past, lag(v) OVER past, lag(w) OVER past, lag(s) OVER past, v, w, s]::real[] END AS wanted,
	deepsad_window(3, v, w, s) OVER (PARTITION BY series ORDER BY i) AS got
	FROM walk WINDOW past AS (PARTITION BY series ORDER BY i ROWS 2 PRECEDING)) q;

-- with the time and the largest step: a gap starts anew
DELETE FROM reading WHERE extract(minute FROM at) = 3;
SELECT at AT TIME ZONE 'UTC' AS at, deepsad_window(2, at, interval '1 minute', v) OVER same AS minute, deepsad_window(2, at, '2 minutes', v, w) OVER same AS two_minutes,
	deepsad_window(2, at AT TIME ZONE 'UTC', '1 minute', v) OVER (PARTITION BY series ORDER BY at) AS without_zone
FROM reading WHERE series = 'a' WINDOW same AS (PARTITION BY series ORDER BY at) ORDER BY at;
-- days and months are those of the calendar: in winter a day of this zone has 25 hours once
SET timezone = 'Europe/Berlin';
SELECT at, deepsad_window(2, at, '1 day', 1) OVER (ORDER BY at) IS NULL AS day, deepsad_window(2, at, '24 hours', 1) OVER (ORDER BY at) IS NULL AS hours
FROM unnest('{2025-10-24 12:00,2025-10-25 12:00,2025-10-26 12:00,2025-10-27 12:00:01}'::timestamptz[]) at ORDER BY at;
RESET timezone;
SELECT at, deepsad_window(2, at, '1 month', 1) OVER (ORDER BY at) IS NULL AS anew
FROM unnest('{2025-01-15,2025-02-15,2025-03-15,2025-04-16}'::timestamp[]) at ORDER BY at;
-- rows without a time, or with an infinite one, are in no window
SELECT i, deepsad_window(2, at, '1 hour', i) OVER (ORDER BY i)
FROM unnest(ARRAY['2025-01-01 00:00', '2025-01-01 00:10', NULL, '2025-01-01 00:30', '2025-01-01 00:40', 'infinity', '2025-01-01 01:00']::timestamp[]) WITH ORDINALITY u (at, i);
SELECT at, deepsad_window(2, at, '1 hour', 1) OVER (ORDER BY at) FROM unnest('{4713-01-01 BC,294000-01-01}'::timestamp[]) at;

-- windows are rows to train on and to score
SELECT deepsad_info(model) ->> 'features' AS features, count(deepsad_score(model, x)) AS scored
FROM (SELECT deepsad_window(8, v, w) OVER (PARTITION BY series ORDER BY i) AS x FROM walk) q,
	(SELECT deepsad_train(x, NULL, '{"epochs": 1, "pretrain_epochs": 0, "members": 1, "seed": 1}') AS model
	FROM (SELECT deepsad_window(8, v, w) OVER (PARTITION BY series ORDER BY i) AS x FROM walk) q) m GROUP BY 1;

-- errors
SELECT deepsad_window(0, v) OVER () FROM reading;
SELECT deepsad_window(NULL, v) OVER () FROM reading;
SELECT deepsad_window(-2147483648, v) OVER () FROM reading;
SELECT deepsad_window(65536, v) OVER () FROM reading;
SELECT deepsad_window(21846, v, w, v) OVER () FROM reading;
SELECT count(deepsad_window) FROM (SELECT deepsad_window(65535, v) OVER () FROM reading) q;
SELECT deepsad_window(i, 1) OVER (ORDER BY i) FROM generate_series(2, 4) i;
SELECT deepsad_window(2, bad) OVER () FROM reading;
SELECT deepsad_window(2, v, at) OVER () FROM reading;
SELECT deepsad_window(2, ARRAY[v]) OVER () FROM reading;
SELECT deepsad_window(2, v, NULL) OVER () FROM reading;
SELECT deepsad_window(2, true) OVER () FROM reading;
SELECT deepsad_window(2, v, 'Infinity'::float8) OVER () FROM reading;
SELECT deepsad_window(2, 1e39::float8) OVER () FROM reading;
SELECT deepsad_window(2, v) FROM reading;
SELECT deepsad_window(2) OVER () FROM reading;
SELECT deepsad_window(2, at, '0', v) OVER (ORDER BY at) FROM reading;
SELECT deepsad_window(2, at, '-1 hour', v) OVER (ORDER BY at) FROM reading;
SELECT deepsad_window(2, at, NULL, v) OVER (ORDER BY at) FROM reading;
SELECT deepsad_window(2, at, w * interval '-1 hour', v) OVER (ORDER BY at) FROM reading;
SELECT deepsad_window(2, at, '1 hour', v) OVER (ORDER BY at DESC) FROM reading;
SELECT deepsad_window(2, at, '200000 years', 1) OVER (ORDER BY at) FROM unnest('{290000-01-01,294000-01-01}'::timestamp[]) at;
DROP TABLE reading, walk;
