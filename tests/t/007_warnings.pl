# What training has to say when a model is not worth much.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('warnings');
$node->init;
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION deepsad');

# Anomalies in the middle of everything, and labels that are not learned from.
my ($status, $out, $err) = $node->psql('postgres', <<'SQL');
SELECT deepsad_train(ARRAY[(i % 13 - 6) * (i % 4), (i % 17 - 8) * (i % 4)], i % 4 = 0,
	'{"validation": 0.5, "eta": 0, "members": 1}') IS NOT NULL FROM generate_series(1, 2000) i;
SQL
is($status, 0, 'the model is there');
like($err, qr/WARNING:  training did not help: on held-out rows ROC AUC is 0\.\d{3} \(0\.\d{3} to 0\.\d{3}\), 0\.\d{3} for untrained networks, 0\.\d{3} for the distance/, 'but did not help');

# Anomalies far out: nothing to say.
($status, $out, $err) = $node->psql('postgres', <<'SQL');
SELECT deepsad_train(ARRAY[(i % 13 - 6) * CASE WHEN i % 10 = 0 THEN 9 ELSE 1 END, (i % 17 - 8)], i % 10 = 0,
	'{"validation": 0.5, "members": 1}') IS NOT NULL FROM generate_series(1, 2000) i;
SQL
is($err, '', 'a good model has no warning');

$node->stop;
done_testing();
