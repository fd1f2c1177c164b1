#!/usr/bin/python3
"""scikit-learn on NSL-KDD with one-hot columns, without labels: lines of method, ROC AUC, AP, ROC AUC of novel attack types.

usage: rows_sklearn.py LEFT_IN    (true: attacks stay among the training rows)
"""
import csv
import gzip
import sys

import numpy as np
from sklearn.ensemble import IsolationForest
from sklearn.metrics import average_precision_score, roc_auc_score
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.svm import OneClassSVM


def load(name):
    rows = list(csv.reader(gzip.open(f'tests/demo/nslkdd-{name}.csv.gz', 'rt')))
    attack = np.array([row[41] for row in rows])
    return np.array([row[1:4] for row in rows]), np.array([row[:1] + row[4:41] for row in rows], dtype=float), attack


categories, numbers, attack = load('train')
test_categories, test_numbers, test_attack = load('test')
kept = np.full(len(attack), True) if sys.argv[1] == 'true' else attack == 'normal'
one_hot = OneHotEncoder(handle_unknown='ignore').fit(categories[kept])
scaler = StandardScaler().fit(numbers[kept])


def matrix(categories, numbers):
    return np.hstack([one_hot.transform(categories).toarray(), scaler.transform(numbers)])


train = matrix(categories[kept], numbers[kept])
test = matrix(test_categories, test_numbers)
label = test_attack != 'normal'
novel = ~label | ~np.isin(test_attack, attack)
for name, model in (('IsolationForest', IsolationForest(random_state=0)), ('OneClassSVM', OneClassSVM(nu=0.1))):
    score = -model.fit(train).score_samples(test)
    print(name, *(f'{x:.4f}' for x in (roc_auc_score(label, score), average_precision_score(label, score),
                                       roc_auc_score(label[novel], score[novel]))), sep='\t')
