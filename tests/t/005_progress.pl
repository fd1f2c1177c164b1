# A training as other sessions see it: with which rights, and not after it has ended.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use DeepsadSession;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->start;
$node->safe_psql('postgres', q{
	CREATE EXTENSION deepsad;
	CREATE ROLE owner LOGIN; CREATE ROLE monitor; CREATE ROLE stranger;
	GRANT pg_read_all_stats TO monitor;
	CREATE TABLE t AS SELECT i AS id, ARRAY[sin(i), cos(i), sin(i * i), cos(i * 3)] AS x FROM generate_series(1, 20000) i;
	GRANT SELECT ON t TO owner;
});

my $trainer = DeepsadSession->connect_to($node, 'owner');
my $watcher = DeepsadSession->connect_to($node);
my $long = q{SELECT length(deepsad_train(x, NULL, deepsad_options(epochs => 100000, pretrain_epochs => 2, members => 2, workers => 0))) FROM t};
my $columns = q{pid, datname, usename, phase, rows, bytes > 0, member, members, members_done, epoch > 1, epochs, loss > 0, workers, percent BETWEEN 0 AND 100, elapsed > '0', remaining > '0', query_start <= now()};

# The view as a role sees it.
sub seen_by
{
	my ($role) = @_;
	return $watcher->ask("SET ROLE $role; SELECT $columns FROM deepsad_progress; RESET ROLE");
}

$trainer->send_sql($long);
ok($node->poll_query_until('postgres', q{SELECT count(*) = 1 FROM deepsad_progress WHERE phase = 'training' AND epoch > 2}), 'a training shows up');
my $row = "$trainer->{pid}|postgres|owner|training|20000|t|1|2|0|t|100000|t|0|t|t|t|t";
is(seen_by('owner'), $row, 'its owner sees it');
is(seen_by('monitor'), $row, 'so does who may read all statistics');
is(seen_by('stranger'), "$trainer->{pid}|postgres|owner" . '|' x 14, 'others see that there is one, as in pg_stat_activity');
my $first = $watcher->ask('SELECT epoch FROM deepsad_progress');
ok($node->poll_query_until('postgres', "SELECT epoch > $first FROM deepsad_progress"), 'it moves on');

$watcher->ask("SELECT pg_cancel_backend($trainer->{pid})");
$trainer->await;
like($trainer->{err}, qr/canceling statement due to user request/, 'canceled');
is($watcher->ask('SELECT count(*) FROM deepsad_progress'), '0', 'gone after an error');
is($trainer->ask(q{SELECT length(deepsad_train(x, NULL, '{"epochs": 1, "pretrain_epochs": 0}')) > 0 FROM t}), 't', 'the session trains again');
is($watcher->ask('SELECT count(*) FROM deepsad_progress'), '0', 'gone after the end');

# caught inside the transaction, which goes on: nothing may be left of it
$trainer->ask('BEGIN');
$trainer->ask(q{SET statement_timeout = '500ms'});
$trainer->ask("DO \$\$ BEGIN $long; EXCEPTION WHEN query_canceled THEN RAISE NOTICE 'caught %', SQLERRM; END \$\$" =~ s/SELECT length/PERFORM length/r);
like($trainer->{err}, qr/caught canceling statement due to statement timeout/, 'a training that fails in a block');
is($watcher->ask('SELECT count(*) FROM deepsad_progress'), '0', 'is gone, though its transaction is not');
$trainer->ask('COMMIT; RESET statement_timeout');

# an exception that is caught while the rows come does not hide the rest
$node->safe_psql('postgres', q{CREATE FUNCTION caught(x float8[]) RETURNS float8[] LANGUAGE plpgsql AS
	$$ BEGIN BEGIN PERFORM 1 / 0; EXCEPTION WHEN division_by_zero THEN NULL; END; RETURN x; END $$});
$trainer->send_sql(q{SELECT length(deepsad_train(caught(x), NULL, '{"epochs": 100000}')) FROM (SELECT x FROM t LIMIT 200) s});
ok($node->poll_query_until('postgres', q{SELECT count(*) = 1 FROM deepsad_progress WHERE phase = 'training' AND rows = 200}), 'after a caught exception');
$watcher->ask("SELECT pg_cancel_backend($trainer->{pid})");
$trainer->await;

# an update shows up too
$node->safe_psql('postgres', q{CREATE TABLE model AS SELECT deepsad_train(x, NULL, '{"epochs": 1, "pretrain_epochs": 0}') AS model FROM t; GRANT SELECT ON model TO owner});
$trainer->send_sql(q{SELECT length(deepsad_update(model, x, NULL, '{"epochs": 100000}')) FROM t, model});
ok($node->poll_query_until('postgres', q{SELECT count(*) = 1 FROM deepsad_progress WHERE phase = 'training' AND epochs = 100000}), 'an update shows up');
$watcher->ask("SELECT pg_terminate_backend($trainer->{pid})");
$trainer->await;
ok($node->poll_query_until('postgres', 'SELECT count(*) = 0 FROM deepsad_progress'), 'gone with its session');

# pictures take a byte a pixel, and two when a pixel is missing
for my $pixel (['s.i % 256', 785], ['CASE WHEN s.i > 1 THEN s.i % 256 END', 1570])
{
	my $painter = DeepsadSession->connect_to($node);

	$painter->send_sql(qq{SELECT length(deepsad_train(array_fill(($pixel->[0])::smallint, ARRAY[28, 28]), NULL, '{"epochs": 100000, "network": "mlp", "members": 1}')) FROM generate_series(1, 2000) s(i)});
	ok($node->poll_query_until('postgres', qq{SELECT count(*) = 1 FROM deepsad_progress WHERE phase = 'training' AND bytes = 2000 * $pixel->[1]}), "pictures of $pixel->[1] bytes");
	$watcher->ask("SELECT pg_terminate_backend($painter->{pid})");
	$painter->await;
}

$watcher->close;
$node->stop;
done_testing();
