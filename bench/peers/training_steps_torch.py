#!/usr/bin/env python3
"""Training steps of sequence models in PyTorch on the CPU and in training_step_bench, in turn.

A step is forward, the gradient of half the squared output times 1 / 1000, backward and Adam, in
float32; two blocks, or the layers of a model that has none, the same widths, states and heads on both
sides. The models of the peer are those of torch_models.py, all unless --models names some. In each round
the peer and then training_step_bench are measured, so that other work on the machine meets both; one
thread is measured by processor time, more by wall time. Prints the environment, a markdown table of
medians over the rounds, and which models are slower here than there; `ratio` is theirs over ours: above
1 ours is faster. Exit status 1 where a model could not be compared or numbers of parameters differ.

    python3 bench/peers/training_steps_torch.py --ours build/release/bench/training_step_bench
    python3 bench/peers/training_steps_torch.py --check

--check takes one step of each peer and says how many parameters it has; it measures nothing.
"""

import argparse
import json
import math
import statistics
import subprocess
import sys
import time

import torch

from torch_models import peers


class Peer:
    def __init__(self, make, batch, steps, inputs):
        torch.manual_seed(1)
        self.model = make()
        self.adam = torch.optim.Adam(self.model.parameters(), 1e-4)
        self.input = torch.randn(batch, steps, inputs)
        self.parameters = sum(p.numel() for p in self.model.parameters())

    def step(self):
        clock = time.process_time if torch.get_num_threads() == 1 else time.perf_counter
        start = clock()
        self.adam.zero_grad()
        output = self.model(self.input)
        output.backward(output.detach() * 1e-3)
        self.adam.step()
        return clock() - start


def ours(program, name, options, numbers):
    pairs = [f"{key}={value}" for key, value in {**numbers, **options}.items()]
    done = subprocess.run([program, name, *pairs], capture_output=True, text=True)
    if done.returncode != 0:
        print(done.stderr.strip(), file=sys.stderr)
        return None
    return json.loads(done.stdout)


def compare(arguments, name, make, options, numbers, threads):
    """Prints a row. Theirs over ours, and whether both have the same number of parameters."""
    torch.set_num_threads(threads)
    peer = Peer(make, numbers["batch"], numbers["steps"], numbers["inputs"])
    for _ in range(3):  # scripts are optimised in the first calls
        peer.step()
    theirs, mine, parameters = [], [], peer.parameters
    for _ in range(arguments.rounds):
        theirs.append(statistics.median(peer.step() for _ in range(arguments.repeats)) * 1e3)
        result = ours(arguments.ours, name, options, {**numbers, "threads": threads})
        if result is None:
            return math.inf, False
        mine.append(result["median_ms"])
        parameters = result["parameters"]
    a, b = statistics.median(theirs), statistics.median(mine)
    print(
        f"| {name} | {numbers['batch']} x {numbers['steps']} | {threads} | {peer.parameters} | "
        f"{parameters} | {a:.1f} | {b:.1f} | {a / b:.2f} |",
        flush=True,
    )
    return a / b, parameters == peer.parameters


def check(found, numbers):
    """Whether all outputs and gradients are finite."""
    bad = []
    for name, (make, _) in found.items():
        peer = Peer(make, numbers["batch"], numbers["steps"], numbers["inputs"])
        peer.step()
        gradients = [p.grad for p in peer.model.parameters()]
        finite = all(g is not None and g.isfinite().all() for g in gradients)
        print(f"{name} {peer.parameters} {'' if finite else 'no gradient, or not finite'}", flush=True)
        bad += [] if finite else [name]
    return bad


def table(arguments, found, numbers):
    print("| model | batch x steps | threads | their parameters | ours | torch, ms | ours, ms | "
          "ratio |\n| --- | --- | --- | --- | --- | --- | --- | --- |")
    slower, bad = [], []
    for name, (make, options) in found.items():
        for threads in arguments.threads:
            ratio, same = compare(arguments, name, make, options, numbers, threads)
            if not same:
                bad.append(name)
            if ratio < 1:
                slower.append(f"{name} ({threads} threads, {ratio:.2f})")
    print(f"\nSlower than PyTorch: {', '.join(slower) or 'none'}.")
    return bad


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ours", help="the program training_step_bench")
    parser.add_argument("--check", action="store_true", help="one step of each peer alone")
    parser.add_argument("--models", nargs="+", help="these alone")
    parser.add_argument("--width", type=int, default=128)
    parser.add_argument("--steps", type=int, default=2048)
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--inputs", type=int, default=16, help="and outputs")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--repeats", type=int, default=3, help="steps of the peer in a round")
    parser.add_argument("--seconds", type=float, default=1, help="of ours in a round, at least")
    arguments = parser.parse_args()
    if not arguments.check and not arguments.ours:
        parser.error("--ours names the program to compare with")
    numbers = {
        "batch": arguments.batch, "steps": arguments.steps, "inputs": arguments.inputs,
        "outputs": arguments.inputs, "seconds": arguments.seconds,
    }
    found = peers(arguments.width, arguments.steps, arguments.inputs, arguments.inputs)
    unknown = set(arguments.models or []) - set(found)
    if unknown:
        parser.error(f"no peer of {', '.join(sorted(unknown))}; there are {', '.join(found)}")
    if arguments.models:
        found = {name: found[name] for name in arguments.models}
    torch.set_flush_denormal(True)
    print(f"torch {torch.__version__}, {torch.__config__.show().splitlines()[3].strip(' -')}, "
          f"width {arguments.width}\n")
    bad = check(found, numbers) if arguments.check else table(arguments, found, numbers)
    if bad:
        print(f"not as ours, or not finite: {', '.join(bad)}", file=sys.stderr)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
