"""Seconds that PyTorch takes for Deep SAD on random rows: an autoencoder, then the encoder, for each member. Every epoch does
the same work, so two epochs of each phase, after one that warms up, stand for all.

usage: wide_torch.py ROWS MEMBERS PRETRAINING_EPOCHS EPOCHS SIZES THREADS	SIZES: a list, the inputs first
"""
import json
import sys
import time

import torch

from train_torch import BATCH, stack

TIMED = 2


def main():
    rows, members, pretraining, epochs = map(int, sys.argv[1:5])
    sizes = json.loads(sys.argv[5])
    torch.set_num_threads(int(sys.argv[6]))
    x = torch.randn(rows, sizes[0])
    label = torch.zeros(rows)
    label[::500] = -1
    encoder, decoder = stack(sizes), stack(sizes[::-1])
    center = torch.full((sizes[-1],), 0.1)

    def reconstruction(part):
        return ((decoder(encoder(x[part])) - x[part]) ** 2).mean()

    def distance(part):
        squared = ((encoder(x[part]) - center) ** 2).sum(1)
        return torch.where(label[part] == 0, squared, (squared + 1e-6) ** label[part]).mean()

    def seconds(loss_of, parameters):
        optimizer = torch.optim.Adam(parameters, lr=1e-3, weight_decay=1e-6)
        for epoch in range(1 + TIMED):
            if epoch == 1:
                began = time.time()
            for part in torch.randperm(rows).split(BATCH):
                loss = loss_of(part)
                optimizer.zero_grad(set_to_none=True)
                loss.backward()
                optimizer.step()
        return (time.time() - began) / TIMED

    both = list(encoder.parameters()) + list(decoder.parameters())
    print(members * (pretraining * seconds(reconstruction, both) + epochs * seconds(distance, encoder.parameters())))


main()
