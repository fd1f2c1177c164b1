# Objects of every kind that outlive a server, and a query that tells whether they are the same bits elsewhere.
package DeepsadUpgrade;
use strict;
use warnings;
use Exporter 'import';
our @EXPORT_OK = qw($objects $digest);

our $objects = q{
	CREATE EXTENSION deepsad;
	CREATE TABLE t (id int PRIMARY KEY, x real[]);
	INSERT INTO t SELECT i, ARRAY[sin(i), cos(i), sin(i * i)] FROM generate_series(1, 500) i;
	CREATE TABLE model (id int PRIMARY KEY, model deepsad_model);
	INSERT INTO model SELECT 1, deepsad_train(x, id % 100 = 0, deepsad_options(epochs => 5, pretrain_epochs => 5)) FROM t;
	INSERT INTO model SELECT 2, deepsad_train(r, NULL, '{"epochs": 2}') FROM (SELECT id % 7 AS a, 'c' || id % 5 AS b, x[1] AS c FROM t) r;
	CREATE TABLE sets (name text PRIMARY KEY, rows deepsad_rows);
	INSERT INTO sets SELECT 'arrays', deepsad_sample(x, id % 100 = 0) FROM t;
	INSERT INTO sets SELECT 'rows', deepsad_sample(r, NULL, '{"max_rows": 100}') FROM (SELECT id, x[1] AS a, 'c' || id % 5 AS b FROM t) r;
	DO $$BEGIN EXECUTE format('CREATE TABLE watched (id int PRIMARY KEY, x real[], score float8 GENERATED ALWAYS AS (deepsad_score(%L::bytea, x)) STORED)',
		(SELECT model FROM model WHERE id = 1)); END$$;
	INSERT INTO watched (id, x) SELECT id, x FROM t;
	CREATE INDEX ON watched (score DESC);
	SELECT deepsad_freeze(model, 'frozen') FROM model WHERE id = 1;
	CREATE TABLE indexed (id int PRIMARY KEY, x float8[]);
	INSERT INTO indexed SELECT id, x::float8[] FROM t;
	CREATE INDEX indexed_score ON indexed (frozen(x));
	CREATE DOMAIN ordinary AS float8[] CHECK (frozen(VALUE) < 1e6);
	CREATE TABLE checked (id int PRIMARY KEY, x ordinary);
	INSERT INTO checked SELECT id, x::float8[] FROM t;
	CREATE VIEW scored AS SELECT t.id, deepsad_score(model, t.x) AS score, deepsad_pvalue(model, t.x) AS p FROM t, model WHERE model.id = 1;
};

# Models' bytes, training sets, scores, what the generated column, the index, the domain's table and the view give.
our $digest = q{
	SET enable_seqscan = off; SET enable_sort = off; SET extra_float_digits = 3;
	SELECT concat_ws(' ',
		(SELECT md5(string_agg(model::text, ',' ORDER BY id)) FROM model),
		(SELECT md5(string_agg(deepsad_sample_info(rows)::text || md5(rows::text), ',' ORDER BY name)) FROM sets),
		(SELECT md5(string_agg(float8send(deepsad_score(model, x))::text, ',' ORDER BY t.id)) FROM t, model WHERE model.id = 1),
		(SELECT md5(string_agg(float8send(score)::text, ',' ORDER BY id)) FROM watched),
		(SELECT md5(string_agg(float8send(s)::text, ',')) FROM (SELECT frozen(x) AS s FROM indexed WHERE frozen(x) > 0 ORDER BY frozen(x) DESC) q),
		(SELECT md5(string_agg(float8send(frozen(x))::text, ',' ORDER BY id)) FROM checked),
		(SELECT md5(string_agg(float8send(score)::text || p, ',' ORDER BY id)) FROM scored))
};

1;
