#!/usr/bin/python3
"""scikit-learn on the embeddings: lines of method, percent of known anomalies (0: knows none), category, seed, ROC AUC and
average precision on test rows without copies, then on all (\\N: test rows of one kind).

usage: embeddings_sklearn.py DIRECTORY SEEDS
"""
import collections
import gzip
import math
import sys

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier, IsolationForest
from sklearn.metrics import average_precision_score, roc_auc_score
from sklearn.neighbors import NearestNeighbors


def lines(name):
    return (line.rstrip('\n').split('\t') for line in gzip.open(f'{sys.argv[1]}/{name}', 'rt'))


pictures = {(category, number): (anomaly == 't', [float(x) for x in features[1:-1].split(',')])
            for category, number, anomaly, features in lines('mvtec.tsv.gz')}
splits = collections.defaultdict(list)
for category, seed, part, reveal, number in lines('mvtec_split.tsv.gz'):
    splits[category, int(seed)].append((part == 'train', 0 if reveal == r'\N' else int(reveal), number))


def measures(label, score):
    return (roc_auc_score(label, score), average_precision_score(label, score)) if 0 < label.sum() < len(label) else (r'\N', r'\N')


for (category, seed), rows in sorted(splits.items()):
    if seed > int(sys.argv[2]):
        continue
    train = np.array([row[0] for row in rows])
    reveal = np.array([row[1] for row in rows])[train]
    numbers = {row[2] for row in rows if row[0]}
    fresh = np.array([row[2] not in numbers for row in rows])[~train]
    label, features = (np.array(x) for x in zip(*(pictures[category, row[2]] for row in rows)))
    known, test, label = features[train], features[~train], label[~train]

    def report(method, percent, score):
        print(method, percent, category, seed, *measures(label[fresh], score[fresh]), *measures(label, score), sep='\t')

    report('IsolationForest', 0, -IsolationForest(random_state=seed).fit(known).score_samples(test))
    for k in 1, 5, 10:
        report(f'nearest neighbors, k = {k}', 0, NearestNeighbors(n_neighbors=k).fit(known).kneighbors(test)[0][:, -1])
    for percent in 1, 5, 10:
        anomaly = (reveal > 0) & (reveal <= math.ceil(percent * reveal.max() / 100))
        boosting = HistGradientBoostingClassifier(random_state=seed).fit(known, anomaly)
        report('gradient boosting', percent, boosting.predict_proba(test)[:, 1])
