#!/usr/bin/env python3
"""Exact attention in PyTorch on the CPU, as a peer of attention_bench, the two in turn.

torch.nn.functional.scaled_dot_product_attention, float32, one sample, two heads of 64 features or
eight of 8, forward and for training (forward and backward). For each case and each round, PyTorch
with every thread count and then attention_bench with its own are measured one after the other, so
that other work on the machine meets both; the best thread count of each counts. Prints the
environment to stderr and one JSON line per case to stdout: median of the rounds in ms, and how many
times faster attention_bench is. Linear attention has no op of its own in PyTorch; its peer here are
the two products of Katharopoulos et al. 2020 for the full form, and for the causal one the same in
chunks of 64 steps.

    python3 bench/peers/attention_torch.py --bench build/release/bench/attention_bench
"""

import argparse
import json
import statistics
import subprocess
import sys
import time

import torch
from torch.nn.functional import scaled_dot_product_attention

CHUNK = 64


def linear_full(query, key, value):
    numerator = query @ (key.transpose(-1, -2) @ value)
    return numerator / ((query @ key.sum(-2, keepdim=True).transpose(-1, -2)) + 1e-6)


def linear_causal(query, key, value):
    """Chunks: what came before by a running sum of products, the chunk itself by its own matrix."""
    heads, steps, features = query.shape[1:]
    ones = torch.ones(*value.shape[:-1], 1)
    q, k, v = (
        x.reshape(1, heads, steps // CHUNK, CHUNK, -1)
        for x in (query, key, torch.cat([value, ones], -1))
    )
    products = k.transpose(-1, -2) @ v
    before = products.cumsum(2) - products
    inside = torch.tril(q @ k.transpose(-1, -2)) @ v
    sums = (q @ before + inside).reshape(1, heads, steps, features + 1)
    return sums[..., :-1] / (sums[..., -1:] + 1e-6)


def arguments_of(exact, heads, features, steps, training):
    generator = torch.Generator().manual_seed(1)
    low = -1.0 if exact else 0.1
    shape = (1, heads, steps, features)
    drawn = [low + (1 - low) * torch.rand(shape, generator=generator) for _ in range(3)]
    return [values.requires_grad_(training) for values in drawn]


def run(values, exact, causal, training):
    for leaf in values:
        leaf.grad = None
    # As attention_bench: processor time of one thread, wall time of more.
    clock = time.process_time if torch.get_num_threads() == 1 else time.perf_counter
    start = clock()
    with torch.set_grad_enabled(training):
        if exact:
            output = scaled_dot_product_attention(*values, is_causal=causal)
        else:
            output = (linear_causal if causal else linear_full)(*values)
        if training:
            output.backward(torch.ones_like(output))
    return clock() - start


def ours(bench, name):
    """Median of one run of the benchmark, seconds."""
    command = [bench, f"--benchmark_filter=^{name}/manual_time$", "--benchmark_format=json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)["benchmarks"][0]["median_ms"] * 1e-3


def compare(options, exact, causal, training, features, steps):
    heads = 2 if features == 64 else 8
    values = arguments_of(exact, heads, features, steps, training)
    theirs = {threads: [] for threads in options.threads}
    mine = {threads: [] for threads in options.threads}
    for _ in range(options.rounds):
        for threads in options.threads:
            torch.set_num_threads(threads)
            run(values, exact, causal, training)
            times = [run(values, exact, causal, training) for _ in range(options.repeats)]
            theirs[threads].append(statistics.median(times))
            name = "/".join(
                [
                    "exact" if exact else "linear",
                    "causal" if causal else "full",
                    "training" if training else "forward",
                    f"{features}/{steps}/threads:{threads}",
                ]
            )
            mine[threads].append(ours(options.bench, name))
    best = min(statistics.median(times) for times in theirs.values())
    own = min(statistics.median(times) for times in mine.values())
    line = {
        "case": name.rsplit("/", 1)[0],
        "torch_ms": best * 1e3,
        "ours_ms": own * 1e3,
        "times_faster": best / own,
    }
    print(json.dumps(line), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bench", required=True, help="the program attention_bench")
    parser.add_argument("--steps", type=int, nargs="+", default=[1024, 4096, 16384])
    parser.add_argument("--features", type=int, nargs="+", default=[64, 8])
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--kinds", nargs="+", default=["exact", "linear"])
    options = parser.parse_args()
    print(f"torch {torch.__version__}", torch.__config__.show().splitlines()[3], file=sys.stderr)
    torch.set_flush_denormal(True)
    for kind in options.kinds:
        for features in options.features:
            for steps in options.steps:
                for causal in (False, True):
                    for training in (False, True):
                        compare(options, kind == "exact", causal, training, features, steps)


if __name__ == "__main__":
    main()
