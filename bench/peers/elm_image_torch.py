#!/usr/bin/env python3
"""One training step of the ELM neuron for images read pixel by pixel in PyTorch on the CPU, as a peer of
the rows "pathfinder" and "path-x" of elm_training_share_bench.

Neuron: Spieler et al. 2024, arXiv 2306.16922, without branches: 16 grey levels one-hot (8 with
--levels 8), d_m 150, h 300, ReLU, two outputs, learnable time constants, batch 8 x 1024 steps, float32,
random weights. With phi(z) = 1.7159 tanh(2 z / 3):
  b = ks b[t-1] + w x[t] ;  d = km m[t-1] ;  m = d + lambda (1 - km) phi(W2 max(W1 [b, d] + c1, 0) + c2)
  y = Wy m + cy
A scripted loop over time, forward, loss = sum of y^2 / 2000, backward; input (batch, time, levels) is
there before the clock starts. Two forms:
  loop     everything inside the loop
  hoisted  traces by a loop of their own, the input side and the readout as one product each, the loop
           over the recurrence alone
Prints the environment to stderr and one JSON line per case to stdout. FLOP are those that
elm_training_share_bench counts, whatever the form: 6 (2 h d_m + d_b h + d_out d_m) a step.
"""

import argparse
import json
import math
import statistics
import sys
import time
import warnings
from typing import Dict, List

import torch
from torch import Tensor

from elm_torch_training import recurrence

warnings.filterwarnings("ignore", message=".*torch.jit.*")

LAMBDA, SYNAPSE_TAU, OUTPUTS = 5.0, 5.0, 2


@torch.jit.script
def loop(
    inputs: Tensor,
    weight: Tensor,
    trace_decay: float,
    memory_decay: Tensor,
    gain: Tensor,
    first: Tensor,
    first_bias: Tensor,
    second: Tensor,
    second_bias: Tensor,
    readout: Tensor,
    readout_bias: Tensor,
) -> Tensor:
    """inputs (time, batch, levels); weights transposed; outputs (time, batch, outputs)."""
    trace = torch.zeros_like(inputs[0])
    memory = torch.zeros(inputs.size(1), memory_decay.size(0))
    outputs: List[Tensor] = []
    for x in inputs.unbind(0):
        trace = trace_decay * trace + weight * x
        decayed = memory_decay * memory
        hidden = torch.relu(torch.addmm(first_bias, torch.cat([trace, decayed], 1), first))
        change = 1.7159 * torch.tanh(0.6666666666666666 * torch.addmm(second_bias, hidden, second))
        memory = decayed + gain * change
        outputs.append(torch.addmm(readout_bias, memory, readout))
    return torch.stack(outputs, 0)


@torch.jit.script
def traces(inputs: Tensor, weight: Tensor, trace_decay: float) -> Tensor:
    trace = torch.zeros_like(inputs[0])
    rows: List[Tensor] = []
    for x in (inputs * weight).unbind(0):
        trace = trace_decay * trace + x
        rows.append(trace)
    return torch.stack(rows, 0)


def parameters(memories: int, levels: int) -> Dict[str, Tensor]:
    generator = torch.Generator().manual_seed(1)

    def uniform(*shape: int) -> Tensor:
        bound = 1 / math.sqrt(shape[0])
        return (2 * torch.rand(*shape, generator=generator) - 1) * bound

    values = {
        "weight": torch.full((levels,), 0.5),
        "tau": torch.logspace(0, 3, memories),
        "first": uniform(levels + memories, 2 * memories),
        "first_bias": torch.zeros(2 * memories),
        "second": uniform(2 * memories, memories),
        "second_bias": torch.zeros(memories),
        "readout": uniform(memories, OUTPUTS),
        "readout_bias": torch.zeros(OUTPUTS),
    }
    return {name: value.requires_grad_() for name, value in values.items()}


def output(form: str, p: Dict[str, Tensor], inputs: Tensor) -> Tensor:
    trace_decay = math.exp(-1 / SYNAPSE_TAU)
    memory_decay = torch.exp(-1 / p["tau"])
    gain = LAMBDA * (1 - memory_decay)
    weight = torch.relu(p["weight"])
    maps = p["first"], p["first_bias"], p["second"], p["second_bias"]
    if form == "loop":
        return loop(
            inputs, weight, trace_decay, memory_decay, gain, *maps, p["readout"], p["readout_bias"]
        )
    levels, slope = inputs.size(2), 2 / 3
    drive = traces(inputs, weight, trace_decay) @ p["first"][:levels] + p["first_bias"]
    memory = recurrence(
        drive,
        memory_decay,
        1.7159 * gain,
        p["first"][levels:].contiguous(),
        slope * p["second"],
        slope * p["second_bias"],
        False,
    )
    return memory @ p["readout"] + p["readout_bias"]


def step(form: str, p: Dict[str, Tensor], inputs: Tensor) -> float:
    for value in p.values():
        value.grad = None
    start = time.perf_counter()
    y = output(form, p, inputs)
    (y * y).sum().div(2000).backward()
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--memory", type=int, nargs="+", default=[150, 50])
    parser.add_argument("--levels", type=int, default=16)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--steps", type=int, default=1024)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--fma-peak", type=float, default=0, help="GFLOP/s of one core")
    options = parser.parse_args()
    print(f"torch {torch.__version__}", torch.__config__.show().splitlines()[3], file=sys.stderr)
    torch.set_flush_denormal(True)
    generator = torch.Generator().manual_seed(2)
    level = torch.randint(options.levels, (options.steps, options.batch), generator=generator)
    inputs = torch.nn.functional.one_hot(level, options.levels).float()
    for memories in options.memory:
        p = parameters(memories, options.levels)
        with torch.no_grad():  # both forms are the same function
            same = [output(form, p, inputs[:64]) for form in ("loop", "hoisted")]
        assert (same[0] - same[1]).abs().max() <= 1e-4 * same[0].abs().max()
        maps = 2 * memories * 2 * memories + options.levels * 2 * memories + OUTPUTS * memories
        flop = 6.0 * maps * options.batch * options.steps
        for threads in options.threads:
            torch.set_num_threads(threads)
            for form in ("loop", "hoisted"):
                step(form, p, inputs)
                seconds = [step(form, p, inputs) for _ in range(options.repeats)]
                median = statistics.median(seconds)
                case = {
                    "d_m": memories,
                    "form": form,
                    "threads": threads,
                    "batch": options.batch,
                    "steps": options.steps,
                    "ms": 1e3 * median,
                    "ms_best": 1e3 * min(seconds),
                    "gflops": flop / median * 1e-9,
                }
                if options.fma_peak > 0:
                    case["fraction_of_peak"] = case["gflops"] / (options.fma_peak * threads)
                print(json.dumps(case), flush=True)


if __name__ == "__main__":
    main()
