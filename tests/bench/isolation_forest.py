#!/usr/bin/python3
"""scikit-learn's IsolationForest on one set of tests/bench/quality, without labels: a line of measurements a seed.

usage: isolation_forest.py FILE FOLDER NAME PROTOCOL QUICK
"""
import csv
import gzip
import sys
import time

import numpy as np
from sklearn.ensemble import IsolationForest
from sklearn.metrics import average_precision_score, roc_auc_score

file, folder, name, protocol, quick = sys.argv[1:]
seeds = {}
for seed, part, anomaly, reveal, features in csv.reader(gzip.open(file, 'rt'), delimiter='\t'):
    train, test = seeds.setdefault(int(seed), ([], []))
    if part == 'test':
        test.append((features, anomaly == 't'))
    elif protocol == 'adbench' or anomaly == 'f':	# the paper's protocol: no unlabeled anomalies
        train.append((features, anomaly == 't'))


def matrix(rows):
    return np.array([row[0].strip('{}').split(',') for row in rows], dtype=np.float32)


for seed, (train, test) in sorted(seeds.items()):
    if quick == '1' and seed > 1:
        continue
    started = time.time()
    forest = IsolationForest(random_state=seed).fit(matrix(train))
    trained = time.time()
    score = -forest.score_samples(matrix(test))
    took = time.time() - trained
    label = [row[1] for row in test]
    print(folder, protocol, name, seed, 'IsolationForest', 0, 0, '\\N', 0, 100 * roc_auc_score(label, score),
          100 * average_precision_score(label, score), 1000 * (trained - started), 1e6 * took / len(test), sep='\t')
