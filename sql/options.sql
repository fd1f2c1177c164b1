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
SELECT deepsad_options(objective => 'svdd');
SELECT deepsad_options(preset => 'quick');
SELECT deepsad_options(nu => 2);
-- the same checks on jsonb that was written by hand
CREATE TABLE opt (x real[]);
INSERT INTO opt SELECT ARRAY[i % 7, i % 5] FROM generate_series(1, 40) i;
SELECT deepsad_train(x, NULL, '{"epoch": 5}') FROM opt;
SELECT deepsad_train(x, NULL, '{"epochs": "5"}') FROM opt;
SELECT deepsad_train(x, NULL, '{"epochs": 5.5}') FROM opt;
SELECT deepsad_train(x, NULL, '{"epochs": 1e30}') FROM opt;
SELECT deepsad_train(x, NULL, '{"epochs": -1}') FROM opt;
SELECT deepsad_train(x, NULL, '{"hidden": 5}') FROM opt;
SELECT deepsad_train(x, NULL, '{"hidden": [5, "a"]}') FROM opt;
SELECT deepsad_train(x, NULL, '{"scaling": 1}') FROM opt;
SELECT deepsad_train(x, NULL, '{"eta": "x"}') FROM opt;
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
