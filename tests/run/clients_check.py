"""Runs doc/clients.md: the class against the server that PGHOST names, dbt's templates and Grafana's macros expanded by hand."""
import os
import re

import psycopg

TABLE = """
SET client_min_messages = error;
DROP TABLE IF EXISTS payment CASCADE;
CREATE TABLE payment AS SELECT i AS id, timestamp '2026-01-01' + i * interval '17 minutes' AS at, 'k' || i % 5 AS kind,
	sin(i * 1.7) + CASE WHEN i % 40 = 0 THEN 6 ELSE 0 END AS amount, cos(i * 0.3) AS distance,
	CASE WHEN i % 40 = 0 THEN true WHEN i % 10 = 1 THEN false END AS is_fraud
FROM generate_series(1, 2000) i;
"""


def blocks(kind):
    with open(os.path.join(os.path.dirname(__file__), "../../doc/clients.md"), encoding="utf-8") as file:
        return re.findall(rf"```{kind}\n(.*?)```", file.read(), re.S)


def expand(query):
    """A template as dbt and Grafana would send it."""
    query = re.sub(r"{{ config\([^}]*\) }}", "", query)
    query = re.sub(r"{{ ref\('(\w+)'\) }}", r"\1", query).replace("{{ this }}", "payment_score")
    query = re.sub(r"{% if is_incremental\(\) %}(.*?){% endif %}", r"\1" if INCREMENTAL else "", query, flags=re.S)
    query = re.sub(r"\$__timeGroupAlias\(([\w.]+), '1h'\)", r"date_trunc('hour', \1) AS time", query)
    return re.sub(r"\$__timeFilter\(([\w.]+)\)", r"\1 BETWEEN '2026-01-05' AND '2026-01-20'", query)


INCREMENTAL = False
connection = psycopg.connect(autocommit=True)
connection.execute(TABLE)

code, use = blocks("python")
names = {"connection": connection}
exec(code + use, names)  # pylint: disable=exec-used
detector, worst = names["detector"], names["worst"]
scores, decisions, predictions = (getattr(detector, f)("payment") for f in ("score_samples", "decision_function", "predict"))
assert len(scores) == 2000 and all(-s == detector.threshold_ - d or abs(s + detector.threshold_ - d) < 1e-9 for s, d in zip(scores, decisions))
assert all((d <= 0) == (p == -1) for d, p in zip(decisions, predictions))
assert worst[0] < 0 and worst[1] == -1
found = sum(predictions[i - 1] == -1 for i in range(40, 2001, 40))
assert found > 40 and sum(p == -1 for p in predictions) < found + 60, found
assert Ellipsis is not detector.fit("public.payment").model_

sql_blocks = blocks("sql")
assert len(sql_blocks) == 9
model, scored, drift, good, page, series, alert, latest, moved = sql_blocks
connection.execute(f"CREATE TABLE fraud_model AS {expand(model)}")
connection.execute(f"CREATE TABLE payment_score AS {expand(scored)}")
INCREMENTAL = True
assert connection.execute(expand(scored)).fetchall() == []
assert connection.execute("SELECT count(*) FROM payment_score").fetchone()[0] == 2000
assert connection.execute(expand(drift)).fetchall() == []
assert connection.execute(expand(good)).fetchall() == []
assert connection.execute(expand(page)).fetchone()[0].endswith("</html>\n")
rows = connection.execute(expand(series)).fetchall()
assert len(rows) > 300 and sum(row[1] for row in rows) > 10, len(rows)
assert connection.execute(expand(alert)).fetchone()[0] is True
rows = connection.execute(expand(latest)).fetchall()
assert len(rows) > 10 and all("amount = " in row[4] for row in rows), rows[:2]
assert connection.execute(expand(moved)).fetchone()[0] in ("drift", "no drift")
connection.execute("DROP TABLE payment_score, fraud_model, payment")
print("doc/clients.md holds")
