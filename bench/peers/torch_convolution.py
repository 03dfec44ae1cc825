"""Temporal convolutional networks, as in baselines/convolution."""

from torch import nn
from torch.nn import functional as F


class Tcn(nn.Module):
    def __init__(self, inputs, outputs, width, depth=7, first_taps=3, taps=8):
        super().__init__()
        sizes = [(inputs, first_taps)] + [(width, taps)] * (depth - 1)
        self.layers = nn.ModuleList(nn.Conv1d(n, width, k) for n, k in sizes)
        self.norms = nn.ModuleList(nn.BatchNorm1d(width, 1e-3) for _ in sizes)
        self.out = nn.Linear(width, outputs)

    def forward(self, x):
        x = x.transpose(1, 2)
        for layer, norm in zip(self.layers, self.norms):
            x = norm(F.relu(layer(F.pad(x, (layer.kernel_size[0] - 1, 0)))))
        return self.out(x.transpose(1, 2))


class DilatedTcn(nn.Module):
    """Levels of two convolutions of normed weights, each of twice the dilation."""

    def __init__(self, inputs, outputs, width, levels=6, taps=3):
        super().__init__()
        normed = nn.utils.parametrizations.weight_norm
        self.levels = nn.ModuleList()
        for level in range(levels):
            sizes = (inputs if level == 0 else width, width)
            self.levels.append(
                nn.ModuleList(normed(nn.Conv1d(n, width, taps, dilation=2**level)) for n in sizes)
            )
        self.skip, self.out = nn.Conv1d(inputs, width, 1), nn.Linear(width, outputs)

    def forward(self, x):
        x = x.transpose(1, 2)
        for i, level in enumerate(self.levels):
            around = self.skip(x) if i == 0 else x
            for layer in level:
                before = (layer.kernel_size[0] - 1) * layer.dilation[0]
                x = F.relu(layer(F.pad(x, (before, 0))))
            x = F.relu(around + x)
        return self.out(x.transpose(1, 2))
