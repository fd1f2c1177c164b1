#!/usr/bin/python3
"""scikit-learn beside deepsad on one set of tests/bench/quality: a line of measurements a seed.

usage: quality_sklearn.py FILE FOLDER NAME PROTOCOL QUICK MODE

MODE main: IsolationForest, without labels. MODE counts: gradient boosting on 5, 10, 20 known anomalies, where it takes
unlabeled rows as normal ones.
"""
import csv
import gzip
import sys
import time

import numpy as np
from sklearn.ensemble import GradientBoostingClassifier, IsolationForest
from sklearn.metrics import average_precision_score, roc_auc_score

file, folder, name, protocol, quick, mode = sys.argv[1:]
seeds = {}
for seed, part, anomaly, reveal, features in csv.reader(gzip.open(file, 'rt'), delimiter='\t'):
    train, test = seeds.setdefault(int(seed), ([], []))
    revealed = int(reveal) if anomaly == 't' and reveal != '\\N' else 0
    if part == 'test':
        test.append((features, anomaly == 't', 0))
    elif protocol == 'adbench' or anomaly == 'f' or mode == 'counts':
        train.append((features, anomaly == 't', revealed))


def matrix(rows):
    return np.array([row[0].strip('{}').split(',') for row in rows], dtype=np.float32)


def forest(train):
    """Scores of an IsolationForest that was trained on the paper's protocol or ADBench's, without labels."""
    model = IsolationForest(random_state=seed).fit(matrix(train))
    return lambda rows: -model.score_samples(rows)


def boosting(train, labeled):
    """Scores of boosted trees, the first `labeled` anomalies known."""
    # the paper's protocol leaves the other anomalies out
    rows = [row for row in train if protocol == 'adbench' or not row[1] or row[2] <= labeled]
    known = [row[1] and row[2] <= labeled for row in rows]
    model = GradientBoostingClassifier(random_state=seed, subsample=min(1.0, 10000 / len(rows))).fit(matrix(rows), known)
    return lambda rows: model.decision_function(rows)


for seed, (train, test) in sorted(seeds.items()):
    if quick == '1' and seed > 1:
        continue
    anomalies = sum(row[1] for row in train)
    label = [row[1] for row in test]
    for labeled in [0] if mode == 'main' else [5, 10, 20]:
        if labeled > anomalies:
            continue
        started = time.time()
        score_of = forest(train) if labeled == 0 else boosting(train, labeled)
        trained = time.time()
        score = score_of(matrix(test))
        took = time.time() - trained
        print(folder, protocol, name, seed, 'gradient boosting' if labeled else 'IsolationForest', labeled, 0, '\\N', labeled,
              100 * roc_auc_score(label, score), 100 * average_precision_score(label, score), 1000 * (trained - started),
              1e6 * took / len(test), sep='\t')
