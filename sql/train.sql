-- training: labels, odd tables, determinism
SET extra_float_digits = 0;
CREATE TABLE train_row (id int, tenant int, x float8[], flag boolean);
INSERT INTO train_row
SELECT i, i % 3, ARRAY[sin(i), sin(i) * 2 + cos(i * 7) / 10, CASE WHEN i % 50 = 0 THEN 3 ELSE cos(i) END],
	CASE WHEN i % 50 = 0 THEN true WHEN i % 10 = 1 THEN false END
FROM generate_series(1, 300) i;
CREATE FUNCTION quick() RETURNS jsonb LANGUAGE sql IMMUTABLE AS
	$$SELECT deepsad_options(epochs => 10, pretrain_epochs => 10, members => 2)$$;

-- what it was trained on
SELECT jsonb_pretty(deepsad_info(deepsad_train(x, flag, quick())) -> 'rows') AS rows FROM train_row;
SELECT jsonb_pretty(deepsad_info(deepsad_train(x)) -> 'rows') AS unlabeled FROM train_row WHERE id <= 20;
SELECT jsonb_pretty(deepsad_info(deepsad_train(x, flag)) -> 'rows') AS labeled FROM train_row WHERE id <= 20;
-- one seed gives one model, whatever the order of the rows
SELECT count(DISTINCT model) FROM (
	SELECT deepsad_train(x, flag, quick()) AS model FROM train_row
	UNION ALL SELECT deepsad_train(x, flag, quick() ORDER BY id DESC) FROM train_row
	UNION ALL SELECT deepsad_train(x, flag, quick() ORDER BY md5(id::text)) FROM train_row) s;
SELECT (SELECT deepsad_train(x, flag, quick()) FROM train_row) <> (SELECT deepsad_train(x, flag, quick() || '{"seed": 1}') FROM train_row) AS other_seed;
-- float8 and real arrays, rows and integers give the same net where the numbers are the same
SELECT count(DISTINCT model) FROM (
	SELECT deepsad_train(ARRAY[id % 6, id % 7, id % 3]::float8[], flag, quick()) AS model FROM train_row
	UNION ALL SELECT deepsad_train(ARRAY[id % 6, id % 7, id % 3]::real[], flag, quick()) FROM train_row
	UNION ALL SELECT deepsad_train(ARRAY[id % 6, id % 7, id % 3], flag, quick()) FROM train_row
	UNION ALL SELECT deepsad_train(ARRAY[id % 6, id % 7, id % 3]::smallint[], flag, quick()) FROM train_row
	UNION ALL SELECT deepsad_train(ARRAY[id % 6, id % 7, id % 3]::bigint[], flag, quick()) FROM train_row
	UNION ALL SELECT deepsad_train(ARRAY[id % 6, id % 7, id % 3]::numeric[], flag, quick()) FROM train_row) s;
-- as a row they are columns, and score the same
SELECT bool_and(deepsad_score(a.model, ARRAY[id % 6, id % 7, id % 3]) = deepsad_score(r.model, ROW(id % 6, id % 7, id % 3))) AS same
FROM train_row, (SELECT deepsad_train(ARRAY[id % 6, id % 7, id % 3], flag, quick()) AS model FROM train_row) a,
	(SELECT deepsad_train(ROW(id % 6, (id % 7)::numeric, (id % 3)::real), flag, quick()) AS model FROM train_row) r;
-- nothing varies: still 1 is an average row
SELECT deepsad_score(m, 3, 3) AS score, deepsad_info(m) -> 'options' -> 'input_weight' AS input_weight
FROM (SELECT deepsad_train(ARRAY[3, 3], NULL, '{"epochs": 1, "pretrain_epochs": 1, "members": 1}') AS m FROM generate_series(1, 20)) s;
-- integer labels follow the paper
SELECT (SELECT deepsad_train(x, flag, quick()) FROM train_row) =
	(SELECT deepsad_train(x, CASE WHEN flag THEN -1 WHEN NOT flag THEN 1 ELSE 0 END, quick()) FROM train_row) AS same_model;
SELECT (SELECT deepsad_train(x, flag, quick()) FROM train_row) =
	(SELECT deepsad_train(x, (CASE WHEN flag THEN -1 WHEN NOT flag THEN 1 END)::smallint, quick()) FROM train_row) AS same_model;
CREATE DOMAIN verdict AS boolean;
SELECT (SELECT deepsad_train(x, flag, quick()) FROM train_row) = (SELECT deepsad_train(x, flag::verdict, quick()) FROM train_row) AS same_model;
SELECT (SELECT deepsad_train(x, flag, quick()) FROM train_row) =
	(SELECT deepsad_train(x, (CASE WHEN flag THEN -1 WHEN NOT flag THEN 1 END)::bigint, quick()) FROM train_row) AS same_model;
SELECT deepsad_train(x, flag::int) FROM train_row;
-- a group without known anomalies need not be a mistake
SELECT g, length(deepsad_train(x, CASE WHEN g = 1 AND flag THEN -1 WHEN flag THEN 1 END, quick())) > 0 AS trained FROM train_row, generate_series(1, 2) g GROUP BY g ORDER BY g;
SELECT g, deepsad_train(x, CASE WHEN flag THEN 1 END, quick()) IS NOT NULL AS said_once FROM train_row, generate_series(1, 3) g GROUP BY g ORDER BY g;
SELECT deepsad_train(x, id) FROM train_row;
SELECT deepsad_train(x, 'true') FROM train_row;
SELECT deepsad_train(x, flag::text) FROM train_row;
SELECT deepsad_train(x, '{"epochs": 1}'::jsonb) FROM train_row;
SELECT deepsad_train(x, 1.5) FROM train_row;
SELECT (SELECT deepsad_train(x, NULL, quick()) FROM train_row) = (SELECT deepsad_train(x, NULL::boolean, quick()) FROM train_row) AS same_model;

-- empty and odd groups
SELECT deepsad_train(x, flag) IS NULL AS no_rows FROM train_row WHERE false;
SELECT deepsad_train(NULL::real[]) IS NULL AS only_null FROM train_row;
SELECT jsonb_pretty(deepsad_info(deepsad_train(CASE WHEN id % 2 = 0 THEN x END, flag, quick())) -> 'rows') AS half FROM train_row;
SELECT deepsad_train(x, flag) IS NULL AS only_anomalies FROM train_row WHERE flag;
SELECT deepsad_score(deepsad_train(x, flag, quick()), '{1,2,3}') > 0 AS one_row FROM train_row WHERE id = 1;
SELECT deepsad_score(deepsad_train(ARRAY[1.0, id], NULL, quick()), ARRAY[1.0, 5]) >= 0 AS constant_feature FROM train_row;
SELECT deepsad_score(deepsad_train(ARRAY[7.0], NULL, quick()), ARRAY[7.0]) >= 0 AS all_constant FROM train_row;
SELECT jsonb_pretty(deepsad_info(deepsad_train(ARRAY[id, CASE WHEN id % 4 = 0 THEN NULL ELSE id END, 'NaN'::float8], NULL, quick())) -> 'rows') AS missing FROM train_row;
SELECT tenant, length(deepsad_train(x, flag, quick())) > 1000 AS trained FROM train_row GROUP BY tenant ORDER BY tenant;
SELECT deepsad_train(x) OVER () FROM train_row;
SELECT length(deepsad_train(x, flag, quick()) FILTER (WHERE id < 100)) > 1000 AS filtered FROM train_row;

-- every choice
WITH m AS MATERIALIZED (
	SELECT scaling, reconstruction, init, (SELECT deepsad_train(x, flag, deepsad_options(
		scaling => scaling, reconstruction => reconstruction, init => init, members => 2)) FROM train_row) AS model
	FROM (VALUES ('standard', 'linear', 'pytorch'), ('minmax', 'sigmoid', 'glorot'), ('none', 'linear', 'glorot')) v (scaling, reconstruction, init))
SELECT scaling, reconstruction, init,
	(deepsad_info(model) ->> 'collapsed')::boolean AS collapsed,
	(SELECT deepsad_roc_auc(deepsad_score(model, x), coalesce(flag, false)) FROM train_row) > 0.9 AS good
FROM m ORDER BY 1, 2;

-- a training can be stopped, and the next statement works
SET statement_timeout = '300ms';
SELECT deepsad_train(x, flag, deepsad_options(epochs => 100000)) FROM train_row;
RESET statement_timeout;
SELECT length(deepsad_train(x, flag, quick())) > 1000 AS works FROM train_row;

-- history
SELECT member, phase, count(*), bool_and(loss >= 0) AS losses FROM (SELECT deepsad_train(x, flag, quick()) AS model FROM train_row) s,
	deepsad_history(model) GROUP BY 1, 2 ORDER BY 1, 2;
DROP TABLE train_row;
DROP DOMAIN verdict;
DROP FUNCTION quick;
