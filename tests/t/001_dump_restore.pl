# Dump and restore keeps models and scores, bit for bit, and the generated column that uses one.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->start;
$node->safe_psql('postgres', q{
	CREATE EXTENSION deepsad;
	CREATE TABLE t AS SELECT i AS id, ARRAY[sin(i), cos(i), sin(i * i)]::real[] AS x FROM generate_series(1, 500) i;
	CREATE TABLE model (model deepsad_model);
	INSERT INTO model SELECT deepsad_train(x, id % 100 = 0, deepsad_options(epochs => 5, pretrain_epochs => 5)) FROM t;
	DO $$BEGIN EXECUTE format('CREATE TABLE watched (id int, x real[], score float8 GENERATED ALWAYS AS (deepsad_score(%L::bytea, x)) STORED)',
		(SELECT model FROM model)); END$$;
	INSERT INTO watched (id, x) SELECT id, x FROM t;
	CREATE INDEX ON watched (score DESC);
	SELECT deepsad_freeze(model, 'frozen') FROM model;
	CREATE TABLE indexed AS SELECT id, x::float8[] AS x FROM t;
	CREATE INDEX ON indexed (frozen(x));
});
my $scores = q{SELECT string_agg(float8send(deepsad_score(model, x))::text, ',' ORDER BY id) FROM t, model};
my $before = $node->safe_psql('postgres', $scores);
my $watched = $node->safe_psql('postgres', q{SELECT string_agg(float8send(score)::text, ',' ORDER BY id) FROM watched});
is($watched, $before, 'the generated column holds the same bits');

my $dump = $node->basedir . '/dump.sql';
$node->command_ok([ 'pg_dump', '-f', $dump, '-d', $node->connstr('postgres') ], 'dump');
$node->safe_psql('postgres', 'CREATE DATABASE restored');
$node->command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f', $dump, '-d', $node->connstr('restored') ], 'restore');
is($node->safe_psql('restored', $scores), $before, 'scores after restore are the same bits');
is($node->safe_psql('restored', q{SELECT string_agg(float8send(score)::text, ',' ORDER BY id) FROM watched}), $before,
	'so is the generated column');
is($node->safe_psql('restored', q{SELECT string_agg(float8send(frozen(x))::text, ',' ORDER BY id) FROM indexed}), $before,
	'so is a frozen model');
my ($status, $out, $err) = $node->psql('restored', 'DROP EXTENSION deepsad');
if ($node->safe_psql('postgres', 'SHOW server_version_num') >= 140000)
{
	like($err, qr/function frozen\(double precision\[\]\) depends on function _deepsad_frozen_score/,
		'which keeps the extension');
}

# A physical copy of the cluster scores the same bits.
$node->append_conf('postgresql.conf', "wal_level = replica\nmax_wal_senders = 4\n");
$node->restart;
$node->backup('base');
my $copy = PostgreSQL::Test::Cluster->new('copy');
$copy->init_from_backup($node, 'base');
$copy->start;
is($copy->safe_psql('postgres', $scores), $before, 'a copy of the cluster scores the same bits');
$copy->stop;
$node->stop;
done_testing();
