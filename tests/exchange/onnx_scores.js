// Scores stored rows with ONNX Runtime and compares with the scores that the server gave them.
// usage: node onnx_scores.js FILE; each line of FILE is a JSON object:
// name, onnx (base64), features (rows of numbers or null), score, and perhaps pvalue, is_anomaly, and
// ties: rows score as calibration rows do, so their p-values are not compared.
// Needs npm's onnxruntime-web in NODE_PATH. Ends with `N passed, N failed`.
'use strict';
const fs = require('fs');
const readline = require('readline');
const ort = require('onnxruntime-web');

ort.env.wasm.numThreads = 1;
ort.env.logLevel = 'error';
const tolerance = 1e-5;
const far = 1000; // a score
let passed = 0, failed = 0, rows = 0, worst = 0, unlikePvalue = 0, unlikeDecision = 0;

// What is wrong with one model's scores, or nothing.
async function check(line) {
	// rows that were NULL as a whole
	const known = line.features.map(row => row !== null);
	for (const key of ['features', 'score', 'pvalue', 'is_anomaly'])
		if (line[key]) line[key] = line[key].filter((_, i) => known[i]);
	const session = await ort.InferenceSession.create(Buffer.from(line.onnx, 'base64'));
	const count = line.features.length;
	const width = line.features[0].length;
	const values = Float64Array.from(line.features.flat(), value => value === null ? NaN : Number(value));
	const out = await session.run({ features: new ort.Tensor('float64', values, [count, width]) });
	await session.release();
	for (const name of Object.keys(out))
		if (String(out[name].dims) !== `${count},1`) return `${name} has shape ${out[name].dims}`;
	for (let i = 0; i < count; i++) {
		const expected = Number(line.score[i]);
		const got = out.score.data[i];
		const error = got === expected ? 0 : Math.abs(got - expected) / Math.max(expected, 1);
		// far from all training rows sums of floats lose digits, in the server too
		if (!(error <= (expected > far ? 10 : 1) * tolerance)) return `row ${i}: score ${got}, not ${expected}`;
		if (expected <= far) worst = Math.max(worst, error);
		if (line.pvalue && !(out.pvalue.data[i] > 0 && out.pvalue.data[i] <= 1)) return `row ${i}: pvalue ${out.pvalue.data[i]}`;
		// where a row scores as a calibration row does, the last bit decides
		if (line.pvalue && !line.ties && Math.abs(out.pvalue.data[i] - line.pvalue[i]) > 1e-12) unlikePvalue++;
		if (line.is_anomaly && Boolean(out.is_anomaly.data[i]) !== line.is_anomaly[i]) unlikeDecision++;
	}
	rows += count;
	return '';
}

(async () => {
	for await (const text of readline.createInterface({ input: fs.createReadStream(process.argv[2]) })) {
		const line = JSON.parse(text);
		let wrong;
		try { wrong = await check(line); } catch (error) { wrong = String(error); }
		if (wrong) { failed++; console.log(`${line.name}: ${wrong}`); } else passed++;
	}
	console.log(`${rows} rows, largest error of scores up to ${far}: ${worst.toExponential(2)} x max(score, 1); ` +
		`${unlikePvalue} p-values and ${unlikeDecision} decisions are another`);
	if (unlikePvalue > rows / 500 || unlikeDecision > rows / 500) { failed++; console.log('too many p-values or decisions are another'); }
	console.log(`${passed} passed, ${failed} failed`);
	process.exit(failed || !passed ? 1 : 0);
})();
