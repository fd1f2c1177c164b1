# A library of one version and SQL objects of another: each function says so, and none crashes; the same for a library that
# lacks a function of the SQL objects.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use DeepsadLaboratory qw($tables %statement);
use DeepsadSession;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', "fsync = off\njit = off");
$node->start;
$node->safe_psql('postgres', $tables);
$node->safe_psql('postgres', q{DELETE FROM t WHERE id > 1000});
my @there = split /\n/, $node->safe_psql('postgres', q{SELECT DISTINCT proname FROM pg_proc p JOIN pg_depend d ON d.objid = p.oid
	AND d.classid = 'pg_proc'::regclass AND d.deptype = 'e' WHERE proname LIKE 'deepsad%' ORDER BY 1});

# SQL objects of an older major version and newer ones; each function in a session of its own, and all in one that was connected before.
for my $version ('0.1', '1.1')
{
	my $before = DeepsadSession->connect_to($node);
	$before->ask('SELECT deepsad_options()');
	$node->safe_psql('postgres', "UPDATE pg_extension SET extversion = '$version' WHERE extname = 'deepsad'");
	$node->safe_psql('postgres', 'CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql AS $$SELECT 1$$');
	for my $name (@there)
	{
		my $sql = ($statement{$name} // "SELECT $name()") =~ s/(generate_series\(1, )\d+/${1}20/r;
		for my $session (DeepsadSession->connect_to($node), $before)
		{
			$session->ask($sql);
			like($session->{err}, qr/^ERROR:  the library of deepsad is version \S+, the extension in this database is version \Q$version\E/,
				"$name, SQL objects $version, " . ($session == $before ? 'connected before' : 'new session'));
			$session->close if $session != $before;
		}
	}
	$before->close;
}

# SQL objects that name a function which an older library has not.
my ($status, $out, $err) = $node->psql('postgres', q{CREATE FUNCTION later(bytea) RETURNS int LANGUAGE c AS '$libdir/deepsad', 'deepsad_of_later'});
like($err, qr/could not find function "deepsad_of_later" in file/, 'a function that the library lacks');
is($node->safe_psql('postgres', 'SELECT 1'), '1', 'the server is well');
$node->stop;
done_testing();
