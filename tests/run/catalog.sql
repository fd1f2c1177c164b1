-- Every object of extension deepsad in this database, and all that makes it what it is: a line each.
SELECT pg_describe_object(d.classid, d.objid, 0) || ' ' || concat_ws(' ', obj_description(d.objid, c.relname), CASE c.relname
	WHEN 'pg_proc' THEN (SELECT concat_ws(' ', pg_get_function_arguments(p.oid), pg_get_function_result(p.oid), prokind, prosrc, probin, prolang, procost, prorows, provolatile, proparallel, proisstrict,
		prosecdef, proleakproof, prosupport, proconfig, proacl) FROM pg_proc p WHERE p.oid = d.objid)
	WHEN 'pg_type' THEN (SELECT concat_ws(' ', typlen, typbyval, typtype, typcategory, typispreferred, typdelim, typinput, typoutput, typreceive, typsend, typmodin, typmodout, typanalyze, typalign, typstorage,
		typnotnull, typbasetype::regtype, typcollation, typdefault, typacl, (SELECT string_agg(conname || pg_get_constraintdef(k.oid), ' ' ORDER BY conname) FROM pg_constraint k WHERE contypid = t.oid),
		(SELECT string_agg(attname || format_type(atttypid, atttypmod), ' ' ORDER BY attnum) FROM pg_attribute WHERE attrelid = t.typrelid AND attnum > 0)) FROM pg_type t WHERE t.oid = d.objid)
	WHEN 'pg_class' THEN (SELECT concat_ws(' ', relkind, reloptions, relacl, pg_get_viewdef(r.oid)) FROM pg_class r WHERE r.oid = d.objid) END,
	(SELECT concat_ws(' ', aggkind, aggtransfn, aggfinalfn, aggcombinefn, aggserialfn, aggdeserialfn, aggmtransfn, aggminvtransfn, aggmfinalfn, aggfinalextra, aggmfinalextra, aggfinalmodify, aggmfinalmodify,
		aggsortop, aggtranstype::regtype, aggtransspace, aggmtranstype, aggmtransspace, agginitval, aggminitval) FROM pg_aggregate WHERE aggfnoid = d.objid AND c.relname = 'pg_proc'))
FROM pg_depend d JOIN pg_class c ON c.oid = d.classid
WHERE d.refclassid = 'pg_extension'::regclass AND d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'deepsad') AND d.deptype = 'e' ORDER BY 1;
