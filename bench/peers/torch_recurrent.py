"""LSTM, GRU, and HiPPO's gated cell as a scripted loop, as in baselines/recurrent."""

from typing import List

import torch
from torch import Tensor, nn


class Recurrent(nn.Module):
    def __init__(self, cell, outputs):
        super().__init__()
        self.cell, self.out = cell, nn.Linear(cell.hidden_size, outputs)

    def forward(self, x):
        return self.out(self.cell(x)[0])


def lstm(inputs, outputs, units):
    return Recurrent(nn.LSTM(inputs, units, batch_first=True), outputs)


def gru(inputs, outputs, units):
    return Recurrent(nn.GRU(inputs, units, batch_first=True), outputs)


@torch.jit.script
def hippo_loop(
    driven: Tensor, matrices: Tensor, vectors: Tensor, from_hidden: Tensor, from_memory: Tensor
) -> Tensor:
    """driven (batch, time, memories + 2 units); matrices (time, states, states), transposed; hidden
    states."""
    memories, units = from_hidden.size(1), from_hidden.size(0)
    hidden = torch.zeros(driven.size(0), units)
    memory = torch.zeros(driven.size(0), memories, matrices.size(1))
    outputs: List[Tensor] = []
    for now, matrix, vector in zip(driven.unbind(1), matrices.unbind(0), vectors.unbind(0)):
        heard = now[:, :memories] + hidden @ from_hidden
        memory = memory @ matrix + heard.unsqueeze(2) * vector
        candidate, gate = (now[:, memories:] + memory.flatten(1) @ from_memory).chunk(2, 1)
        hidden = torch.lerp(hidden, torch.tanh(candidate), torch.sigmoid(gate))
        outputs.append(hidden)
    return torch.stack(outputs, 1)


@torch.jit.script
def memory_loop(driven: Tensor, matrices: Tensor, vectors: Tensor) -> Tensor:
    """Memories alone: driven (batch, time, memories), all states of all steps."""
    memory = torch.zeros_like(driven[:, 0]).unsqueeze(2) * vectors[0]
    memories: List[Tensor] = []
    for now, matrix, vector in zip(driven.unbind(1), matrices.unbind(0), vectors.unbind(0)):
        memory = memory @ matrix + now.unsqueeze(2) * vector
        memories.append(memory)
    return torch.stack(memories, 1)


def legs_steps(steps, states):
    """Transposed matrices and vectors of each step of LegS by the bilinear rule."""
    index = torch.arange(states, dtype=torch.float64)
    b = (2 * index + 1).sqrt()
    a = -torch.outer(b, b).tril(-1) - torch.diag(index + 1)
    time = torch.arange(1, steps + 1, dtype=torch.float64)[:, None, None]
    identity = torch.eye(states, dtype=torch.float64)
    before, behind = identity + a / (2 * time), identity - a / (2 * time)
    matrices = torch.linalg.solve(behind, before).transpose(1, 2).contiguous()
    vectors = torch.linalg.solve(behind, b[:, None] / time).squeeze(2)
    matrices[0], vectors[0] = 0, identity[0]  # the first step is the memory
    return matrices.float(), vectors.float()


class Hippo(nn.Module):
    """The gated cell, whose steps of the memory are made once."""

    def __init__(self, inputs, outputs, steps, units, memories=8, states=16):
        super().__init__()
        self.input, self.out = nn.Linear(inputs, memories + 2 * units), nn.Linear(units, outputs)
        self.from_hidden = nn.Parameter(torch.randn(units, memories) / units**0.5)
        kept = memories * states
        self.from_memory = nn.Parameter(torch.randn(kept, 2 * units) / kept**0.5)
        matrices, vectors = legs_steps(steps, states)
        self.register_buffer("matrices", matrices)
        self.register_buffer("vectors", vectors)

    def forward(self, x):
        maps = self.from_hidden, self.from_memory
        return self.out(hippo_loop(self.input(x), self.matrices, self.vectors, *maps))
