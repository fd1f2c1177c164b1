#!/usr/bin/python3
"""What tests/bench/images compares with, and its tables.

usage: images.py baselines FILE NORMAL SHARE SHIFT CACHE    lines of measurements
       images.py report LINES                               Markdown
"""
import gzip
import os
import sys
import time

import numpy as np


def load(file, cache):
    """The pictures of a set as bytes, kept in a file that is faster to read."""
    name = os.path.join(cache, os.path.basename(file) + '.npz')
    if not os.path.exists(name):
        part, kind, pixels = [], [], []
        for line in gzip.open(file, 'rt'):
            fields = line.rstrip('\n').split('\t')
            part.append(fields[0] == 'train')
            kind.append(int(fields[1]))
            pixels.append(np.array(fields[2].replace('{', '').replace('}', '').split(','), dtype=np.uint8))
        np.savez(name + '.part.npz', train=np.array(part), kind=np.array(kind), pixels=np.array(pixels))
        os.rename(name + '.part.npz', name)
    return np.load(name)


def nearest(rows, among):
    """The distance of each row to the nearest of others."""
    squares = (among ** 2).sum(axis=1)
    result = []
    for start in range(0, len(rows), 1000):
        some = rows[start:start + 1000]
        squared = (some ** 2).sum(axis=1)[:, None] + squares - 2 * some @ among.T
        result.append(np.sqrt(np.maximum(squared, 0).min(axis=1)))
    return np.concatenate(result)


def baselines(file, normal, share, shift, cache):
    from sklearn.ensemble import IsolationForest
    from sklearn.metrics import roc_auc_score
    normal, labels = int(normal), float(share)
    data = load(file, cache)
    train, kind, pixels = data['train'], data['kind'], data['pixels'].astype(np.float32)
    normals = pixels[train & (kind == normal)]
    known = pixels[train & (kind == (normal + int(shift)) % 10)][:round(labels / (1 - labels) * len(normals))]
    test, anomaly = pixels[~train], kind[~train] != normal

    def line(method, score, began, trained):
        name = os.path.basename(file).replace('.tsv.gz', '')
        print(name, normal, share, method, round(100 * roc_auc_score(anomaly, score), 2), round(trained - began, 1),
              round(1e6 * (time.time() - trained) / len(test), 1), len(normals) + len(known), '\\N', sep='\t')

    began = time.time()
    distance = nearest(test, normals)
    if len(known):
        line('neighbors', distance / np.sqrt(nearest(test, known)), began, began)
        return
    line('neighbors', distance, began, began)
    began = time.time()
    forest = IsolationForest(random_state=0).fit(normals)
    trained = time.time()
    line('IsolationForest', -forest.score_samples(test), began, trained)


def report(lines):
    cells, took = {}, {}
    for line in open(lines):
        name, normal, share, method, auc, train, score = line.split('\t')[:7]
        key = (name, f'{100 * float(share):g} %', method)
        cells.setdefault(key, {})[int(normal)] = float(auc)
        took.setdefault((name, method), []).append((float(train), float(score)))
    for name in sorted({key[0] for key in cells}, reverse=True):
        columns = [key for key in cells if key[0] == name]
        columns.sort(key=lambda key: (-float(key[1].split()[0]), key[2]))
        print(f'\n### {name}: ROC AUC in %\n')
        print('| normal class |' + ''.join(f' {key[2]}, {key[1]} labels |' for key in columns))
        print('|---|' + '---|' * len(columns))
        for normal in sorted({n for key in columns for n in cells[key]}):
            print(f'| {normal} |' + ''.join(f' {cells[key].get(normal, "–")} |' for key in columns))
        print('| mean |' + ''.join(f' {np.mean(list(cells[key].values())):.2f} ({len(cells[key])}) |' for key in columns))
        print('\n| | training, seconds | a picture, µs |\n|---|---|---|')
        for method in sorted({key[1] for key in took if key[0] == name}):
            trained, scored = zip(*took[name, method])
            print(f'| {method} | {np.mean(trained):.0f} | {np.mean(scored):.0f} |')


if __name__ == '__main__':
    {'baselines': baselines, 'report': report}[sys.argv[1]](*sys.argv[2:])
