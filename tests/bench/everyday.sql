-- Tables of the kinds people have, for tests/bench/everyday.  Row i of a table is a function of i and the seed alone, so
-- that rows later on are of the same distribution as the first ones, and only later.  Column planted says which rows are
-- anomalies: in what belongs together, in the time between two dates, or in a category never seen.

CREATE TABLE setting (seed bigint);
-- number k of row i, uniform in [0, 1)
CREATE FUNCTION u(i bigint, k int) RETURNS float8 LANGUAGE sql STABLE AS
	$$SELECT ((hashint8extended(i * 131 + k, (SELECT seed FROM setting)) >> 11) & 9007199254740991) / 9007199254740992.0$$;
-- the same, normally distributed
CREATE FUNCTION g(i bigint, k int) RETURNS float8 LANGUAGE sql STABLE AS
	$$SELECT sqrt(-2 * ln(u(i, k) + 1e-300)) * cos(2 * pi() * u(i, k + 60))$$;
CREATE FUNCTION pick(i bigint, k int, choices text[]) RETURNS text LANGUAGE sql STABLE AS
	$$SELECT choices[1 + floor(u(i, k) * array_length(choices, 1))::int]$$;
CREATE FUNCTION anomaly(i bigint) RETURNS boolean LANGUAGE sql STABLE AS 'SELECT u(i, 0) < 0.01';

-- name, the select list (over i, planted p), seconds between two rows on average
CREATE TABLE everyday (name text, columns text, seconds float8, note text);
INSERT INTO everyday VALUES
('payments', $$i AS id, at AS created_at, (exp(3 + cat * 0.7 + g(i, 1) * 0.3 + CASE WHEN p THEN 2.5 ELSE 0 END))::numeric(12, 2) AS amount,
	(ARRAY['food', 'fuel', 'rent', 'travel'])[cat + 1] AS category, pick(i, 3, '{DE,FR,US,GB,IT}') AS country, u(i, 4) < 0.2 AS is_online$$, 300, 'serial key, time of creation'),
('invoices', $$i / 37 + 500 AS batch_no, extract(year FROM at)::int AS year, extract(month FROM at)::int * 0 + extract(year FROM at)::int * 12 + extract(month FROM at)::int AS period,
	at::date AS booked, (100 + 40 * cat + g(i, 1) * 10)::numeric(12, 2) AS net, ((100 + 40 * cat + g(i, 1) * 10) * CASE WHEN p THEN 0.05 ELSE 0.19 END + g(i, 2) * 0.2)::numeric(12, 2) AS tax,
	cat AS kind$$, 1800, 'keys that repeat and rise, year, month'),
('sensors', $$i % 40 AS sensor, (at::date + 1) AS loaded_on, at AS measured_at, 20 + 5 * sin(i / 50.0) + g(i, 1) AS temperature,
	60 - 2 * (20 + 5 * sin(i / 50.0) + g(i, 1)) + g(i, 2) + CASE WHEN p THEN 14 ELSE 0 END AS humidity, u(i, 3) < 0.02 AS battery_low$$, 60, 'load date'),
('one load', $$i AS nr, '2026-01-31'::date AS loaded_on, g(i, 1) * 3 + 10 AS weight, (g(i, 1) * 3 + 10) * 2.5 + g(i, 2) * 0.4 + CASE WHEN p THEN 5 ELSE 0 END AS price, cat AS kind$$, 60, 'one load date for all rows'),
('accounts', $$i AS account_id, (at - (30 + u(i, 1) * 700) * interval '1 day')::date AS opened,
	at - CASE WHEN p THEN (1200 + u(i, 2) * 300) * interval '1 day' ELSE u(i, 2) * 20 * interval '1 day' END AS last_login, cat AS plan, (u(i, 3) * 10)::int AS users$$, 600, 'two dates; anomalies only in the time between'),
('logs', $$i + 7000000000 AS sequence, at AS logged, 'host' || (i * 7919 % 12) AS host, CASE WHEN p THEN 'kernel' ELSE pick(i, 2, '{info,info,info,warning,error}') END AS level,
	(exp(5 + g(i, 3)))::int AS bytes, md5(i::text) AS request$$, 2, 'sequence number, host, request id'),
('tenants', $$'tenant ' || t AS tenant, (i / 13 * (1 + t % 3) + t) AS document_no, at AS created, (50 + t * 10 + g(i, 1) * 5)::float8 AS amount,
	(50 + t * 10 + g(i, 1) * 5) * 0.3 + g(i, 2) * 0.3 + CASE WHEN p THEN 6 ELSE 0 END AS fee$$, 120, 'tenants with their own sequences'),
('six hours', $$i AS id, at, exp(4 + cat + g(i, 1) * 0.2 + CASE WHEN p THEN 1.8 ELSE 0 END)::int AS bytes, cat AS port, pick(i, 3, '{tcp,udp}') AS proto$$, 2.16, 'a span of six hours'),
('four days', $$at, pick(i, 1, '{a,b,c}') AS line, g(i, 2) + 5 AS speed, (g(i, 2) + 5) * 10 + g(i, 3) + CASE WHEN p THEN 12 ELSE 0 END AS load$$, 34.6, 'a span of four days'),
('ten days', $$at, i AS row_id, cat AS station, g(i, 2) * 4 + 50 AS flow, 100 - (g(i, 2) * 4 + 50) + g(i, 3) * 0.7 + CASE WHEN p THEN 9 ELSE 0 END AS pressure$$, 86.4, 'a span of ten days'),
('gaps', $$i + floor(u(i, 1) * 0.9)::int + i AS nr, at AS stamp, cat AS class, 30 + 10 * cat + g(i, 2) AS length, 5 + 2 * cat + g(i, 2) * 0.2 + g(i, 3) * 0.1 + CASE WHEN p THEN 1.5 ELSE 0 END AS width$$, 100, 'a serial key with gaps'),
('sampled', $$i * 97 + floor(u(i, 1) * 90)::int AS pk, at AS "when", g(i, 2) AS a, g(i, 2) * 0.8 + g(i, 3) * 0.1 + CASE WHEN p THEN 1.5 ELSE 0 END AS b, cat AS c$$, 100, 'every hundredth row of a table with a serial key'),
('orders', $$i AS order_id, at AS ordered, at + (1 + u(i, 1)) * interval '1 day' AS shipped, at + (2.5 + u(i, 1) + u(i, 2) + CASE WHEN p THEN 25 ELSE 0 END) * interval '1 day' AS delivered,
	pick(i, 3, '{DHL,UPS,GLS}') AS carrier, cat AS priority$$, 400, 'three times; anomalies only in the time between'),
('requests', $$at AS ts, ('10.' || (i * 31 % 3) || '.' || (i * 17 % 200) || '.' || (i % 200))::inet AS client, '/page/' || cat AS path, CASE WHEN u(i, 1) < 0.03 THEN 404 ELSE 200 END AS status,
	exp(3 + cat * 0.4 + g(i, 2) * 0.25 + CASE WHEN p THEN 2 ELSE 0 END)::int AS ms, md5((i / 5)::text)::uuid AS session$$, 5, 'web requests with sessions'),
('staff', $$i AS employee, '1960-01-01'::date + (u(i, 1) * 15000)::int AS born, '1960-01-01'::date + (u(i, 1) * 15000)::int + 7300 + (u(i, 2) * 3000)::int + CASE WHEN p THEN -6500 ELSE 0 END AS hired,
	cat AS department, exp(10 + cat * 0.2 + g(i, 3) * 0.1)::int AS salary$$, 0, 'dates of birth and hiring'),
('claims', $$(i * 7919 % 1000003) AS policy, at::date AS reported, cat AS region, exp(7 + cat * 0.5 + g(i, 1) * 0.2)::int AS claimed, exp(6.5 + cat * 0.5 + g(i, 1) * 0.2 + g(i, 2) * 0.05 + CASE WHEN p THEN -1.2 ELSE 0 END)::int AS paid$$, 900, 'policy numbers without order'),
('flows', $$at AS started, (exp(2 + g(i, 1) * 0.5) || ' seconds')::interval AS duration, exp(8 + g(i, 1) * 0.5 + g(i, 2) * 0.2)::bigint AS bytes, CASE WHEN p THEN 'icmp' ELSE 'tcp' END AS proto,
	(ARRAY[80, 443, 22, 53])[cat + 1] AS port$$, 20, 'a category that is always the same'),
('calls', $$at AS started, 4900000 + (i * 7919 % 5000) AS caller, 4900000 + (i * 104729 % 5000) AS callee, extract(year FROM at)::int AS year, date_trunc('month', at)::date AS month,
	(exp(4 + g(i, 1) * 0.6))::int AS seconds, round((exp(4 + g(i, 1) * 0.6) * CASE WHEN p THEN 0.2 ELSE 0.01 END + 0.05)::numeric, 2) AS price$$, 700, 'year and month beside the time'),
('stock', $$'item ' || t AS item, i / 13 + t * 3 AS version, at AS updated_at, (20 + 7 * t + g(i, 1) * 3)::int AS quantity, (5 + t + g(i, 2) * 0.1 + CASE WHEN p THEN 2 ELSE 0 END)::numeric(8, 2) AS price$$, 150, 'versions that count by item'),
('logins', $$i AS event, at AS logged_in, NULL::timestamp AS logged_out, p AS is_admin, false AS is_service, pick(i, 2, '{web,app}') AS via, (u(i, 3) * 24)::int AS attempts_ago, cat AS office$$, 50, 'flags that are always false, a time that is never filled'),
('releases', $$to_char(at, 'YYYY-MM') AS month, 'v' || (i > 6000)::int || '.' || (i / 4000) AS release, at AS reported, at - '2020-01-01' AS age, ('10.' || i / 700 || '.' || i % 100 || '.1')::inet AS node,
	cat AS module, exp(4 + cat * 0.5 + g(i, 2) * 0.3 + CASE WHEN p THEN 2.2 ELSE 0 END)::int AS ms$$, 700, 'text that holds the month, a version, an age, nodes in turn'),
('strays', $$CASE WHEN u(i, 7) < 0.0005 THEN 1000000000000 + i ELSE i END AS number, date_trunc('day', at) AS day, 10 + 3 * cat + g(i, 1) AS width,
	(10 + 3 * cat + g(i, 1)) * 2 + g(i, 2) * 0.3 + CASE WHEN p THEN 5 ELSE 0 END AS height, cat AS kind$$, 60, 'a serial number with stray values'),
('patients', $$i AS visit, at AS came, '1940-01-01'::date + (u(i, 1) * 22000)::int AS born, extract(year FROM age(at, '1940-01-01'::date + (u(i, 1) * 22000)::int))::int AS age,
	(100 + 0.5 * extract(year FROM age(at, '1940-01-01'::date + (u(i, 1) * 22000)::int)) + g(i, 2) * 5 + CASE WHEN p THEN 60 ELSE 0 END)::int AS pressure, u(i, 3) < 0.004 AS is_emergency$$, 2000, 'birth dates and ages');

-- creates table t of rows first + 1 .. first + count of a table, with its label: a fifth of the planted rows of the first ones are known
CREATE PROCEDURE make(which text, first bigint, count bigint, target text) LANGUAGE plpgsql AS $$
DECLARE
	e everyday := (SELECT e FROM everyday e WHERE name = which);
BEGIN
	EXECUTE format('DROP TABLE IF EXISTS %I', target);
	EXECUTE format($q$CREATE TABLE %I AS SELECT %s, CASE WHEN p AND i %% 5 = 0 AND i <= 20000 THEN true END AS is_anomaly, p AS planted
		FROM (SELECT i, anomaly(i) AS p, floor(u(i, 50) * 4)::int AS cat, i %% 13 AS t,
			'2025-03-03 00:00'::timestamp + (i + u(i, 51)) * %s * interval '1 second' AS at FROM generate_series(%s::bigint, %s) i) r$q$,
		target, e.columns, e.seconds, first + 1, first + count);
END $$;
