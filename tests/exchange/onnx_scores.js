// Scores stored rows with ONNX Runtime and compares with the scores that the server gave them.
// usage: node onnx_scores.js FILE [ROWS A MODEL]; each line of FILE is a JSON object:
// name, onnx (base64), features (rows of numbers or null), score, and perhaps p_value, is_anomaly.
// Needs npm's onnxruntime-web in NODE_PATH. Ends with `N passed, N failed`.
'use strict';
const fs = require('fs');
const readline = require('readline');
const ort = require('onnxruntime-web');

ort.env.wasm.numThreads = 1;
ort.env.logLevel = 'error';
const tolerance = 1e-5;
let passed = 0, failed = 0, rows = 0, worst = 0, unlikePvalue = 0, unlikeDecision = 0;

// What is wrong with one model's scores, or nothing.
async function check(line) {
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
		if (!(error <= tolerance)) return `row ${i}: score ${got}, not ${expected}`;
		worst = Math.max(worst, error);
		// beside a calibration row's score the last bit may put a row on either side
		if (line.p_value && Math.abs(out.p_value.data[i] - line.p_value[i]) > 1e-12) unlikePvalue++;
		if (line.p_value && Math.abs(out.p_value.data[i] - line.p_value[i]) > 0.05) return `row ${i}: p_value ${out.p_value.data[i]}`;
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
	console.log(`${rows} rows, largest error ${worst.toExponential(2)} x max(score, 1); ` +
		`${unlikePvalue} p-values and ${unlikeDecision} decisions beside a calibration row are another`);
	if (unlikeDecision > rows / 500) { failed++; console.log('too many decisions are another'); }
	console.log(`${passed} passed, ${failed} failed`);
	process.exit(failed || !passed ? 1 : 0);
})();
