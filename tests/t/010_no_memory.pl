# Out of memory at the n-th request of a process for memory, in every function: a clean error or the right result.
# LLVM ends a session that lacks memory: no JIT here.
# DEEPSAD_ROUNDS (4) says how many requests of each function fail, one at a time.
use strict;
use warnings;
use Cwd qw(abs_path);
use File::Basename qw(dirname);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use DeepsadLaboratory qw($tables %statement);
use DeepsadSession;

my $rounds = $ENV{DEEPSAD_ROUNDS} || 4;
my $seed = $ENV{DEEPSAD_SEED} || time;
srand($seed);
note("seed $seed");

my $node = PostgreSQL::Test::Cluster->new('main');
my $library = abs_path($node->basedir) . '/fail_malloc.so';
my ($include) = `pg_config --includedir-server` =~ /(.*)/;
system('gcc', '-O1', '-shared', '-fPIC', "-I$include", abs_path(dirname(__FILE__)) . '/fail_malloc.c', '-o', $library) == 0
	or plan skip_all => 'the server\'s headers and gcc are not there';
$node->init;
$node->append_conf('postgresql.conf', "fsync = off\njit = off\nmax_parallel_workers_per_gather = 0\ndynamic_shared_memory_type = mmap");
{
	local $ENV{LD_PRELOAD} = $library;
	$node->start;
}
$node->safe_psql('postgres', "CREATE FUNCTION fail_malloc(bigint) RETURNS void LANGUAGE c STRICT AS '$library';
	CREATE FUNCTION mallocs() RETURNS bigint LANGUAGE c STRICT AS '$library'");
$node->safe_psql('postgres', $tables);
# small, so that there is time for many
$node->safe_psql('postgres', 'DELETE FROM t WHERE id > 600; VACUUM t');
my $lab = DeepsadLaboratory->new($node);
my $kind = 'out of memory';
my @there = split /\n/, $lab->{control}->ask(q{SELECT DISTINCT proname FROM pg_proc p JOIN pg_depend d ON d.objid = p.oid
	AND d.classid = 'pg_proc'::regclass AND d.deptype = 'e' WHERE proname LIKE 'deepsad%' ORDER BY 1});

# The loader and OpenSSL have words of their own for it.
my $clean = qr/out of memory|cannot allocate|could not load library|could not initialize \w+ context/i;

# Few calls of each, since one is like the other.
sub short
{
	my ($name) = @_;
	return $statement{$name} =~ s/(generate_series\(1, )\d+/${1}30/r;
}

for my $name (@there)
{
	next unless $statement{$name};
	my $sql = short($name);
	my $session = DeepsadSession->connect_to($node);
	$session->ask("SET client_min_messages = error; BEGIN; $sql; ROLLBACK");
	$session->ask('BEGIN');
	my $before = $session->ask('SELECT mallocs()');
	my $right = $session->ask($sql);
	my $requests = $session->ask('SELECT mallocs()') - $before;
	$session->ask('ROLLBACK');
	for my $round (1 .. $rounds)
	{
		# a new session asks for more, and in other places
		my $new = rand() < 0.5;
		if ($new)
		{
			$lab->end_session($kind, $session);
			$session = DeepsadSession->connect_to($node);
		}
		my $nth = 1 + int(rand($requests + ($new ? 60 : 1)));
		$session->ask('SET client_min_messages = error; BEGIN; SELECT mallocs()');
		$session->send_sql("SELECT fail_malloc($nth);\n$sql;\nSELECT fail_malloc(0)");
		my $got = $session->await =~ s/^\n|\n$//gr;
		my $error = $session->{err};
		$session->ask('ROLLBACK; SELECT fail_malloc(0)');
		$session->{err} = $error;
		$lab->judge("$kind", $session, $got, $right, $clean);
		diag("$name, request $nth of $requests: $error") if $error ne '' and $error !~ $clean;
		$lab->goes_on($kind, $session);
	}
	$lab->end_session($kind, $session);
}
$lab->report;
$node->stop;
done_testing();
