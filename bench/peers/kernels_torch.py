#!/usr/bin/env python3
"""Kernels of sequence models in PyTorch on the CPU and in attention_bench and scan_bench, in turn.

float32, forward and for training (forward and backward). In each round the peer and then our
benchmark of the same shapes are measured, so that other work on the machine meets both; one thread
is measured by processor time, more by wall time. Prints a markdown table of medians over the
rounds: `ratio` is theirs over ours (above 1 ours is faster), `of the floor` what our benchmark
says of itself, the share of the multiply-add peak or of the time in which the bytes could be moved.

attention              torch.nn.functional.scaled_dot_product_attention, two heads of 64 features or
                       eight of 8, one sample, full and causal
linear attention       the two products of Katharopoulos et al. 2020; causal: in chunks of 64 steps
long_convolution       torch.fft.rfft over twice the length, features in front of time
diagonal_scan          a scripted loop, and an associative scan by doubling
selective_scan         the reference form of Gu & Dao 2023: decays and inputs of all states made at
                       once, then a scripted loop
depthwise_convolution  torch.nn.functional.conv1d with a group for each feature, four taps
mode_kernel            2 Re sum over modes of w exp(x s), in complex64

Batch 8, 256 features, 16 states of a selective scan, 32 modes of a kernel, but for attention.

    python3 bench/peers/kernels_torch.py --build build/release/bench
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
from typing import List

import torch
from torch import Tensor
from torch.nn import functional as F

import torch_models as models

BATCH, WIDTH, STATES, MODES, TAPS, CHUNK = 8, 256, 16, 32, 4, 64


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


def linear_full(query, key, value):
    numerator = query @ (key.transpose(-1, -2) @ value)
    return numerator / ((query @ key.sum(-2, keepdim=True).transpose(-1, -2)) + 1e-6)


def linear_causal(query, key, value):
    """Chunks: what came before by a running sum of products, the chunk itself by its own matrix."""
    shape = (*query.shape[:2], query.size(2) // CHUNK, CHUNK, -1)
    ones = torch.ones_like(value[..., :1])
    q, k, v = (x.reshape(shape) for x in (query, key, torch.cat([value, ones], -1)))
    products = k.transpose(-1, -2) @ v
    before = products.cumsum(2) - products
    sums = (q @ before + torch.tril(q @ k.transpose(-1, -2)) @ v).flatten(2, 3)
    return sums[..., :-1] / (sums[..., -1:] + 1e-6)


def uniform(shape, low, high):
    return low + (high - low) * torch.rand(shape)


def attention_cases(steps):
    """Program, name of our benchmark with {pass} in it, form, leaves, function."""
    for kind, forms in (("exact", (False, True)), ("linear", (False, True))):
        for features, heads in ((64, 2), (8, 8)):
            for causal in forms:
                low = -1 if kind == "exact" else 0.1
                leaves = [uniform((1, heads, steps, features), low, 1) for _ in range(3)]
                if kind == "exact":
                    run = lambda q, k, v, c=causal: F.scaled_dot_product_attention(
                        q, k, v, is_causal=c
                    )
                else:
                    run = linear_causal if causal else linear_full
                name = f"{kind}/{'causal' if causal else 'full'}/{{pass}}/{features}/{steps}"
                yield "attention_bench", name, "sdpa" if kind == "exact" else "products", leaves, run


def scan_cases(steps):
    sequence = (BATCH, steps, WIDTH)

    def case(name, form, leaves, run):
        return "scan_bench", f"{name}/{{pass}}/steps:{steps}", form, leaves, run

    first = [uniform((BATCH, WIDTH, steps), -1, 1), uniform((WIDTH, steps), -1, 1)]
    yield case("long_convolution", "fft", first, models.fft_convolution)
    real = [uniform(sequence, 0.5, 1.0), uniform(sequence, -1, 1)]
    yield case("diagonal_scan/real", "loop", real, scan_loop)
    yield case("diagonal_scan/real", "tree", real, models.scan_tree)
    parts = uniform((1, 1, WIDTH, 2), 0.5, 0.7), uniform((*sequence, 2), -1, 1)
    number = [torch.view_as_complex(x) for x in parts]
    yield case("diagonal_scan/complex_constant", "loop", number, scan_loop)
    yield case("diagonal_scan/complex_constant", "tree", number, models.scan_constant)
    if steps <= 4096:  # beyond it the states alone take gigabytes
        weights = (BATCH, steps, STATES)
        leaves = [
            uniform(sequence, -1, 1), uniform(sequence, 0.001, 0.1),
            uniform((WIDTH, STATES), -16, -1), uniform(weights, -1, 1), uniform(weights, -1, 1),
            uniform((WIDTH,), -1, 1),
        ]
        yield case("selective_scan", "loop", leaves, models.selective_loop)
    leaves = [
        uniform((BATCH, WIDTH, steps), -1, 1), uniform((WIDTH, 1, TAPS), -1, 1),
        uniform((WIDTH,), -1, 1),
    ]
    yield case(
        "depthwise_convolution", "conv1d", leaves,
        lambda x, w, b: F.conv1d(x, w, b, padding=TAPS - 1, groups=WIDTH)[..., : x.size(-1)],
    )
    if steps <= 4096:
        leaves = [
            torch.complex(uniform((WIDTH, MODES), -0.05, -0.001), uniform((WIDTH, MODES), 0, 3)),
            torch.complex(uniform((WIDTH, MODES), -1, 1), uniform((WIDTH, MODES), -1, 1)),
        ]
        yield case(
            "mode_kernel", "vandermonde", leaves,
            lambda x, w: 2 * torch.einsum(
                "hn,hnl->hl", w, torch.exp(x[..., None] * torch.arange(steps))
            ).real,
        )


def run(leaves, function, training):
    leaves = [leaf.detach().requires_grad_(training) for leaf in leaves]
    clock = time.process_time if torch.get_num_threads() == 1 else time.perf_counter
    start = clock()
    with torch.set_grad_enabled(training):
        result = function(*leaves)
        if training:
            result.backward(torch.ones_like(result))
    return clock() - start


def ours(program, name, least):
    """Median milliseconds of one benchmark, and its share of its floor."""
    command = [
        program, f"--benchmark_filter=^{name}/manual_time$", "--benchmark_format=json",
        f"--benchmark_min_time={least}",
    ]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    row = json.loads(text[text.index("{"):])["benchmarks"][0]
    shares = [row[key] for key in ("share_of_peak", "bytes_floor", "flop_floor") if key in row]
    return row["median_ms"], max(shares, default=0)


def compare(arguments, case, threads, training):
    program, pattern, form, leaves, function = case
    kind = "training" if training else "forward"
    name = pattern.replace("{pass}", kind) + f"/threads:{threads}"
    torch.set_num_threads(threads)
    for _ in range(2):  # scripts are optimised in the first calls
        run(leaves, function, training)
    theirs, mine, shares = [], [], []
    for _ in range(arguments.rounds):
        times = [run(leaves, function, training) for _ in range(arguments.repeats)]
        theirs.append(statistics.median(times) * 1e3)
        milliseconds, share = ours(f"{arguments.build}/{program}", name, arguments.seconds)
        mine.append(milliseconds)
        shares.append(share)
    a, b = statistics.median(theirs), statistics.median(mine)
    share = statistics.median(shares)
    print(f"| {name} | {form} | {a:.2f} | {b:.2f} | {a / b:.2f} | {100 * share:.0f} % |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", required=True, help="folder of attention_bench and scan_bench")
    parser.add_argument("--kernels", help="those alone whose names contain this")
    parser.add_argument("--steps", type=int, nargs="+", default=[1024, 4096, 16384])
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=0.2, help="of ours in a round")
    arguments = parser.parse_args()
    torch.set_flush_denormal(True)
    torch.manual_seed(1)
    print(f"torch {torch.__version__}, {torch.__config__.show().splitlines()[3].strip(' -')}\n")
    print("| kernel | peer | torch, ms | ours, ms | ratio | of the floor |\n"
          "| --- | --- | --- | --- | --- | --- |")
    for steps in arguments.steps:
        for make in (attention_cases, scan_cases):
            for case in make(steps):
                if arguments.kernels and arguments.kernels not in case[1]:
                    continue
                for threads in arguments.threads:
                    for training in (False, True):
                        compare(arguments, case, threads, training)


if __name__ == "__main__":
    sys.exit(main())
