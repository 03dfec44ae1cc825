"""Spiking neurons as scripted loops whose spikes have a surrogate gradient, as in baselines/spiking."""

from typing import List

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from torch_parts import scan_loop


@torch.jit.script
def spike_of(above: Tensor, kind: int) -> Tensor:
    """1 from the threshold on. Derivative: 1 / (1 + |x / w|)^2 (kind 0, w = 0.04), 0.3 max(0, 1 - |x|)
    (1), or exp(-|x / w|) (2, w = 0.2)."""
    size = above.detach().abs()
    if kind == 0:
        slope = 1 / (1 + size / 0.04).square()
    elif kind == 1:
        slope = 0.3 * torch.relu(1 - size)
    else:
        slope = torch.exp(-size / 0.2)
    passed = above * slope
    return (above >= 0).to(above.dtype) + passed - passed.detach()


@torch.jit.script
def point_neuron_loop(
    current: Tensor, decay: Tensor, rise: Tensor, adaptation_decay: Tensor, refractory: int
) -> Tensor:
    """Potentials, spikes and distances from the threshold of 1, which rises where neurons adapt."""
    potential = torch.zeros_like(current[:, 0])
    spike, adaptation, rest = potential, potential, potential
    outputs: List[Tensor] = []
    for now in current.unbind(1):
        potential = decay * potential + now - spike
        above = potential - 1 - rise * adaptation
        spike = spike_of(above, 1) * (rest <= 0).to(above.dtype)
        adaptation = adaptation_decay * adaptation + spike
        rest = torch.where(spike > 0.5, torch.full_like(rest, refractory), rest - 1)
        outputs.append(torch.cat([potential, spike, above], 1))
    return torch.stack(outputs, 1)


class PointNeurons(nn.Module):
    """lif, or alif where neurons adapt."""

    def __init__(self, inputs, outputs, neurons, adapts, currents=4):
        super().__init__()
        self.currents, self.neurons = currents, neurons
        self.synapses = nn.Linear(inputs, neurons * currents)
        self.synapse_decay = nn.Parameter(torch.ones(neurons * currents))
        self.membrane_decay = nn.Parameter(torch.full((neurons,), 3.0))
        if adapts:
            self.adaptation = nn.Parameter(torch.tensor([[4.6], [-2.0]]).repeat(1, neurons))
        else:
            self.register_buffer("adaptation", torch.tensor([[0.0], [-1e9]]).repeat(1, neurons))
        self.out = nn.Linear(3 * neurons, outputs)

    def forward(self, x):
        currents = scan_loop(torch.sigmoid(self.synapse_decay)[None, None], self.synapses(x))
        total = currents.unflatten(-1, (self.neurons, self.currents)).sum(-1)
        rise = F.softplus(self.adaptation[1])
        decays = torch.sigmoid(self.membrane_decay), rise, torch.sigmoid(self.adaptation[0])
        return self.out(point_neuron_loop(total, *decays, 2))


@torch.jit.script
def spiking_loop(
    current: Tensor,
    recurrent: Tensor,
    decay: Tensor,
    adaptation_decay: Tensor,
    coupling: Tensor,
    jump: Tensor,
    kind: int,
) -> Tensor:
    """Spikes of units that hear each other; kind 0: nothing adapts, 1: the threshold, 2: the current."""
    spike = torch.zeros_like(current[:, 0])
    membrane, adaptation = spike, spike
    spikes: List[Tensor] = []
    for now in current.unbind(1):
        driven = torch.addmm(now, spike, recurrent)
        if kind == 2:
            driven = driven - adaptation
        potential = decay * membrane + (1 - decay) * driven
        above = potential - 1
        if kind == 1:
            above = above - adaptation
        spike = spike_of(above, kind)
        membrane = potential * (1 - spike) if kind == 2 else potential - spike
        if kind > 0:
            adaptation = adaptation_decay * adaptation + jump * spike
        if kind == 2:
            adaptation = adaptation + coupling * membrane
        spikes.append(spike)
    return torch.stack(spikes, 1)


def between(logits, low, high):
    return low + (high - low) * torch.sigmoid(logits)


def decay_between(logits, shortest, longest):
    log_tau = between(logits, torch.tensor(shortest).log(), torch.tensor(longest).log())
    return torch.exp(-torch.exp(-log_tau))


class SpikingNetwork(nn.Module):
    """recurrent_lif (kind 0), lsnn (1: half of the units adapt) or adlif_network (2)."""

    def __init__(self, inputs, outputs, units, kind):
        super().__init__()
        self.kind, self.scale = kind, (5.0, 5.0, 20.0)[kind]
        self.synapses, self.out = nn.Linear(inputs, units), nn.Linear(units, outputs)
        self.recurrent = nn.Parameter(torch.randn(units, units) / units**0.5)
        self.membrane_tau = nn.Parameter(torch.randn(units))
        adaptive = (0, units // 2, units)[kind]
        if kind > 0:
            self.adaptation_tau = nn.Parameter(torch.randn(adaptive))
            self.jump = nn.Parameter(torch.full((adaptive,), -2.0))
        if kind == 2:
            self.coupling = nn.Parameter(torch.randn(units))
        self.readout_decay = nn.Parameter(torch.full((outputs,), 2.7))

    def coefficients(self):
        units = self.membrane_tau.size(0)
        rho = coupling = jump = torch.zeros(units)
        if self.kind == 1:
            none = torch.zeros(units - self.jump.size(0))
            rho = torch.cat([decay_between(self.adaptation_tau, 30.0, 300.0), none])
            jump = torch.cat([F.softplus(self.jump), none])
        if self.kind == 2:
            rho = decay_between(self.adaptation_tau, 60.0, 300.0)
            gain = 120 * (1 - rho)
            coupling, jump = gain * between(self.coupling, 0, 1), gain * between(self.jump, 0, 2)
        return decay_between(self.membrane_tau, 5.0, 25.0), rho, coupling, jump

    def forward(self, x):
        current = self.scale * self.synapses(x)
        spikes = spiking_loop(current, self.recurrent, *self.coefficients(), self.kind)
        decay = torch.sigmoid(self.readout_decay)
        return scan_loop(decay[None, None], (1 - decay) * self.out(spikes))
