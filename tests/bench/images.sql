-- One cell of tests/bench/images: set, normal, share, network, shift_by, options -> a line of measurements.
SELECT (:normal + :shift_by) % 10 AS known \gset
CREATE TEMP TABLE training AS
WITH normals AS (SELECT pixels, false AS anomaly FROM image WHERE set = :'set' AND part = 'train' AND class = :normal),
	anomalies AS (SELECT pixels, true FROM image WHERE set = :'set' AND part = 'train' AND class = :known ORDER BY id
		LIMIT (SELECT round(:share / (1 - :share) * count(*)) FROM normals))
SELECT * FROM normals UNION ALL SELECT * FROM anomalies;
CREATE TEMP TABLE took (began timestamptz, trained timestamptz, scored timestamptz);
INSERT INTO took VALUES (clock_timestamp());
CREATE TEMP TABLE model AS
SELECT deepsad_train(pixels, nullif(anomaly, false), :'options'::jsonb || jsonb_build_object('network', :'network')) AS model FROM training;
UPDATE took SET trained = clock_timestamp();
CREATE TEMP TABLE scored AS SELECT class <> :normal AS anomaly, deepsad_score(model, pixels) AS score FROM image, model WHERE set = :'set' AND part = 'test';
UPDATE took SET scored = clock_timestamp();
SELECT :'set', :normal, :share, 'deepsad ' || :'network', round(100 * deepsad_roc_auc(score, anomaly)::numeric, 2),
	round(extract(epoch FROM min(trained - began))::numeric, 1), round(1e6 * extract(epoch FROM min(took.scored - trained))::numeric / count(*), 1),
	(SELECT count(*) FROM training), (SELECT length(model) FROM model)
FROM scored, took;
