# Trainings ended at random moments: by cancel, time-out, terminate, a worker that is terminated.
# Each time the error is the right one, the next statement works, and no file, worker or shared segment stays.
# DEEPSAD_ROUNDS (20) says how often; the waits are printed as they are, the machine may be busy.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use DeepsadSession;
use Time::HiRes qw(time usleep);

my $rounds = $ENV{DEEPSAD_ROUNDS} || 20;
my $seed = $ENV{DEEPSAD_SEED} || time;
srand($seed);
note("seed $seed");

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', "max_parallel_workers = 8\nmax_worker_processes = 16\nfsync = off\nrestart_after_crash = on\ndynamic_shared_memory_type = mmap");
$node->start;
$node->safe_psql('postgres', q{
	CREATE EXTENSION deepsad;
	CREATE TABLE t AS SELECT i AS id, ARRAY[sin(i), cos(i), sin(i * 2.5), cos(i * 3)] AS x FROM generate_series(1, 60000) i;
	VACUUM ANALYZE t;
});

# Shared segments of this server alone: its setting keeps them in a folder of its own.
sub segments
{
	my @found = glob($node->data_dir . '/pg_dynshmem/mmap.*');
	return scalar @found;
}

my $control = DeepsadSession->connect_to($node);
my $segments = segments();

# Nothing of a training is left.
sub clean
{
	my ($what) = @_;
	my $until = time + 10;
	my ($left, $nothing) = ('', '0 files, 0 workers, 0 trainings, 0 segments');
	while ($left ne $nothing and time < $until)
	{
		my @files = glob($node->data_dir . '/base/pgsql_tmp/*');
		my $workers = $control->ask("SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'parallel worker'");
		my $trainings = $control->ask('SELECT count(*) FROM deepsad_progress');
		# a session that had workers keeps one small segment of the server's own for its life
		my $more = segments() - $segments;
		$left = scalar(@files) . " files, $workers workers, $trainings trainings, " . ($more == 1 ? 0 : $more) . ' segments';
		usleep(20_000) if $left ne $nothing;
	}
	return is($left, $nothing, "$what leaves nothing behind");
}

my %settings = (
	'in memory, alone' => [ '64MB', 0 ],
	'in memory, two workers' => [ '64MB', 2 ],
	'in files, alone' => [ '1MB', 0 ],
	'in files, one worker' => [ '1MB', 1 ]);
my (%worst, %row);
my $session;
for my $round (1 .. $rounds)
{
	my $where = (sort keys %settings)[ rand 4 ];
	my $how = (qw(cancel timeout terminate worker))[ rand 4 ];
	my ($memory, $workers) = @{ $settings{$where} };
	$how = 'cancel' if $how eq 'worker' and $workers == 0;
	$session ||= DeepsadSession->connect_to($node);
	my $wait = rand() ** 2 * 1.5;
	my $hidden = (rand() < 0.3) ? '{512,256}' : '{32,16}';
	my $training = "SELECT length(deepsad_train(x, NULL, deepsad_options(epochs => 100000, pretrain_epochs => "
		. (rand() < 0.5 ? 100000 : 0) . ", members => 4, workers => $workers, hidden => '$hidden'))) FROM t";
	$session->ask("SET maintenance_work_mem = '$memory'; SET statement_timeout = " . ($how eq 'timeout' ? int($wait * 1000) + 1 : 0));
	my $begun = time;
	my $ended;
	$session->send_sql($training);
	if ($how eq 'timeout')
	{
		$ended = $begun + (int($wait * 1000) + 1) / 1000;
	}
	else
	{
		my $victim = $session->{pid};
		usleep($wait * 1_000_000);
		if ($how eq 'worker')
		{
			my $until = time + 20;
			$victim = '';
			while ($victim eq '' and time < $until)
			{
				$victim = $control->ask("SELECT pid FROM pg_stat_activity WHERE backend_type = 'parallel worker' LIMIT 1");
			}
		}
		$ended = time;
		$control->ask('SELECT ' . ($how eq 'cancel' ? 'pg_cancel_backend' : 'pg_terminate_backend') . "($victim)");
	}
	$session->await;
	my $took = time - $ended;
	$worst{$how} = $took if $took > ($worst{$how} || 0);
	my $expected = $how eq 'cancel' ? qr/canceling statement due to user request/
		: $how eq 'timeout' ? qr/canceling statement due to statement timeout/
		: qr/terminating (connection|background worker .*|parallel worker) due to administrator command/;
	my $row = $row{$how} ||= { tries => 0, clean => 0, residues => 0 };
	$row->{tries}++;
	$row->{clean}++ if like($session->{err}, $expected, sprintf('round %d, %s, %s after %.2f s: the right error (%.0f ms)', $round, $where, $how, $wait, 1000 * $took));
	if ($how eq 'terminate')
	{
		eval { $session->{psql}->finish };
		undef $session;
	}
	else
	{
		is($session->ask("SET statement_timeout = 0; SELECT 'next', 1 + 1"), 'next|2', "round $round: the next statement works");
	}
	$row->{residues}++ unless clean("round $round, $how");
}
diag("table: | training ended by $_ | $row{$_}{tries} | 0 | $row{$_}{clean} | " . ($row{$_}{tries} - $row{$_}{clean}) . " | $row{$_}{residues} |")
	for sort keys %row;
diag(join ', ', map { sprintf 'slowest %s %.0f ms', $_, 1000 * $worst{$_} } sort keys %worst);
cmp_ok($_, '<', 2, 'ended soon') for values %worst;

$node->stop;
done_testing();
