# What a training or scoring needs and cannot have: disk for temporary files (temp_file_limit, a full disk), shared
# memory, workers; workers that are killed; cancels at random moments in every function.
# Each try ends with the right result, the same bits as undisturbed, or with a clean error; nothing stays behind.
# DEEPSAD_ROUNDS (8) says how often each, DEEPSAD_CANCELS (as often) the cancels; DEEPSAD_SMALL_DISK names an empty file system of a few MB, which tests/run makes.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use DeepsadLaboratory qw($tables training %statement);
use DeepsadSession;
use Time::HiRes qw(time usleep);

my $rounds = $ENV{DEEPSAD_ROUNDS} || 8;
my $cancels = $ENV{DEEPSAD_CANCELS} || $rounds;
my $disk = $ENV{DEEPSAD_SMALL_DISK};
my $seed = $ENV{DEEPSAD_SEED} || time;
srand($seed);
note("seed $seed");

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', "max_parallel_workers = 8\nmax_worker_processes = 16\nfsync = off\ndynamic_shared_memory_type = mmap");
if ($disk)
{
	# shared memory and the temporary files' tablespace lie on the small disk
	mkdir "$disk/$_" or die "$disk/$_: $!" for qw(dynshmem space);
	rmdir $node->data_dir . '/pg_dynshmem' or die $!;
	symlink "$disk/dynshmem", $node->data_dir . '/pg_dynshmem' or die $!;
}
$node->start;
$node->safe_psql('postgres', $tables);
$node->safe_psql('postgres', "CREATE TABLESPACE small LOCATION '$disk/space'") if $disk;
my $lab = DeepsadLaboratory->new($node, $disk);
my $control = $lab->{control};

# Counts a try, and what comes after it.
sub judge_and_go_on
{
	my ($kind, $session) = @_;
	$lab->judge(@_);
	$lab->goes_on($kind, $session);
}

my $session = DeepsadSession->connect_to($node);
my %bits = map { $_ => $session->ask(training($_, 0)) } 1, 3;
$session->ask("SET maintenance_work_mem = '1MB'");
my %file_bits = map { $_ => $session->ask(training($_, 0)) } 1, 3;
is($session->ask(training(3, 2)), $file_bits{3}, 'workers change nothing, rows in files');
is($session->ask('RESET ALL; ' . training(3, 2)), $bits{3}, 'workers change nothing, rows in memory');

for my $round (1 .. $rounds)
{
	my $members = rand() < 0.5 ? 1 : 3;
	my $workers = int rand 3;
	$session->ask("SET maintenance_work_mem = '1MB'; SET temp_file_limit = '" . int(rand(12000) + 8) . "kB'");
	judge_and_go_on('temp_file_limit', $session, $session->ask(training($members, $workers)), $file_bits{$members},
		qr/temporary file size exceeds "?temp_file_limit/);

	$session->ask('SET max_parallel_workers = 0');
	judge_and_go_on('no workers', $session, $session->ask(training($members, 2)), $bits{$members}, qr/^never/);

	$session->send_sql(training(3, 2));
	my ($until, $pid) = (time + 3, '');
	$pid = $control->ask("SELECT pid FROM pg_stat_activity WHERE backend_type = 'parallel worker' LIMIT 1") while $pid eq '' and time < $until;
	usleep(rand() * 200_000);
	$control->ask("SELECT pg_terminate_backend($pid)") if $pid ne '';
	judge_and_go_on('worker terminated', $session, $session->await, $bits{3}, qr/terminating (connection due to administrator command|background worker|parallel worker).*|parallel worker.*|lost connection to parallel worker/);
}
$lab->end_session('worker terminated', $session);
$session = DeepsadSession->connect_to($node);

SKIP:
{
	skip 'full disks: DEEPSAD_SMALL_DISK names no small file system', 1 unless $disk;
	for my $round (1 .. $rounds)
	{
		# what is left of the disk: from almost nothing to everything
		my ($free) = `df -B1 --output=avail '$disk'` =~ /(\d+)\s*$/;
		my $fill = int($free * (1 - rand() ** 2));
		open my $file, '>', "$disk/filling" or die $!;
		binmode $file;
		print $file "\1" x $fill;
		close $file;
		my $members = rand() < 0.5 ? 1 : 3;
		$session->ask("SET maintenance_work_mem = '1MB'; SET temp_tablespaces = 'small'");
		judge_and_go_on('disk full, files', $session, $session->ask(training($members, 0)), $file_bits{$members}, qr/No space left on device/);
		# falls back to one process where shared memory is missing; the server that wrote only a part of a segment may
		# name another reason
		$session->ask("SET maintenance_work_mem = '64MB'");
		judge_and_go_on('disk full, shared memory', $session, $session->ask(training(3, 2)), $bits{3}, qr/could not resize shared memory segment/);
		unlink "$disk/filling";
	}
	$lab->end_session('disk full, shared memory', $session);
	$session = DeepsadSession->connect_to($node);
}

# Every function, canceled at a random moment up to a little beyond its end.
my @there = split /\n/, $control->ask(q{SELECT DISTINCT proname FROM pg_proc p JOIN pg_depend d ON d.objid = p.oid
	AND d.classid = 'pg_proc'::regclass AND d.deptype = 'e' WHERE proname LIKE 'deepsad%' ORDER BY 1});
is(join(' ', grep { !$statement{$_} } @there), '', 'every function is canceled');

$session->ask('SET client_min_messages = error');
my (%usual, %unknown);
for my $name (sort keys %statement)
{
	my $begun = time;
	$session->ask("SET statement_timeout = '5s'; BEGIN; $statement{$name}; ROLLBACK");
	$usual{$name} = time - $begun;
	next if $session->{err} !~ /ERROR/ or $session->{err} =~ /statement timeout/;
	$unknown{$name} = $session->{err};
	$session->ask('ROLLBACK');
}
is(join('', map { "$_: $unknown{$_}" } sort keys %unknown), '', 'each statement is one that works');
for my $round (1 .. $cancels)
{
	my $name = (sort keys %usual)[ rand keys %usual ];
	my $wait = rand() * 1.1 * ($usual{$name} > 2 ? 2 : $usual{$name});
	$session->ask('SET client_min_messages = error; BEGIN');
	$session->send_sql($statement{$name});
	usleep($wait * 1_000_000);
	$control->ask("SELECT pg_cancel_backend($session->{pid})");
	my $got = $session->await;
	my $error = $session->{err};
	$session->ask('ROLLBACK');		# a cancel that came too late may hit this statement, or none
	$session->ask('ROLLBACK');
	$session->{err} = $error;
	judge_and_go_on("cancel: any function", $session, $got, undef, qr/canceling statement due to user request/);
}
$lab->end_session('cancel: any function', $session);
$lab->report;
$node->stop;
done_testing();
