"""Gated mixers of torch_models: retention, RWKV-4, minGRU, Mega, TCNCA and Hyena.

Retention is products in chunks, minGRU a sum of logarithms (Feng et al. 2024), averages of Mega and
filters of Hyena are Fourier transforms, RWKV-4 is a scripted loop. Equations and sizes are those of the
mixers of the same names in baselines/mixers.
"""

import math

import torch
from torch import nn
from torch.nn import functional as F

from torch_parts import decaying_attention, fft_convolution, join, split, wkv_loop


class Retention(nn.Module):
    def __init__(self, width, heads=4):
        super().__init__()
        self.heads, inner = heads, 2 * width
        self.query, self.key = (nn.Linear(width, width, False) for _ in range(2))
        self.value, self.gate = (nn.Linear(width, inner, False) for _ in range(2))
        self.out = nn.Linear(inner, width, False)
        self.decays = torch.log(1 - 2.0 ** (-5 - torch.arange(heads)))

    def turned(self, x):
        features, steps = x.size(-1), x.size(-2)
        rate = 10000.0 ** -torch.linspace(0, 1, features // 2)
        angle = torch.arange(steps)[:, None] * rate
        pair = x.unflatten(-1, (-1, 2))
        a, b = pair[..., 0], pair[..., 1]
        cos, sin = angle.cos(), angle.sin()
        return torch.stack([a * cos - b * sin, a * sin + b * cos], -1).flatten(-2)

    def forward(self, x):
        q, k = (self.turned(split(f(x), self.heads)) for f in (self.query, self.key))
        v = split(self.value(x), self.heads)
        log_decay = self.decays[None, :, None].expand(x.size(0), -1, x.size(1))
        read = decaying_attention(q, k / math.sqrt(k.size(-1)), v, log_decay)
        read = read * torch.rsqrt(read.square().mean(-1, keepdim=True) + 1e-6)
        return self.out(F.silu(self.gate(x)) * join(read))


class Rwkv4(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.decay, self.first = (nn.Parameter(torch.randn(width)) for _ in range(2))
        self.shares = nn.Parameter(torch.rand(3, width))
        self.key, self.value, self.gate, self.out = (
            nn.Linear(width, width, False) for _ in range(4)
        )

    def forward(self, x):
        change = x - F.pad(x[:, :-1], (0, 0, 1, 0))
        before = x - change
        k, v, r = (before + change * share for share in self.shares)
        mean = wkv_loop(-self.decay.exp(), self.first, self.key(k), self.value(v))
        return self.out(torch.sigmoid(self.gate(r)) * mean)


class MinGru(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.gate, self.candidate, self.out = (nn.Linear(width, width) for _ in range(3))

    def forward(self, x):
        k, c = self.gate(x), self.candidate(x)
        log_value = -F.softplus(-k) + torch.where(
            c >= 0, (F.relu(c) + 0.5).log(), -F.softplus(-c)
        )
        sums = (-F.softplus(k)).cumsum(1)
        return self.out(torch.exp(sums + torch.logcumsumexp(log_value - sums, 1)))


class Averages(nn.Module):
    """Exponential moving averages of Mega by Fourier transforms."""

    def __init__(self, width, averages=16):
        super().__init__()
        self.delta, self.alpha, self.beta, self.gamma = (
            nn.Parameter(torch.randn(width, averages)) for _ in range(4)
        )
        self.omega = nn.Parameter(torch.randn(width))

    def forward(self, x):
        u = x.transpose(1, 2)
        share = torch.sigmoid(self.delta)
        log_decay = torch.log1p(-share * torch.sigmoid(self.alpha))
        powers = torch.exp(log_decay[..., None] * torch.arange(u.size(-1)))
        weight = share * self.beta * self.gamma / math.sqrt(share.size(-1))
        kernel = torch.einsum("hn,hnl->hl", weight, powers)
        return F.silu(fft_convolution(u, kernel) + self.omega[:, None] * u).transpose(1, 2)


class DilatedConvolutions(nn.Module):
    """What TCNCA has in the place of averages."""

    def __init__(self, width, taps=9, factor=8, depth=4):
        super().__init__()
        self.layers = nn.ModuleList(
            nn.Conv1d(width, width, taps, groups=width, dilation=factor**i) for i in range(depth)
        )
        self.omega = nn.Parameter(torch.randn(width))

    def forward(self, x):
        u = y = x.transpose(1, 2)
        for layer in self.layers:
            before = (layer.kernel_size[0] - 1) * layer.dilation[0]
            y = y + F.silu(layer(F.pad(y, (before, 0))))
        return F.silu(y + self.omega[:, None] * u).transpose(1, 2)


class GatedAttention(nn.Module):
    """Mega and TCNCA: a summary of the steps so far, attention of one head of all steps or in chunks with
    a number for each distance, gates."""

    def __init__(self, width, summary, positions, chunked=False, shared=32):
        super().__init__()
        self.inner, self.shared, self.chunked = 2 * width, shared, chunked
        self.summary = summary(width)
        self.value = nn.Linear(width, self.inner)
        self.base = nn.Linear(width, 2 * width + shared + self.inner)
        self.gain = nn.Parameter(torch.randn(2, shared))
        self.offset = nn.Parameter(torch.zeros(2, shared))
        self.distances = nn.Parameter(0.02 * torch.randn(2 * positions - 1))
        self.out = nn.Linear(self.inner, width)

    def attend(self, q, k, v):
        positions = (self.distances.size(0) + 1) // 2
        later = torch.ones(positions, positions, dtype=torch.bool).triu(1)
        bias = self.distances.unfold(0, positions, 1).flip(0).masked_fill(later, -math.inf)
        if self.chunked:
            q, k, v = (x.unflatten(1, (-1, positions)).flatten(0, 1) for x in (q, k, v))
        read = F.scaled_dot_product_attention(q[:, None], k[:, None], v[:, None], attn_mask=bias)
        return read.squeeze(1)

    def forward(self, x):
        width = x.size(-1)
        v = F.silu(self.value(x))
        update, z, reset, rest = self.base(self.summary(x)).split(
            [width, self.shared, self.inner, width], -1
        )
        z = F.silu(z)
        q, k = (z * gain + offset for gain, offset in zip(self.gain, self.offset))
        read = self.attend(q, k, v).reshape(v.shape)
        candidate = F.silu(rest + self.out(F.silu(reset) * read))
        return torch.sigmoid(update) * (candidate - x)


class Hyena(nn.Module):
    """Order 2, with the filter of Poli et al. 2023."""

    def __init__(self, width, steps, taps=3, hidden=64):
        super().__init__()
        self.into, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.short = nn.Conv1d(3 * width, 3 * width, taps, padding=taps - 1, groups=3 * width)
        time = torch.linspace(0, 1, steps)[:, None]
        angle = 2e-4 * math.pi * torch.arange(steps)[:, None] / steps
        self.positions = nn.Parameter(torch.cat([time, angle.cos(), -angle.sin()], -1))
        self.layers = nn.ModuleList(nn.Linear(n, hidden) for n in (3, hidden, hidden))
        self.frequency = nn.Parameter(torch.ones(hidden))
        self.last = nn.Linear(hidden, width, False)
        decays = torch.linspace(math.log(0.01) / 1.5, math.log(0.01) / 0.3, width)
        self.register_buffer("window", torch.exp(time * decays))
        self.skip = nn.Parameter(torch.randn(width))

    def forward(self, x):
        parts = self.short(self.into(x).transpose(1, 2))[..., : x.size(1)]
        a, b, v = parts.chunk(3, 1)
        y = self.positions
        for layer in self.layers:
            y = torch.sin(self.frequency * layer(y))
        kernel = (self.last(y) * self.window).transpose(0, 1)
        u = v * b
        y = a * (fft_convolution(u, kernel) + self.skip[:, None] * u)
        return self.out(y.transpose(1, 2))
