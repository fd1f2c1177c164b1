# Failures, counted: tries that end right, with a clean error, or wrong, and what they leave behind.
# The rows of the table that it prints begin with "table:"; tests/run/torture collects them.
package DeepsadLaboratory;
use strict;
use warnings;
use DeepsadSession;
use Exporter 'import';
use Test::More;
use Time::HiRes qw(time usleep);
our @EXPORT_OK = qw($tables training %statement);

# What the trainings and the statements below read.
our $tables = q{
	CREATE EXTENSION deepsad;
	CREATE TABLE t AS SELECT i AS id, ARRAY[sin(i), cos(i), sin(i * 2.5), cos(i * 3)] AS x, CASE WHEN i % 50 = 0 THEN true END AS y
	FROM generate_series(1, 40000) i;
	CREATE TABLE m AS SELECT deepsad_train(x, y, '{"epochs": 2, "pretrain_epochs": 1, "members": 2}') AS model FROM t;
	CREATE TABLE s AS SELECT deepsad_sample(x, y) AS rows FROM t WHERE id <= 4000;
	CREATE TABLE r AS SELECT x[1] AS a, x[2] AS b FROM t WHERE id <= 1000;
	CREATE TABLE mr AS SELECT deepsad_train(r, NULL, '{"epochs": 1, "members": 2}') AS model FROM r;
	CREATE TABLE mp AS SELECT deepsad_train(ARRAY[x, x, x, x], NULL, '{"epochs": 1, "pretrain_epochs": 1, "members": 1}') AS model
	FROM t WHERE id <= 200;
	VACUUM ANALYZE t;
};

# A training's bits: the same from any number of workers; rows in files are shuffled in another way than those in memory.
sub training
{
	my ($members, $workers, $epochs) = @_;
	$epochs //= 3;
	return "SELECT md5(deepsad_train(x, y, deepsad_options(epochs => $epochs, pretrain_epochs => 1, members => $members, workers => $workers)))"
		. ' FROM (SELECT * FROM t ORDER BY id) t';
}

# Each function at work: long enough to be canceled, or often.
my $model = '(SELECT model FROM m)';
my $rows = '(SELECT rows FROM s)';
our %statement = (
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
	deepsad_record => "SELECT count(deepsad_record(t)) FROM t",
	deepsad_heatmap => "SELECT count(deepsad_heatmap((SELECT model FROM mp), ARRAY[x, x, x, x])) FROM t WHERE id <= 2000",
	'deepsad_train, pictures' => "SELECT length(deepsad_train(ARRAY[x, x, x, x], y)) > 0 FROM t WHERE id <= 2000",
	'deepsad_update, pictures' => "SELECT length(deepsad_update((SELECT model FROM mp), ARRAY[x, x, x, x], y)) > 0 FROM t WHERE id <= 2000",
	'deepsad_explain, pictures' => "SELECT count(*) > 0 FROM t, deepsad_explain((SELECT model FROM mp), ARRAY[x, x, x, x]) WHERE id <= 500",
	deepsad_sample_info => "SELECT count(deepsad_sample_info($rows)) FROM generate_series(1, 200)",
	deepsad_sample_rows => "SELECT count(*) > 0 FROM generate_series(1, 20), deepsad_sample_rows($rows)",
	deepsad_train_rows => "SELECT length(deepsad_train_rows($rows)) > 0",
	deepsad_update_rows => "SELECT length(deepsad_update_rows($model, $rows)) > 0",
	deepsad_calibrate => "SELECT length(deepsad_calibrate($model, x)) > 0 FROM t WHERE id <> 7",
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

# A laboratory on a node that runs; a folder of a small file system, if there is one.
sub new
{
	my ($class, $node, $disk) = @_;
	# watches, and trains never: a session that had workers keeps segments of the server's own for its life
	my $lab = bless { node => $node, disk => $disk, row => {}, order => [] }, $class;
	$lab->connect;
	$lab->{segments} = $lab->segments;
	return $lab;
}

# Connects the session that watches: at first, and after a crash.
sub connect
{
	my ($lab) = @_;
	$lab->{control} = DeepsadSession->connect_to($lab->{node});
	$lab->{control}->ask('SELECT count(*) FROM pg_stat_activity; SELECT count(*) FROM deepsad_progress');
}

# Shared segments of this server alone: its setting dynamic_shared_memory_type = mmap keeps them in its own folder.
sub segments
{
	my ($lab) = @_;
	my @found = glob($lab->{node}->data_dir . '/pg_dynshmem/mmap.*');
	return scalar @found;
}

# Files, workers and trainings that are there ten seconds later, as text; '' for none.
sub residue
{
	my ($lab) = @_;
	my ($until, $left, $disk) = (time + 10, 'unknown', $lab->{disk});
	while ($left ne '' and time < $until)
	{
		my @files = (glob($lab->{node}->data_dir . '/base/pgsql_tmp/*'), $disk ? glob("$disk/space/*/pgsql_tmp/*") : ());
		my $workers = $lab->{control}->ask("SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'parallel worker'");
		my $trainings = $lab->{control}->ask('SELECT count(*) FROM deepsad_progress');
		$left = @files || $workers || $trainings ? @files . " files, $workers workers, $trainings trainings" : '';
		usleep(20_000) if $left ne '';
	}
	return $left;
}

# The row of a kind of failure.
sub row
{
	my ($lab, $kind) = @_;
	push @{ $lab->{order} }, $kind unless $lab->{row}{$kind};
	return $lab->{row}{$kind} ||= { tries => 0, right => 0, clean => 0, wrong => 0, residues => 0 };
}

# Counts what stays behind, if anything does.
sub residues
{
	my ($lab, $kind, $left) = @_;
	return if $left eq '';
	$lab->row($kind)->{residues}++;
	diag("$kind: $left");
}

# Counts a try: its kind, what came, what is right (undef: anything that is no error), the errors that are clean.
sub judge
{
	my ($lab, $kind, $session, $got, $right, $clean) = @_;
	my $r = $lab->row($kind);
	my ($error) = $session->{err} =~ /^(?:psql:\S+ )?((?:ERROR|FATAL|PANIC):.*|server closed.*|connection to server.*)$/m;
	$r->{tries}++;
	if (!defined $error and (!defined $right or $got eq $right)) { $r->{right}++; }
	elsif (defined $error and $error =~ $clean) { $r->{clean}++; }
	else { $r->{wrong}++; diag("$kind: " . ($error // "got $got")); }
}

# Counts as wrong when the session cannot go on, and what the try left behind; of its memory, see end_session.
sub goes_on
{
	my ($lab, $kind, $session) = @_;
	my $next = $session->ask("RESET ALL; SELECT 'next', 1 + 1");
	if ($next ne 'next|2') { $lab->row($kind)->{wrong}++; diag("$kind: the next statement gives $next $session->{err}"); }
	$lab->residues($kind, $lab->residue);
	# the view of memory contexts is there from 14 on
	my $bytes = $session->ask('SELECT sum(total_bytes) FROM pg_backend_memory_contexts');
	push @{ $session->{bytes} }, $bytes if $bytes =~ /^\d+$/;
}

# Ends the session; its segments must go with it, and its memory must not have grown since half of its tries.
sub end_session
{
	my ($lab, $kind, $session) = @_;
	my @bytes = @{ $session->{bytes} || [] };
	my $more = @bytes >= 20 ? $bytes[-1] - $bytes[@bytes / 2] : 0;
	$lab->residues($kind, $more > 2_000_000 ? "$more bytes of memory" : '');
	$session->close;
	my $until = time + 10;
	usleep(20_000) while $lab->segments > $lab->{segments} and time < $until;
	my $segments = $lab->segments - $lab->{segments};
	$lab->residues($kind, $segments > 0 ? "$segments shared segments" : '');
}

# Prints the rows, and makes them tests.
sub report
{
	my ($lab) = @_;
	for my $kind (@{ $lab->{order} })
	{
		my $r = $lab->{row}{$kind};
		diag("table: | $kind | " . join(' | ', @$r{qw(tries right clean wrong residues)}) . ' |');
		cmp_ok($r->{tries}, '>', 0, "$kind: tried");
		is($r->{wrong}, 0, "$kind: right results or clean errors");
		is($r->{residues}, 0, "$kind: nothing stays behind");
	}
}

1;
