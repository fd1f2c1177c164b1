-- What tests/bench/sample measures with.
CREATE EXTENSION deepsad;

-- 2,000 keys; key i comes 1 + i % 9 times, and its first copy is at place i
CREATE TABLE keys AS SELECT i, 1 + i % 9 AS copies, i % 4 AS part, i % 10 = 0 AS kind FROM generate_series(0, 1999) i;
CREATE TABLE copies AS SELECT keys.*, n FROM keys, LATERAL generate_series(1, copies) n;

CREATE TABLE drawn (seed int, i int, copies int, part int, kind boolean, count bigint);

CREATE FUNCTION draw(seeds int) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	IF EXISTS (SELECT FROM drawn) THEN
		RETURN;
	END IF;
	FOR s IN 1..seeds LOOP
		INSERT INTO drawn SELECT s, keys.i, keys.copies, keys.part, keys.kind, e.count
		FROM deepsad_sample_rows((SELECT deepsad_sample(f, NULL, jsonb_build_object('max_rows', 200, 'seed', s), f.i::text) FROM copies, LATERAL (SELECT i) f)) e
		JOIN keys ON keys.i = e.key::int;
	END LOOP;
END $$;

-- chi-squared of how often keys of each class were drawn; draws without replacement vary less by (1 - 200/2000)
CREATE FUNCTION uniformity(seeds int) RETURNS TABLE (class_of text, chi numeric, freedom int, critical numeric) LANGUAGE plpgsql AS $$
DECLARE
	class text;
	classes text[] := ARRAY['position', 'i / 100', 'partition', 'part', 'kind', 'kind::int', 'copies', 'copies'];
BEGIN
	PERFORM draw(seeds);
	FOR n IN 0..3 LOOP
		class_of := classes[2 * n + 1];
		class := classes[2 * n + 2];
		EXECUTE format('SELECT round(sum((got - wanted) ^ 2 / wanted)::numeric / (1 - 200 / 2000.0), 1), count(*)::int - 1 FROM (
			SELECT count(d.i)::float8 AS got, (count(DISTINCT k.i) * %s * 200 / 2000.0)::float8 AS wanted
			FROM keys k LEFT JOIN drawn d USING (i) GROUP BY k.%s) q', seeds,
			CASE class WHEN 'i / 100' THEN 'i / 100' ELSE class END) INTO chi, freedom;
		-- Wilson and Hilferty's approximation
		critical := round(freedom * (1 - 2 / (9.0 * freedom) + 3.0902 * sqrt(2 / (9.0 * freedom))) ^ 3, 1);
		RETURN NEXT;
	END LOOP;
END $$;

CREATE FUNCTION multiplicity(seeds int, OUT sample numeric, OUT table_mean numeric) LANGUAGE sql AS $$
	SELECT (SELECT avg(count) FROM drawn), (SELECT avg(copies) FROM keys)
$$;

CREATE FUNCTION seconds(query text, workers int) RETURNS numeric LANGUAGE plpgsql AS $$
DECLARE
	started timestamptz;
	best float8 := 'inf';
BEGIN
	PERFORM set_config('max_parallel_workers_per_gather', workers::text, true);
	FOR i IN 1..3 LOOP
		started := clock_timestamp();
		EXECUTE query;
		best := least(best, extract(epoch FROM clock_timestamp() - started));
	END LOOP;
	RETURN round(best::numeric, 2);
END $$;

CREATE FUNCTION collecting(sample text, base text, source text, OUT base_seconds numeric, OUT serial numeric, OUT times numeric, OUT parallel numeric, OUT speedup numeric)
LANGUAGE plpgsql AS $$
BEGIN
	SET LOCAL parallel_setup_cost = 0;
	SET LOCAL parallel_tuple_cost = 0;
	base_seconds := seconds(format('SELECT %s FROM %s', base, source), 0);
	serial := seconds(format('SELECT %s FROM %s', sample, source), 0);
	parallel := seconds(format('SELECT %s FROM %s', sample, source), 1);
	times := round(serial / base_seconds, 2);
	speedup := round(serial / parallel, 2);
END $$;
