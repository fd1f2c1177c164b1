# Training sets: dumped and restored, sent in binary, gone after a cancel, small in memory.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Cwd qw(abs_path);
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', "autovacuum = off\nmax_wal_size = 2GB\nshared_buffers = 8MB\njit = off\n");
$node->start;
$node->safe_psql('postgres', q{
	CREATE EXTENSION deepsad;
	CREATE TABLE t AS SELECT i AS id, 'k' || i % 1000 AS k, ARRAY[sin(i), cos(i), sin(i * i)]::real[] AS x, i % 7 AS a, 'c' || i % 5 AS b
		FROM generate_series(1, 20000) i;
	CREATE TABLE sets (name text, rows deepsad_rows);
	INSERT INTO sets SELECT 'arrays', deepsad_sample(x, id % 100 = 0) FROM t;
	INSERT INTO sets SELECT 'rows', deepsad_sample(t, NULL, '{"max_rows": 500}', k) FROM t;
	-- as large as it gets: 256 MB, of which unlabeled rows have three quarters
	INSERT INTO sets SELECT 'large', deepsad_sample(r, NULL, '{"max_bytes": 268435456}') FROM (SELECT i, repeat(md5(i::text), 300) AS text FROM generate_series(1, 21500) i) r;
});
my $digests = q{SELECT string_agg(name || deepsad_sample_info(rows)::text, ',' ORDER BY name) FROM sets};
my $before = $node->safe_psql('postgres', $digests);
cmp_ok($node->safe_psql('postgres', q{SELECT pg_column_size(rows) FROM sets WHERE name = 'large'}), '>', 195_000_000, 'a set as large as it gets');
is($node->safe_psql('postgres', q{SELECT count(*) FROM sets WHERE pg_column_size(rows) < length(rows::text) / 2 - 10}), 0, 'toasted without compression');

my $dump = $node->basedir . '/dump.sql';
$node->command_ok([ 'pg_dump', '-f', $dump, '-d', $node->connstr('postgres') ], 'dump');
$node->safe_psql('postgres', 'CREATE DATABASE restored');
$node->command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f', $dump, '-d', $node->connstr('restored') ], 'restore');
is($node->safe_psql('restored', $digests), $before, 'training sets are the same after restore');

my $file = abs_path($node->basedir) . '/sets.bin';
$node->safe_psql('postgres', qq{COPY sets TO '$file' (FORMAT binary)});
$node->safe_psql('restored', qq{TRUNCATE sets; COPY sets FROM '$file' (FORMAT binary)});
is($node->safe_psql('restored', $digests), $before, 'and after COPY in binary');

# Bytes that somebody made up, in binary: an error, no more.
open(my $in, '<:raw', $file) or die;
my $bytes = do { local $/; <$in> };
close($in);
my $at = index($bytes, 'DSRS');
for my $change (4, 30, 60, 100, 150, 5000)
{
	my $forged = $bytes;
	substr($forged, $at + $change, 1) = chr(ord(substr($forged, $at + $change, 1)) ^ 0x55);
	my $path = abs_path($node->basedir) . '/forged.bin';
	open(my $out, '>:raw', $path) or die;
	print $out $forged;
	close($out);
	my ($ret, $stdout, $stderr) = $node->psql('restored', qq{COPY sets FROM '$path' (FORMAT binary)});
	like($stderr, qr/invalid deepsad training set|has format/, "byte $change is another");
}

# Many groups at a time (Linux tells): what they take beside the results and what the server takes anyway, of which pages of
# shared memory are a small part.
$node->safe_psql('postgres', q{CREATE TABLE tenants AS SELECT i % 10000 AS tenant, ARRAY(SELECT (sin(i * j))::real FROM generate_series(1, 32) j) AS x
	FROM generate_series(1, 500000) i; ANALYZE tenants});
if ($^O eq 'linux')
{
	my $peak = q{SELECT (regexp_match(pg_read_file('/proc/' || pg_backend_pid() || '/status'), 'VmHWM:\s+(\d+)'))[1]};
	my $hashed = q{SET enable_sort = off; SET work_mem = '1GB'; SET max_parallel_workers_per_gather = 0};
	my $parallel = q{SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0; SET max_parallel_workers_per_gather = 2};
	my (undef, $server) = split /\n/, $node->safe_psql('postgres', qq{$hashed; SELECT count(*) FROM (SELECT sum(x[1]) FROM tenants GROUP BY tenant) q; $peak});
	# A leader that reads rows, too, holds a second state of each group: how large these are depends on its share of the rows, which is
	# chance.  What merging takes shows without them.
	for my $plan ('SET enable_hashagg = off', $hashed, "$hashed; $parallel; SET parallel_leader_participation = off", "$hashed; $parallel")
	{
		my ($groups, $megabytes, $kb) = split /\n/, $node->safe_psql('postgres', qq{$plan;
			SELECT concat_ws(E'\n', count(*), sum(length(s::text)) / 2000000) FROM (SELECT deepsad_sample(x) AS s FROM tenants GROUP BY tenant) q; $peak});
		is($groups, 10000, "all groups ($plan)");
		cmp_ok(($kb - $server) / 1024 - $megabytes, '<', $plan =~ /tuple_cost(?!.*participation)/ ? 160 : 100, "memory beside the results: $kb kB with $server kB of the server's and $megabytes MB of results ($plan)");
	}
}

# Canceled: the session goes on, and holds nothing.
# the view of memory contexts is there from 14 on
my $left = $node->safe_psql('postgres', 'SHOW server_version_num') < 140000 ? 'SELECT 0' :
	q{SELECT count(*) FROM pg_backend_memory_contexts WHERE name LIKE 'deepsad%' AND name NOT LIKE '%cache%' AND name NOT LIKE '%model%'};
my ($ret, $stdout, $stderr) = $node->psql('postgres', qq{
	SET statement_timeout = '300ms';
	SELECT deepsad_sample(r) FROM (SELECT i, random() AS a FROM generate_series(1, 100000000) i) r;
	SET statement_timeout = 0;
	$left}, on_error_stop => 0);
like($stderr, qr/statement timeout/, 'canceled');
is($stdout, '0', 'nothing is left');
$node->stop;
done_testing();
