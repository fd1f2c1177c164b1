#!/usr/bin/python3
"""scikit-learn on windows of series: lines of method, series, seed, which windows are judged, ROC AUC.

usage: series_sklearn.py FILE SEEDS    (FILE: series, whether the window trains, anomaly, in the earlier half of the
anomalous ones, in the later half, readings)
"""
import itertools
import sys

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier, IsolationForest, RandomForestClassifier
from sklearn.metrics import roc_auc_score
from sklearn.neighbors import NearestNeighbors
from sklearn.preprocessing import StandardScaler

rows = (line.rstrip('\n').split('\t') for line in open(sys.argv[1]))
for name, part in itertools.groupby(rows, lambda row: row[0]):
    part = list(part)
    chosen = np.array([row[1] == 't' for row in part])
    label = np.array([row[2] == 't' for row in part])
    earlier = np.array([row[3] == 't' for row in part])
    later = np.array([row[4] == 't' for row in part])
    windows = np.array([[float(x) for x in row[5][1:-1].split(',')] for row in part])
    judged = later | ~label
    scaled = StandardScaler().fit(windows[chosen]).transform(windows)
    # a window that trains is its own nearest neighbor
    distance = NearestNeighbors(n_neighbors=11).fit(scaled[chosen]).kneighbors(scaled)[0]
    near = np.where(chosen, distance[:, 10], distance[:, 9])
    for seed in range(1, int(sys.argv[2]) + 1):
        forest = IsolationForest(random_state=seed).fit(windows[chosen])
        print('IsolationForest', name, seed, 'all', roc_auc_score(label, -forest.score_samples(windows)), sep='\t')
        print('tenth nearest neighbor', name, seed, 'all', roc_auc_score(label, near), sep='\t')
        for method, classifier in (('gradient boosting, half labeled', HistGradientBoostingClassifier(random_state=seed)),
                                   ('random forest, half labeled', RandomForestClassifier(random_state=seed))):
            if later.any() and earlier[chosen].any():
                probability = classifier.fit(windows[chosen], earlier[chosen]).predict_proba(windows[judged])[:, 1]
                print(method, name, seed, 'later half', roc_auc_score(label[judged], probability), sep='\t')
