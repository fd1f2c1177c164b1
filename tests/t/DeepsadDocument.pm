# Runs the SQL blocks of a document on several servers: a block's first line says where, "-- here" or "-- on each node".
# A ```text block behind a block is what psql prints for it.
package DeepsadDocument;
use strict;
use warnings;
use IPC::Run;
use Test::More;

# The blocks: [where, SQL, output or undef], in order.
sub blocks
{
	my ($file) = @_;
	open(my $in, '<', $file) or die "$file: $!";
	my $all = do { local $/; <$in> };
	my @blocks;
	while ($all =~ /^```sql\n-- (here|on each node)\n(.*?)^```\n(?:\n```text\n(.*?)^```\n)?/gms) { push @blocks, [ $1, $2, $3 ]; }
	return @blocks;
}

# Widths of columns do not count.
sub plain
{
	my ($text) = @_;
	$text =~ s/^-[-+]*$//gm;
	$text =~ s/[ \t]+/ /g;
	$text =~ s/^ | $//gm;
	$text =~ s/\n+/\n/g;
	return $text;
}

# Runs SQL as psql shows it: (exit code, output, errors).
sub psql
{
	my ($node, $sql) = @_;
	my ($out, $err) = ('', '');
	IPC::Run::run([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr('postgres') ], '<', \$sql, '>', \$out, '2>', \$err);
	return ($?, $out, $err);
}

# One test a block, and one an output.  change->(SQL) gives what is run; plans: whether outputs of EXPLAIN are compared.
sub run
{
	my ($file, $here, $nodes, $change, $plans) = @_;
	my $settings = '';
	my $number = 0;
	for my $block (blocks($file))
	{
		my ($where, $sql, $expected) = @$block;
		$number++;
		for my $node ($where eq 'here' ? $here : @$nodes)
		{
			my ($code, $out, $err) = psql($node, $settings . $change->($sql));
			is($code, 0, "$file: block $number") or diag("$sql\n$err");
			next unless defined $expected and ($plans or $sql !~ /EXPLAIN/);
			is(plain($out), plain($expected), "$file: output of block $number") or diag($out);
		}
		$settings .= join '', map { "$_\n" } $sql =~ /^(SET .*;)$/gm if $where eq 'here';
	}
	return $number;
}

1;
