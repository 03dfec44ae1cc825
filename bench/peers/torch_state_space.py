"""State spaces as mixers of torch_models.

Those that do not depend on the input are long convolutions by Fourier transforms, with all powers of all
modes at once; Lru and S5 associative scans; Mamba and Liquid-S4 loops, Mamba-2 products in chunks.
Equations and sizes are those of the mixers of the same names in baselines/mixers/state_space.
"""

import math
from typing import List

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from torch_parts import (
    Glu,
    decaying_attention,
    fft_convolution,
    join,
    scan_constant,
    selective_loop,
    split,
)


def powers(exponent, steps):
    """e^(exponent s) for the steps s, which come last."""
    return torch.exp(exponent[..., None] * torch.arange(steps))


class Modes(nn.Module):
    """Conjugate pairs of modes of each feature, by the zero-order hold or the bilinear rule."""

    def __init__(self, width, states=64, bilinear=False):
        super().__init__()
        modes, self.bilinear = states // 2, bilinear
        self.log_step = nn.Parameter(torch.rand(width) * 4.6 - 6.9)
        self.log_decay = nn.Parameter(torch.full((width, modes), math.log(0.5)))
        self.frequency = nn.Parameter(math.pi * torch.arange(modes).float().repeat(width, 1))
        self.input = nn.Parameter(torch.stack([torch.ones(width, modes), torch.zeros(width, modes)]))
        self.weight = nn.Parameter(torch.randn(2, width, modes))

    def discretised(self):
        """Logarithms of decays, inputs and outputs."""
        rate = torch.complex(-self.log_decay.exp(), self.frequency)
        change = rate * self.log_step.exp()[:, None]
        b, c = torch.complex(*self.input), torch.complex(*self.weight)
        if self.bilinear:
            behind = 1 - change / 2
            exponent = torch.log((1 + change / 2) / behind)
            return exponent, b * self.log_step.exp()[:, None] / behind, c
        return change, b * (change.exp() - 1) / rate, c

    def forward(self, steps):
        exponent, b, c = self.discretised()
        return 2 * torch.einsum("hn,hnl->hl", b * c, powers(exponent, steps)).real


class S4d(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.modes = Modes(width)
        self.skip, self.output = nn.Parameter(torch.randn(width)), Glu(width)

    def forward(self, x):
        u = x.transpose(1, 2)
        y = fft_convolution(u, self.modes(u.size(-1))) + self.skip[:, None] * u
        return self.output(y.transpose(1, 2))


class LowRankModes(Modes):
    """With a correction of rank 1, by its generating function; Cauchy sums all at once."""

    def __init__(self, width, states=64):
        super().__init__(width, states)
        self.correction = nn.Parameter(torch.randn(2, *self.frequency.shape))

    def continuous(self):
        """Rates, steps, and weights of input, correction and output."""
        rate = torch.complex(-self.log_decay.exp(), self.frequency)
        weights = (torch.complex(*x) for x in (self.input, self.correction, self.weight))
        return rate, self.log_step.exp()[:, None], *weights

    def recurrence(self):
        """What low_rank_loop reads: the bilinear rule, its inverse by Sherman and Morrison."""
        rate, dt, b, p, c = self.continuous()
        solved = 1 / (2 / dt - rate)
        corrected = p.conj() * solved
        corrected = corrected / (1 + 2 * (corrected * p).sum(1, keepdim=True).real)
        return 2 / dt + rate, solved, p, corrected, 2 * b, c

    def forward(self, steps):
        rate, dt, b, p, c = self.continuous()
        angle = torch.arange(steps // 2) / steps
        z = 2j * torch.tan(math.pi * angle)
        weights = torch.stack([c * b, c * p, p.conj() * b, p.conj() * p])[..., None]
        poles = (rate * dt)[..., None]
        sums = (weights / (z - poles) + weights.conj() / (z - poles.conj())).sum(2) * dt
        spectrum = (1 + z / 2) * (sums[0] - sums[1] * sums[2] / (1 + sums[3]))
        return torch.fft.irfft(spectrum, steps)


@torch.jit.script
def low_rank_loop(
    u: Tensor,
    ahead: Tensor,
    solved: Tensor,
    correction: Tensor,
    corrected: Tensor,
    inputs: Tensor,
    weight: Tensor,
) -> Tensor:
    """The same modes as a recurrence: u (batch, time, features), all others (features, modes)."""
    state = torch.zeros_like(ahead).expand(u.size(0), -1, -1)
    along = torch.zeros_like(u[:, 0])
    outputs: List[Tensor] = []
    for now in u.unbind(1):
        state = ahead * state - correction * along.unsqueeze(2) + inputs * now.unsqueeze(2)
        back = 2 * (corrected * state).sum(2).real
        state = solved * (state - correction * back.unsqueeze(2))
        along = 2 * (correction.conj() * state).sum(2).real
        outputs.append((weight * state).sum(2).real)
    return 2 * torch.stack(outputs, 1)


class S4(S4d):
    def __init__(self, width):
        super().__init__(width)
        self.modes = LowRankModes(width)


class S4nd(nn.Module):
    """A sequence as an image of rows of `columns` steps, convolved in two dimensions."""

    def __init__(self, width, columns=32):
        super().__init__()
        self.columns = columns
        self.along_rows, self.along_columns = Modes(width), Modes(width)
        self.skip, self.output = nn.Parameter(torch.randn(width)), Glu(width)

    def forward(self, x):
        u = x.transpose(1, 2).unflatten(-1, (-1, self.columns))
        rows, columns = u.shape[2:]
        size = (2 * rows, 2 * columns)
        of_rows = torch.fft.fft(self.along_columns(rows), size[0])
        of_columns = torch.fft.rfft(self.along_rows(columns), size[1])
        spectrum = torch.fft.rfft2(u, size) * of_rows[:, :, None] * of_columns[:, None]
        y = torch.fft.irfft2(spectrum, size)[..., :rows, :columns] + self.skip[:, None, None] * u
        return self.output(y.flatten(2).transpose(1, 2))


class Dss(nn.Module):
    """All features share the modes, each at steps of its own; a softmax over all steps."""

    def __init__(self, width, states=64):
        super().__init__()
        self.log_step = nn.Parameter((torch.rand(width) * 4.6 - 6.9).repeat(2, 1))
        self.decay = nn.Parameter(torch.full((states,), -0.5))
        self.frequency = nn.Parameter(math.pi * torch.arange(states).float())
        self.weight = nn.Parameter(torch.randn(2, width, states))
        self.skip, self.output = nn.Parameter(torch.randn(width)), nn.Linear(width, width)

    def forward(self, x):
        u = x.transpose(1, 2)
        of_decay, of_frequency = self.log_step.exp()[..., None]
        exponent = torch.complex(of_decay * self.decay, of_frequency * self.frequency)
        all_steps = powers(exponent, u.size(-1))
        rate = torch.complex(self.decay, self.frequency)
        weight = torch.complex(*self.weight) / (rate * all_steps.sum(-1))
        kernel = torch.einsum("hn,hnl->hl", weight, all_steps).real
        y = fft_convolution(u, kernel) + self.skip[:, None] * u
        return self.output(F.gelu(y.transpose(1, 2)))


class Gss(nn.Module):
    """Modes that all features share, on a quarter of the features, and a gate."""

    def __init__(self, width, states=64, expand=4):
        super().__init__()
        inner, few = expand * width, -(-width // 4)
        self.gate, self.narrow = nn.Linear(width, inner, False), nn.Linear(width, few, False)
        self.norm, self.widen = nn.LayerNorm(few), nn.Linear(few, inner, False)
        self.log_decay, self.log_frequency = (nn.Parameter(torch.randn(states)) for _ in range(2))
        self.weight = nn.Parameter(torch.randn(2, few, states))
        self.skip, self.out = nn.Parameter(torch.randn(few)), nn.Linear(inner, width)

    def forward(self, x):
        u = self.norm(F.gelu(self.narrow(x))).transpose(1, 2)
        rate = torch.complex(-self.log_decay.exp(), self.log_frequency.exp())
        weight = torch.complex(*self.weight) * (rate.exp() - 1) / rate
        kernel = (weight @ powers(rate, u.size(-1))).real
        y = fft_convolution(u, kernel) + self.skip[:, None] * u
        return self.out(self.widen(y.transpose(1, 2)) * F.gelu(self.gate(x)))


class H3(nn.Module):
    """A shift and a diagonal state space with products before and behind the second one."""

    def __init__(self, width, states=64):
        super().__init__()
        self.query, self.key, self.value, self.out = (nn.Linear(width, width) for _ in range(4))
        self.shift = nn.Parameter(torch.randn(2, width, states) / math.sqrt(states))
        self.shift_skip, self.skip = (nn.Parameter(torch.randn(width)) for _ in range(2))
        self.modes = Modes(width, states, bilinear=True)

    def forward(self, x):
        q, k, v = (f(x).transpose(1, 2) for f in (self.query, self.key, self.value))
        states = self.shift.size(-1)
        b, c = torch.fft.rfft(self.shift, 2 * states)
        taps = torch.fft.irfft(b.conj() * c, 2 * states)[..., :states]
        k = fft_convolution(k, taps) + self.shift_skip[:, None] * k
        u = k * v
        y = q * (fft_convolution(u, self.modes(u.size(-1))) + self.skip[:, None] * u)
        return self.out(y.transpose(1, 2))


def liquid_loop(u, decay, gain, weight):
    """States whose decay follows the input u (batch, time, features) and stays within 1; complex decay,
    gain and weight (features, modes). Not scripted: TorchScript has no gradient of real times complex."""
    state = torch.zeros(u.size(0), *decay.shape, dtype=decay.dtype)
    outputs = []
    for now in u.unbind(1):
        driven = gain * now.unsqueeze(2)
        turned = decay + driven
        state = turned / turned.abs().clamp_min(1) * state + driven
        outputs.append((weight * state).sum(2).real)
    return 2 * torch.stack(outputs, 1)


class LiquidS4(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.modes = Modes(width, bilinear=True)
        self.skip, self.output = nn.Parameter(torch.randn(width)), Glu(width)

    def forward(self, x):
        exponent, b, c = self.modes.discretised()
        return self.output(liquid_loop(x, exponent.exp(), b, c) + self.skip * x)


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
