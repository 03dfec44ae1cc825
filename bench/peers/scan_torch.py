#!/usr/bin/env python3
"""Kernels of state spaces in PyTorch on the CPU, as peers of scan_bench, float32.

Batch 8, 256 features, 16 states of a selective scan, 32 modes of a kernel. Forms:
  diagonal_scan/real, diagonal_scan/complex_constant
      loop   a scripted loop over time
      tree   an associative scan by doubling, h[t] += a h[t-k] with k = 1, 2, 4, ...
  selective_scan
      loop   the reference form of Gu & Dao 2023: decays and inputs of all states made at once, then
             a scripted loop over time
  long_convolution
      fft    torch.fft.rfft over twice the length, with the features in front of time and, as
             `fft_time_first`, behind it, as scan_bench has them
  mode_kernel
      vandermonde  2 Re sum over modes of w exp(x s), in complex64
With --ours PROGRAM the benchmarks of that program run in turn with the peers, and each line has both
times. Prints the environment to stderr and one JSON line per case to stdout.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
import warnings
from typing import List

import torch
from torch import Tensor

warnings.filterwarnings("ignore", message=".*torch.jit.*")

BATCH, WIDTH, STATES, MODES = 8, 256, 16, 32


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
    decay = decay.expand(values.shape)
    shift = 1
    while shift < values.size(1):
        values = torch.cat(
            [values[:, :shift], values[:, shift:] + decay[:, shift:] * values[:, :-shift]], 1
        )
        decay = torch.cat([decay[:, :shift], decay[:, shift:] * decay[:, :-shift]], 1)
        shift *= 2
    return values


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


def fft_convolution(u: Tensor, kernel: Tensor, axis: int) -> Tensor:
    steps = u.size(axis)
    size = 2 * steps
    spectrum = torch.fft.rfft(u, size, dim=axis) * torch.fft.rfft(kernel, size, dim=axis)
    return torch.fft.irfft(spectrum, size, dim=axis).narrow(axis, 0, steps)


def vandermonde(exponent: Tensor, weight: Tensor, steps: int) -> Tensor:
    powers = torch.exp(exponent.unsqueeze(2) * torch.arange(steps))
    return 2 * torch.einsum("hn,hnl->hl", weight, powers).real


def cases(steps: int):
    """Name as scan_bench has it, form, leaves, function."""
    generator = torch.Generator().manual_seed(1)

    def uniform(shape, low, high):
        return low + (high - low) * torch.rand(shape, generator=generator)

    sequence = (BATCH, steps, WIDTH)
    real = [uniform(sequence, 0.5, 1.0), uniform(sequence, -1, 1)]
    yield "diagonal_scan/real", "loop", real, scan_loop
    yield "diagonal_scan/real", "tree", real, scan_tree
    parts = uniform((1, 1, WIDTH, 2), 0.5, 0.7), uniform((*sequence, 2), -1, 1)
    number = [torch.view_as_complex(x) for x in parts]
    yield "diagonal_scan/complex_constant", "loop", number, scan_loop
    yield "diagonal_scan/complex_constant", "tree", number, scan_tree
    if steps <= 4096:  # beyond it the states alone take gigabytes
        weights = (BATCH, steps, STATES)
        yield "selective_scan", "loop", [
            uniform(sequence, -1, 1),
            uniform(sequence, 0.001, 0.1),
            uniform((WIDTH, STATES), -16, -1),
            uniform(weights, -1, 1),
            uniform(weights, -1, 1),
            uniform((WIDTH,), -1, 1),
        ], selective_loop
    first = [uniform((BATCH, WIDTH, steps), -1, 1), uniform((WIDTH, steps), -1, 1)]
    yield "long_convolution", "fft", first, lambda u, k: fft_convolution(u, k, -1)
    last = [uniform(sequence, -1, 1), uniform((steps, WIDTH), -1, 1)]
    yield "long_convolution", "fft_time_first", last, lambda u, k: fft_convolution(u, k, -2)
    if steps <= 4096:
        modes = [
            torch.complex(uniform((WIDTH, MODES), -0.05, -0.001), uniform((WIDTH, MODES), 0, 3)),
            torch.complex(uniform((WIDTH, MODES), -1, 1), uniform((WIDTH, MODES), -1, 1)),
        ]
        yield "mode_kernel", "vandermonde", modes, lambda x, w: vandermonde(x, w, steps)


def run(leaves, function, training: bool) -> float:
    leaves = [leaf.detach().requires_grad_(training) for leaf in leaves]
    start = time.perf_counter()
    with torch.set_grad_enabled(training):
        result = function(*leaves)
        if training:
            result.backward(torch.ones_like(result))
    return time.perf_counter() - start


def ours(program: str, name: str) -> float:
    """Median milliseconds of one benchmark of scan_bench."""
    text = subprocess.run(
        [program, f"--benchmark_filter=^{name}/manual_time$", "--benchmark_format=json"],
        check=True, capture_output=True, text=True,
    ).stdout
    return json.loads(text[text.index("{"):])["benchmarks"][0]["median_ms"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, nargs="+", default=[1024, 4096, 16384])
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--ours", help="path of scan_bench, to run in turn")
    options = parser.parse_args()
    print(f"torch {torch.__version__}", torch.__config__.show().splitlines()[3], file=sys.stderr)
    torch.set_flush_denormal(True)
    for steps in options.steps:
        for threads in options.threads:
            torch.set_num_threads(threads)
            for name, form, leaves, function in cases(steps):
                for training in (False, True):
                    run(leaves, function, training)  # scripts are optimised in the first calls
                    seconds = [run(leaves, function, training) for _ in range(options.repeats)]
                    line = {
                        "kernel": name,
                        "form": form,
                        "steps": steps,
                        "threads": threads,
                        "training": training,
                        "median_ms": statistics.median(seconds) * 1e3,
                    }
                    if options.ours:
                        kind = "training" if training else "forward"
                        line["ours_ms"] = ours(
                            options.ours, f"{name}/{kind}/steps:{steps}/threads:{threads}"
                        )
                        line["ratio"] = line["median_ms"] / line["ours_ms"]
                    print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
