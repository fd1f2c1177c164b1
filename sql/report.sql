-- pages about models, and about models and rows
SET client_min_messages = error;
CREATE TABLE report_data AS SELECT i AS id, timestamp '2026-01-01' + i * interval '17 minutes' AS at, 'k' || i * 7919 % 11 % 4 AS kind,
	CASE WHEN i % 9 > 0 THEN sin(i * 1.7) END AS gap, i % 3 = 0 AS flag, cos(i * 0.31) + CASE WHEN i % 40 = 0 THEN 3 ELSE 0 END AS amount,
	i % 40 = 0 AS truth, CASE WHEN i % 80 = 0 THEN true END AS known FROM generate_series(1, 1000) i;
CREATE TABLE report_model AS
SELECT 'mixed' AS name, deepsad_train(d, known, '{"members": 2, "epochs": 4, "pretrain_epochs": 2, "validation": 0.2, "columns": {"truth": "skip"}}') AS model FROM report_data d
UNION ALL SELECT 'array', deepsad_train(ARRAY[amount, gap, id % 7], known, '{"members": 2, "epochs": 2, "pretrain_epochs": 1}') FROM report_data
UNION ALL SELECT 'cross', deepsad_train(ARRAY[amount, gap], NULL, '{"members": 3, "epochs": 2, "pretrain_epochs": 0}') FROM report_data WHERE id <= 200
UNION ALL SELECT 'few', deepsad_train(ARRAY[amount, gap], NULL, '{"members": 1, "epochs": 2}') FROM report_data WHERE id <= 5
UNION ALL SELECT 'paper', deepsad_train(ROW(amount, gap), known, '{"preset": "paper", "epochs": 2, "pretrain_epochs": 2}') FROM report_data;
INSERT INTO report_model SELECT 'updated', deepsad_update(model, d, truth, '{"epochs": 1}') FROM report_model, report_data d WHERE name = 'mixed';
CREATE TABLE report_page AS SELECT name, deepsad_report(model) AS page, NULL AS rows FROM report_model;
INSERT INTO report_page SELECT name, deepsad_report(model, d, truth), 'rows' FROM report_model, report_data d WHERE name IN ('mixed', 'updated') GROUP BY name;
INSERT INTO report_page SELECT 'array', deepsad_report(model, ARRAY[amount, gap, id % 7], truth), 'rows' FROM report_model, report_data WHERE name = 'array';
INSERT INTO report_page SELECT name, deepsad_report(model, f, truth), 'rows' FROM report_model, report_data, LATERAL (SELECT amount, gap) f WHERE name IN ('cross', 'few', 'paper') GROUP BY name;
-- the parts of each page, its elements; no script, nothing from elsewhere, nothing that is not ASCII; all that was opened is closed
SELECT name, rows, string_agg(part, ' ' ORDER BY place) AS parts
FROM report_page, regexp_matches(page, '<h2 id="([a-z-]+)">', 'g') WITH ORDINALITY m (match, place), LATERAL (SELECT match[1] AS part) p GROUP BY 1, 2 ORDER BY 1, 2;
SELECT rows, string_agg(DISTINCT element[1], ' ' ORDER BY element[1]) AS elements FROM report_page, regexp_matches(page, '<([!a-zA-Z0-9]+)', 'g') element GROUP BY 1 ORDER BY 1;
SELECT string_agg(DISTINCT attribute[1], ' ' ORDER BY attribute[1]) AS attributes FROM report_page, regexp_matches(page, ' ([a-zA-Z-]+)="', 'g') attribute;
SELECT bool_and(page LIKE '<!DOCTYPE html>%</html>_') AS whole, bool_or(page ~* '<script|://|url\(|src=|javascript') AS loads, bool_and(octet_length(page) = length(page)) AS ascii,
	bool_and((SELECT count(*) FROM regexp_matches(page, '<(?!/|!|meta|br|path)[^>]*[^>/]>', 'g')) = (SELECT count(*) FROM regexp_matches(page, '</(?!path)', 'g'))) AS closed FROM report_page;
-- what it says is what the functions say
SELECT page LIKE '%ROC AUC ' || round(auc::numeric, 3) || '</strong>%' AS auc, page LIKE '%Average precision ' || round(ap::numeric, 3) || '</strong>%' AS ap,
	page LIKE '%<dt>anomalies found</dt><dd>' || (c ->> 'true_positives') || ' of 25</dd>%' AS found, page LIKE '%<dt>false alarms</dt><dd>' || (c ->> 'false_positives') || ' of 975</dd>%' AS alarms,
	page LIKE '%<bdi>id</bdi></span> <bdi>' || top || '</bdi>%' AS top
FROM report_page p, (SELECT deepsad_roc_auc(deepsad_score(model, d), truth) AS auc, deepsad_average_precision(deepsad_score(model, d), truth) AS ap,
		deepsad_confusion(deepsad_is_anomaly(model, d), truth) AS c, (array_agg(id ORDER BY deepsad_score(model, d) DESC))[1] AS top
	FROM report_model, report_data d WHERE name = 'mixed') f WHERE p.name = 'mixed' AND rows = 'rows';
SELECT (SELECT count(*) FROM regexp_matches(page, '<article', 'g')) AS top_rows, page LIKE '%1. Score%10. Score%' AS ranked, page LIKE '%it numbers the rows%' AS left_out,
	page LIKE '%<th scope="row">epochs</th><td>4</td><td>58</td>%' AS option, page LIKE '%<span>scaling</span> <strong>standard_robust</strong>%' AS all_options FROM report_page WHERE name = 'mixed' AND rows = 'rows';
-- p-values of each network's own rows: alarms are counted by them
SELECT page LIKE '%<dt>anomalies found</dt><dd>' || (c ->> 'true_positives') || ' of 25</dd>%<dt>false alarms</dt><dd>' || (c ->> 'false_positives') || ' of 975</dd>%' AS alarms
FROM report_page p, (SELECT deepsad_confusion(deepsad_is_anomaly(model, ROW(amount, gap)), truth) AS c FROM report_model, report_data WHERE name = 'cross') f WHERE p.name = 'cross' AND rows = 'rows';
-- without calibration, after an update, the paper's plain score
SELECT name, page LIKE '%The model has no threshold%' AS no_threshold, page LIKE '%That is a fixed score%' AS fixed, page LIKE '%updates since%' AS updated, page LIKE '%squared distance from the center%' AS plain
FROM report_page WHERE rows IS NULL ORDER BY 1;
-- the option that decides
SELECT o, regexp_replace(substring(deepsad_report(m) FROM 'for an anomaly by its <strong>([^<]*)'), '(?<=least ).*', '...') AS decision
FROM (SELECT 'alpha' AS o, deepsad_set_threshold(model, alpha => 0.05) AS m FROM report_model WHERE name = 'mixed' UNION ALL SELECT 'contamination', deepsad_set_threshold(model, contamination => 0.1) FROM report_model WHERE name = 'mixed'
	UNION ALL SELECT 'threshold', deepsad_set_threshold(model, threshold => 3) FROM report_model WHERE name = 'few') s ORDER BY o COLLATE "C";
-- values never become markup: a page about hostile names, categories and texts has the very elements of one about tame ones
CREATE TABLE hostile (place int, tame text, bad text);
INSERT INTO hostile VALUES (0, 'a', '<script>alert(1)</script>'), (1, 'b', '"><img src=x onerror=alert(1)>'), (2, 'c', E'</td></tr>\n<!-- '' -->&lt;&#60;'), (3, 'd', E'\x01\x1b\x7f%s%n$&\\'), (4, 'e', ']]></style></svg>');
CREATE FUNCTION report_of(is_bad boolean) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	n text[] := (SELECT array_agg(CASE WHEN is_bad THEN bad ELSE tame END ORDER BY place) FROM hostile);
	page text;
BEGIN
	EXECUTE format('CREATE TABLE judged AS SELECT i AS %I, %L::text[] AS %I, ($1)[1 + (sqrt(8 * (i * 7919 %% 101 %% 15) + 1) - 1)::int / 2] AS %I, sin(i) AS %I, i %% 30 = 0 AS %I FROM generate_series(1, 400) i',
		n[1], '{}', n[2], n[3], n[4], n[5]) USING n;
	EXECUTE format('ALTER TABLE judged DROP COLUMN %I', n[2]);
	EXECUTE format('SELECT deepsad_report(model, j, %I) FROM judged j, (SELECT deepsad_train(j, NULL, ''{"members": 1, "epochs": 1}'') AS model FROM judged j) m', n[5]) INTO page;
	DROP TABLE judged;
	RETURN page;
END $$;
SELECT report_of(true) AS bad, report_of(false) AS tame \gset
SELECT regexp_replace(:'bad', '>[^<]*<', '><', 'g') = regexp_replace(:'tame', '>[^<]*<', '><', 'g') AS same_markup,
	:'bad' LIKE '%<th scope="row"><bdi>&lt;script&gt;alert(1)&lt;/script&gt;</bdi></th><td>integer</td><td>it numbers the rows</td>%' AS name,
	:'bad' LIKE '%<bdi>&quot;&gt;&lt;img src=x onerror=alert(1)&gt;</bdi> %' AS category, :'bad' LIKE '%&#x2401;&#x241b;&#xfffd;%s%n$&amp;\\%' AS controls;
-- NULLs, labels of all kinds, rows that are NULL, no rows
SELECT deepsad_report(NULL) IS NULL AS no_model;
SELECT deepsad_report(model, d, truth) FILTER (WHERE false) IS NULL AS none, deepsad_report(NULL, d, truth) IS NULL AS no_model, deepsad_report(model, NULL::report_data, truth) IS NULL AS no_row,
	deepsad_report(model, CASE WHEN id % 2 = 0 THEN d END, truth) LIKE '%judged by 500 rows: 25 labeled as anomalies, 475 as normal. 500 more were NULL.%' AS half,
	deepsad_report(model, d, NULL) LIKE '%No row is labeled an anomaly%' AS unlabeled, deepsad_report(model, d, true) LIKE '%Every row is labeled an anomaly%' AS all_anomalies,
	deepsad_report(model, d, known) LIKE '%unlabeled rows stand for them%' AS known, deepsad_report(model, d, CASE WHEN truth THEN -1 ELSE 1 END) = deepsad_report(model, d, truth) AS integers,
	deepsad_report(model, d, truth) FILTER (WHERE id = 7) LIKE '%judged by 1 row:%' AS one
FROM report_model, report_data d WHERE name = 'mixed';
SELECT d.id % 8 < 4 AS half, deepsad_report(model, d, truth) LIKE '%judged by 500 rows%' AS page FROM report_model, report_data d WHERE name = 'mixed' GROUP BY 1 ORDER BY 1;
-- scores on disk give the same page
SET work_mem = '64kB';
SELECT md5(string_agg(deepsad_report, '')) AS small FROM (SELECT deepsad_report(model, ARRAY[sin(i), cos(i), i % 7], i % 100 = 0) FROM report_model, generate_series(1, 30000) i WHERE name = 'array') s \gset
SET work_mem = '64MB';
SELECT md5(string_agg(deepsad_report, '')) = :'small' AS same, max(length(deepsad_report)) < 200000 AS short FROM (SELECT deepsad_report(model, ARRAY[sin(i), cos(i), i % 7], i % 100 = 0) FROM report_model, generate_series(1, 30000) i WHERE name = 'array') s;
RESET work_mem;
-- drift is named
SELECT deepsad_report(model, ARRAY[amount + 2, gap, id % 7], truth) LIKE '%<span class="bad">No:</span> 1 of 3 features differ%<td>shifted</td>%' AS drift FROM report_model, report_data WHERE name = 'array';
-- 0 and 1 are no labels of the paper: said, as by the training
SET client_min_messages = warning;
SELECT deepsad_report(model, d, truth::int) LIKE '%No row is labeled an anomaly%' AS upside_down FROM report_model, report_data d WHERE name = 'mixed';
-- errors
SELECT deepsad_report('\x00');
SELECT deepsad_report(1);
SELECT deepsad_report(model, d, kind) FROM report_model, report_data d WHERE name = 'mixed';
SELECT deepsad_report(model, d, id) FROM report_model, report_data d WHERE name = 'mixed';
SELECT deepsad_report(model, amount, truth) FROM report_model, report_data d WHERE name = 'array';
SELECT deepsad_report(model, ARRAY[amount], truth) FROM report_model, report_data d WHERE name = 'array';
SELECT deepsad_report(model, ARRAY['Infinity', 1, 2]::float8[], truth) FROM report_model, report_data d WHERE name = 'array';
SELECT deepsad_report(model, d, truth) FROM report_model, report_data d WHERE name IN ('mixed', 'updated');
SELECT deepsad_report('\x00', d, truth) FROM report_data d;
SELECT deepsad_report(model, d, truth) OVER () FROM report_model, report_data d WHERE name = 'mixed';
DROP FUNCTION report_of;
DROP TABLE report_data, report_model, report_page, hostile;
RESET client_min_messages;
