-- the extension installs (the test driver may have done so), every object of it has a comment, and it can be moved and dropped
DROP EXTENSION IF EXISTS deepsad;
CREATE EXTENSION deepsad;
CREATE SCHEMA elsewhere;
ALTER EXTENSION deepsad SET SCHEMA elsewhere;
ALTER EXTENSION deepsad SET SCHEMA public;
DROP SCHEMA elsewhere;
SELECT pg_describe_object(classid, objid, 0) AS without_comment
FROM pg_depend
WHERE refclassid = 'pg_extension'::regclass AND deptype = 'e'
	AND refobjid = (SELECT oid FROM pg_extension WHERE extname = 'deepsad')
	AND obj_description(objid, classid::regclass::text) IS NULL
	-- since PostgreSQL 17 types that come with others are members too; they take no comment of their own
	AND NOT (classid = 'pg_type'::regclass AND objid IN (SELECT typarray FROM pg_type UNION SELECT oid FROM pg_type WHERE typtype = 'c'))
ORDER BY 1;
DROP EXTENSION deepsad;
CREATE EXTENSION deepsad;
-- training and scoring functions that may run in parallel plans, and those that may be in an index
SELECT proname, provolatile, proparallel, proisstrict, prokind
FROM pg_proc p JOIN pg_depend d ON d.objid = p.oid AND d.classid = 'pg_proc'::regclass AND d.deptype = 'e'
WHERE d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'deepsad')
ORDER BY proname, pronargs;
SELECT deepsad_build_info() ->> 'version' AS version, deepsad_build_info() -> 'openblas' ->> 'in_use' AS blas_in_use;
-- a library of one version and SQL objects of another: an error, in a new session and after functions have changed
SELECT oid, extversion FROM pg_extension WHERE extname = 'deepsad' \gset
BEGIN;
UPDATE pg_extension SET extversion = '0.0' WHERE oid = :oid;
CREATE FUNCTION other_function() RETURNS int LANGUAGE sql AS 'SELECT 1';
SELECT deepsad_options();
ROLLBACK;
UPDATE pg_extension SET extversion = '9.9' WHERE oid = :oid;
\c -
SELECT deepsad_options();
SELECT deepsad_train(ARRAY[1, 2]);
SELECT deepsad_score('\x'::bytea, ARRAY[1, 2]);
SELECT deepsad_info('\x'::bytea);
SELECT deepsad_roc_auc(1, true);
SELECT deepsad_sample(ARRAY[1, 2]);
SELECT deepsad_merge(NULL);
UPDATE pg_extension SET extversion = :'extversion' WHERE oid = :oid;
SELECT deepsad_options() IS NOT NULL AS agree_again;
