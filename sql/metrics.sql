-- metrics against their definitions, ties as in scikit-learn
CREATE TABLE ranked (id int, score float8, label boolean);
INSERT INTO ranked SELECT i, (i * 7919 % 101) / 10, i * 31 % 7 = 0 FROM generate_series(1, 500) i;
SELECT abs(deepsad_roc_auc(score, label) - (SELECT avg(CASE WHEN p.score > n.score THEN 1 WHEN p.score = n.score THEN 0.5 ELSE 0 END)
	FROM ranked p, ranked n WHERE p.label AND NOT n.label)) < 1e-12 AS auc FROM ranked;
SELECT abs(deepsad_average_precision(score, label) - (SELECT sum(tp * above / rows) FILTER (WHERE tp > 0) / (SELECT count(*) FROM ranked WHERE label)
	FROM (SELECT count(*) FILTER (WHERE label) AS tp, (SELECT count(*) FROM ranked WHERE label AND score >= o.score)::float8 AS above,
		(SELECT count(*) FROM ranked WHERE score >= o.score) AS rows, score FROM ranked o GROUP BY score) s)) < 1e-12 AS ap FROM ranked;
-- values that scikit-learn prints for the same
SELECT deepsad_roc_auc(score, label), round(deepsad_average_precision(score, label)::numeric, 12)
FROM (VALUES (0.1, false), (0.4, false), (0.35, true), (0.8, true)) v (score, label);
SELECT deepsad_roc_auc(score, label), round(deepsad_average_precision(score, label)::numeric, 12)
FROM (VALUES (0.5, false), (0.5, true), (0.5, false), (0.9, true), (0.1, false)) v (score, label);
SELECT deepsad_roc_auc(1, label), deepsad_average_precision(1, label) FROM ranked;
SELECT deepsad_roc_auc(score, true), deepsad_average_precision(score, true), deepsad_roc_auc(score, false), deepsad_average_precision(score, false) FROM ranked;
SELECT deepsad_roc_auc(score, label), deepsad_average_precision(score, label) FROM ranked WHERE false;
SELECT deepsad_roc_auc(score, label) FROM (VALUES (1, NULL), (NULL, true), (2, true), (1, false)) v (score, label);
SELECT deepsad_roc_auc(score, label) FROM (VALUES ('Infinity'::float8, true), ('-Infinity', false), (0, false)) v (score, label);
SELECT deepsad_roc_auc('NaN', label) FROM ranked;
SELECT deepsad_roc_auc(score, label) OVER () FROM ranked;
SELECT id % 2 AS half, round(deepsad_roc_auc(score, label)::numeric, 4) AS auc, round(deepsad_roc_auc(score, label) FILTER (WHERE id > 100)::numeric, 4) AS filtered
FROM ranked GROUP BY 1 ORDER BY 1;
-- confidence intervals: inside [0, 1], never empty, narrower with more rows and less confidence
SELECT round(c.roc_auc::numeric, 4) AS auc, round(lower::numeric, 4) AS lower, round(upper::numeric, 4) AS upper FROM (SELECT (deepsad_roc_auc_ci(score, label)).* FROM ranked) c;
SELECT round(c.roc_auc::numeric, 4) AS auc, round(lower::numeric, 4) AS lower, round(upper::numeric, 4) AS upper FROM (SELECT (deepsad_roc_auc_ci(score, label, 0.5)).* FROM ranked) c;
SELECT round(c.roc_auc::numeric, 4) AS auc, round(lower::numeric, 4) AS lower, round(upper::numeric, 4) AS upper FROM (SELECT (deepsad_roc_auc_ci(label::int, label)).* FROM ranked) c;
SELECT deepsad_roc_auc_ci(score, true), deepsad_roc_auc_ci(score, label, 0.9) FILTER (WHERE false) FROM ranked;
SELECT deepsad_roc_auc_ci(score, label, 1) FROM ranked;
SELECT deepsad_roc_auc_ci(score, label, NULL) FROM ranked;
-- an interval holds the true value as often as it says: scores of anomalies and normals, uniform on 0..2 and 0..1
SELECT sum((0.75 BETWEEN lower AND upper)::int) BETWEEN 180 AND 199 AS covers FROM (
	SELECT (deepsad_roc_auc_ci(CASE WHEN label THEN 2 ELSE 1 END * abs(hashint8(i * 1000 + sample)::bigint) / 2147483648.0, label)).*
	FROM generate_series(1, 200) sample, generate_series(1, 60) i, LATERAL (SELECT i % 3 = 0 AS label) l GROUP BY sample) s;
-- the k highest scores, ties by their share
SELECT deepsad_precision_at_k(score, label, 1) AS p1, deepsad_precision_at_k(score, label, 2) AS p2, deepsad_precision_at_k(score, label, 3) AS p3, deepsad_precision_at_k(score, label, 99) AS p99,
	deepsad_recall_at_k(score, label, 1) AS r1, deepsad_recall_at_k(score, label, 2) AS r2, deepsad_recall_at_k(score, label, 99) AS r99
FROM (VALUES (0.5, false), (0.5, true), (0.5, false), (0.9, true), (0.1, false)) v (score, label);
SELECT deepsad_precision_at_k(score, label, 10), deepsad_recall_at_k(score, label, 10) FROM ranked WHERE false;
SELECT deepsad_precision_at_k(score, false, 10), deepsad_recall_at_k(score, false, 10) FROM ranked;
SELECT deepsad_precision_at_k(score, label, 0) FROM ranked;
SELECT deepsad_recall_at_k(score, label, -1) FROM ranked;
SELECT deepsad_precision_at_k(score, label, id) FROM ranked;
SELECT deepsad_precision_at_k(score, label, NULL) FROM ranked;
-- curves: as scikit-learn's roc_curve and precision_recall_curve, without the points between
SELECT threshold, false_positive_rate, true_positive_rate FROM (SELECT (unnest(deepsad_roc_curve(score, label))).*
	FROM (VALUES (0.1, false), (0.4, false), (0.35, true), (0.8, true), (0.8, true), (0.9, true)) v (score, label)) c;
SELECT threshold, recall, round("precision"::numeric, 4) AS "precision" FROM (SELECT (unnest(deepsad_pr_curve(score, label))).*
	FROM (VALUES (0.1, false), (0.4, false), (0.35, true), (0.8, true), (0.85, true), (0.9, true)) v (score, label)) c;
SELECT deepsad_roc_curve(score, true), deepsad_pr_curve(score, label) FILTER (WHERE false) FROM ranked;
SELECT deepsad_roc_curve('NaN', label) FROM ranked;
SELECT deepsad_pr_curve('NaN', label) FROM ranked;
SELECT deepsad_average_precision('NaN', label) FROM ranked;
-- the area under the points is the metric
SELECT abs(sum((false_positive_rate - x) * (true_positive_rate + y) / 2) - (SELECT deepsad_roc_auc(score, label) FROM ranked)) < 1e-12 AS area
FROM (SELECT *, lag(false_positive_rate, 1, 0::float8) OVER (ORDER BY threshold DESC) AS x, lag(true_positive_rate, 1, 0::float8) OVER (ORDER BY threshold DESC) AS y
	FROM (SELECT (unnest(deepsad_roc_curve(score, label))).* FROM ranked) c) p;
-- decisions
SELECT jsonb_pretty(deepsad_confusion(score > 8, label)) FROM ranked;
SELECT jsonb_pretty(deepsad_confusion(NULL, label)) AS no_decision, jsonb_pretty(deepsad_confusion(true, false)) AS all_wrong FROM ranked WHERE id <= 3;
SELECT id % 2 AS half, deepsad_confusion(score > 8, label) FILTER (WHERE id > 100) ->> 'f1' = (2.0 * count(*) FILTER (WHERE score > 8 AND label AND id > 100) /
	(count(*) FILTER (WHERE score > 8 AND id > 100) + count(*) FILTER (WHERE label AND id > 100)))::float8::text AS f1 FROM ranked GROUP BY 1 ORDER BY 1;
SELECT _deepsad_confusion_transition(NULL, true, true);
SELECT _deepsad_confusion_transition('{1,2}', true, true);
SELECT _deepsad_confusion_combine('{1,2,3,4}', '{1,1,1,NULL}');
SELECT _deepsad_confusion_final('{{1,2},{3,4}}');
-- on disk as in memory
CREATE TABLE big AS SELECT (i * 7919 % 100003)::float8 AS score, i % 13 = 0 AS label FROM generate_series(1, 100000) i;
SET work_mem = '64kB';
SELECT deepsad_roc_auc(score, label) AS auc, deepsad_average_precision(score, label) AS ap FROM big \gset small_
SET work_mem = '64MB';
SELECT deepsad_roc_auc(score, label) = :small_auc AS auc, deepsad_average_precision(score, label) = :small_ap AS ap FROM big;
RESET work_mem;
SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0;
SELECT deepsad_confusion(score > 50000, label) = (SELECT deepsad_confusion(s > 50000, l) FROM (SELECT score AS s, label AS l FROM big ORDER BY score) o) AS parallel FROM big;
RESET parallel_setup_cost; RESET parallel_tuple_cost; RESET min_parallel_table_scan_size;
DROP TABLE ranked, big;
