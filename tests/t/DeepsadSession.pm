# A psql that stays connected, and can be sent SQL without waiting for it.
package DeepsadSession;
use strict;
use warnings;
use IPC::Run;

# Connects to a node's database postgres, as a user or as the usual one.
sub connect_to
{
	my ($class, $node, $user) = @_;
	my $to = $node->connstr('postgres') . (defined $user ? " user=$user" : '');
	my $s = bless { in => '', out => '', err => '', markers => 0 }, $class;
	$s->{psql} = IPC::Run::start([ 'psql', '-X', '-q', '-A', '-t', '-d', $to ], '<', \$s->{in}, '>', \$s->{out}, '2>', \$s->{err},
		IPC::Run::timeout(7200));
	$s->{pid} = $s->ask('SELECT pg_backend_pid()');
	return $s;
}

# Sends SQL without waiting.
sub send_sql
{
	my ($s, $sql) = @_;
	$s->{markers}++;
	$s->{out} = '';
	$s->{err} = '';
	$s->{in} .= "$sql;\n\\echo marker $s->{markers}\n\\warn marker $s->{markers}\n";
	$s->{psql}->pump_nb;
}

# Waits for what was sent; the output. Both streams end with a marker: one may be read before what the other had earlier.
sub await
{
	my ($s) = @_;
	my $marker = qr/marker $s->{markers}\n/;
	eval { $s->{psql}->pump until ($s->{out} =~ $marker and $s->{err} =~ $marker) or !$s->{psql}->pumpable; };
	my $out = $s->{out};
	$out =~ s/\n?$marker//;
	$s->{err} =~ s/$marker//;
	return $out;
}

# Sends SQL and waits; the output.
sub ask
{
	my ($s, $sql) = @_;
	$s->send_sql($sql);
	return $s->await;
}

# Ends the connection.
sub close
{
	my ($s) = @_;
	$s->{in} .= "\\q\n";
	eval { $s->{psql}->finish };
}

1;
