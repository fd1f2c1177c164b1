"""Checks ONNX files with onnx's own checker: the lines of a file for onnx_scores.js.
Their metadata must be the JSON that the model's columns are. Ends with `N passed, N failed`."""
import base64
import json
import sys

import onnx

passed = failed = 0
for text in open(sys.argv[1], encoding="utf-8"):
    line = json.loads(text)
    try:
        model = onnx.load_from_string(base64.b64decode(line["onnx"]))
        onnx.checker.check_model(model, full_check=True)
        metadata = {entry.key: json.loads(entry.value) for entry in model.metadata_props}
        assert set(metadata) == {"threshold", "columns", "left_out"}, "other metadata"
        assert "columns" not in line or metadata["columns"] == line["columns"], "other columns"
        passed += 1
    except Exception as error:
        failed += 1
        print(f"{line['name']}: {error}")
print(f"{passed} passed, {failed} failed")
sys.exit(failed > 0 or passed == 0)
