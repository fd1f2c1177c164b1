# doc/distributed.md, block by block, on three servers.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use DeepsadDocument;
use Test::More;

my ($here, @nodes) = map { PostgreSQL::Test::Cluster->new($_) } qw(here node1 node2);
for ($here, @nodes)
{
	$_->init;
	$_->start;
}
plan skip_all => 'postgres_fdw is not installed'
	if $here->safe_psql('postgres', q{SELECT count(*) FROM pg_available_extensions WHERE name = 'postgres_fdw'}) eq '0';
my $version = $here->safe_psql('postgres', 'SHOW server_version_num');
$here->safe_psql('postgres', 'CREATE EXTENSION deepsad');
# plans are those of 14 to 16
DeepsadDocument::run('doc/distributed.md', $here, \@nodes, sub {
	my ($sql) = @_;
	$sql =~ s/host 'node(\d)'/"host '" . $nodes[$1 - 1]->host . "', port '" . $nodes[$1 - 1]->port . "'"/ge;
	$sql =~ s/, async_capable 'true'//g if $version < 140000;
	return $sql;
}, $version >= 140000 && $version < 170000);
is($here->safe_psql('postgres', 'SELECT count(*) FROM payment WHERE score IS NULL'), '0', 'all rows of all servers are scored');
$_->stop for $here, @nodes;
done_testing();
