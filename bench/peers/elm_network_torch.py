#!/usr/bin/env python3
"""One layer of a network of ELM neurons in PyTorch on the CPU, as a peer of elm_network_bench.

Layer: Spieler, Martius & Levina 2026, arXiv 2605.12049, SHD-Adding: 57 neurons, d_m 9, 30 branches
of 10 synapses, a quarter of them recurrent, batch 8 x 1000 steps, float32, random weights. For each
neuron, with phi(z) = 1.7159 tanh(2 z / 3):
  b = x[t] + sum over each branch's recurrent synapses of w y_source[t-1]
  m^ = km m[t-1] ;  dm = phi(W2 max(W1 [b, m^] + c1, 0)^2 + c2) ;  m = m^ + gamma dm
  r = w_y m ;  e = kr e + (1 - kr) r ;  y = max(r - e + c, 0)
A scripted loop over time; the branch input x (batch, time, branches, neurons) is there before the
clock starts. Recurrent synapses, two forms:
  gather  activity gathered to the synapses and added to their rows by index_add
  dense   one product with a (neurons, branches x neurons) matrix that is mostly zero
Maps of all neurons are batched products over neurons. Prints the environment to stderr and one JSON
line per case to stdout; FLOP are those that elm_network_bench counts, whatever the form.
"""

import argparse
import json
import math
import statistics
import sys
import time
import warnings
from typing import List

import torch
from torch import Tensor

warnings.filterwarnings("ignore", message=".*torch.jit.*")

NEURONS, BRANCHES, MEMORIES, HIDDEN, SYNAPSES, SHARE = 57, 30, 9, 18, 10, 0.25
JOINED = BRANCHES + MEMORIES


@torch.jit.script
def layer(
    branch_input: Tensor,
    source: Tensor,
    row: Tensor,
    weight: Tensor,
    matrix: Tensor,
    hidden_weight: Tensor,
    hidden_bias: Tensor,
    update_weight: Tensor,
    update_bias: Tensor,
    decay: Tensor,
    gain: Tensor,
    readout: Tensor,
    offset: Tensor,
    slow_decay: float,
    dense: bool,
) -> Tensor:
    """branch_input (batch, time, neurons, branches); maps (neurons, in, out), the rest (neurons, 1,
    out); activity (batch, time, neurons)."""
    batch, neurons, branches = branch_input.size(0), branch_input.size(2), branch_input.size(3)
    memory = branch_input.new_zeros(neurons, batch, decay.size(2))
    slow = branch_input.new_zeros(batch, neurons)
    activity = branch_input.new_zeros(batch, neurons)
    outputs: List[Tensor] = []
    for outside in branch_input.unbind(1):
        if dense:
            inside = (activity @ matrix).view(batch, neurons, branches)
        else:
            rows = branch_input.new_zeros(batch, neurons * branches)
            inside = rows.index_add(1, row, activity[:, source] * weight).view(
                batch, neurons, branches
            )
        decayed = decay * memory
        joined = torch.cat([(outside + inside).transpose(0, 1), decayed], 2)
        hidden = torch.relu(torch.baddbmm(hidden_bias, joined, hidden_weight))
        change = torch.baddbmm(update_bias, hidden * hidden, update_weight)
        memory = decayed + gain * (1.7159 * torch.tanh(0.6666666666666666 * change))
        read = (memory * readout).sum(2).t()
        slow = slow_decay * slow + (1.0 - slow_decay) * read
        activity = torch.relu(read - slow + offset)
        outputs.append(activity)
    return torch.stack(outputs, 1)


def arguments_of(batch: int, steps: int, dense: bool, training: bool):
    generator = torch.Generator(torch.get_default_device()).manual_seed(1)

    def uniform(shape, bound):
        values = (2 * torch.rand(shape, generator=generator) - 1) * bound
        return values.requires_grad_(training)

    n_rows = NEURONS * BRANCHES
    recurrent = torch.rand(n_rows * SYNAPSES, generator=generator) < SHARE
    row = torch.arange(n_rows * SYNAPSES)[recurrent] // SYNAPSES
    source = torch.randint(NEURONS, (row.numel(),), generator=generator)
    weight = uniform((row.numel(),), 10 / math.sqrt(SYNAPSES))
    matrix = torch.zeros(NEURONS, n_rows)
    if dense:
        matrix = matrix.index_put((source, row), weight.detach(), accumulate=True)
        matrix.requires_grad_(training)
    tau = torch.logspace(0, math.log10(500), MEMORIES).view(1, 1, MEMORIES)
    in_bound, hidden_bound = 1 / math.sqrt(JOINED), 1 / math.sqrt(HIDDEN)
    values = (
        uniform((batch, steps, NEURONS, BRANCHES), 2.0),
        source,
        row,
        weight,
        matrix,
        uniform((NEURONS, JOINED, HIDDEN), in_bound),
        uniform((NEURONS, 1, HIDDEN), in_bound),
        uniform((NEURONS, HIDDEN, MEMORIES), hidden_bound),
        uniform((NEURONS, 1, MEMORIES), hidden_bound),
        torch.exp(-1 / tau),
        -torch.expm1(-5 / tau),
        uniform((NEURONS, 1, MEMORIES), 1 / math.sqrt(MEMORIES)),
        torch.zeros(NEURONS).requires_grad_(training),
        math.exp(-1 / 5),
        dense,
    )
    return values, row.numel()


def run(values, training: bool) -> float:
    leaves = [v for v in values if isinstance(v, Tensor) and v.requires_grad]
    for leaf in leaves:
        leaf.grad = None
    start = time.perf_counter()
    with torch.set_grad_enabled(training):
        activity = layer(*values)
        if training:
            activity.backward(torch.ones_like(activity))
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--steps", type=int, default=1000)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--fma-peak", type=float, default=0, help="GFLOP/s of one core")
    options = parser.parse_args()
    print(f"torch {torch.__version__}", torch.__config__.show().splitlines()[3], file=sys.stderr)
    torch.set_flush_denormal(True)
    for threads in options.threads:
        torch.set_num_threads(threads)
        for training in (False, True):
            for dense in (False, True):
                values, synapses = arguments_of(options.batch, options.steps, dense, training)
                run(values, training)  # scripts are optimised in the first calls
                run(values, training)
                seconds = statistics.median(run(values, training) for _ in range(options.repeats))
                maps = NEURONS * (HIDDEN * JOINED + MEMORIES * HIDDEN + MEMORIES)
                flop = (6 if training else 2) * options.batch * options.steps * (maps + synapses)
                line = {
                    "form": "dense" if dense else "gather",
                    "training": training,
                    "threads": threads,
                    "median_ms": seconds * 1e3,
                    "gflops": flop / seconds * 1e-9,
                }
                if options.fma_peak > 0:
                    line["share_of_peak"] = flop / seconds * 1e-9 / (options.fma_peak * threads)
                print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
