-- metrics against their definitions, ties as in scikit-learn
CREATE TABLE k (id int, score float8, label boolean);
INSERT INTO k SELECT i, (i * 7919 % 101) / 10, i * 31 % 7 = 0 FROM generate_series(1, 500) i;
SELECT abs(deepsad_roc_auc(score, label) - (SELECT avg(CASE WHEN p.score > n.score THEN 1 WHEN p.score = n.score THEN 0.5 ELSE 0 END)
	FROM k p, k n WHERE p.label AND NOT n.label)) < 1e-12 AS auc FROM k;
SELECT abs(deepsad_average_precision(score, label) - (SELECT sum(tp * above / rows) FILTER (WHERE tp > 0) / (SELECT count(*) FROM k WHERE label)
	FROM (SELECT count(*) FILTER (WHERE label) AS tp, (SELECT count(*) FROM k WHERE label AND score >= o.score)::float8 AS above,
		(SELECT count(*) FROM k WHERE score >= o.score) AS rows, score FROM k o GROUP BY score) s)) < 1e-12 AS ap FROM k;
-- values that scikit-learn prints for the same
SELECT deepsad_roc_auc(score, label), round(deepsad_average_precision(score, label)::numeric, 12)
FROM (VALUES (0.1, false), (0.4, false), (0.35, true), (0.8, true)) v (score, label);
SELECT deepsad_roc_auc(score, label), round(deepsad_average_precision(score, label)::numeric, 12)
FROM (VALUES (0.5, false), (0.5, true), (0.5, false), (0.9, true), (0.1, false)) v (score, label);
SELECT deepsad_roc_auc(1, label), deepsad_average_precision(1, label) FROM k;
SELECT deepsad_roc_auc(score, true), deepsad_average_precision(score, true), deepsad_roc_auc(score, false), deepsad_average_precision(score, false) FROM k;
SELECT deepsad_roc_auc(score, label), deepsad_average_precision(score, label) FROM k WHERE false;
SELECT deepsad_roc_auc(score, label) FROM (VALUES (1, NULL), (NULL, true), (2, true), (1, false)) v (score, label);
SELECT deepsad_roc_auc(score, label) FROM (VALUES ('Infinity'::float8, true), ('-Infinity', false), (0, false)) v (score, label);
SELECT deepsad_roc_auc('NaN', label) FROM k;
SELECT deepsad_roc_auc(score, label) OVER () FROM k;
SELECT id % 2 AS half, round(deepsad_roc_auc(score, label)::numeric, 4) AS auc, round(deepsad_roc_auc(score, label) FILTER (WHERE id > 100)::numeric, 4) AS filtered
FROM k GROUP BY 1 ORDER BY 1;
-- on disk as in memory
CREATE TABLE big AS SELECT (i * 7919 % 100003)::float8 AS score, i % 13 = 0 AS label FROM generate_series(1, 100000) i;
SET work_mem = '64kB';
SELECT deepsad_roc_auc(score, label) AS auc, deepsad_average_precision(score, label) AS ap FROM big \gset small_
SET work_mem = '64MB';
SELECT deepsad_roc_auc(score, label) = :small_auc AS auc, deepsad_average_precision(score, label) = :small_ap AS ap FROM big;
RESET work_mem;
DROP TABLE k, big;
