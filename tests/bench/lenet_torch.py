"""PyTorch's rows a second with the paper's LeNet for MNIST (convolutions of 8 and 4 maps, dense 32), one thread, in CPU time:
pretraining and Deep SAD in batches of 128 (the fastest epoch), and scores of all rows in batches of 512. One line.
"""
import sys
import time

import torch
from torch import nn

from train_torch import ROWS, core, fastest_epoch, steps


def module(a, b):
    return [nn.Conv2d(a, b, 5, bias=False, padding=2), nn.BatchNorm2d(b, eps=1e-4, affine=False), nn.LeakyReLU(0.01)]


def main():
    print(f'PyTorch {torch.__version__}: {core()}', file=sys.stderr)
    x = torch.randn(ROWS, 1, 28, 28)
    label = torch.zeros(ROWS)
    label[::50] = -1
    center = torch.full((32,), 0.1)
    encoder = nn.Sequential(*module(1, 8), nn.MaxPool2d(2), *module(8, 4), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(196, 32, bias=False))
    decoder = nn.Sequential(nn.Linear(32, 196, bias=False), nn.LeakyReLU(0.01), nn.Unflatten(1, (4, 7, 7)), nn.Upsample(scale_factor=2),
                            *module(4, 8), nn.Upsample(scale_factor=2), nn.Conv2d(8, 1, 5, bias=False, padding=2))
    pretrain, train = steps(encoder, decoder, x, label, center)

    def score():
        encoder.eval()
        best = float('inf')
        with torch.no_grad():
            for _ in range(5):
                start = time.process_time()
                for part in x.split(512):
                    ((encoder(part) - center) ** 2).sum(1)
                best = min(best, time.process_time() - start)
        return ROWS / best

    print('LeNet-8-4-32', round(fastest_epoch(pretrain, 4)), round(fastest_epoch(train, 4)), round(score()))


main()
