\set ON_ERROR_STOP on
\set QUIET on
\pset footer off
\pset border 1
SET client_min_messages = warning;
CREATE TABLE shoe (id integer GENERATED ALWAYS AS IDENTITY, truth text, pixels smallint[]);
\copy shoe (truth, pixels) FROM pstdin

\echo
\echo 'Pictures: Fashion-MNIST, 400 sneakers and 13 other things among them, 28 x 28 pixels each.'
\echo
\echo '    CREATE TABLE shoe_model AS SELECT deepsad_train(pixels) AS model FROM shoe;'
\echo
SELECT clock_timestamp() AS started \gset
CREATE TABLE shoe_model AS SELECT deepsad_train(pixels) AS model FROM shoe;
SELECT round(extract(epoch FROM clock_timestamp() - :'started')::numeric, 1) AS seconds \gset
\echo '    trained in' :seconds 's, without labels'
\echo
\echo 'The most anomalous:'
\echo
CREATE TABLE strange AS
SELECT row_number() OVER (ORDER BY deepsad_score(model, pixels) DESC) AS place, truth, deepsad_score(model, pixels) AS score, pixels
FROM shoe, shoe_model;
\pset tuples_only on
\pset format unaligned
SELECT string_agg(rpad(format('%s. %s, score %s', place, truth, round(score::numeric, 1)), 29), ' ' ORDER BY place) FROM strange WHERE place <= 3;
SELECT string_agg(line, ' ' ORDER BY place) FROM (
	SELECT place, row, string_agg(substr(' .:-=+*#%@', 1 + (pixels[row][col] + pixels[row + 1][col]) / 2 * 9 / 255, 1), '' ORDER BY col) || ' ' AS line
	FROM strange, generate_series(1, 27, 2) row, generate_series(1, 28) col WHERE place <= 3 GROUP BY place, row) lines
GROUP BY row ORDER BY row;
SELECT format(E'\nOf the 13 most anomalous pictures %s are no sneakers.\n', count(*) FILTER (WHERE truth <> 'sneaker')) FROM strange WHERE place <= 13;
