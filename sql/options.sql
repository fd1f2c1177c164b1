-- options are checked, and only the ones given are returned
SELECT deepsad_options();
SELECT jsonb_pretty(deepsad_options(epochs => 20, hidden => '{64,32}', learning_rate => 0.01, seed => -9223372036854775808,
	scaling => 'minmax', milestones => '{}')) AS options;
SELECT deepsad_options(members => 65);
SELECT deepsad_options(members => 0);
SELECT deepsad_options(hidden => '{}');
SELECT deepsad_options(hidden => '{1,2,3,4,5,6,7,8,9}');
SELECT deepsad_options(hidden => '{8,NULL}');
SELECT deepsad_options(hidden => '{{8,4}}');
SELECT deepsad_options(hidden => '{8,8193}');
SELECT deepsad_options(learning_rate => 'NaN');
SELECT deepsad_options(learning_rate => 0);
SELECT deepsad_options(scaling => 'svdd');
SELECT deepsad_options(preset => 'quick');
SELECT deepsad_options(eta => -1);
SELECT deepsad_options(objective => 'soft_boundary');
-- the same checks on jsonb that was written by hand
CREATE TABLE opt (x real[]);
INSERT INTO opt SELECT ARRAY[i % 7, i % 5] FROM generate_series(1, 40) i;
\set VERBOSITY terse
SELECT deepsad_train(x, NULL, '{"epoch": 5}') FROM opt;
\set VERBOSITY default
DO $$
DECLARE hint text;
BEGIN
	PERFORM deepsad_train(x, NULL, '{"epoch": 5}') FROM opt;
EXCEPTION WHEN invalid_parameter_value THEN
	GET STACKED DIAGNOSTICS hint = PG_EXCEPTION_HINT;
	RAISE NOTICE '%', regexp_replace(hint, '(.{80}\w*,) ', E'\\1\n', 'g');
END $$;
SELECT deepsad_train(x, NULL, '{"epochs": "5"}') FROM opt;
SELECT deepsad_train(x, NULL, '{"epochs": 5.5}') FROM opt;
SELECT deepsad_train(x, NULL, '{"epochs": 1e30}') FROM opt;
SELECT deepsad_train(x, NULL, '{"seed": -1e300}') FROM opt;
SELECT deepsad_train(x, NULL, jsonb_build_object('preset', repeat('x', 1000))) FROM opt;
SELECT deepsad_train(x, NULL, '{"epochs": -1}') FROM opt;
SELECT deepsad_train(x, NULL, '{"hidden": 5}') FROM opt;
SELECT deepsad_train(x, NULL, '{"hidden": [5, "a"]}') FROM opt;
SELECT deepsad_train(x, NULL, '{"scaling": 1}') FROM opt;
SELECT deepsad_train(x, NULL, '{"eta": "x"}') FROM opt;
-- NULL, not a number, stands for what is not given; verbose is true or false
SELECT deepsad_options(workers => -1);
SELECT deepsad_options(input_weight => -1);
SELECT deepsad_options(threshold => 0);
SELECT deepsad_options(contamination => 0);
SELECT deepsad_options(max_steps => 0);
SELECT deepsad_options(max_rows => 0);
SELECT deepsad_options(verbose => 1);
SELECT deepsad_options(workers => 0, verbose => true, input_weight => 0, max_steps => NULL);
SELECT deepsad_train(x, NULL, '{"verbose": 1}') FROM opt;
SELECT deepsad_train(x, NULL, '{"workers": -1}') FROM opt;
\set VERBOSITY terse
SELECT deepsad_train(x, NULL, '{"objective": "sad"}') FROM opt;
\set VERBOSITY default
WITH m AS MATERIALIZED (
	SELECT i, deepsad_train(x, NULL, '{"epochs": 1, "pretrain_epochs": 1, "members": 1}' || o) AS model
	FROM opt, (VALUES (1, '{}'::jsonb), (2, '{"workers": null, "input_weight": null, "threshold": null, "contamination": null,
		"max_steps": null, "max_rows": null, "verbose": null}'), (3, '{"verbose": false}')) v (i, o) GROUP BY i)
SELECT count(DISTINCT model) AS models, min(t::text) AS threshold, min(c::text) AS contamination, min(s::text) AS max_steps,
	min(r::text) AS max_rows, min(w::text) AS input_weight, bool_or(o ? 'verbose' OR o ? 'workers') AS transient
FROM m, LATERAL (SELECT deepsad_info(model) -> 'options' AS o) i,
	LATERAL (SELECT o -> 'threshold' AS t, o -> 'contamination' AS c, o -> 'max_steps' AS s, o -> 'max_rows' AS r, o -> 'input_weight' AS w) f;
SELECT deepsad_update(model, x, NULL, '{"max_rows": null, "workers": null, "threshold": null, "verbose": false}') = deepsad_update(model, x) AS same
FROM opt, (SELECT deepsad_train(x, NULL, '{"epochs": 0, "pretrain_epochs": 0, "members": 1, "max_steps": 9}') AS model FROM opt) m;
SELECT deepsad_update(model, x, NULL, '{"max_rows": 0}') FROM opt, (SELECT deepsad_train(x, NULL, '{"epochs": 0, "pretrain_epochs": 0, "members": 1}') AS model FROM opt) m;
SELECT deepsad_train(x, NULL, '[1]') FROM opt;
SELECT deepsad_train(x, NULL, '5') FROM opt;
SELECT deepsad_train(x, NULL, jsonb_build_object('epochs', x[1]::int)) FROM opt;
-- key before preset before default; info echoes all of them
SELECT jsonb_pretty(deepsad_info(deepsad_train(x, NULL, '{"epochs": null, "members": 1}')) -> 'options') AS options FROM opt;
SELECT jsonb_pretty(deepsad_info(deepsad_train(x, NULL, deepsad_options(preset => 'paper', epochs => 3))) -> 'options') AS options FROM opt;
-- wide rows get a wider net
SELECT deepsad_info(deepsad_train(array_fill(i::real, '{101}'), NULL, '{"epochs": 1, "pretrain_epochs": 1, "members": 1}'))
	-> 'options' -> 'hidden' AS hidden FROM generate_series(1, 10) i;
DROP TABLE opt;
-- no setting changes an option
SET extra_float_digits = -12;
SELECT deepsad_options(learning_rate => 0.00123456789);
RESET extra_float_digits;
SELECT deepsad_options(epochs => 1000000, members => 64) IS NOT NULL AS allowed;
