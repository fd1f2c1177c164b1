-- A histogram of p-values of normal test rows, every set and seed weighing the same, as SVG: by split and by cross calibration.
\pset format unaligned
\pset tuples_only on
CREATE VIEW bar AS
SELECT method, bin, avg(n::float8 / normals) AS share, count(DISTINCT name) AS sets
FROM result, unnest(bins) WITH ORDINALITY b (n, bin) GROUP BY method, bin;
SELECT '<svg xmlns="http://www.w3.org/2000/svg" width="720" height="260" font-family="sans-serif" font-size="12">
<rect width="720" height="260" fill="white"/>';
SELECT format('<g transform="translate(%s,0)">
<text x="160" y="22" text-anchor="middle" font-size="14">%s calibration, %s sets</text>', left_edge, method, max(sets))
	|| string_agg(format('<rect x="%s" y="%s" width="14" height="%s" fill="#4a7fb5"/>', 2 + 16 * (bin - 1), to_char(220 - 1800 * share, 'FM990.0'), to_char(1800 * share, 'FM990.0')), E'\n' ORDER BY bin)
	|| '<line x1="0" x2="320" y1="130" y2="130" stroke="#c33" stroke-dasharray="4 3"/>
<text x="322" y="134" fill="#c33">5 %</text>
<line x1="0" x2="320" y1="220" y2="220" stroke="black"/>
<text x="0" y="236">0</text><text x="160" y="236" text-anchor="middle">0.5</text><text x="320" y="236" text-anchor="end">1</text>
<text x="160" y="254" text-anchor="middle">p-value of a normal test row</text>
</g>'
FROM (SELECT *, CASE method WHEN 'split' THEN 10 ELSE 370 END AS left_edge FROM bar) b GROUP BY method, left_edge ORDER BY left_edge;
SELECT '</svg>';
