# Rows on two servers, read from a third by postgres_fdw: what is computed where the rows lie, that the values are those of
# a local table, and what is left when something fails.  EXPLAIN (VERBOSE) says what each server is sent.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use DeepsadSession;
use Test::More;

my $here = PostgreSQL::Test::Cluster->new('here');
$here->init;
$here->start;
plan skip_all => 'postgres_fdw is not installed'
	if $here->safe_psql('postgres', q{SELECT count(*) FROM pg_available_extensions WHERE name = 'postgres_fdw'}) eq '0';
my $rows = q{SELECT i % 2 + 1 AS node, i AS id, 'k' || i AS k, ARRAY[sin(i), cos(i), i % 7]::real[] AS x, sin(i)::real AS a, cos(i)::real AS b,
	CASE WHEN i % 90 = 0 THEN i % 180 = 0 END AS y FROM generate_series(1, 20000) i};
my @nodes;
for my $n (1, 2)
{
	my $node = PostgreSQL::Test::Cluster->new("node$n");
	$node->init;
	$node->start;
	$node->safe_psql('postgres', qq{
		CREATE EXTENSION deepsad;
		CREATE TABLE t AS SELECT * FROM ($rows) r WHERE node = $n;
		CREATE VIEW t_set AS SELECT node, deepsad_sample(r, y, '{"max_rows": 500}', k) AS rows FROM t, LATERAL (SELECT a, b) r GROUP BY node;
		CREATE VIEW t_slow AS SELECT node, x, y FROM t, LATERAL (SELECT pg_sleep(0.05) WHERE t.id > 0) s;
		CREATE VIEW t_other AS SELECT overlay(rows::text PLACING '63' FROM 11 FOR 2) AS rows FROM t_set;
		CREATE DATABASE bare;
	});
	$node->safe_psql('bare', qq{CREATE TABLE t AS SELECT * FROM ($rows) r WHERE node = $n});
	push @nodes, $node;
}
my $async = $here->safe_psql('postgres', 'SHOW server_version_num') >= 140000 ? q{, async_capable 'true'} : '';
my $columns = 'node int, id int, k text, x real[], a real, b real, y boolean';
my $setup = qq{CREATE EXTENSION deepsad; CREATE EXTENSION postgres_fdw; CREATE TABLE copy AS $rows;
	CREATE TABLE t ($columns) PARTITION BY LIST (node);
	CREATE TABLE t_plain ($columns) PARTITION BY LIST (node);
	CREATE TABLE t_bare ($columns) PARTITION BY LIST (node);
	CREATE TABLE t_set (node int, rows deepsad_rows) PARTITION BY LIST (node);
	CREATE TABLE t_slow (node int, x real[], y boolean) PARTITION BY LIST (node);
};
for my $n (1, 2)
{
	my ($host, $port) = ($nodes[$n - 1]->host, $nodes[$n - 1]->port);
	my $at = qq{FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '$host', port '$port'};
	$setup .= qq{
		CREATE SERVER node$n $at, dbname 'postgres', extensions 'deepsad', fdw_tuple_cost '1', fetch_size '1'$async);
		CREATE SERVER plain$n $at, dbname 'postgres');
		CREATE SERVER bare$n $at, dbname 'bare', extensions 'deepsad', fdw_tuple_cost '1');
		CREATE USER MAPPING FOR PUBLIC SERVER node$n;
		CREATE USER MAPPING FOR PUBLIC SERVER plain$n;
		CREATE USER MAPPING FOR PUBLIC SERVER bare$n;
		CREATE FOREIGN TABLE t$n PARTITION OF t FOR VALUES IN ($n) SERVER node$n OPTIONS (table_name 't');
		CREATE FOREIGN TABLE t_plain$n PARTITION OF t_plain FOR VALUES IN ($n) SERVER plain$n OPTIONS (table_name 't');
		CREATE FOREIGN TABLE t_bare$n PARTITION OF t_bare FOR VALUES IN ($n) SERVER bare$n OPTIONS (table_name 't');
		CREATE FOREIGN TABLE t_set$n PARTITION OF t_set FOR VALUES IN ($n) SERVER node$n OPTIONS (table_name 't_set');
		CREATE FOREIGN TABLE t_slow$n PARTITION OF t_slow FOR VALUES IN ($n) SERVER node$n OPTIONS (table_name 't_slow');
		CREATE FOREIGN TABLE t_other$n (rows deepsad_rows) SERVER node$n OPTIONS (table_name 't_other');
	};
}
$here->safe_psql('postgres', $setup . q{
	ANALYZE t1, t2;
	CREATE TABLE model AS SELECT 'm' AS name, deepsad_train(x, y, '{"epochs": 2, "pretrain_epochs": 1, "members": 2}') AS model FROM copy;
});
my $partitionwise = 'SET enable_partitionwise_aggregate = on;';
my $model = q{(SELECT model FROM model WHERE name = 'm')};

# The statements that a query sends to servers.
sub remote
{
	my ($sql) = @_;
	my $plan = $here->safe_psql('postgres', "$partitionwise EXPLAIN (VERBOSE, COSTS OFF) $sql");
	return join "\n", $plan =~ /Remote SQL: (.*)/g;
}

# Each server is sent what the pattern says, and nothing else.
sub sent
{
	my ($sql, $pattern, $name) = @_;
	my @remote = split /\n/, remote($sql);
	my $servers = $sql =~ /\b(t1|t2)\b/ ? 1 : 2;
	is(scalar(grep { /$pattern/ } @remote), $servers, "$name: $servers of $servers") or diag(join "\n", @remote);
	is(scalar(@remote), $servers, "$name: nothing else");
}

# ---- training sets ----

my $all = qr/^SELECT (\w+, )*x(, \w+)* FROM public\.t/;
my $pushed = q{SELECT deepsad_merge(s) FROM (SELECT deepsad_sample(x, y, '{"max_rows": 500}') AS s FROM t GROUP BY node) q};
sent($pushed, qr/^SELECT public\.deepsad_sample\(x, y, '\{"max_rows": 500\}'::jsonb\), node FROM public\.t GROUP BY 2$/, 'a sample, GROUP BY the partition key');
sent(q{SELECT deepsad_merge(s) FROM (SELECT deepsad_sample(x, y, '{"max_rows": 500}', k) AS s FROM t WHERE id > 100 GROUP BY node) q},
	qr/^SELECT public\.deepsad_sample\(x, y, '\{"max_rows": 500\}'::jsonb, k\), node FROM public\.t WHERE \(\(id > 100\)\) GROUP BY 2$/, 'with a key, and of some rows');
sent(q{SELECT deepsad_merge(s) FROM (SELECT deepsad_sample(ARRAY[a, b], y) AS s FROM t GROUP BY node) q},
	qr/^SELECT public\.deepsad_sample\(ARRAY\[a, b\], y\), node FROM public\.t GROUP BY 2$/, 'columns made an array');
sent(q{SELECT deepsad_sample(x, y) FROM t1}, qr/^SELECT public\.deepsad_sample\(x, y\) FROM public\.t$/, 'of one server');
sent(q{SELECT deepsad_merge(rows) FROM t_set}, qr/^SELECT rows FROM public\.t_set$/, 'views that return sets');
# what is not sent: the rows travel
sent(q{SELECT deepsad_sample(x, y) FROM t}, $all, 'not without GROUP BY');
sent(q{SELECT deepsad_merge(s) FROM (SELECT deepsad_sample(x, y) AS s FROM t GROUP BY tableoid) q}, $all, 'not by tableoid');
sent(q{SELECT deepsad_merge(s) FROM (SELECT deepsad_sample(t, y) AS s FROM t GROUP BY node) q}, $all, 'not of whole rows');
sent(q{SELECT deepsad_merge(s) FROM (SELECT deepsad_sample(ROW(a, b), y) AS s FROM t GROUP BY node) q}, qr/^SELECT node, a, b, y FROM/, 'not of rows made of columns');
sent(q{SELECT deepsad_merge(s) FROM (SELECT deepsad_sample(x, y, NULL, id::text) AS s FROM t GROUP BY node) q}, $all, 'not with a key that is cast');
sent(q{SELECT deepsad_merge(s) FROM (SELECT deepsad_sample(x, y) AS s FROM t_plain GROUP BY node) q}, $all, 'not without the option extensions');
unlike($here->safe_psql('postgres', "EXPLAIN (VERBOSE, COSTS OFF) $pushed"), qr/Remote SQL: .*deepsad_sample/, 'not without enable_partitionwise_aggregate');

# the same value as of a local table
my $local = q{SELECT md5(deepsad_sample(x, y, '{"max_rows": 500}')::text) FROM copy};
my $expected = $here->safe_psql('postgres', $local);
is($here->safe_psql('postgres', "$partitionwise SELECT md5(merged::text) FROM ($pushed) r (merged)"), $expected, 'the value of a local table, samples travel');
is($here->safe_psql('postgres', q{SELECT md5(deepsad_sample(x, y, '{"max_rows": 500}')::text) FROM t}), $expected, 'and rows travel');
is($here->safe_psql('postgres', q{SELECT md5(deepsad_merge(rows)::text) FROM t_set}),
	$here->safe_psql('postgres', q{SELECT md5(deepsad_sample(r, y, '{"max_rows": 500}', k)::text) FROM copy, LATERAL (SELECT a, b) r}), 'and of views that return sets');
is($here->safe_psql('postgres', qq{$partitionwise SELECT deepsad_train_rows((SELECT merged FROM ($pushed) r (merged)), '{"epochs": 1, "members": 1}')
	= (SELECT deepsad_train_rows(deepsad_sample(x, y, '{"max_rows": 500}'), '{"epochs": 1, "members": 1}') FROM copy)}), 't', 'and the same model');
# one row a server is all that travels
my $analyzed = $here->safe_psql('postgres', "$partitionwise EXPLAIN (ANALYZE, VERBOSE, COSTS OFF, TIMING OFF, SUMMARY OFF) $pushed");
is(scalar(() = $analyzed =~ /Foreign Scan \(actual rows=1(\.00)? loops=1\)/g), 2, 'one row travels from each server') or diag($analyzed);
if ($async ne '')
{
	like($analyzed, qr/Async Foreign Scan.*Async Foreign Scan/s, 'the servers work at the same time');
	like($here->safe_psql('postgres', 'EXPLAIN (COSTS OFF) SELECT deepsad_merge(rows) FROM t_set'), qr/Async Foreign Scan.*Async Foreign Scan/s, 'on views, too');
}

# ---- scores ----

my $score = qr/public\.deepsad_score\(\$1::bytea, x\)/;
sent("SELECT id FROM t WHERE deepsad_score($model, x) > 3", qr/^SELECT id FROM public\.t WHERE \(\($score > 3::double precision\)\)$/, 'a score in WHERE');
sent("SELECT id FROM t WHERE deepsad_score($model, a, b, 1) > 3", qr/^SELECT id FROM public\.t WHERE \(\(public\.deepsad_score\(\$1::bytea, a, b, 1\) > 3/, 'of loose columns');
sent("SELECT id FROM t WHERE deepsad_is_anomaly($model, x)", qr/^SELECT id FROM public\.t WHERE \(public\.deepsad_is_anomaly\(\$1::bytea, x\)\)$/, 'a decision in WHERE');
sent("SELECT node, avg(deepsad_score($model, x)) FROM t GROUP BY node", qr/^SELECT node, avg\($score\) FROM public\.t GROUP BY 1$/, 'a score in an aggregate');
sent("SELECT node, array_agg(id ORDER BY id), array_agg(deepsad_score($model, x) ORDER BY id) FROM t GROUP BY node",
	qr/^SELECT node, array_agg\(id ORDER BY id.*\), array_agg\($score ORDER BY id.*\) FROM public\.t GROUP BY 1$/, 'scores of all rows as arrays');
sent("SELECT id FROM t ORDER BY deepsad_score($model, x) DESC LIMIT 5", qr/^SELECT id, x FROM public\.t ORDER BY $score DESC NULLS FIRST$/, 'a score in ORDER BY');
sent("SELECT deepsad_roc_auc(deepsad_score($model, x), y) FROM t1", qr/^SELECT public\.deepsad_roc_auc\($score, y\) FROM public\.t$/, 'a metric on one server');
sent("SELECT deepsad_train(x, y) FROM t1", qr/^SELECT public\.deepsad_train\(x, y\) FROM public\.t$/, 'a training on one server');
sent("SELECT deepsad_train(x, y) FROM t", $all, 'not a training on several servers');
sent("UPDATE t1 SET a = deepsad_score($model, x)", qr/^UPDATE public\.t SET a = $score$/, 'a score in UPDATE');
sent("SELECT id, deepsad_score($model, x) FROM t", qr/^SELECT id, x FROM public\.t$/, 'not in the SELECT list');
sent("SELECT id FROM t, model WHERE deepsad_score(model, x) > 3", qr/^SELECT id, x FROM public\.t$/, 'not with a joined model');
sent("SELECT id FROM t WHERE deepsad_score($model, t) > 3", $all, 'not of whole rows');

my $bits = sub {
	my ($from) = @_;
	return $here->safe_psql('postgres', qq{$partitionwise SELECT node, md5(array_agg(deepsad_score($model, x) ORDER BY id)::text) FROM $from GROUP BY node ORDER BY node});
};
is($bits->('t'), $bits->('copy'), 'the servers score the bits of a local table');
is($here->safe_psql('postgres', qq{SELECT array_agg(id ORDER BY id) FROM t WHERE deepsad_score($model, x) > 2}),
	$here->safe_psql('postgres', qq{SELECT array_agg(id ORDER BY id) FROM copy WHERE deepsad_score($model, x) > 2}), 'and find the same rows');

# ---- failures ----

# No statement of ours goes on at a server.
sub idle
{
	my ($node, $name) = @_;
	ok($node->poll_query_until('postgres', q{SELECT count(*) = 0 FROM pg_stat_activity WHERE state <> 'idle' AND pid <> pg_backend_pid() AND backend_type LIKE '%client%'}), $name);
}

# Waits until a server works on the slow view.
sub busy
{
	my ($node, $name) = @_;
	ok($node->poll_query_until('postgres', q{SELECT count(*) > 0 FROM pg_stat_activity WHERE state = 'active' AND pid <> pg_backend_pid() AND query LIKE 'FETCH%'}), $name);
}
my $slow = 'SELECT deepsad_merge(s) FROM (SELECT deepsad_sample(x, y) AS s FROM t_slow GROUP BY node) q';
my $session = DeepsadSession->connect_to($here);
$session->ask($partitionwise);

$session->send_sql($slow);
busy($nodes[1 - ($async eq '')], 'a sample is made');
$here->safe_psql('postgres', "SELECT pg_cancel_backend($session->{pid})");
$session->await;
like($session->{err}, qr/canceling statement due to user request/, 'canceled here');
idle($nodes[0], 'nothing goes on at node1');
idle($nodes[1], 'nothing goes on at node2');
is($session->ask("SELECT md5(merged::text) FROM ($pushed) r (merged)"), $expected, 'the session goes on');

SKIP:
{
	# without asynchronous scans the second server starts when the first has ended
	skip 'no asynchronous scans', 6 if $async eq '';
	$session->send_sql($slow);
	busy($nodes[1], 'a sample is made at node2');
	$nodes[1]->stop('immediate');
	$session->await;
	like($session->{err}, qr/ERROR:  (server closed the connection|terminating connection|could not receive|FATAL|.*connection)/, 'node2 died: an error');
	like($session->{err}, qr/remote SQL command: .*deepsad_sample/, 'that tells the statement');
	idle($nodes[0], 'nothing goes on at node1');
	my ($ret, $out, $err) = $here->psql('postgres', "$partitionwise $pushed");
	like($err, qr/could not connect to server "node2"/, 'a node that is not there is named');
	$nodes[1]->start;
	is($session->ask("SELECT md5(merged::text) FROM ($pushed) r (merged)"), $expected, 'when node2 is back, the session goes on');
}
$session->close;

my ($ret, $out, $err) = $here->psql('postgres', "$partitionwise SELECT deepsad_merge(s) FROM (SELECT deepsad_sample(x, y) AS s FROM t_bare GROUP BY node) q");
like($err, qr/function public\.deepsad_sample\(real\[\], boolean\) does not exist/, 'a node without the extension: an error');
like($err, qr/remote SQL command: SELECT public\.deepsad_sample/, 'that says where');
($ret, $out, $err) = $here->psql('postgres', 'SELECT rows FROM t_other2');
like($err, qr/training set has format 99, this version of deepsad knows/, 'a set of another version of the extension: an error');
like($err, qr/column "rows" of foreign table "t_other2"/, 'that says where');

$nodes[1]->safe_psql('postgres', q{UPDATE pg_extension SET extversion = '0.0' WHERE extname = 'deepsad'});
($ret, $out, $err) = $here->psql('postgres', "$partitionwise $pushed");
like($err, qr/the library of deepsad is version \S+, the extension in this database is version 0\.0/, 'a node whose library has another version than its SQL objects: an error');
like($err, qr/remote SQL command: SELECT public\.deepsad_sample/, 'that says where');
$_->stop for $here, @nodes;
done_testing();
