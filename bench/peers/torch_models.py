"""Sequence models as good plain PyTorch programs, of the sizes of `elmsim list models`: peers of
training_step_bench. Each takes (batch, time, inputs) and gives (batch, time, outputs); layers are
those of the models here, first values are PyTorch's own, which times do not depend on.

Recurrences that have a parallel form have it: associative scans by doubling, logarithms for minGRU
(Feng et al. 2024), chunks of products for linear attention, retention and Mamba-2, Fourier
transforms for long convolutions. Those of Mamba and RWKV-4 are scripted loops, the reference form
of their authors for the CPU.
"""

import math
import warnings
from typing import List

import torch
from torch import Tensor, nn
from torch.nn import functional as F

warnings.filterwarnings("ignore", message=".*torch.jit.*")

CHUNK = 64


def scan_tree(decay: Tensor, values: Tensor) -> Tensor:
    """h[t] = decay[t] h[t-1] + values[t] along axis 1, by doubling; real or complex."""
    shift = 1
    while shift < values.size(1):
        values = torch.cat(
            [values[:, :shift], values[:, shift:] + decay[:, shift:] * values[:, :-shift]], 1
        )
        decay = torch.cat([decay[:, :shift], decay[:, shift:] * decay[:, :-shift]], 1)
        shift *= 2
    return values


def scan_constant(decay: Tensor, values: Tensor) -> Tensor:
    """The same with one decay (units) for all steps, whose powers are squared."""
    shift = 1
    while shift < values.size(1):
        values = torch.cat(
            [values[:, :shift], values[:, shift:] + decay * values[:, :-shift]], 1
        )
        decay = decay * decay
        shift *= 2
    return values


def fft_convolution(u: Tensor, kernel: Tensor) -> Tensor:
    """Causal, along the last axis, in which both have their steps."""
    steps = u.size(-1)
    spectrum = torch.fft.rfft(u, 2 * steps) * torch.fft.rfft(kernel, 2 * steps)
    return torch.fft.irfft(spectrum, 2 * steps)[..., :steps]


@torch.jit.script
def selective_loop(
    u: Tensor, delta: Tensor, rate: Tensor, b: Tensor, c: Tensor, skip: Tensor
) -> Tensor:
    """u, delta (batch, time, channels), rate (channels, states), b, c (batch, time, states)."""
    decays = torch.exp(delta.unsqueeze(3) * rate)
    drives = (delta * u).unsqueeze(3) * b.unsqueeze(2)
    state = torch.zeros_like(drives[:, 0])
    outputs: List[Tensor] = []
    for decay, drive, weight in zip(decays.unbind(1), drives.unbind(1), c.unbind(1)):
        state = decay * state + drive
        outputs.append((state @ weight.unsqueeze(2)).squeeze(2))
    return torch.stack(outputs, 1) + u * skip


@torch.jit.script
def wkv_loop(w: Tensor, first: Tensor, keys: Tensor, values: Tensor) -> Tensor:
    """The weighted mean of RWKV-4, relative to the largest exponent so far."""
    top = torch.zeros_like(values[:, 0])
    bottom = torch.zeros_like(top)
    largest = torch.full_like(top, -1e38)
    outputs: List[Tensor] = []
    for k, v in zip(keys.unbind(1), values.unbind(1)):
        most = torch.maximum(largest, first + k)
        old, new = torch.exp(largest - most), torch.exp(first + k - most)
        outputs.append((old * top + new * v) / (old * bottom + new))
        most = torch.maximum(largest + w, k)
        old, new = torch.exp(largest + w - most), torch.exp(k - most)
        top, bottom, largest = old * top + new * v, old * bottom + new, most
    return torch.stack(outputs, 1)


def decaying_attention(query, key, value, log_decay):
    """Linear attention whose sums decay, in chunks: (batch, heads, time, features) of all, decays
    (batch, heads, time). The minimal form of Dao & Gu 2024."""
    batch, heads, steps, features = query.shape
    shape = (batch, heads, steps // CHUNK, CHUNK)
    q, k, v = (x.reshape(*shape, -1) for x in (query, key, value))
    sums = log_decay.reshape(shape).cumsum(-1)
    between = sums.unsqueeze(-1) - sums.unsqueeze(-2)
    mask = torch.ones(CHUNK, CHUNK, dtype=torch.bool).tril()
    inside = torch.exp(between.masked_fill(~mask, -math.inf)) * (q @ k.transpose(-1, -2)) @ v
    last = sums[..., -1:]
    added = (k * torch.exp(last - sums).unsqueeze(-1)).transpose(-1, -2) @ v
    whole = torch.exp(last).unsqueeze(-1)
    states, state = [], torch.zeros_like(added[:, :, 0])
    for c in range(shape[2]):
        states.append(state)
        state = whole[:, :, c] * state + added[:, :, c]
    past = (q * torch.exp(sums).unsqueeze(-1)) @ torch.stack(states, 2)
    return (inside + past).reshape(batch, heads, steps, -1)


def split(x, heads):
    return x.unflatten(-1, (heads, -1)).transpose(1, 2)


def join(x):
    return x.transpose(1, 2).flatten(-2)


class Glu(nn.Module):
    """What becomes of a state space's output."""

    def __init__(self, width, full=True):
        super().__init__()
        self.gate, self.full = nn.Linear(width, (2 if full else 1) * width), full

    def forward(self, x):
        active = F.gelu(x)
        if self.full:
            return F.glu(self.gate(active), -1)
        return active * torch.sigmoid(self.gate(active))


class Attention(nn.Module):
    def __init__(self, width, heads=4):
        super().__init__()
        self.heads = heads
        self.query, self.key, self.value, self.out = (nn.Linear(width, width) for _ in range(4))

    def forward(self, x):
        q, k, v = (split(f(x), self.heads) for f in (self.query, self.key, self.value))
        return self.out(join(F.scaled_dot_product_attention(q, k, v, is_causal=True)))


class LinearAttention(Attention):
    def forward(self, x):
        q, k, v = (split(f(x), self.heads) for f in (self.query, self.key, self.value))
        q, k = F.elu(q) + 1, F.elu(k) + 1
        v = torch.cat([v, torch.ones_like(v[..., :1])], -1)
        shape = (*q.shape[:2], q.size(2) // CHUNK, CHUNK, -1)
        a, b, c = (y.reshape(shape) for y in (q, k, v))
        products = b.transpose(-1, -2) @ c
        before = products.cumsum(2) - products
        sums = (a @ before + torch.tril(a @ b.transpose(-1, -2)) @ c).flatten(2, 3)
        return self.out(join(sums[..., :-1] / (sums[..., -1:] + 1e-6)))


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


class S4d(nn.Module):
    def __init__(self, width, states=64):
        super().__init__()
        modes = states // 2
        self.log_step = nn.Parameter(torch.rand(width) * 4.6 - 6.9)
        self.log_decay = nn.Parameter(torch.full((width, modes), math.log(0.5)))
        self.frequency = nn.Parameter(math.pi * torch.arange(modes).float().repeat(width, 1))
        self.weight = nn.Parameter(torch.randn(2, width, modes))
        self.skip, self.output = nn.Parameter(torch.randn(width)), Glu(width)

    def kernel(self, steps):
        rate = torch.complex(-self.log_decay.exp(), self.frequency)
        exponent = rate * self.log_step.exp()[:, None]
        weight = torch.complex(*self.weight) * (exponent.exp() - 1) / rate
        powers = torch.exp(exponent[..., None] * torch.arange(steps))
        return 2 * torch.einsum("hn,hnl->hl", weight, powers).real

    def forward(self, x):
        u = x.transpose(1, 2)
        y = fft_convolution(u, self.kernel(u.size(-1))) + self.skip[:, None] * u
        return self.output(y.transpose(1, 2))


class S4(S4d):
    """With a correction of rank 1, by its generating function; `Cauchy` sums all at once."""

    def __init__(self, width, states=64):
        super().__init__(width, states)
        self.correction = nn.Parameter(torch.randn(2, *self.frequency.shape))
        self.input = nn.Parameter(torch.randn(2, *self.frequency.shape))

    def kernel(self, steps):
        rate = torch.complex(-self.log_decay.exp(), self.frequency)
        dt = self.log_step.exp()[:, None]
        b, p, c = (torch.complex(*x) for x in (self.input, self.correction, self.weight))
        angle = torch.arange(steps // 2) / steps
        z = 2j * torch.tan(math.pi * angle)
        weights = torch.stack([c * b, c * p, p.conj() * b, p.conj() * p])[..., None]
        poles = (rate * dt)[..., None]
        sums = (weights / (z - poles) + weights.conj() / (z - poles.conj())).sum(2) * dt
        spectrum = (1 + z / 2) * (sums[0] - sums[1] * sums[2] / (1 + sums[3]))
        return torch.fft.irfft(spectrum, steps)


class Lru(nn.Module):
    def __init__(self, width, states=64, full=True):
        super().__init__()
        self.nu, self.theta = (nn.Parameter(torch.rand(states) - 3) for _ in range(2))
        self.gamma = nn.Parameter(torch.zeros(states))
        self.b = nn.Parameter(torch.randn(2, width, states) / width)
        self.c = nn.Parameter(torch.randn(2, states, width) / states)
        self.skip, self.output = nn.Parameter(torch.randn(width)), Glu(width, full)

    def forward(self, x):
        decay = torch.exp(torch.complex(-self.nu.exp(), self.theta.exp()))
        b = self.b * self.gamma.exp()
        states = scan_constant(decay, torch.complex(x @ b[0], x @ b[1]))
        y = states.real @ self.c[0] - states.imag @ self.c[1] + self.skip * x
        return self.output(y)


class Mamba(nn.Module):
    def __init__(self, width, states=16, taps=4):
        super().__init__()
        inner, self.rank, self.states = 2 * width, -(-width // 16), states
        self.into = nn.Linear(width, 2 * inner, False)
        self.convolution = nn.Conv1d(inner, inner, taps, padding=taps - 1, groups=inner)
        self.read = nn.Linear(inner, self.rank + 2 * states, False)
        self.step = nn.Linear(self.rank, inner)
        self.log_rate = nn.Parameter(torch.log(torch.arange(1.0, states + 1)).repeat(inner, 1))
        self.skip = nn.Parameter(torch.ones(inner))
        self.out = nn.Linear(inner, width, False)

    def forward(self, x):
        u, gate = self.into(x).chunk(2, -1)
        u = F.silu(self.convolution(u.transpose(1, 2))[..., : x.size(1)].transpose(1, 2))
        step, b, c = self.read(u).split([self.rank, self.states, self.states], -1)
        delta = F.softplus(self.step(step) - 4)
        y = selective_loop(u, delta, -self.log_rate.exp(), b, c, self.skip)
        return self.out(y * F.silu(gate))


class Mamba2(nn.Module):
    def __init__(self, width, states=64, heads=4, taps=4):
        super().__init__()
        self.inner, self.states, self.heads = 2 * width, states, heads
        convolved = self.inner + 2 * states
        self.into = nn.Linear(width, self.inner + convolved + heads, False)
        self.convolution = nn.Conv1d(convolved, convolved, taps, padding=taps - 1, groups=convolved)
        self.bias, self.skip = nn.Parameter(torch.zeros(heads) - 4), nn.Parameter(torch.ones(heads))
        self.log_rate = nn.Parameter(torch.rand(heads))
        self.gain = nn.Parameter(torch.ones(self.inner))
        self.out = nn.Linear(self.inner, width, False)

    def forward(self, x):
        convolved = self.inner + 2 * self.states
        gate, u, step = self.into(x).split([self.inner, convolved, self.heads], -1)
        u = F.silu(self.convolution(u.transpose(1, 2))[..., : x.size(1)].transpose(1, 2))
        v, b, c = u.split([self.inner, self.states, self.states], -1)
        delta = F.softplus(step + self.bias).transpose(1, 2)
        v = split(v, self.heads)
        b, c = (y[:, None].expand(-1, self.heads, -1, -1) for y in (b, c))
        log_decay = -self.log_rate.exp()[:, None] * delta
        read = decaying_attention(c, b, v * delta[..., None], log_decay)
        y = join(read + self.skip[:, None, None] * v) * F.silu(gate)
        return self.out(F.rms_norm(y, (self.inner,), self.gain, 1e-5))


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


class Mega(nn.Module):
    """Exponential averages by Fourier transforms, attention of one head of all steps, gates."""

    def __init__(self, width, shared=32, averages=16):
        super().__init__()
        self.inner, self.shared = 2 * width, shared
        self.decay, self.damp, self.read, self.write = (
            nn.Parameter(torch.randn(width, averages)) for _ in range(4)
        )
        self.skip = nn.Parameter(torch.randn(width))
        self.value = nn.Linear(width, self.inner)
        self.base = nn.Linear(width, 2 * width + shared + self.inner)
        self.gain, self.offset = nn.Parameter(torch.randn(2, shared)), nn.Parameter(
            torch.zeros(2, shared)
        )
        self.out = nn.Linear(self.inner, width)

    def averaged(self, x):
        u = x.transpose(1, 2)
        share = torch.sigmoid(self.decay)
        log_q = torch.log1p(-share * torch.sigmoid(self.damp))
        powers = torch.exp(log_q[..., None] * torch.arange(u.size(-1)))
        kernel = torch.einsum("hn,hnl->hl", share * self.read * self.write, powers)
        return F.silu(fft_convolution(u, kernel) + self.skip[:, None] * u).transpose(1, 2)

    def forward(self, x):
        width = x.size(-1)
        v = F.silu(self.value(x))
        update, z, reset, rest = self.base(self.averaged(x)).split(
            [width, self.shared, self.inner, width], -1
        )
        z = F.silu(z)
        q, k = (z * gain + offset for gain, offset in zip(self.gain, self.offset))
        read = F.scaled_dot_product_attention(
            q[:, None], k[:, None], v[:, None], is_causal=True
        ).squeeze(1)
        candidate = F.silu(rest + self.out(F.silu(reset) * read))
        return torch.sigmoid(update) * (candidate - x)


class Hyena(nn.Module):
    def __init__(self, width, steps, taps=3, hidden=64, bands=16):
        super().__init__()
        self.into, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.short = nn.Conv1d(3 * width, 3 * width, taps, padding=taps - 1, groups=3 * width)
        time = torch.linspace(0, 1, steps)[:, None]
        angle = 2 * math.pi * time * torch.arange(bands)
        self.positions = torch.cat([time, angle.cos(), angle.sin()], -1)
        self.layers = nn.ModuleList(
            [nn.Linear(2 * bands + 1, hidden), nn.Linear(hidden, hidden), nn.Linear(hidden, width)]
        )
        self.window = torch.exp(-time * torch.linspace(1, 8, width))
        self.skip = nn.Parameter(torch.randn(width))

    def forward(self, x):
        parts = self.short(self.into(x).transpose(1, 2))[..., : x.size(1)]
        a, b, v = parts.chunk(3, 1)
        y = self.positions
        for layer in self.layers[:-1]:
            y = torch.sin(layer(y))
        kernel = (self.layers[-1](y) * self.window).transpose(0, 1)
        u = v * b
        y = a * (fft_convolution(u, kernel) + self.skip[:, None] * u)
        return self.out(y.transpose(1, 2))


class Block(nn.Module):
    def __init__(self, width, mixer, norm, mlp_width=0):
        super().__init__()
        self.mixer, self.norm, self.perceptron = mixer, norm(width), None
        if mlp_width > 0:
            self.perceptron = nn.Sequential(
                norm(width), nn.Linear(width, mlp_width), nn.GELU(), nn.Linear(mlp_width, width)
            )

    def forward(self, x):
        x = x + self.mixer(self.norm(x))
        return x if self.perceptron is None else x + self.perceptron(x)


class Stack(nn.Module):
    def __init__(self, inputs, outputs, width, make, mlp_width=0, norm=nn.LayerNorm, layers=2):
        super().__init__()
        self.model = nn.Sequential(
            nn.Linear(inputs, width),
            *(Block(width, make(width), norm, mlp_width) for _ in range(layers)),
            norm(width),
            nn.Linear(width, outputs),
        )

    def forward(self, x):
        return self.model(x)


class Recurrent(nn.Module):
    def __init__(self, cell, inputs, outputs, units):
        super().__init__()
        self.cell, self.out = cell(inputs, units, batch_first=True), nn.Linear(units, outputs)

    def forward(self, x):
        return self.out(self.cell(x)[0])


class Tcn(nn.Module):
    def __init__(self, inputs, outputs, width, depth=7, first_taps=3, taps=26):
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
