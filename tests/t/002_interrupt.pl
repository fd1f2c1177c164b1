# Canceling, timing out and terminating a training: at once, and nothing stays behind.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time usleep);
use DeepsadSession;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->start;
$node->safe_psql('postgres', q{
	CREATE EXTENSION deepsad;
	CREATE TABLE t AS SELECT i AS id, ARRAY[sin(i), cos(i), sin(i * i), cos(i * 3)] AS x FROM generate_series(1, 20000) i;
});
my $long = q{SELECT length(deepsad_train(x, NULL, deepsad_options(epochs => 100000, pretrain_epochs => 100000, hidden => '{256,128}'))) FROM t};

# Starts the long training in a session of its own, which it returns.
sub start_training
{
	my $session = DeepsadSession->connect_to($node);
	$session->send_sql("$long;\nSELECT 'next', 1 + 1");
	$node->poll_query_until('postgres',
		"SELECT count(*) = 1 FROM pg_stat_activity WHERE pid = $session->{pid} AND state = 'active' AND query LIKE '%deepsad_train%'");
	usleep(400_000);
	return $session;
}

# A session that only scores never loads OpenBLAS.
{
	$node->safe_psql('postgres', "CREATE TABLE model AS SELECT deepsad_train(x, NULL, deepsad_options(epochs => 1, pretrain_epochs => 0)) AS model FROM t");
	my $session = DeepsadSession->connect_to($node);
	$session->ask('SELECT count(deepsad_score(model, x)) FROM t, model');
	my $maps = slurp_file("/proc/$session->{pid}/maps");
	like($maps, qr/deepsad\.so/, 'the extension is loaded');
	unlike($maps, qr/openblas/, 'OpenBLAS is not, in a session that only scores');
	$session->close;
}

my $slowest = 0;
for my $round (1 .. 3)
{
	my $t = start_training();
	my $started = time;
	$node->safe_psql('postgres', "SELECT pg_cancel_backend($t->{pid})");
	my $out = $t->await;
	my $took = time - $started;
	$slowest = $took if $took > $slowest;
	like($t->{err}, qr/canceling statement due to user request/, "canceled, round $round");
	like($out, qr/next\|2/, 'the next statement works');
	is($node->safe_psql('postgres', "SELECT count(*) FROM pg_stat_activity WHERE pid = $t->{pid}"), '1', 'the session lives');
	my $status = slurp_file("/proc/$t->{pid}/status");
	my ($threads) = $status =~ /^Threads:\s+(\d+)/m;
	is($threads, 1, 'no thread was left in the backend');
	$t->close;
}
note(sprintf 'slowest cancel: %.0f ms, with the start of a psql in it', $slowest * 1000);
cmp_ok($slowest, '<', 2, 'canceled soon');

my $t = start_training();
$node->safe_psql('postgres', "SELECT pg_terminate_backend($t->{pid})");
$t->await;
like($t->{err}, qr/terminating connection due to administrator command/, 'terminated');
ok($node->poll_query_until('postgres', "SELECT count(*) = 0 FROM pg_stat_activity WHERE pid = $t->{pid}"), 'the process is gone');
my @left = glob($node->data_dir . '/base/pgsql_tmp/*');
is(scalar(@left), 0, 'no temporary files');

# A session's memory over many canceled trainings: neither PostgreSQL's nor the C library's adds up.
# Few rows, so that the time-out falls into the training and not into collecting them.
if ($node->safe_psql('postgres', 'SHOW server_version_num') >= 140000)
{
	my $trainings = 24;
	my $memory = q{SELECT sum(total_bytes), (regexp_match(pg_read_file('/proc/self/status'), 'VmRSS:\s+(\d+) kB'))[1]
		FROM pg_backend_memory_contexts;};
	my $script = "SET statement_timeout = 200;\n";
	for my $n (1 .. $trainings)
	{
		$script .= "$long WHERE id <= 1000;\n";
		$script .= "$memory\n" if $n == 4 or $n == $trainings;
	}
	my ($result, $out, $err) = $node->psql('postgres', $script, on_error_stop => 0);
	my $canceled = () = $err =~ /canceling statement due to statement timeout/g;
	is($canceled, $trainings, 'every training ran into the time-out');
	my ($bytes_early, $resident_early, $bytes_late, $resident_late) = $out =~ /^(\d+)\|(\d+)\n(\d+)\|(\d+)$/;
	note("memory contexts $bytes_early, then $bytes_late bytes; resident $resident_early, then $resident_late kB");
	cmp_ok($bytes_late - $bytes_early, '<', 200_000, 'memory contexts do not grow');
	cmp_ok($resident_late - $resident_early, '<', 2_000, 'resident memory does not grow');
}

# The same for trainings that fail while they collect their rows.
my $memory = $node->safe_psql('postgres', qq{
	CREATE TEMP TABLE seen (n int, bytes bigint);
	DO \$\$
	DECLARE n int;
	BEGIN
		FOR n IN 1..12 LOOP
			BEGIN
				SET LOCAL statement_timeout = 0;
				PERFORM deepsad_train(x, NULL, deepsad_options(scaling => 'none', learning_rate => 1, epochs => 1, batch_size => 2, members => 64, max_steps => 3,
					pretrain_epochs => 0)) FROM (SELECT array_append(x, CASE WHEN id = 150 THEN 'Infinity'::float8 ELSE id END) AS x FROM t WHERE id <= 200) s;
			EXCEPTION WHEN numeric_value_out_of_range THEN
				INSERT INTO seen SELECT n, sum(total_bytes) FROM pg_backend_memory_contexts;
			END;
		END LOOP;
	END \$\$;
	SELECT (max(bytes) FILTER (WHERE n = 12)) - (max(bytes) FILTER (WHERE n = 4)) < 200000 FROM seen;
}) if $node->safe_psql('postgres', 'SHOW server_version_num') >= 140000;
is($memory, 't', 'failed trainings do not add up in memory') if defined $memory;

$node->stop;
done_testing();
