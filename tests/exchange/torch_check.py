"""A network as Deep-SAD-PyTorch saves it, converted by the snippet in doc/exchange.md, scores the same in the server.
Needs torch and psycopg, and a server with the extension. Ends with `N passed, N failed`."""
import re
import sys
import tempfile

import psycopg
import torch
from torch import nn

for snippet in re.findall(r"```python\n(.*?)```", open("doc/exchange.md").read(), re.S):
    exec(snippet)


class Block(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.linear = nn.Linear(inputs, outputs, bias=False)
        self.bn = nn.BatchNorm1d(outputs, eps=1e-4, affine=False)

    def forward(self, x):
        return nn.functional.leaky_relu(self.bn(self.linear(x)))


class Net(nn.Module):
    def __init__(self, inputs, hidden, latent):
        super().__init__()
        widths = [inputs, *hidden]
        self.hidden = nn.ModuleList(Block(a, b) for a, b in zip(widths, widths[1:]))
        self.code = nn.Linear(widths[-1], latent, bias=False)

    def forward(self, x):
        for block in self.hidden:
            x = block(x)
        return self.code(x)


class LeNet(nn.Module):
    """conv1, bn1 (or bn2d1), ..., fc1, perhaps bn1d1 and fc2."""
    def __init__(self, shape, channels, dense, name):
        super().__init__()
        self.name, self.convs = name, len(channels)
        sides, inputs = shape[1:], shape[0]
        for i, outputs in enumerate(channels, 1):
            setattr(self, f"conv{i}", nn.Conv2d(inputs, outputs, 5, bias=False, padding=2))
            setattr(self, f"{name}{i}", nn.BatchNorm2d(outputs, eps=1e-4, affine=False))
            sides, inputs = (sides[0] // 2, sides[1] // 2), outputs
        widths = [inputs * sides[0] * sides[1], *dense]
        self.layers = len(dense)
        for i in range(1, len(widths)):
            setattr(self, f"fc{i}", nn.Linear(widths[i - 1], widths[i], bias=False))
            if i < self.layers:
                setattr(self, f"bn1d{i}", nn.BatchNorm1d(widths[i], eps=1e-4, affine=False))

    def forward(self, x):
        for i in range(1, self.convs + 1):
            x = getattr(self, f"{self.name}{i}")(getattr(self, f"conv{i}")(x))
            x = nn.functional.max_pool2d(nn.functional.leaky_relu(x), 2, 2)
        x = x.flatten(1)
        for i in range(1, self.layers + 1):
            x = getattr(self, f"fc{i}")(x)
            if i < self.layers:
                x = nn.functional.leaky_relu(getattr(self, f"bn1d{i}")(x))
        return x


def array(value):
    return "{" + ",".join(map(array, value)) + "}" if isinstance(value, list) else repr(value)


def compare(connection, name, folder, rows, expected):
    """Whether the model in a file scores rows as expected."""
    file = open(f"{folder}/model.safetensors", "rb").read()
    query = "SELECT deepsad_score(m, f) FROM (SELECT deepsad_import(%s) AS m) m, unnest(%s::text[]) r, CAST(r AS float8[]) f"
    scores = torch.tensor([score for score, in connection.execute(query, [file, list(map(array, rows.tolist()))])], dtype=torch.float64)
    error = ((scores - expected).abs() / expected.clamp(min=1)).max().item()
    print(f"{name}: largest error {error:.2e}")
    return error <= 1e-5


passed = failed = 0
torch.manual_seed(1)
with psycopg.connect(autocommit=True) as connection:
    connection.execute("CREATE EXTENSION IF NOT EXISTS deepsad")
    for inputs, hidden, latent in [(6, [128, 64], 32), (21, [32, 16], 8), (3, [5], 2)]:
        x = torch.randn(500, inputs, dtype=torch.float64) * 7 + 40
        mean, std = x.mean(0), x.std(0, unbiased=False)
        low, high = ((x - mean) / std).amin(0), ((x - mean) / std).amax(0)
        scaled = (((x - mean) / std - low) / (high - low)).float()
        net = Net(inputs, hidden, latent)
        net.train()
        for _ in range(20):
            net(scaled)
        net.eval()
        center = net(scaled).mean(0).detach()
        with tempfile.TemporaryDirectory() as folder:
            torch.save({"c": center.tolist(), "net_dict": net.state_dict(), "ae_net_dict": None}, f"{folder}/model.tar")
            convert(f"{folder}/model.tar", mean, std, low, high, f"{folder}/model.safetensors")
            expected = ((net(scaled) - center) ** 2).sum(1).detach()
            good = compare(connection, f"{inputs}-{'-'.join(map(str, hidden))}-{latent}", folder, x, expected)
        passed, failed = passed + good, failed + (not good)
    for shape, channels, dense, name in [((1, 28, 28), [8, 4], [32], "bn"), ((1, 28, 28), [16, 32], [128, 64], "bn2d"),
                                         ((3, 32, 32), [32, 64, 128], [128], "bn2d"), ((1, 9, 6), [3], [4], "bn")]:
        x = torch.randint(0, 256, (60, *shape))
        net = LeNet(shape, channels, dense, name)
        net.train()
        for _ in range(20):
            net(x / 255)
        net.eval()
        center = net(x / 255).mean(0).detach()
        with tempfile.TemporaryDirectory() as folder:
            torch.save({"c": center.tolist(), "net_dict": net.state_dict(), "ae_net_dict": None}, f"{folder}/model.tar")
            convert_pictures(f"{folder}/model.tar", shape, f"{folder}/model.safetensors")
            expected = ((net(x / 255) - center) ** 2).sum(1).detach()
            good = compare(connection, f"{shape} {channels} {dense}", folder, x, expected)
        passed, failed = passed + good, failed + (not good)
print(f"{passed} passed, {failed} failed")
sys.exit(failed > 0 or passed == 0)
