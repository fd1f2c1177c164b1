# A coordinator and two workers with Citus, where it is installed: what runs on the shards, that the values are those of a
# local table, what is refused, and what is left when something fails; then doc/citus.md, block by block.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use DeepsadDocument;
use DeepsadSession;
use Test::More;

my ($here, @nodes) = map { PostgreSQL::Test::Cluster->new($_) } qw(coordinator node1 node2);
$here->init;
$here->start;
plan skip_all => 'Citus is not installed'
	if $here->safe_psql('postgres', q{SELECT count(*) FROM pg_available_extensions WHERE name = 'citus'}) eq '0';
$here->stop;
$_->init for @nodes;
for my $node ($here, @nodes)
{
	$node->append_conf('postgresql.conf', "shared_preload_libraries = 'citus'\nlisten_addresses = '127.0.0.1'\nmax_connections = 100\n"
		. "citus.enable_statistics_collection = off\ncitus.node_conninfo = 'sslmode=prefer'\ncitus.local_hostname = '127.0.0.1'\n");
	$node->start;
}

# Every block of the document; the cluster is made by its first ones.
my %port = (coordinator => $here->port, node1 => $nodes[0]->port, node2 => $nodes[1]->port);
DeepsadDocument::run('doc/citus.md', $here, [ $here, @nodes ], sub {
	my ($sql) = @_;
	$sql =~ s/\('(coordinator|node\d)', 5432\)/('127.0.0.1', $port{$1})/g;
	return $sql;
}, 0);
diag($here->safe_psql('postgres', 'SELECT citus_version()'));

my $rows = q{SELECT i AS id, 'k' || i AS k, date '2026-01-01' + i % 30 AS day, ARRAY[sin(i), cos(i), i % 7]::real[] AS x, sin(i)::real AS a, 'c' || i % 5 AS c,
	CASE WHEN i % 90 = 0 THEN i % 180 = 0 END AS y FROM generate_series(1, 20000) i};
my $setup = "SET citus.shard_count = 8; CREATE TABLE local_t AS $rows;";
for my $key (qw(id k day))
{
	$setup .= "CREATE TABLE by_$key (id int, k text, day date, x real[], a real, c text, y boolean);
		SELECT create_distributed_table('by_$key', '$key'); INSERT INTO by_$key SELECT * FROM local_t;";
}
$here->safe_psql('postgres', $setup . q{
	INSERT INTO model SELECT 'm', deepsad_train(x, y, '{"epochs": 2, "pretrain_epochs": 1, "members": 2}') FROM local_t;
	INSERT INTO model SELECT 'r', deepsad_train(r, y, '{"epochs": 2, "pretrain_epochs": 1, "members": 2}') FROM local_t, LATERAL (SELECT a, c) r;
	CREATE TABLE set (day date, rows deepsad_rows);
	SELECT create_distributed_table('set', 'day');
	INSERT INTO set SELECT day, deepsad_sample(x, y, '{"max_rows": 500}') FROM by_day GROUP BY day;
});

# The queries of all tasks of a plan.
sub tasks
{
	my ($sql) = @_;
	my $plan = $here->safe_psql('postgres', "SET citus.explain_all_tasks = on; EXPLAIN (VERBOSE, COSTS OFF) $sql");
	return $plan =~ /^\s*Query: (.*)$/gm;
}

# Each of the shards is sent what the pattern says.
sub on_shards
{
	my ($sql, $pattern, $name, $shards) = @_;
	my @tasks = tasks($sql);
	$shards //= 8;
	is(scalar(grep { /$pattern/ } @tasks), $shards, "$name: on $shards shards") or diag(join "\n", @tasks);
	is(scalar(@tasks), $shards, "$name: nothing else");
}

# The result of a query is the same as with the local table.
sub same
{
	my ($sql, $name) = @_;
	(my $local = $sql) =~ s/\bby_\w+ t\b/local_t t/;
	my $got = $here->safe_psql('postgres', $sql);
	isnt($got, '', "$name: a result");
	is($got, $here->safe_psql('postgres', $local), "$name: that of a local table");
}

# ---- training sets ----

my $partial = qr/worker_(binary_)?partial_agg\('public\.deepsad_sample/;
my $options = q{'{"max_rows": 500}'};
for my $t (qw(by_id by_k by_day))
{
	on_shards("SELECT deepsad_sample(x, y, $options) FROM $t", qr/${partial}\(real\[\],boolean,jsonb\)/, "a sample, $t");
	same("SELECT md5(deepsad_sample(x, y, $options)::text) FROM $t t", $t);
}
on_shards("SELECT deepsad_sample(x, y, $options, id::text) FILTER (WHERE a > 0) FROM by_id WHERE id > 100", $partial, 'of some rows, by key');
on_shards("SELECT c, deepsad_sample(x, y, $options) FROM by_id GROUP BY c", $partial, 'in groups');
same("SELECT c, md5(deepsad_sample(x, y, $options)::text) FROM by_id t GROUP BY c ORDER BY c", 'in groups');
my $record = q{deepsad_sample(deepsad_record(t), y, '{"max_rows": 500, "columns": {"x": "skip", "id": "skip"}}', k)};
on_shards("SELECT $record FROM by_id t", qr/${partial}\(record,boolean,jsonb,text\)/, 'rows');
same("SELECT md5($record\::text) FROM by_id t", 'rows');
on_shards('SELECT deepsad_merge(rows) FROM set', qr/worker_(binary_)?partial_agg\('public\.deepsad_merge/, 'merging sets');
is($here->safe_psql('postgres', 'SELECT md5(deepsad_merge(rows)::text) FROM set'),
	$here->safe_psql('postgres', "SELECT md5(deepsad_sample(x, y, $options)::text) FROM local_t"), 'sets of days, merged: those of a local table');
same("SELECT md5(deepsad_train_rows(deepsad_sample(x, y, $options), '{\"epochs\": 1, \"members\": 2}')) FROM by_id t", 'a model of a sample');
# rows travel
on_shards('SELECT deepsad_train(x, y) FROM by_id', qr/^SELECT x AS deepsad_train, y AS/, 'a training fetches rows');
same(q{SELECT md5(deepsad_train(x, y, '{"epochs": 1, "members": 2}')) FROM by_id t}, 'a training');
on_shards("SELECT deepsad_sample(x, y, $options ORDER BY id) FROM by_id", qr/^SELECT x AS deepsad_sample, y AS/, 'ORDER BY in the aggregate fetches rows');
# what is refused
my ($ret, $out, $err) = $here->psql('postgres', 'SELECT deepsad_sample(t, y) FROM by_id t');
like($err, qr/could not confirm type correctness/, 'rows without deepsad_record');
($ret, $out, $err) = $here->psql('postgres', q{CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
	CREATE TRIGGER f BEFORE INSERT ON by_id FOR EACH ROW EXECUTE FUNCTION f()});
like($err, qr/triggers are not supported on distributed tables/, 'triggers');

# ---- scores ----

my $score = qr/public\.deepsad_score\(\(model\.model\)::bytea, \w+\.x\)/;
on_shards(q{SELECT id, deepsad_score(model, x) FROM by_id, model WHERE name = 'm'}, $score, 'a score in SELECT');
on_shards(q{SELECT id FROM by_id, model WHERE name = 'm' AND deepsad_score(model, x) > 2}, $score, 'in WHERE');
on_shards(q{SELECT avg(deepsad_score(model, x)) FROM by_id, model WHERE name = 'm'}, qr/sum\($score/, 'in an aggregate');
on_shards(q{SELECT id FROM by_id ORDER BY deepsad_score((SELECT model FROM model WHERE name = 'm'), x) DESC LIMIT 5}, qr/deepsad_score.* LIMIT/, 'in ORDER BY');
on_shards(q{UPDATE by_id SET a = deepsad_score(model, x) FROM model WHERE name = 'm'}, qr/^UPDATE .*deepsad_score/, 'in UPDATE');
$here->safe_psql('postgres', q{CREATE TABLE scored (id int, s float8); SELECT create_distributed_table('scored', 'id', colocate_with => 'by_id')});
my $insert = q{INSERT INTO scored SELECT id, deepsad_score(model, x) FROM by_id, model WHERE name = 'm'};
on_shards($insert, qr/^INSERT INTO .*deepsad_score/, 'in INSERT ... SELECT');
same(q{SELECT md5(string_agg(float8send(deepsad_score(model, x))::text, ',' ORDER BY id)) FROM by_id t, model WHERE name = 'm'}, 'scores of arrays');
same(q{SELECT md5(string_agg(float8send(deepsad_score(model, t))::text, ',' ORDER BY id)) FROM by_id t, model WHERE name = 'r'}, 'scores of rows');
$here->safe_psql('postgres', $insert);
is($here->safe_psql('postgres', q{SELECT md5(string_agg(float8send(s)::text, ',' ORDER BY id)) FROM scored}),
	$here->safe_psql('postgres', q{SELECT md5(string_agg(float8send(deepsad_score(model, x))::text, ',' ORDER BY id)) FROM local_t, model WHERE name = 'm'}),
	'scores that INSERT ... SELECT kept on the shards');
is($here->safe_psql('postgres', q{SELECT count(*) FROM watched WHERE score IS DISTINCT FROM payment_score(features)}), '0', 'a generated column');

# ---- failures ----

# No statement of ours goes on at a worker.
sub idle
{
	my ($node, $name) = @_;
	ok($node->poll_query_until('postgres', q{SELECT count(*) = 0 FROM pg_stat_activity WHERE state <> 'idle' AND query LIKE '%deepsad_sample%' AND pid <> pg_backend_pid()}), $name);
}

sub busy
{
	my ($node, $name) = @_;
	ok($node->poll_query_until('postgres', q{SELECT count(*) > 0 FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%deepsad_sample%' AND pid <> pg_backend_pid()}), $name);
}
my $slow = q{SELECT deepsad_sample(x, y) FROM by_id WHERE pg_sleep(id * 0 + 0.05)::text = ''};
my $session = DeepsadSession->connect_to($here);
$session->send_sql($slow);
busy($nodes[1], 'a sample is made');
$here->safe_psql('postgres', "SELECT pg_cancel_backend($session->{pid})");
$session->await;
like($session->{err}, qr/canceling (the )?statement due to user request/, 'canceled here');
idle($_, 'nothing goes on at ' . $_->name) for @nodes;

$session->send_sql($slow);
busy($nodes[1], 'a sample is made');
$nodes[1]->stop('immediate');
$session->await;
like($session->{err}, qr/ERROR: .*(connection|terminating)/, 'a worker died: an error') or diag($session->{err});
like($session->{err}, qr/127\.0\.0\.1:$port{node2}/, 'that names the worker') or diag($session->{err});
idle($nodes[0], 'nothing goes on at node1');
$nodes[1]->start;
my $expected = $here->safe_psql('postgres', "SELECT md5(deepsad_sample(x, y, $options)::text) FROM local_t");
is($session->ask("SELECT md5(deepsad_sample(x, y, $options)::text) FROM by_id"), $expected, 'when it is back, the session goes on');
$session->close;

$nodes[1]->safe_psql('postgres', q{UPDATE pg_extension SET extversion = '0.0' WHERE extname = 'deepsad'});
($ret, $out, $err) = $here->psql('postgres', "SELECT deepsad_sample(x, y, $options) FROM by_id");
like($err, qr/the library of deepsad is version \S+, the extension in this database is version 0\.0/, 'a worker with another version: an error');
like($err, qr/while executing command on 127\.0\.0\.1:$port{node2}/, 'that names the worker');
$nodes[1]->safe_psql('postgres', q{UPDATE pg_extension SET extversion = (SELECT default_version FROM pg_available_extensions WHERE name = 'deepsad') WHERE extname = 'deepsad'});
$nodes[1]->safe_psql('postgres', 'SET citus.enable_ddl_propagation = off; ALTER EXTENSION deepsad SET SCHEMA citus');
($ret, $out, $err) = $here->psql('postgres', "SELECT deepsad_sample(x, y, $options) FROM by_id");
like($err, qr/function "?public\.deepsad_sample\(real\[\],\s*boolean,\s*jsonb\)"? does not exist/, 'a worker without the functions: an error');
like($err, qr/while executing command on 127\.0\.0\.1:$port{node2}/, 'that names the worker');

$_->stop('immediate') for $here, @nodes;
done_testing();
