"""The way without deepsad, as fast as we know how to write it: COPY BINARY out through psycopg2,
parse all rows at once with numpy, score in PyTorch batches on one thread, copy the scores back.

usage: export_and_score.py ROWS FEATURES TABLE; connects as libpq's environment says.
Prints seconds: export, parse, score, write back.
"""
import io
import sys
import time

import numpy
import psycopg2
import torch

rows, features, table = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
torch.set_num_threads(1)
layers = []
for inputs, outputs in ((features, 32), (32, 16)):
    layers += [torch.nn.Linear(inputs, outputs, bias=False), torch.nn.BatchNorm1d(outputs, affine=False),
               torch.nn.LeakyReLU()]
net = torch.nn.Sequential(*layers, torch.nn.Linear(16, 8, bias=False)).eval()
center = torch.zeros(8)
connection = psycopg2.connect("")
cursor = connection.cursor()

started = time.perf_counter()
out = io.BytesIO()
cursor.copy_expert(f"COPY (SELECT id::bigint, f FROM {table}) TO STDOUT (FORMAT binary)", out)
exported = time.perf_counter()

element = numpy.dtype([("length", ">i4"), ("value", ">f4")])
row = numpy.dtype([("columns", ">i2"), ("id_length", ">i4"), ("id", ">i8"), ("length", ">i4"),
                   ("header", ">i4", 5), ("elements", element, features)])
data = numpy.frombuffer(out.getbuffer(), dtype=row, count=rows, offset=19)
ids = data["id"].astype(numpy.int64)
values = data["elements"]["value"].astype(numpy.float32)
parsed = time.perf_counter()

scores = torch.empty(rows)
with torch.no_grad():
    mean, scale = torch.zeros(features), torch.ones(features)
    x = torch.from_numpy(values)
    for start in range(0, rows, 4096):
        z = net((x[start:start + 4096] - mean) * scale)
        scores[start:start + 4096] = ((z - center) ** 2).sum(1)
scored = time.perf_counter()

back = numpy.empty(rows, dtype=[("columns", ">i2"), ("id_length", ">i4"), ("id", ">i8"),
                                ("length", ">i4"), ("score", ">f8")])
back["columns"], back["id_length"], back["length"] = 2, 8, 8
back["id"], back["score"] = ids, scores.numpy()
cursor.execute("CREATE TEMP TABLE written (id bigint, score float8)")
stream = io.BytesIO(b"PGCOPY\n\xff\r\n\0" + bytes(8) + back.tobytes() + b"\xff\xff")
cursor.copy_expert("COPY written FROM STDIN (FORMAT binary)", stream)
connection.commit()
written = time.perf_counter()
print(f"{exported - started:.4f} {parsed - exported:.4f} {scored - parsed:.4f} {written - scored:.4f}")
