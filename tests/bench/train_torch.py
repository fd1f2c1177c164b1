"""PyTorch's rows a second in the Deep SAD phase and in pretraining, one thread, batches of 128 taken by
index from one tensor (no DataLoader), in CPU time: the fastest epoch of each. One line for each shape:

shape pretraining_rows_per_second training_rows_per_second
The core of its OpenBLAS goes to stderr.
"""
import ctypes
import sys
import time

import torch
from torch import nn

torch.set_num_threads(1)
BATCH, ROWS = 128, 128 * 64


def stack(sizes):
    """Linear without bias, BatchNorm without affine part, leaky ReLU; the last layer linear alone."""
    layers = []
    for i, (a, b) in enumerate(zip(sizes[:-1], sizes[1:])):
        layers.append(nn.Linear(a, b, bias=False))
        if i < len(sizes) - 2:
            layers += [nn.BatchNorm1d(b, eps=1e-4, affine=False), nn.LeakyReLU(0.01)]
    return nn.Sequential(*layers)


def fastest_epoch(step, epochs):
    best = float('inf')
    for _ in range(epochs):
        start = time.process_time()
        order = torch.randperm(ROWS)
        for i in range(0, ROWS, BATCH):
            step(order[i:i + BATCH])
        best = min(best, time.process_time() - start)
    return ROWS / best


def core():
    """What this process's OpenBLAS takes the CPU for, if it is OpenBLAS that multiplies here."""
    try:
        name = ctypes.CDLL('libopenblas.so.0').openblas_get_corename
    except (OSError, AttributeError):
        return 'no OpenBLAS'
    name.restype = ctypes.c_char_p
    return 'OpenBLAS core ' + name().decode()


def steps(encoder, decoder, x, label, center):
    """One step of pretraining, and one of Deep SAD, on the rows of x that are named."""
    both = torch.optim.Adam(list(encoder.parameters()) + list(decoder.parameters()), lr=1e-3, weight_decay=1e-6)
    alone = torch.optim.Adam(encoder.parameters(), lr=1e-3, weight_decay=1e-6)

    def step(optimizer, loss):
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()

    def pretrain(rows):
        part = x[rows]
        step(both, ((decoder(encoder(part)) - part) ** 2).mean())

    def train(rows):
        y = label[rows]
        distance = ((encoder(x[rows]) - center) ** 2).sum(1)
        step(alone, torch.where(y == 0, distance, (distance + 1e-6) ** y).mean())

    return pretrain, train


def main():
    print(f'PyTorch {torch.__version__}: {core()}', file=sys.stderr)
    for sizes in ([9, 32, 16, 8], [21, 32, 16, 8], [274, 128, 64, 32], [784, 512, 256, 128]):
        x = torch.randn(ROWS, sizes[0])
        label = torch.zeros(ROWS)
        label[::50] = -1
        center = torch.full((sizes[-1],), 0.1)
        pretrain, train = steps(stack(sizes), stack(sizes[::-1]), x, label, center)
        epochs = 4 if sizes[0] > 500 else 10
        print('-'.join(map(str, sizes)), round(fastest_epoch(pretrain, epochs)), round(fastest_epoch(train, epochs)))


if __name__ == '__main__':
    main()
