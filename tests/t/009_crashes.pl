# Processes that end while a training runs: its leader or a worker by kill -9, the postmaster, and a standby that becomes
# the primary while a SELECT trains on it.  DEEPSAD_ROUNDS (8): a crash takes seconds, so one for eight rounds.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use DeepsadLaboratory qw($tables training);
use DeepsadSession;
use Time::HiRes qw(time usleep);

my $rounds = int((($ENV{DEEPSAD_ROUNDS} || 8) + 7) / 8);
my $seed = $ENV{DEEPSAD_SEED} || time;
srand($seed);
note("seed $seed");

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(allows_streaming => 1);
$node->append_conf('postgresql.conf', "max_parallel_workers = 8\nmax_worker_processes = 16\nmax_wal_senders = 4\nfsync = off\nrestart_after_crash = on\ndynamic_shared_memory_type = mmap");
$node->start;
$node->safe_psql('postgres', $tables);
my $lab = DeepsadLaboratory->new($node);
my $epochs = 20;
my $training = training(3, 2, $epochs);
my $in_files = "SET maintenance_work_mem = '1MB'";
my $right = $node->safe_psql('postgres', "$in_files; " . training(3, 0, $epochs));
my $gone = qr/server closed|connection to server|terminating connection|crash of another server process|postmaster exit/;

# A session that trains, with workers: the session and a worker's process.
sub start_training
{
	my ($node, $watcher) = @_;
	my $session = DeepsadSession->connect_to($node);
	$session->ask($in_files);
	$session->send_sql($training);
	my ($until, $worker) = (time + 20, '');
	$worker = $watcher->ask("SELECT pid FROM pg_stat_activity WHERE backend_type = 'parallel worker' LIMIT 1") while $worker eq '' and time < $until;
	usleep(rand() * 500_000);
	return ($session, $worker);
}

# Processes of a server, its postmaster not among them: those whose folder is its data folder.
sub processes
{
	my ($data) = @_;
	return grep { ((readlink "/proc/$_/cwd") // '') eq $data } map { m{/proc/(\d+)} } glob('/proc/[0-9]*');
}

# After a crash: the server works, is empty, and trains the same bits.
sub recovered
{
	my ($kind) = @_;
	$lab->row($kind)->{wrong}++ unless $node->poll_query_until('postgres', 'SELECT true');
	# before 14 temporary files are removed at the start only
	$node->restart if $node->safe_psql('postgres', 'SHOW server_version_num') < 140000;
	$lab->connect;
	$lab->residues($kind, $lab->residue);
	my $segments = $lab->segments;
	$lab->residues($kind, "$segments shared segments") if $segments > $lab->{segments};
	my $again = DeepsadSession->connect_to($node);
	$again->ask($in_files);
	$lab->judge($kind, $again, $again->ask($training), $right, qr/^never/);
	$lab->end_session($kind, $again);
}

for my $round (1 .. $rounds)
{
	for my $victim ('leader', 'worker')
	{
		my $kind = "kill -9 of the $victim";
		my ($session, $worker) = start_training($node, $lab->{control});
		kill 9, $victim eq 'leader' ? $session->{pid} : $worker if $worker ne '';
		$lab->judge($kind, $session, $session->await, $right, $gone);
		$_->{psql}->kill_kill for $session, $lab->{control};
		usleep(300_000);
		recovered($kind);
	}

	# Without a postmaster a training comes to its end, or to its error, and its processes go.
	my $kind = 'kill -9 of the postmaster';
	my ($session, $worker) = start_training($node, $lab->{control});
	my $data = $lab->{control}->ask('SHOW data_directory');
	my $postmaster = (split /\n/, slurp_file($node->data_dir . '/postmaster.pid'))[0];
	kill 9, $postmaster;
	$lab->judge($kind, $session, $session->await, $right, $gone);
	$_->{psql}->kill_kill for $session, $lab->{control};
	my $until = time + 60;
	usleep(50_000) while processes($data) and time < $until;
	my @left = processes($data);
	$lab->residues($kind, @left . ' processes') if @left;
	kill 9, @left;
	# where nobody fetches its exit status, the process number seems to be in use
	unlink $node->data_dir . '/postmaster.pid', glob($node->host . '/.s.PGSQL.' . $node->port . '*');
	$node->{_pid} = undef;
	$node->start;
	recovered($kind);
}

$node->backup('base');
for my $round (1 .. $rounds)
{
	my $kind = 'promoted while it trains';
	my $standby = PostgreSQL::Test::Cluster->new("standby$round");
	$standby->init_from_backup($node, 'base', has_streaming => 1);
	$standby->start;
	my $there = DeepsadLaboratory->new($standby);
	my ($session) = start_training($standby, $there->{control});
	$standby->promote;
	$there->judge($kind, $session, $session->await, $right, qr/^never/);
	$there->goes_on($kind, $session);
	# a primary like any other: what is trained can be stored
	$there->judge($kind, $session, $session->ask("$in_files; CREATE TABLE later AS $training; SELECT * FROM later"), $right, qr/^never/);
	$there->end_session($kind, $session);
	$there->{control}->close;
	$standby->stop;
	my $sum = $lab->row($kind);
	$sum->{$_} += $there->{row}{$kind}{$_} for keys %$sum;
}
$lab->report;
$node->stop;
done_testing();
