"""A network as Deep-SAD-PyTorch saves it, converted by the snippet in doc/exchange.md, scores the same in the server.
Needs torch and psycopg, and a server with the extension. Ends with `N passed, N failed`."""
import re
import sys
import tempfile

import psycopg
import torch
from torch import nn

snippet = re.search(r"```python\n(import json, struct.*?)```", open("doc/exchange.md").read(), re.S).group(1)
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
            file = open(f"{folder}/model.safetensors", "rb").read()
        expected = ((net(scaled) - center) ** 2).sum(1).detach()
        query = "SELECT deepsad_score(m, f) FROM (SELECT deepsad_import(%s) AS m) m, unnest(%s::text[]) r, CAST(r AS float8[]) f"
        rows = ["{" + ",".join(map(repr, row)) + "}" for row in x.tolist()]
        scores = torch.tensor([score for score, in connection.execute(query, [file, rows])], dtype=torch.float64)
        error = ((scores - expected).abs() / expected.clamp(min=1)).max().item()
        print(f"{inputs}-{'-'.join(map(str, hidden))}-{latent}: largest error {error:.2e}")
        if error <= 1e-5:
            passed += 1
        else:
            failed += 1
print(f"{passed} passed, {failed} failed")
sys.exit(failed > 0 or passed == 0)
