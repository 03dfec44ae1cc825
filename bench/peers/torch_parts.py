"""What peers of several families share: scans, convolutions by Fourier transforms, linear attention in
chunks, heads, and the output of a state space.

Recurrences that have a parallel form have it: associative scans by doubling, chunks of products for
linear and decaying attention, Fourier transforms for long convolutions. Those of Mamba and RWKV-4 are
scripted loops, the reference form of their authors for the CPU.
"""

import math
import warnings
from typing import List

import torch
from torch import Tensor, nn
from torch.nn import functional as F

warnings.filterwarnings("ignore", message=".*torch.jit.*")

CHUNK = 64


@torch.jit.script
def scan_loop(decay: Tensor, values: Tensor) -> Tensor:
    """decay (batch or 1, time or 1, units), values (batch, time, units), real or complex."""
    state = torch.zeros_like(values[:, 0])
    states: List[Tensor] = []
    constant = decay.size(1) == 1
    decays = decay.unbind(1)
    for t, value in enumerate(values.unbind(1)):
        state = decays[0 if constant else t] * state + value
        states.append(state)
    return torch.stack(states, 1)


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


def causal_products(query, key, value):
    """Sums over s <= t of (query[t] key[s]) value[s], (batch, heads, time, features) of all: what came
    before a chunk by a running sum of products, the chunk itself by its own matrix."""
    shape = (*query.shape[:2], query.size(2) // CHUNK, CHUNK, -1)
    q, k, v = (x.reshape(shape) for x in (query, key, value))
    products = k.transpose(-1, -2) @ v
    before = products.cumsum(2) - products
    return (q @ before + torch.tril(q @ k.transpose(-1, -2)) @ v).flatten(2, 3)


def linear_causal(query, key, value):
    """Attention by features, divided by the sum of its weights."""
    ones = torch.ones_like(value[..., :1])
    sums = causal_products(query, key, torch.cat([value, ones], -1))
    return sums[..., :-1] / (sums[..., -1:] + 1e-6)


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
