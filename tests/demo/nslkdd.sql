-- NSL-KDD's network connections: 41 columns, three of them text; attack 'normal' is none
CREATE TABLE connection (
	duration integer, protocol_type text, service text, flag text, src_bytes bigint, dst_bytes bigint, land integer,
	wrong_fragment integer, urgent integer, hot integer, num_failed_logins integer, logged_in integer,
	num_compromised integer, root_shell integer, su_attempted integer, num_root integer, num_file_creations integer,
	num_shells integer, num_access_files integer, num_outbound_cmds integer, is_host_login integer,
	is_guest_login integer, count integer, srv_count integer, serror_rate float8, srv_serror_rate float8,
	rerror_rate float8, srv_rerror_rate float8, same_srv_rate float8, diff_srv_rate float8, srv_diff_host_rate float8,
	dst_host_count integer, dst_host_srv_count integer, dst_host_same_srv_rate float8, dst_host_diff_srv_rate float8,
	dst_host_same_src_port_rate float8, dst_host_srv_diff_host_rate float8, dst_host_serror_rate float8,
	dst_host_srv_serror_rate float8, dst_host_rerror_rate float8, dst_host_srv_rerror_rate float8,
	attack text, difficulty integer);
CREATE TABLE later_connection (LIKE connection);
\copy connection FROM PROGRAM 'zcat tests/demo/nslkdd-train.csv.gz' CSV
\copy later_connection FROM PROGRAM 'zcat tests/demo/nslkdd-test.csv.gz' CSV
-- what somebody would have: normal rows, unlabeled, and 117 attacks (1 %) that are known to be attacks
CREATE TABLE known_connection AS
	SELECT c.*, CASE WHEN attack <> 'normal' THEN true END AS is_attack
	FROM (SELECT *, row_number() OVER (PARTITION BY attack = 'normal' ORDER BY md5(connection::text)) AS place FROM connection) c
	WHERE attack = 'normal' OR place <= 117;
ALTER TABLE known_connection DROP COLUMN attack, DROP COLUMN difficulty, DROP COLUMN place;
