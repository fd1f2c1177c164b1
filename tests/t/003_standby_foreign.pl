# A hot standby scores the same bits, also through a frozen function and its index; foreign tables
# train and score like local ones.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use DeepsadUpgrade qw($objects $digest);

my $primary = PostgreSQL::Test::Cluster->new('primary');
$primary->init(allows_streaming => 1);
$primary->start;
$primary->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'base', has_streaming => 1);
$standby->start;

$primary->safe_psql('postgres', q{
	CREATE EXTENSION deepsad;
	CREATE TABLE t AS SELECT i AS id, ARRAY[sin(i), cos(i), sin(i * i)] AS x FROM generate_series(1, 500) i;
	CREATE TABLE model AS SELECT deepsad_train(x, NULL, '{"epochs": 3, "pretrain_epochs": 3}') AS model FROM t;
	SELECT deepsad_freeze(model, 'frozen') FROM model;
	CREATE INDEX t_score ON t (frozen(x));
});
$primary->safe_psql('postgres', 'CREATE DATABASE objects');
$primary->safe_psql('objects', $objects);
$primary->wait_for_catchup($standby, 'replay', $primary->lsn('insert'));

my $scores = q{SELECT string_agg(float8send(deepsad_score(model, x))::text, ',' ORDER BY id) FROM t, model};
my $frozen = q{SET enable_seqscan = off; SET enable_sort = off;
	SELECT string_agg(float8send(s)::text, ',') FROM (SELECT frozen(x) AS s FROM t ORDER BY frozen(x) DESC LIMIT 20) q};
my $expected = $primary->safe_psql('postgres', $scores);
isnt($expected, '', 'the primary scores');
is($standby->safe_psql('postgres', 'SELECT pg_is_in_recovery()'), 't', 'the standby is one');
is($standby->safe_psql('postgres', $scores), $expected, 'the standby scores the same bits');
is($standby->safe_psql('postgres', $frozen), $primary->safe_psql('postgres', $frozen),
	'so does its expression index');
is($standby->safe_psql('objects', $digest), $primary->safe_psql('objects', $digest),
	'and generated columns, domains, training sets, views');
is($standby->safe_psql('postgres', q{SELECT length(deepsad_train(x, NULL, '{"epochs": 1, "pretrain_epochs": 0}')) > 0 FROM t}), 't',
	'a standby can train, too');

SKIP:
{
	skip 'postgres_fdw is not installed', 3
		if $primary->safe_psql('postgres', q{SELECT count(*) FROM pg_available_extensions WHERE name = 'postgres_fdw'}) eq '0';
	my ($host, $port) = ($primary->host, $primary->port);
	$primary->safe_psql('postgres', qq{
		CREATE EXTENSION postgres_fdw;
		CREATE SERVER loopback FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '$host', port '$port', dbname 'postgres');
		CREATE USER MAPPING FOR CURRENT_USER SERVER loopback;
		CREATE FOREIGN TABLE f (id int, x float8[]) SERVER loopback OPTIONS (table_name 't');
	});
	is($primary->safe_psql('postgres',
			q{SELECT string_agg(float8send(deepsad_score(model, x))::text, ',' ORDER BY id) FROM f, model}),
		$expected, 'rows of a foreign table score the same');
	is($primary->safe_psql('postgres',
			q{SELECT deepsad_train(x, NULL, '{"epochs": 3, "pretrain_epochs": 3}') = (SELECT model FROM model) FROM f}),
		't', 'and train the same model');
	is($primary->safe_psql('postgres',
			q{SELECT count(*) FROM f, (SELECT model FROM model) m WHERE deepsad_score(m.model, f.x) > 0}),
		'500', 'and can be filtered by score');
}
$standby->stop;
$primary->stop;
done_testing();
