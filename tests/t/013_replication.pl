# Logical replication: models, training sets, generated columns and indexes on frozen functions give the same bits on a
# subscriber; a subscriber whose library is of another version says so.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use DeepsadUpgrade qw($objects $digest);

my $publisher = PostgreSQL::Test::Cluster->new('publisher');
$publisher->init(allows_streaming => 'logical');
$publisher->start;
$publisher->safe_psql('postgres', $objects);
my $right = $publisher->safe_psql('postgres', $digest);
like($right, qr/^[0-9a-f]{32}( [0-9a-f]{32}){6}$/, 'everything is there');

my $subscriber = PostgreSQL::Test::Cluster->new('subscriber');
$subscriber->init(allows_streaming => 'logical');
$subscriber->start;
# what logical replication does not carry: the objects themselves
my $dump = $publisher->basedir . '/schema.sql';
$publisher->command_ok([ 'pg_dump', '--schema-only', '--no-publications', '-f', $dump, '-d', $publisher->connstr('postgres') ], 'schema');
$publisher->command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f', $dump, '-d', $subscriber->connstr('postgres') ], 'schema there');
my $from = $publisher->connstr('postgres');
$publisher->safe_psql('postgres', 'CREATE PUBLICATION everything FOR ALL TABLES');
$subscriber->safe_psql('postgres', "CREATE SUBSCRIPTION here CONNECTION \$\$$from\$\$ PUBLICATION everything");
ok($subscriber->poll_query_until('postgres', q{SELECT count(*) = 0 FROM pg_subscription_rel WHERE srsubstate NOT IN ('r', 's')}), 'the tables were copied');
$publisher->wait_for_catchup('here');
is($subscriber->safe_psql('postgres', $digest), $right, 'the same bits after the copy');

$publisher->safe_psql('postgres', q{INSERT INTO t SELECT i, ARRAY[cos(i), sin(i), sin(i * 3)]::real[] FROM generate_series(501, 600) i;
	INSERT INTO watched (id, x) SELECT id, x FROM t WHERE id > 500; INSERT INTO indexed SELECT id, x::float8[] FROM t WHERE id > 500;
	UPDATE sets SET rows = (SELECT deepsad_sample(x) FROM t)});
$publisher->wait_for_catchup('here');
$right = $publisher->safe_psql('postgres', $digest);
is($subscriber->safe_psql('postgres', $digest), $right, 'and after changes');

$subscriber->safe_psql('postgres', q{ALTER SUBSCRIPTION here DISABLE; UPDATE pg_extension SET extversion = '0.0' WHERE extname = 'deepsad';
	CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'; ALTER SUBSCRIPTION here ENABLE});
$publisher->safe_psql('postgres', q{INSERT INTO watched (id, x) VALUES (1000, '{1, 2, 3}')});
my $said = '';
for (1 .. 300)
{
	$said = slurp_file($subscriber->logfile);
	last if $said =~ /the library of deepsad is version/;
	select(undef, undef, undef, 0.1);
}
like($said, qr/ERROR:  the library of deepsad is version \S+, the extension in this database is version 0\.0/, 'versions differ: an error');
is($subscriber->safe_psql('postgres', 'SELECT count(*) FROM watched WHERE id = 1000'), '0', 'and no row');
$subscriber->safe_psql('postgres', q{UPDATE pg_extension SET extversion = default_version FROM pg_available_extensions e WHERE e.name = 'deepsad' AND extname = 'deepsad'});
$publisher->wait_for_catchup('here');
is($subscriber->safe_psql('postgres', 'SELECT count(*) FROM watched WHERE id = 1000'), '1', 'later the row comes');
$subscriber->stop;
$publisher->stop;
done_testing();
