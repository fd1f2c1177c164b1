"""Runs the Python and SQL of doc/clients.md: dbt's and Grafana's words are replaced as those programs do.
Needs psycopg and a server with the extension. Ends with `N passed, N failed`."""
import re
import sys

import psycopg

text = open("doc/clients.md").read()
python = re.findall(r"```python\n(.*?)```", text, re.S)
queries = re.findall(r"```sql\n(.*?)```", text, re.S)
names = ["fraud_model", "fraud_score"]
with psycopg.connect(autocommit=True) as connection:
    connection.execute("CREATE EXTENSION IF NOT EXISTS deepsad")
    connection.execute("CREATE TABLE payment AS SELECT i AS id, i * 7919 % 1009 / 10.0 AS amount, i * 31 % 24 AS hour, "
                       "now() - i % 100 * interval '1 hour' AS created_at, CASE WHEN i % 50 = 0 THEN true END AS is_fraud "
                       "FROM generate_series(1, 1000) i")
    connection.execute("CREATE TABLE model (name text, model bytea)")
    passed = 0
    exec(python[0])
    detector = DeepSad(connection, seed=1, columns={"id": "skip", "created_at": "skip"}).fit("payment", label="is_fraud")
    predicted, decided = detector.predict("payment"), detector.decision_function("payment")
    assert len(predicted) == 1000 and set(predicted) <= {-1, 1}
    assert [-1 if value <= 0 else 1 for value in decided] == predicted
    assert max(detector.score_samples("payment")) < 0
    passed += 1
    exec(python[1], {"DeepSad": DeepSad})
    passed += 1
    for query in queries:
        query = re.sub(r"\{\{ config\(.*?\) \}\}", "", query)
        query = re.sub(r"\{\{ ref\('(\w+)'\) \}\}", r"\1", query)
        query = re.sub(r"\$__timeGroup\((\w+), '1h'\)", r"date_trunc('hour', \1)", query)
        query = re.sub(r"\$__timeFilter\(([\w.]+)\)", r"\1 > now() - interval '1 week'", query)
        if names:
            connection.execute(f"CREATE TABLE {names.pop(0)} AS {query}")
        else:
            connection.execute(query).fetchall()
        passed += 1
print(f"{passed} passed, 0 failed")
sys.exit(passed == 0)
