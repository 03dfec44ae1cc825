#!/usr/bin/env python3
"""Training steps of sequence models in PyTorch on the CPU and in training_step_bench, in turn.

A step is forward, the gradient of half the squared output times 1 / 1000, backward and Adam, in
float32; two blocks (one layer of LSTM and GRU, seven of the TCN), the same widths, states and heads
on both sides. The models of the peer are in torch_models.py. In each round the peer and then
training_step_bench are measured, so that other work on the machine meets both; one thread is
measured by processor time, more by wall time. Prints the environment and a markdown table of
medians over the rounds; `ratio` is theirs over ours: above 1 ours is faster.

    python3 bench/peers/training_steps_torch.py --ours build/release/bench/training_step_bench
"""

import argparse
import json
import statistics
import subprocess
import sys
import time

import torch
from torch import nn

import torch_models as models


def rms_norm(width):
    return nn.RMSNorm(width, 1e-5)


def cases(width, steps, inputs, outputs):
    """Name, what makes the peer, and options of ours that differ from their defaults."""
    mlp = 4 * width
    stack = {"width": width}
    transformer = {"width": width, "mlp_width": mlp}

    def stacked(make, **others):
        return lambda: models.Stack(inputs, outputs, width, make, **others)

    yield "transformer", stacked(models.Attention, mlp_width=mlp), transformer
    yield "linear_transformer", stacked(models.LinearAttention, mlp_width=mlp), transformer
    yield "retnet", stacked(models.Retention, mlp_width=mlp), transformer
    yield "rwkv4", stacked(models.Rwkv4, mlp_width=mlp), transformer
    yield "hyena", stacked(lambda w: models.Hyena(w, steps), mlp_width=mlp), {
        **transformer, "longest": steps,
    }
    yield "mega", stacked(models.Mega, mlp_width=mlp), {
        **transformer, "shared_width": 32, "longest": steps,
    }
    yield "lstm", lambda: models.Recurrent(nn.LSTM, inputs, outputs, width), {"units": width}
    yield "gru", lambda: models.Recurrent(nn.GRU, inputs, outputs, width), {"units": width}
    yield "tcn", lambda: models.Tcn(inputs, outputs, width, taps=8), {**stack, "taps": 8}
    yield "s4d", stacked(models.S4d), stack
    yield "s4", stacked(models.S4), {**stack, "longest": steps}
    yield "s5", stacked(lambda w: models.Lru(w, 32, False)), stack
    yield "lru", stacked(lambda w: models.Lru(w, 64)), {**stack, "states": 64}
    yield "mamba", stacked(models.Mamba, norm=rms_norm), stack
    yield "mamba2", stacked(models.Mamba2, norm=rms_norm), stack
    yield "min_gru", stacked(models.MinGru), stack


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
    torch.set_num_threads(threads)
    peer = Peer(make, numbers["batch"], numbers["steps"], numbers["inputs"])
    for _ in range(3):  # scripts are optimised in the first calls
        peer.step()
    theirs, mine, parameters = [], [], 0
    for _ in range(arguments.rounds):
        theirs.append(statistics.median(peer.step() for _ in range(arguments.repeats)) * 1e3)
        result = ours(arguments.ours, name, options, {**numbers, "threads": threads})
        if result is None:
            return
        mine.append(result["median_ms"])
        parameters = result["parameters"]
    a, b = statistics.median(theirs), statistics.median(mine)
    print(
        f"| {name} | {numbers['batch']} x {numbers['steps']} | {threads} | {peer.parameters} | "
        f"{parameters} | {a:.1f} | {b:.1f} | {a / b:.2f} |",
        flush=True,
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ours", required=True, help="the program training_step_bench")
    parser.add_argument("--models", nargs="+", help="some of them alone")
    parser.add_argument("--width", type=int, default=128)
    parser.add_argument("--steps", type=int, default=2048)
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--repeats", type=int, default=3, help="steps of the peer in a round")
    parser.add_argument("--seconds", type=float, default=1, help="of ours in a round, at least")
    arguments = parser.parse_args()
    numbers = {
        "batch": arguments.batch, "steps": arguments.steps, "inputs": 16, "outputs": 16,
        "seconds": arguments.seconds,
    }
    torch.set_flush_denormal(True)
    print(f"torch {torch.__version__}, {torch.__config__.show().splitlines()[3].strip(' -')}, "
          f"width {arguments.width}\n")
    print("| model | batch x steps | threads | their parameters | ours | torch, ms | ours, ms | "
          "ratio |\n| --- | --- | --- | --- | --- | --- | --- | --- |")
    for name, make, options in cases(arguments.width, arguments.steps, 16, 16):
        if arguments.models and name not in arguments.models:
            continue
        for threads in arguments.threads:
            compare(arguments, name, make, options, numbers, threads)


if __name__ == "__main__":
    main()
