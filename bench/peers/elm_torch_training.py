#!/usr/bin/env python3
"""One training update of the ELM in PyTorch on the CPU, beside our own.

Model and published routing as in elm_torch.py. An update is: gradients to zero, forward over a batch
of windows from zero state, loss = 1/2 binary cross entropy of the spike logit + 1/2 squared error of
the scaled voltage (means), backward through time, Adam. Trained are the synapse weights, both linear
layers and the readout; the time constants are fixed, as in the published fits. Source: Spieler et
al. 2024, arXiv 2306.16922. The batch, dense (batch, time, inputs) float32, is there before the clock
starts. Forms:
  published  input gathered to the synapses, then per step dense synapse traces, branch sums,
             concatenation, two linear layers and the readout, in a scripted loop
  hoisted    the input side as products over the whole window, a scripted loop over the recurrence
             alone, the readout as one product
Rounds alternate between the forms and the command given as --ours. Prints the environment to
stderr, one JSON line per case to stdout, and a table of ratios at the end. README.md says how to
read them.
"""

import argparse
import json
import os
import shlex
import statistics
import subprocess
import sys
import time
from typing import List

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

import elm_torch

LEARNING_RATE = 5e-4  # Spieler et al. 2024
SETTLE_SECONDS = 0.5  # OpenMP threads of the peer spin for 0.2 s after their last work


@torch.jit.script
def recurrence(
    drive: Tensor,
    memory_decay: Tensor,
    gain: Tensor,
    hidden_weight: Tensor,
    output_weight: Tensor,
    output_bias: Tensor,
    silu: bool,
) -> Tensor:
    """drive (time, batch, hidden), weights transposed, the slope of phi inside the output layer."""
    memory = torch.zeros(drive.size(1), memory_decay.size(0), dtype=drive.dtype)
    memories: List[Tensor] = []
    for u in drive.unbind(0):
        decayed = memory_decay * memory
        hidden = torch.addmm(u, decayed, hidden_weight)
        hidden = F.silu(hidden) if silu else torch.relu(hidden)
        change = torch.tanh(torch.addmm(output_bias, hidden, output_weight))
        memory = torch.addcmul(decayed, gain, change)
        memories.append(memory)
    return torch.stack(memories, 0)


class TrainedElm:
    """Parameters by their published names, and the outputs of each form from them."""

    NAMES = (
        "_proto_w_s",
        "mlp.network.0.weight",
        "mlp.network.0.bias",
        "mlp.network.2.weight",
        "mlp.network.2.bias",
        "w_y.weight",
        "w_y.bias",
    )

    def __init__(self, state, lambda_value, tau_range, silu, n_input):
        fixed = elm_torch.Elm(state, lambda_value, tau_range, silu, "")
        fixed.prepare_hoisted(n_input)
        self.fixed = fixed  # decays, gains, indices, filter
        self.silu, self.n_input = silu, n_input
        self.parameters = {
            name: state[name].clone().requires_grad_() for name in self.NAMES
        }
        synapses = torch.arange(fixed.n_synapses) // (fixed.n_synapses // fixed.n_branch)
        self.flat_index = fixed.indices * fixed.n_branch + synapses

    def published(self, x):
        p, fixed = self.parameters, self.fixed
        return elm_torch.published_loop(
            fixed.published_input(x),
            torch.relu(p["_proto_w_s"]),
            fixed.synapse_decay,
            fixed.memory_decay,
            fixed.gain,
            p["mlp.network.0.weight"],
            p["mlp.network.0.bias"],
            p["mlp.network.2.weight"],
            p["mlp.network.2.bias"],
            p["w_y.weight"],
            p["w_y.bias"],
            fixed.n_branch,
            self.silu,
        )

    def hoisted(self, x):
        p, fixed = self.parameters, self.fixed
        n_branch, slope = fixed.n_branch, elm_torch.PHI_SLOPE
        weight = torch.relu(p["_proto_w_s"]) * fixed.mask
        table = torch.zeros(fixed.input_to_branch.numel(), dtype=weight.dtype)
        fixed.input_to_branch = table.index_add(0, self.flat_index, weight).view(-1, n_branch)
        first = p["mlp.network.0.weight"]
        fixed.branch_weight_t = first[:, :n_branch].t()
        fixed.hidden_bias = p["mlp.network.0.bias"]
        memory = recurrence(
            fixed.hoisted_input(x),
            fixed.memory_decay,
            fixed.gain_scaled,
            first[:, n_branch:].t().contiguous(),
            (slope * p["mlp.network.2.weight"]).t().contiguous(),
            slope * p["mlp.network.2.bias"],
            self.silu,
        )
        return F.linear(memory, p["w_y.weight"], p["w_y.bias"]).transpose(0, 1)

    def output(self, form, x):
        return self.published(x) if form == "published" else self.hoisted(x)


def loss_of(output, spike_target, voltage_target):
    return 0.5 * F.binary_cross_entropy_with_logits(output[..., 0], spike_target) + (
        0.5 * F.mse_loss(output[..., 1], voltage_target)
    )


class Case:
    """A model in one form with its optimiser and a batch."""

    def __init__(self, form, n_memory, batch, n_steps):
        state = elm_torch.random_state(n_memory, torch.float32)
        silu = n_memory == 100
        self.form = form
        self.model = TrainedElm(state, 5.0, (1.0, 150.0), silu, elm_torch.N_INPUT)
        self.optimiser = torch.optim.Adam(self.model.parameters.values(), lr=LEARNING_RATE)
        self.x = elm_torch.random_spikes(batch, n_steps, elm_torch.N_INPUT)
        generator = torch.Generator().manual_seed(n_memory)
        self.spikes = (torch.rand(batch, n_steps, generator=generator) < 0.0014).float()
        self.voltage = torch.randn(batch, n_steps, generator=generator) * 0.34

    def update(self):
        self.optimiser.zero_grad(set_to_none=True)
        loss = loss_of(self.model.output(self.form, self.x), self.spikes, self.voltage)
        loss.backward()
        self.optimiser.step()
        return float(loss.detach())

    def seconds(self, repeats):
        """Wall and CPU time of the median of `repeats` updates, after two that are not counted."""
        wall, cpu = [], []
        for _ in range(repeats + 2):
            wall_start, cpu_start = time.perf_counter(), time.process_time()
            self.update()
            wall.append(time.perf_counter() - wall_start)
            cpu.append(time.process_time() - cpu_start)
        return statistics.median(wall[2:]), statistics.median(cpu[2:])


def seconds_of_ours(command, key, n_memory, batch, threads):
    """Runs our command once; wall seconds per update as it reports them."""
    words = [
        word.format(memory=n_memory, batch=batch, threads=threads) for word in shlex.split(command)
    ]
    done = subprocess.run(words, capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"error: {' '.join(words)} failed:\n{done.stderr}")
    try:
        result = json.loads(done.stdout[done.stdout.index("{") :])  # after lines for people
        if key is None:
            unit = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0}
            runs = [run for run in result["benchmarks"] if run["run_type"] == "iteration"]
            return statistics.median(run["real_time"] * unit[run["time_unit"]] for run in runs)
        for part in key.split("."):
            result = result[int(part)] if isinstance(result, list) else result[part]
        return 1e-3 * float(result)
    except (ValueError, KeyError, IndexError, TypeError, statistics.StatisticsError) as error:
        wanted = "Google Benchmark's" if key is None else f"JSON with the number {key}"
        raise SystemExit(f"error: {' '.join(words)}: expected {wanted} output ({error!r})")


def bench(chosen, blas, rate):
    cases = [
        (n_memory, threads) for n_memory in chosen.memory for threads in chosen.threads
    ]
    sides = list(chosen.form) + (["ours"] if chosen.ours else [])
    times = {(case, side): [] for case in cases for side in sides}
    cpu_times = {key: [] for key in times}
    prepared = {
        (n_memory, form): Case(form, n_memory, chosen.batch, chosen.steps)
        for n_memory in chosen.memory
        for form in chosen.form
    }
    for _ in range(chosen.rounds):
        for case in cases:
            n_memory, threads = case
            for side in sides:
                if side == "ours":
                    time.sleep(SETTLE_SECONDS)
                    wall = seconds_of_ours(
                        chosen.ours, chosen.ours_key, n_memory, chosen.batch, threads
                    )
                else:
                    torch.set_num_threads(threads)
                    wall, cpu = prepared[n_memory, side].seconds(chosen.repeats)
                    cpu_times[case, side].append(cpu)
                times[case, side].append(wall)
    for case in cases:
        for side in sides:
            rounds = times[case, side]
            line = {
                "d_m": case[0],
                "threads": case[1],
                "side": side,
                "batch": chosen.batch,
                "n_steps": chosen.steps,
                "ms_per_update": 1e3 * statistics.median(rounds),
                "ms_per_update_rounds": [round(1e3 * seconds, 4) for seconds in rounds],
            }
            if side != "ours":
                line["cpu_ms_per_update"] = 1e3 * statistics.median(cpu_times[case, side])
                line.update(blas=blas, blas_gflops_768=round(rate, 1), torch=torch.__version__)
            print(json.dumps(line), flush=True)
    print_ratios(cases, sides, times, blas)


def print_ratios(cases, sides, times, blas):
    print(f"\nBLAS of the peer: {blas}; medians of {len(next(iter(times.values())))} rounds, ms")
    for case in cases:
        middle = {side: statistics.median(times[case, side]) for side in sides}
        words = [f"{side} {1e3 * seconds:.2f}" for side, seconds in middle.items()]
        if "ours" in middle:
            words += [
                f"{side}/ours {middle[side] / middle['ours']:.1f}" for side in sides[:-1]
            ]
        print(f"d_m {case[0]}, {case[1]} threads: " + ", ".join(words))
    if "ours" not in sides:
        return
    print("each side at its best number of threads:")
    for n_memory in sorted({case[0] for case in cases}):
        best = {
            side: min(statistics.median(times[case, side]) for case in cases if case[0] == n_memory)
            for side in sides
        }
        ratios = [f"{side}/ours {best[side] / best['ours']:.1f}" for side in sides[:-1]]
        print(f"d_m {n_memory}: " + ", ".join(ratios))


def check(path, case, tolerance):
    """Gradients of both forms against those in a golden file, float64; true if they agree."""
    import h5py

    with h5py.File(path, "r") as file:
        group = file[case]
        settings = dict(group.attrs)
        state = {
            name: torch.from_numpy(np.asarray(values[()]))
            for name, values in group["parameters"].items()
        }
        x, output_gradient = (
            torch.from_numpy(group[name][()]) for name in ("input", "grad_output")
        )
        wanted = {name: values[()] for name, values in group["gradients"].items()}
    if settings["mlp_activation"] not in ("relu", "silu"):
        raise SystemExit("error: expected hidden units of relu or silu")
    worst = 0.0
    for form in ("published", "hoisted"):
        model = TrainedElm(
            state,
            float(settings["lambda_value"]),
            (float(settings["memory_tau_min"]), float(settings["memory_tau_max"])),
            settings["mlp_activation"] == "silu",
            x.shape[2],
        )
        (model.output(form, x) * output_gradient).sum().backward()
        for name, parameter in model.parameters.items():
            found = parameter.grad.numpy()
            difference = np.abs(found - wanted[name]).max() / np.abs(wanted[name]).max()
            worst = max(worst, difference if np.isfinite(difference) else np.inf)
            print(f"{form} {name}: {difference:.1e} of the largest")
    print(f"allowed {tolerance:.0e}")
    return worst <= tolerance


def main():
    options = argparse.ArgumentParser(description="PyTorch peer of an ELM training update, CPU.")
    options.add_argument("--memory", type=int, nargs="+", default=[20, 100], help="memory units")
    options.add_argument("--batch", type=int, default=8)
    options.add_argument("--steps", type=int, default=500, help="of a window")
    options.add_argument(
        "--form", nargs="+", choices=["published", "hoisted"], default=["published", "hoisted"]
    )
    options.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    options.add_argument("--rounds", type=int, default=3, help="of all sides, alternating")
    options.add_argument("--repeats", type=int, default=5, help="updates of a form per round")
    options.add_argument(
        "--ours", metavar="COMMAND", help="with {memory}, {batch} and {threads} where they belong"
    )
    options.add_argument(
        "--ours-key",
        metavar="PATH",
        help="of the ms per update in its JSON, such as results.0.ms_per_update; without it the "
        "output is Google Benchmark's JSON",
    )
    options.add_argument("--check", metavar="FILE", help="compare gradients with a golden file")
    options.add_argument("--case", default="v1_branch_neuronio_routing", help="for --check")
    options.add_argument("--tolerance", type=float, default=1e-12, help="for --check")
    chosen = options.parse_args()

    torch.set_num_interop_threads(1)
    torch.set_flush_denormal(True)
    if chosen.check:
        sys.exit(0 if check(chosen.check, chosen.case, chosen.tolerance) else 1)
    torch.set_num_threads(max(chosen.threads))
    blas, rate = elm_torch.describe_blas(), elm_torch.matrix_product_rate()
    print(torch.__config__.show(), file=sys.stderr)
    print(f"torch {torch.__version__}, BLAS {blas}, {rate:.1f} GFLOP/s for 768^3", file=sys.stderr)
    print(f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors", file=sys.stderr)
    if os.getloadavg()[0] > 0.5:
        print("warning: other programs run here, the ratios will be wrong", file=sys.stderr)
    bench(chosen, blas, rate)


if __name__ == "__main__":
    main()
