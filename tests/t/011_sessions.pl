# Two dozen sessions at once that train, update and score, and check each result, bit for bit: DEEPSAD_SECONDS (6) long.
# What a training asks for is more than the server's workers and memory: max_worker_processes stays as it is.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use DeepsadLaboratory qw($tables);
use DeepsadSession;

my $seconds = $ENV{DEEPSAD_SECONDS} || 6;
my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', "fsync = off\nmax_connections = 60\ndynamic_shared_memory_type = mmap");
$node->start;
$node->safe_psql('postgres', $tables);
my $lab = DeepsadLaboratory->new($node);

# Each result beside the right one, found alone; a wrong one divides by zero, which ends its client.
my %work = (
	train => q{SELECT md5(deepsad_train(x, y, '{"epochs": 2, "pretrain_epochs": 1, "members": 3, "workers": 2}')) FROM (SELECT * FROM t WHERE id <= 4000 ORDER BY id) t},
	'train in files' => q{SELECT md5(deepsad_train(x, y, '{"epochs": 1, "pretrain_epochs": 1, "members": 2, "workers": 1}')) FROM (SELECT * FROM t ORDER BY id) t},
	update => q{SELECT md5(deepsad_update((SELECT model FROM m), x, y, '{"epochs": 1}')) FROM (SELECT * FROM t WHERE id > 36000 ORDER BY id) t},
	score => q{SELECT md5(string_agg(float8send(deepsad_score(model, x))::text, ',' ORDER BY id)) FROM t, m WHERE id % 10 = 0},
	explain => q{SELECT md5(string_agg(e::text, ',' ORDER BY id)) FROM t, m, deepsad_explain(model, x) e WHERE id <= 20},
	sample => q{SELECT md5(deepsad_sample(x, y)::text) FROM (SELECT * FROM t WHERE id <= 3000 ORDER BY id) t});
my %share = (train => 4, 'train in files' => 1, update => 4, score => 12, explain => 4, sample => 2);
my @command = ('pgbench', '-n', '-c', 24, '-j', 2, '-T', $seconds, '-h', $node->host, '-p', $node->port);
my %file;
for my $name (sort keys %work)
{
	my $memory = $name eq 'train in files' ? '1MB' : '64MB';
	my $session = DeepsadSession->connect_to($node);
	my $right = $session->ask("SET maintenance_work_mem = '$memory'; $work{$name}");
	$session->close;
	$file{$name} = $node->basedir . '/' . $name =~ s/ /_/gr . '.sql';
	append_to_file($file{$name}, "SET maintenance_work_mem = '$memory';\nSELECT 1 / (($work{$name}) = '$right')::int;\n");
	push @command, '-f', "$file{$name}\@$share{$name}";
}
my ($out, $err) = run_command([ @command, 'postgres' ]);
for my $name (sort keys %work)
{
	my $row = $lab->row("24 sessions: $name");
	# pgbench tells a script's transactions below its name
	my ($done) = $out =~ /\Q$file{$name}\E.*?\n\s*-\s+weight:.*?\n\s*-\s+(\d+) transactions/s;
	$row->{tries} = $row->{right} = $done // 0;
}
my $first = $lab->row('24 sessions: train');
for my $line (grep { /aborted|ERROR|FATAL|server closed/ } split /\n/, $err)
{
	diag($line);
	$first->{tries}++;
	$first->{wrong}++;
}
$lab->residues('24 sessions: train', $lab->residue);
my $segments = $lab->segments - $lab->{segments};
$lab->residues('24 sessions: train', "$segments shared segments") if $segments > 0;
note($out);
$lab->report;
$node->stop;
done_testing();
