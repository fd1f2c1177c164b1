-- Training sets of partitions and of many tables: the plans, and that each gives the value of the serial one.
\set VERBOSITY terse
SET enable_sort = off;
SET max_parallel_workers_per_gather = 0;
CREATE TABLE di (id int, day date, place int, x real[], y boolean) PARTITION BY RANGE (day);
CREATE TABLE di1 PARTITION OF di FOR VALUES FROM ('2026-01-01') TO ('2026-01-03');
CREATE TABLE di2 PARTITION OF di FOR VALUES FROM ('2026-01-03') TO ('2026-01-05');
CREATE TABLE di3 PARTITION OF di FOR VALUES FROM ('2026-01-05') TO ('2026-01-07');
INSERT INTO di SELECT i, date '2026-01-01' + i % 6, i % 3, ARRAY[i % 5, i % 7, sqrt(i % 50)], CASE WHEN i::bigint * 7919 % 1750 < 20 AND i % 2 = 0 THEN i::bigint * 7919 % 1750 < 10 END
	FROM generate_series(1, 12000) i;
-- tables that are no partitions
CREATE TABLE di_here AS SELECT * FROM di WHERE day < '2026-01-03';
CREATE TABLE di_there AS SELECT * FROM di WHERE day >= '2026-01-03';
ANALYZE di, di_here, di_there;

CREATE TABLE di_form (form int, query text);
INSERT INTO di_form VALUES
	(1, $$SELECT deepsad_sample(x, y, '{"max_rows": 300}') FROM di$$),
	(2, $$SELECT deepsad_merge(s) FROM (SELECT deepsad_sample(x, y, '{"max_rows": 300}') AS s FROM di GROUP BY day) q$$),
	(3, $$SELECT deepsad_merge(s) FROM (SELECT deepsad_sample(x, y, '{"max_rows": 300}') AS s FROM di GROUP BY place) q$$),
	(4, $$SELECT deepsad_sample(x, y, '{"max_rows": 300}') FROM (SELECT * FROM di_here UNION ALL SELECT * FROM di_there) q$$),
	(5, $$SELECT deepsad_merge(s) FROM (SELECT deepsad_sample(x, y, '{"max_rows": 300}') AS s FROM di_here
		UNION ALL SELECT deepsad_sample(x, y, '{"max_rows": 300}') FROM di_there) q$$),
	(6, $$SELECT deepsad_sample(di, y, '{"max_rows": 300}', id::text) FROM di$$),
	(7, $$SELECT deepsad_merge(s) FROM (SELECT deepsad_sample(di, y, '{"max_rows": 300}', id::text) AS s FROM di GROUP BY day) q$$);
-- the values of plans without partitions or workers
CREATE TABLE di_value (form int, value text);
CREATE FUNCTION di_run(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE value text;
BEGIN
	EXECUTE format('SELECT md5(s::text) FROM (%s) r (s)', query) INTO value;
	RETURN value;
END $$;
INSERT INTO di_value SELECT form, di_run(query) FROM di_form;
SELECT array_agg(form ORDER BY form) AS forms_of_one_value FROM di_value GROUP BY value ORDER BY 1;

-- each partition has its own aggregate, and the parts are combined
SET enable_partitionwise_aggregate = on;
EXPLAIN (COSTS OFF) SELECT deepsad_sample(x, y) FROM di;
EXPLAIN (COSTS OFF) SELECT deepsad_sample(di, y) FROM di;
-- by day, with a merge on top
EXPLAIN (COSTS OFF) SELECT deepsad_merge(s) FROM (SELECT deepsad_sample(x, y) AS s FROM di GROUP BY day) q;
-- by what is no key of the partitions
EXPLAIN (COSTS OFF) SELECT deepsad_merge(s) FROM (SELECT deepsad_sample(x, y) AS s FROM di GROUP BY place) q;
-- tables one beside the other
EXPLAIN (COSTS OFF) SELECT deepsad_sample(x, y) FROM (SELECT * FROM di_here UNION ALL SELECT * FROM di_there) q;
EXPLAIN (COSTS OFF) SELECT deepsad_merge(s) FROM (SELECT deepsad_sample(x, y) AS s FROM di_here UNION ALL SELECT deepsad_sample(x, y) FROM di_there) q;
SELECT form, di_run(query) = value AS same FROM di_form JOIN di_value USING (form) ORDER BY form;

-- and with workers: partitions, or their blocks, in parallel
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET max_parallel_workers_per_gather = 2;
EXPLAIN (COSTS OFF) SELECT deepsad_sample(x, y) FROM di;
EXPLAIN (COSTS OFF) SELECT deepsad_sample(di, y) FROM di;
EXPLAIN (COSTS OFF) SELECT deepsad_sample(x, y) FROM (SELECT * FROM di_here UNION ALL SELECT * FROM di_there) q;
SELECT form, di_run(query) = value AS same FROM di_form JOIN di_value USING (form) ORDER BY form;
SET enable_partitionwise_aggregate = off;
EXPLAIN (COSTS OFF) SELECT deepsad_sample(x, y) FROM di;
SELECT form, di_run(query) = value AS same FROM di_form JOIN di_value USING (form) ORDER BY form;

-- merging is an aggregate like others: sets in the partitions of a table
CREATE TABLE di_set (day date, rows deepsad_rows) PARTITION BY RANGE (day);
CREATE TABLE di_set1 PARTITION OF di_set FOR VALUES FROM ('2026-01-01') TO ('2026-01-04');
CREATE TABLE di_set2 PARTITION OF di_set FOR VALUES FROM ('2026-01-04') TO ('2026-01-07');
INSERT INTO di_set SELECT day, deepsad_sample(x, y, '{"max_rows": 300}') FROM di GROUP BY day;
ANALYZE di_set;
SET enable_partitionwise_aggregate = on;
SELECT md5(deepsad_merge(rows)::text) = value AS same FROM di_set, di_value WHERE form = 1 GROUP BY value;

-- scores are computed where the partition is read
SET max_parallel_workers_per_gather = 0;
CREATE TABLE di_model AS SELECT deepsad_train_rows(deepsad_merge(rows), '{"epochs": 1, "pretrain_epochs": 0, "members": 1}') AS model FROM di_set;
CREATE FUNCTION di_plan(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE line text;
BEGIN
	FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
		-- PostgreSQL 17 has other words for the subquery
		IF line !~ 'InitPlan|di_model' THEN RETURN NEXT line; END IF;
	END LOOP;
END $$;
SELECT di_plan('SELECT avg(deepsad_score((SELECT model FROM di_model), x)) FROM di');
SELECT count(*) AS rows, count(*) FILTER (WHERE a.s = b.s) AS same FROM (SELECT id, deepsad_score(model, x) AS s FROM di, di_model) a
	JOIN (SELECT id, deepsad_score(model, x) AS s FROM (SELECT * FROM di_here UNION ALL SELECT * FROM di_there) q, di_model) b USING (id);

-- what engines that call the aggregate themselves need: arguments of exactly its types
SELECT pg_typeof(deepsad_record(di)) AS type, deepsad_record(NULL) IS NULL AS null_row FROM di LIMIT 1;
SELECT deepsad_sample(deepsad_record(di), y, NULL, id::text)::text = deepsad_sample(di, y, NULL, id::text)::text AS same FROM di;
SELECT deepsad_score((SELECT deepsad_train(r, NULL, '{"epochs": 1, "pretrain_epochs": 0, "members": 1}') FROM di, LATERAL (SELECT place, x) r), deepsad_record(di))
	IS NOT NULL AS scored FROM di LIMIT 1;
SELECT deepsad_record(1);
SELECT p.oid::regprocedure FROM pg_proc p WHERE proname = 'deepsad_sample' AND pronargs = 2 ORDER BY p.oid::regprocedure::text COLLATE "C";
DROP TABLE di, di_here, di_there, di_form, di_value, di_set, di_model;
DROP FUNCTION di_run, di_plan;
