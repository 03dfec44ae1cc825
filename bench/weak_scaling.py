#!/usr/bin/env python3
"""Weak scaling of a spiking network: neurons of a process, and synapses of a neuron, stay the same.

    bench/weak_scaling.py --elmsim build/release/elmsim [--neurons 10000] [--degree 1000]

Excitatory and inhibitory LIF neurons (4 : 1, exponential currents, delays of 1.5 ms) with `--degree`
synapses each and Poisson trains from outside. Prints a Markdown table: for each number of processes and
threads the wall seconds of a second of the network, bytes of spikes that a process gets from the others, a
second of the network and a second of wall time, messages, and the share of one process on one thread.
Processes beyond the cores of the machine wait for each other: their times say nothing.
"""

import argparse
import json
import os
import pathlib
import subprocess
import tempfile

NETWORK = """
[network]
name = "weak-scaling"
duration = "{seconds} s"
discard = 200
seed = 7

[population.excitatory]
size = {n_e}
neuron = "lif_exponential"
tau_excitatory = 2
tau_inhibitory = 2
initial = {{ membrane_potential = {{ uniform = [-70, -55] }} }}

[population.inhibitory]
size = {n_i}
neuron = "lif_exponential"
tau_excitatory = 2
tau_inhibitory = 2
initial = {{ membrane_potential = {{ uniform = [-70, -55] }} }}

[[connection]]
from = "excitatory"
to = ["excitatory", "inhibitory"]
rule = "fixed-in-degree"
degree = {k_e}
weight = "{weight} pA"
delay = 1.5

[[connection]]
from = "inhibitory"
to = ["excitatory", "inhibitory"]
rule = "fixed-in-degree"
degree = {k_i}
weight = "-{inhibition} pA"
delay = 1.5

[[poisson]]
to = ["excitatory", "inhibitory"]
rate_hz = 10000
weight = "{drive} pA"
"""


def run(elmsim, folder, processes, threads, neurons, degree, seconds):
    file = pathlib.Path(folder) / "net.toml"
    n = processes * neurons
    weight = 40 * (1000 / degree) ** 0.5
    file.write_text(NETWORK.format(seconds=seconds, n_e=n * 4 // 5, n_i=n - n * 4 // 5, k_e=degree * 4 // 5,
                                   k_i=degree - degree * 4 // 5, weight=weight, inhibition=6 * weight, drive=24))
    command = [str(elmsim), "network", "run", str(file), "--threads", str(threads), "--json"]
    if processes > 1:
        command = ["mpirun", "--allow-run-as-root", "--oversubscribe", "--bind-to", "none",
                   "-n", str(processes), *command]
    environment = dict(os.environ, OMPI_MCA_mpi_yield_when_idle="1")
    text = subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout
    return json.loads(text)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--elmsim", required=True, type=pathlib.Path)
    parser.add_argument("--neurons", type=int, default=10000, help="of a process")
    parser.add_argument("--degree", type=int, default=1000, help="synapses of a neuron")
    parser.add_argument("--seconds", type=float, default=1)
    parser.add_argument("--rounds", type=int, default=3, help="the fastest counts")
    parser.add_argument("--cases", nargs="+", default=["1x1", "1x2", "2x1", "2x2"],
                        help="processes x threads")
    arguments = parser.parse_args()
    if arguments.seconds <= 0.2:
        parser.error(f"--seconds {arguments.seconds:g}: the first 0.2 s are not counted, expected more")
    print("| processes x threads | neurons | synapses | rate (Hz) | wall s / s | beside 1 x 1 | got a process, MB / s of the "
          "network | MB / s of wall time | messages / s of the network |")
    print("| --- " * 9 + "|")
    with tempfile.TemporaryDirectory() as folder:
        first = None
        best = {}
        for _ in range(arguments.rounds):
            for case in arguments.cases:
                processes, threads = map(int, case.split("x"))
                result = run(arguments.elmsim, folder, processes, threads, arguments.neurons, arguments.degree,
                             arguments.seconds)
                if case not in best or result["simulate_seconds"] < best[case]["simulate_seconds"]:
                    best[case] = result
        for case, result in best.items():
            wall = result["simulate_seconds"] / arguments.seconds
            first = first or wall
            received = result["received_bytes"] / 1e6
            print(f"| {case} | {result['neurons']} | {result['synapses'] / 1e6:.1f} M | {result['rates_hz']['excitatory']:.1f} | "
                  f"{wall:.3f} | {wall / first:.2f} | {received / arguments.seconds:.2f} | "
                  f"{received / result['simulate_seconds']:.2f} | {result['exchanges'] / arguments.seconds:.0f} |")


if __name__ == "__main__":
    main()
