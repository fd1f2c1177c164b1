-- what the planner knows: costs of calls, rows of explanations
CREATE TABLE plan_data AS SELECT i, ARRAY[sin(i), cos(i * 1.3), sin(i * 0.7)] AS f FROM generate_series(1, 1000) i;
ANALYZE plan_data;
CREATE TABLE plan_model AS
SELECT 'small' AS name, deepsad_train(f, NULL, '{"epochs": 1, "pretrain_epochs": 0, "members": 1}') AS model FROM plan_data
UNION ALL SELECT 'large', deepsad_train(f, NULL, '{"epochs": 1, "pretrain_epochs": 0, "hidden": [128, 64]}') FROM plan_data
UNION ALL SELECT 'columns', deepsad_train(ROW(f[1], f[2], i % 2 = 0, f), NULL, '{"epochs": 1, "pretrain_epochs": 0, "members": 1}') FROM plan_data;
-- the estimates of a query in which :name is a model as a literal
CREATE FUNCTION planned(query text, OUT cost float8, OUT rows float8) LANGUAGE plpgsql AS $$
DECLARE
	plan json;
	m record;
BEGIN
	FOR m IN SELECT name, quote_literal(model) || '::bytea' AS literal FROM plan_model LOOP
		query := replace(query, ':' || m.name, m.literal);
	END LOOP;
	EXECUTE 'EXPLAIN (FORMAT JSON) ' || query INTO plan;
	cost := (plan -> 0 -> 'Plan' ->> 'Total Cost')::float8;
	rows := (plan -> 0 -> 'Plan' ->> 'Plan Rows')::float8;
END$$;
-- operators that a call costs, estimated
CREATE FUNCTION operators(call text) RETURNS float8 LANGUAGE sql AS $$
	SELECT round((((planned('SELECT ' || call || ' FROM plan_data')).cost - (planned('SELECT f FROM plan_data')).cost)
		/ 1000 / current_setting('cpu_operator_cost')::float8)::numeric)::float8 $$;

-- COST, where a call is more than an operator
SELECT p.oid::regprocedure AS function, procost AS cost, nullif(prorows, 0) AS rows, nullif(prosupport::oid, 0)::regproc AS support
FROM pg_proc p JOIN pg_depend d ON d.objid = p.oid AND d.classid = 'pg_proc'::regclass AND d.deptype = 'e'
WHERE d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'deepsad') AND prokind = 'f' AND procost > 1
	AND proname <> 'deepsad_options' ORDER BY oid::regprocedure::text COLLATE "C";
-- no function that a query calls has the COST that it would have if nobody had given it one
SELECT p.oid::regprocedure AS function
FROM pg_proc p JOIN pg_depend d ON d.objid = p.oid AND d.classid = 'pg_proc'::regclass AND d.deptype = 'e'
WHERE d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'deepsad') AND prokind IN ('f', 'w') AND procost = 1
	AND p.oid NOT IN (SELECT prosupport FROM pg_proc) ORDER BY 1;
-- a model that the planner cannot see costs as much as one of the default options: decisions as much as scores
SELECT call, operators(replace(call, '(', '((SELECT model FROM plan_model LIMIT 1), f')) BETWEEN cost AND cost + 5 AS by_cost
FROM (VALUES ('deepsad_score()', 120), ('deepsad_pvalue()', 120), ('deepsad_is_anomaly()', 120), ('deepsad_embed()', 160)) v (call, cost);
-- one that it sees, by its size
SELECT call, operators(replace(call, '(', '(:small, f')) < 60 AS small,
	operators(replace(call, '(', '(:large, f')) / operators(replace(call, '(', '(:small, f')) > 5 AS large
FROM unnest('{deepsad_score(),deepsad_pvalue(),deepsad_is_anomaly(),deepsad_embed()}'::text[]) call;
SELECT operators('deepsad_explain(:small, f)') > 20 * operators('deepsad_score(:small, f)') AS more,
	operators('deepsad_explain(:large, f)') > 5 * operators('deepsad_explain(:small, f)') AS by_size;
-- rows of an explanation: one for each feature or column of a model that it sees
SELECT query, (planned('SELECT * FROM ' || query)).rows FROM (VALUES ('deepsad_explain(:small, ARRAY[1, 2, 3])'),
	('deepsad_explain(:columns, ROW(1, 2, true, ''{1,2,3}''::real[]))'), ('deepsad_explain((SELECT model FROM plan_model LIMIT 1), ARRAY[1, 2, 3])'),
	('deepsad_explain(''\x00'', ARRAY[1, 2, 3])'), ('deepsad_explain(NULL, ARRAY[1, 2, 3])')) v (query);
SELECT (planned('SELECT deepsad_explain(:small, f) FROM plan_data')).rows AS in_the_list;
-- trainings cost as much by either road; a group each
SELECT floor((planned('SELECT deepsad_train(f) FROM plan_data')).cost / 25000) AS aggregate,
	floor((planned('SELECT deepsad_train_table(''plan_data'')')).cost / 25000) AS of_table,
	floor((planned('SELECT deepsad_train(f) FROM plan_data WHERE i <= 10 GROUP BY i')).cost / 25000) > 5 AS of_groups;
-- cheap filters run first
CREATE FUNCTION filter_of(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	plan json;
BEGIN
	EXECUTE 'EXPLAIN (FORMAT JSON) ' || replace(query, ':small', (SELECT quote_literal(model) || '::bytea' FROM plan_model WHERE name = 'small')) INTO plan;
	RETURN regexp_replace(plan -> 0 -> 'Plan' ->> 'Filter', '''[^'']*''::bytea', 'model');
END$$;
SELECT filter_of('SELECT i FROM plan_data WHERE deepsad_is_anomaly(:small, f) AND i > 5') AS filter;
DROP TABLE plan_data, plan_model;
DROP FUNCTION planned, operators, filter_of;
