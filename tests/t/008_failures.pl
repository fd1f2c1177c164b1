# What a training or scoring needs and cannot have: disk for temporary files (temp_file_limit, a full disk), shared
# memory, workers; workers that are killed; cancels at random moments in every function.
# Each try ends with the right result, the same bits as undisturbed, or with a clean error; nothing stays behind.
# DEEPSAD_ROUNDS (8) says how often each; DEEPSAD_SMALL_DISK names an empty file system of a few MB, which tests/run makes.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use DeepsadSession;
use Time::HiRes qw(time usleep);

my $rounds = $ENV{DEEPSAD_ROUNDS} || 8;
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
$node->safe_psql('postgres', q{
	CREATE EXTENSION deepsad;
	CREATE TABLE t AS SELECT i AS id, ARRAY[sin(i), cos(i), sin(i * 2.5), cos(i * 3)] AS x, CASE WHEN i % 50 = 0 THEN true END AS y
	FROM generate_series(1, 40000) i;
	CREATE TABLE m AS SELECT deepsad_train(x, y, '{"epochs": 2, "pretrain_epochs": 1, "members": 2}') AS model FROM t;
	CREATE TABLE s AS SELECT deepsad_sample(x, y) AS rows FROM t WHERE id <= 4000;
	CREATE TABLE r AS SELECT x[1] AS a, x[2] AS b FROM t WHERE id <= 1000;
	CREATE TABLE mr AS SELECT deepsad_train(r, NULL, '{"epochs": 1, "members": 2}') AS model FROM r;
	VACUUM ANALYZE t;
});
$node->safe_psql('postgres', "CREATE TABLESPACE small LOCATION '$disk/space'") if $disk;

# Watches, and trains never: a session that had workers keeps segments of the server's own for its life.
my $control = DeepsadSession->connect_to($node);
$control->ask('SELECT count(*) FROM pg_stat_activity; SELECT count(*) FROM deepsad_progress');
sub segments { my @found = glob($node->data_dir . '/pg_dynshmem/mmap.*'); return scalar @found; }
my $segments = segments();

# Files, workers and trainings that are there ten seconds later, as text; '' for none.
sub residue
{
	my ($until, $left) = (time + 10, 'unknown');
	while ($left ne '' and time < $until)
	{
		my @files = (glob($node->data_dir . '/base/pgsql_tmp/*'), $disk ? glob("$disk/space/*/pgsql_tmp/*") : ());
		my $workers = $control->ask("SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'parallel worker'");
		my $trainings = $control->ask('SELECT count(*) FROM deepsad_progress');
		$left = @files || $workers || $trainings ? @files . " files, $workers workers, $trainings trainings" : '';
		usleep(20_000) if $left ne '';
	}
	return $left;
}

my (%row, @order);
# Counts a try: its kind, what came, what is right (undef: anything that is no error), the errors that are clean.
sub judge
{
	my ($kind, $session, $got, $right, $clean) = @_;
	push @order, $kind unless $row{$kind};
	my $r = $row{$kind} ||= { tries => 0, right => 0, clean => 0, wrong => 0, residues => 0 };
	my ($error) = $session->{err} =~ /^(?:psql:\S+ )?((?:ERROR|FATAL|PANIC):.*|server closed.*)$/m;
	$r->{tries}++;
	if (!defined $error and (!defined $right or $got eq $right)) { $r->{right}++; }
	elsif (defined $error and $error =~ $clean) { $r->{clean}++; }
	else { $r->{wrong}++; diag("$kind: " . ($error // "got $got")); }
	my $next = $session->ask("RESET ALL; SELECT 'next', 1 + 1");
	if ($next ne 'next|2') { $r->{wrong}++; diag("$kind: the next statement gives $next $session->{err}"); }
	my $left = residue();
	if ($left ne '') { $r->{residues}++; diag("$kind: $left"); }
}

# Ends the session; its segments must go with it.
sub end_session
{
	my ($kind, $session) = @_;
	$session->close;
	my $until = time + 10;
	usleep(20_000) while segments() > $segments and time < $until;
	is(segments(), $segments, "$kind: no shared segment stays");
}

# A training's bits: the same from any number of workers; rows in files are shuffled in another way than those in memory.
sub training
{
	my ($members, $workers) = @_;
	return "SELECT md5(deepsad_train(x, y, deepsad_options(epochs => 3, pretrain_epochs => 1, members => $members, workers => $workers)))"
		. ' FROM (SELECT * FROM t ORDER BY id) t';
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
	judge('temp_file_limit', $session, $session->ask(training($members, $workers)), $file_bits{$members},
		qr/temporary file size exceeds temp_file_limit/);

	$session->ask('SET max_parallel_workers = 0');
	judge('no workers', $session, $session->ask(training($members, 2)), $bits{$members}, qr/^never/);

	$session->send_sql(training(3, 2));
	my ($until, $pid) = (time + 3, '');
	$pid = $control->ask("SELECT pid FROM pg_stat_activity WHERE backend_type = 'parallel worker' LIMIT 1") while $pid eq '' and time < $until;
	usleep(rand() * 200_000);
	$control->ask("SELECT pg_terminate_backend($pid)") if $pid ne '';
	judge('worker terminated', $session, $session->await, $bits{3}, qr/terminating (background|parallel) worker.*|parallel worker.*|lost connection to parallel worker/);
}
end_session('files and workers', $session);
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
		judge('disk full, files', $session, $session->ask(training($members, 0)), $file_bits{$members}, qr/No space left on device/);
		# falls back to one process where shared memory is missing
		$session->ask("SET maintenance_work_mem = '64MB'");
		judge('disk full, shared memory', $session, $session->ask(training(3, 2)), $bits{3}, qr/No space left on device/);
		unlink "$disk/filling";
	}
	end_session('full disks', $session);
	$session = DeepsadSession->connect_to($node);
}

# Every function, canceled at a random moment up to a little beyond its end.
my $model = '(SELECT model FROM m)';
my $rows = '(SELECT rows FROM s)';
my %statement = (
	deepsad_train => 'SELECT length(deepsad_train(x, y)) > 0 FROM t',
	deepsad_train_table => "SELECT length(deepsad_train_table('t', '{x}', 'y', deepsad_options(epochs => 3))) > 0",
	deepsad_update => "SELECT length(deepsad_update($model, x, y)) > 0 FROM t",
	deepsad_score => "SELECT sum(deepsad_score($model, x)) > 0 FROM t",
	deepsad_score_query => "SELECT count(*) FROM deepsad_score_query($model, 'SELECT id::bigint, x FROM t')",
	deepsad_embed => "SELECT sum((deepsad_embed($model, x))[1]) IS NOT NULL FROM t",
	deepsad_explain => "SELECT count(*) > 0 FROM t, deepsad_explain($model, x) WHERE id <= 2000",
	deepsad_pvalue => "SELECT sum(deepsad_pvalue($model, x)) > 0 FROM t",
	deepsad_is_anomaly => "SELECT count(deepsad_is_anomaly($model, x)) FROM t",
	deepsad_drift => "SELECT deepsad_drift($model, x) IS NOT NULL FROM t",
	deepsad_set_threshold => "SELECT count(deepsad_set_threshold($model, threshold => i)) FROM generate_series(1, 2000) i",
	deepsad_info => "SELECT count(deepsad_info($model)) FROM generate_series(1, 2000)",
	deepsad_history => "SELECT count(*) > 0 FROM generate_series(1, 2000), deepsad_history($model)",
	deepsad_columns => "SELECT count(*) >= 0 FROM generate_series(1, 2000), deepsad_columns($model)",
	deepsad_is_model => "SELECT count(deepsad_is_model($model)) FROM generate_series(1, 20000)",
	deepsad_options => 'SELECT count(deepsad_options(epochs => i)) FROM generate_series(1, 20000) i',
	deepsad_build_info => 'SELECT count(deepsad_build_info()) FROM generate_series(1, 20000)',
	deepsad_freeze => "SELECT deepsad_freeze($model, 'frozen_' || i) IS NOT NULL FROM generate_series(1, 100) i",
	deepsad_confusion => 'SELECT deepsad_confusion(sin(i) > 0.5, i % 9 = 0) IS NOT NULL FROM generate_series(1, 300000) i',
	deepsad_sample => "SELECT deepsad_sample(x, y) IS NOT NULL FROM t",
	deepsad_merge => "SELECT deepsad_merge(rows) IS NOT NULL FROM s, generate_series(1, 50)",
	deepsad_sample_info => "SELECT count(deepsad_sample_info($rows)) FROM generate_series(1, 200)",
	deepsad_sample_rows => "SELECT count(*) > 0 FROM generate_series(1, 20), deepsad_sample_rows($rows)",
	deepsad_train_rows => "SELECT length(deepsad_train_rows($rows)) > 0",
	deepsad_update_rows => "SELECT length(deepsad_update_rows($model, $rows)) > 0",
	deepsad_calibrate => "SELECT length(deepsad_calibrate($model, x)) > 0 FROM t",
	deepsad_calibrate_rows => "SELECT count(deepsad_calibrate_rows($model, $rows)) FROM generate_series(1, 20)",
	deepsad_report => "SELECT length(deepsad_report($model, x, y)) > 0 FROM t",
	deepsad_window => "SELECT count(w) FROM (SELECT deepsad_window(8, x[1], x[2]) OVER (ORDER BY id) AS w FROM t) q",
	deepsad_encode => "SELECT sum((deepsad_encode($model, x))[1]) IS NOT NULL FROM t",
	deepsad_import => "SELECT count(deepsad_import(deepsad_export_safetensors($model))) FROM generate_series(1, 500)",
	deepsad_export_sql => "SELECT count(deepsad_export_sql($model, 'f')) FROM generate_series(1, 200)",
	deepsad_export_query => "SELECT count(deepsad_export_query((SELECT model FROM mr), 'r')) FROM generate_series(1, 200)",
	map({ $_ => "SELECT count($_($model)) FROM generate_series(1, 500)" }
		qw(deepsad_export_safetensors deepsad_export_onnx deepsad_export_json)),
	map({ $_ => "SELECT $_(sin(i), i % 9 = 0) IS NOT NULL FROM generate_series(1, 300000) i" }
		qw(deepsad_roc_auc deepsad_roc_auc_ci deepsad_average_precision deepsad_roc_curve deepsad_pr_curve)),
	map({ $_ => "SELECT $_(sin(i), i % 9 = 0, 100) IS NOT NULL FROM generate_series(1, 300000) i" }
		qw(deepsad_precision_at_k deepsad_recall_at_k)),
	deepsad_threshold => 'SELECT deepsad_threshold(sin(i), i % 9 = 0) IS NOT NULL FROM generate_series(1, 300000) i');
my @there = split /\n/, $control->ask(q{SELECT DISTINCT proname FROM pg_proc p JOIN pg_depend d ON d.objid = p.oid
	AND d.classid = 'pg_proc'::regclass AND d.deptype = 'e' WHERE proname LIKE 'deepsad%' ORDER BY 1});
is(join(' ', grep { !$statement{$_} } @there), '', 'every function is canceled');

$session->ask('SET client_min_messages = error');
my (%usual, %unknown);
for my $name (@there)
{
	next unless $statement{$name};
	my $begun = time;
	$session->ask("SET statement_timeout = '5s'; BEGIN; $statement{$name}; ROLLBACK");
	$usual{$name} = time - $begun;
	next if $session->{err} !~ /ERROR/ or $session->{err} =~ /statement timeout/;
	$unknown{$name} = $session->{err};
	$session->ask('ROLLBACK');
}
is(join('', map { "$_: $unknown{$_}" } sort keys %unknown), '', 'each statement is one that works');
for my $round (1 .. $rounds)
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
	judge("cancel: any function", $session, $got, undef, qr/canceling statement due to user request/);
}
end_session('cancels', $session);

diag(sprintf '%-26s %6s %6s %13s %6s %9s', 'failure', 'tries', 'right', 'clean errors', 'wrong', 'residues');
for my $kind (@order)
{
	my $r = $row{$kind};
	diag(sprintf '%-26s %6d %6d %13d %6d %9d', $kind, @$r{qw(tries right clean wrong residues)});
	is($r->{wrong}, 0, "$kind: right results or clean errors");
	is($r->{residues}, 0, "$kind: nothing stays behind");
}
$node->stop;
done_testing();
