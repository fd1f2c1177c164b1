"""Seconds that PyTorch takes for Deep SAD on random rows: an autoencoder, then the encoder, for each member. Every epoch does
the same work, so two epochs of each phase, after one that warms up, stand for all.

usage: wide_torch.py ROWS MEMBERS PRETRAINING_EPOCHS EPOCHS SIZES THREADS	SIZES: a list, the inputs first
"""
import json
import sys
import time

import torch

from train_torch import BATCH, stack, steps

TIMED = 2


def main():
    rows, members, pretraining, epochs = map(int, sys.argv[1:5])
    sizes = json.loads(sys.argv[5])
    torch.set_num_threads(int(sys.argv[6]))
    x = torch.randn(rows, sizes[0])
    label = torch.zeros(rows)
    label[::500] = -1
    pretrain, train = steps(stack(sizes), stack(sizes[::-1]), x, label, torch.full((sizes[-1],), 0.1))

    def seconds(step):
        for epoch in range(1 + TIMED):
            if epoch == 1:
                began = time.time()
            for part in torch.randperm(rows).split(BATCH):
                step(part)
        return (time.time() - began) / TIMED

    print(members * (pretraining * seconds(pretrain) + epochs * seconds(train)))


main()
