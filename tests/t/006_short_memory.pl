# Address space that runs out around OpenBLAS's buffer, which it would wait for for ever: trainings end,
# by themselves or with an error that says so, and the session goes on.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use DeepsadSession;
use Test::More;

plan skip_all => 'prlimit is not installed' if system('command -v prlimit >/dev/null') != 0;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->start;
$node->safe_psql('postgres', q{
	CREATE EXTENSION deepsad;
	CREATE TABLE t AS SELECT ARRAY[sin(i), cos(i), sin(i * i)] AS x FROM generate_series(1, 64) i;
});
# products so large that every kind of CPU gives them to OpenBLAS
my $train = q{SELECT length(deepsad_train(x, NULL, '{"members": 1, "pretrain_epochs": 0, "epochs": 1, "hidden": [3000, 3000], "batch_size": 64}')) > 0 FROM t};

my %ended;
for my $megabytes (60, 150, 200, 250, 300, 350, 400, 450, 1500)
{
	my $s = DeepsadSession->connect_to($node);
	$s->ask(q{SET maintenance_work_mem = '2047MB'; SET statement_timeout = '60s'});
	my ($size) = slurp_file("/proc/$s->{pid}/status") =~ /VmSize:\s+(\d+) kB/;
	system('prlimit', "--pid=$s->{pid}", '--as=' . ($size * 1024 + $megabytes * 1024 * 1024)) == 0 or die 'prlimit failed';
	my $trained = $s->ask($train);
	my $how = $trained eq 't' ? 'trained' : $s->{err} =~ /out of memory/ ? 'out of memory' : "something else: $s->{err}";
	my $blas = $s->ask(q{SELECT deepsad_build_info() -> 'openblas' ->> 'in_use'});
	note("$megabytes MB: $how, OpenBLAS in use: $blas");
	like($how, qr/^(trained|out of memory)$/, "with $megabytes MB the training ends");
	$ended{$how eq 'trained' ? "trained, OpenBLAS $blas" : $how} = 1;
	is($s->ask('SELECT 1'), '1', 'and the session goes on');
	$s->close;
}
ok($ended{'out of memory'}, 'too little memory was tried');
SKIP:
{
	skip 'OpenBLAS is not installed', 2 unless $ended{'trained, OpenBLAS true'};
	ok($ended{'trained, OpenBLAS true'}, 'so was enough for OpenBLAS');
	ok($ended{'trained, OpenBLAS false'}, 'and enough for the training alone');
}
$node->stop;
done_testing();
