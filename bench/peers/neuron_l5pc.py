#!/usr/bin/env python3
"""The layer-5 pyramidal cell of the NeuronIO data in NEURON, beside our own cable solver.

The cell is that of neuron_l5pc_cell.py, its mechanisms are compiled into a temporary folder.
Sources: Hines, Carnevale 1997, doi:10.1162/neco.1997.9.6.1179 (NEURON); Kumbhar et al. 2019,
doi:10.3389/fninf.2019.00063 (CoreNEURON). Modes:
  cvode-639    variable step, absolute tolerance 1e-3, soma, nexus and all 639 sites recorded at
               every step: how the data were made
  cvode        the same, soma and nexus recorded
  fixed        backward Euler, 0.025 ms, soma and nexus recorded
  fixed-cache  the same with NEURON's contiguous memory switched on
  core         the same scheme in CoreNEURON, float64 in vector instructions, several cells in one
               process (--core-cells), somata recorded
--check compares the cell with stored voltages and states. Without it, rounds alternate between the
modes and the program given as --ours; times are processor time per simulated second. Prints the
environment to stderr, one JSON line per side to stdout, and a table of ratios at the end. README.md
says how to read them.
"""

import argparse
import json
import os
import shlex
import shutil
import statistics
import subprocess
import sys
import time

import h5py
import numpy as np

from neuron_l5pc_cell import CHANNELS, FLAGS, Layer5Cell, compile_mechanisms, load_neuron

DATA = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..", "shared", "data")
DT_MS = 0.025
MODES = ("cvode-639", "cvode", "fixed", "fixed-cache", "core")
OUR_CASES = "^cable/(f32/batch:(16|32|64)|f64/batch:1)/threads:1/"
STATES = {  # of the stored states: mechanism and its variable
    "z_SK_E2": ("SK_E2", "z"),
    **{f"{gate}_{name}": (name, gate) for name in CHANNELS for gate in "mh" if name != "SK_E2"},
}


class Integrator:
    """One way to integrate the cell, with what it records at every step."""

    def __init__(self, h, cell, mode):
        self.h, self.cell = h, cell
        self.variable = mode.startswith("cvode")
        self.cvode = h.CVode()
        self.cvode.active(1 if self.variable else 0)
        self.cvode.cache_efficient(1 if mode == "fixed-cache" else 0)
        if self.variable:
            self.cvode.atol(1e-3)
            self.cvode.rtol(0)
        h.secondorder, h.dt = 0, DT_MS
        self.times = h.Vector().record(h._ref_t)
        recorded = [cell.soma, cell.nexus] + (cell.sites if mode == "cvode-639" else [])
        self.records = [h.Vector().record(segment._ref_v) for segment in recorded]
        self.context = h.ParallelContext()
        self.context.set_maxstep(10)

    def run(self, events, duration_ms):
        """Processor and wall seconds; setting the state and queueing the events do not count."""
        self.cell.start(events)
        wall, cpu = time.perf_counter(), time.process_time()
        if self.variable:
            self.cvode.solve(duration_ms)
        else:
            self.context.psolve(duration_ms)
        return time.process_time() - cpu, time.perf_counter() - wall


def rmse(found, wanted):
    return float(np.sqrt(np.mean((np.asarray(found) - wanted) ** 2)))


def check_fixed_step(h, cell, responses, second_order, tolerance_mV):
    """Voltages and states of the first 100 ms against those stored; true if they agree."""
    name = "cn" if second_order else "be"
    group, exact = responses["f_neuronio_0"], responses["g_exact_state"]
    events = (group["input_synapse"][()], group["input_time_ms"][()])
    h.CVode().active(0)
    h.secondorder, h.dt = 2 if second_order else 0, DT_MS
    cell.start(events)
    worst = 0.0
    names = [name.decode() for name in exact["state_names"][()]]
    for k, steps in enumerate(exact["steps"][()]):
        while round(h.t / DT_MS) < steps:
            h.fadvance()
        voltage = np.array([segment.v for segment in cell.segments])
        off = np.abs(voltage - exact[f"segment_v_{name}"][k]).max()
        state_off = 0.0
        for row, wanted in zip(names, exact[f"segment_state_{name}"][k]):
            for segment, value in zip(cell.segments, wanted):
                if np.isfinite(value):
                    own = (
                        segment.cai
                        if row == "cai"
                        else getattr(getattr(segment, STATES[row][0]), STATES[row][1])
                    )
                    state_off = max(state_off, abs(own - value))
        print(f"fixed {name}, step {steps}: {off:.1e} mV, states {state_off:.1e}")
        worst = max(worst, off)
    return worst <= tolerance_mV


def check_traces(h, cell, responses, mode, stored, tolerance_mV):
    """Soma and nexus of group f_neuronio_0 over its whole second; true if they agree."""
    group = responses["f_neuronio_0"]
    events = (group["input_synapse"][()], group["input_time_ms"][()])
    cvode = h.CVode()
    cvode.active(1 if mode == "cvode" else 0)
    if mode == "cvode":
        cvode.atol(1e-6)
        cvode.rtol(0)
        cvode.atolscale("cai", 1e-3)
    h.secondorder, h.dt = 2 if stored.startswith("cn") else 0, DT_MS
    records = [h.Vector().record(s._ref_v, 0.1) for s in (cell.soma, cell.nexus)]
    cell.start(events)
    if mode == "cvode":
        cvode.solve(1000)
    else:
        context = h.ParallelContext()
        context.set_maxstep(10)
        context.psolve(1000)
    good = True
    for site, record in zip(("soma", "nexus"), records):
        found, wanted = np.array(record), group[f"{site}_v_{stored}"][()]
        n = min(len(found), len(wanted))
        error = rmse(found[:n], wanted[:n])
        worst = np.abs(found[:n] - wanted[:n]).max()
        print(f"{mode} against {stored}, {site}: RMSE {error:.2e} mV, at most {worst:.2e} mV, {n}")
        good = good and n >= 10000 and error <= tolerance_mV
    return good


def check(h, cell, path):
    with h5py.File(path, "r") as responses:
        results = [
            check_fixed_step(h, cell, responses, False, 1e-9),
            check_fixed_step(h, cell, responses, True, 1e-9),
            check_traces(h, cell, responses, "fixed", "be025", 1e-5),
            check_traces(h, cell, responses, "cvode", "ref", 1e-3),
        ]
    return all(results)


def early_events(simulation, duration_ms):
    synapse, at = simulation["input_synapse"][()], simulation["input_time_ms"][()]
    early = at < duration_ms
    return synapse[early], at[early]


def soma_error(times, voltage, simulation, duration_ms):
    """RMSE of a trace against the data, which are linear between steps too."""
    grid = np.arange(int(duration_ms))
    stored = simulation["soma_voltage_mV"][: len(grid)]
    return rmse(np.interp(grid, np.array(times), np.array(voltage)), stored)


def time_mode(h, cell, mode, simulation, duration_ms):
    """Runs the first part of a simulation of the data once."""
    integrator = Integrator(h, cell, mode)
    cpu, wall = integrator.run(early_events(simulation, duration_ms), duration_ms)
    return {
        "cpu_s_per_s": cpu / (1e-3 * duration_ms),
        "wall_s_per_s": wall / (1e-3 * duration_ms),
        "steps": len(integrator.times) - 1,
        "soma_rmse_mV": soma_error(
            integrator.times, integrator.records[0], simulation, duration_ms
        ),
    }


def time_core(h, chosen):
    """CoreNEURON: one cell for each of the first simulations, once."""
    from neuron import coreneuron

    cells = [Layer5Cell(h, chosen.geometry) for _ in range(chosen.core_cells)]
    context = h.ParallelContext()
    context.set_maxstep(1)
    cvode = h.CVode()
    cvode.cache_efficient(1)
    h.secondorder, h.dt = 0, DT_MS
    times = h.Vector().record(h._ref_t)
    records = [h.Vector().record(cell.soma._ref_v) for cell in cells]
    with h5py.File(chosen.inputs, "r") as file:
        simulations = [file[f"sim_{k:05d}"] for k in range(len(cells))]
        h.finitialize(cells[0].v_init_mV)
        for cell, simulation in zip(cells, simulations):
            cell.queue(early_events(simulation, chosen.duration))
        coreneuron.enable = True
        coreneuron.verbose = 0
        wall, cpu = time.perf_counter(), time.process_time()
        context.psolve(chosen.duration)
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
        errors = [
            soma_error(times, record, simulation, chosen.duration)
            for record, simulation in zip(records, simulations)
        ]
    simulated = 1e-3 * chosen.duration * len(cells)
    return {
        "cpu_s_per_s": cpu / simulated,
        "wall_s_per_s": wall / simulated,
        "steps": len(times) - 1,
        "soma_rmse_mV": statistics.median(errors),
    }


def time_core_apart(chosen, folder):
    """time_core in a process of its own: NEURON integrates all cells that a process holds."""
    words = [sys.executable, os.path.abspath(__file__), "--core-child", folder]
    words += ["--data", os.path.abspath(chosen.data), "--duration", str(chosen.duration)]
    words += ["--core-cells", str(chosen.core_cells)]
    # Elsewhere: NEURON loads what it finds in a folder x86_64 of the working directory.
    done = subprocess.run(words, capture_output=True, text=True, cwd=os.path.dirname(folder))
    if done.returncode != 0:
        raise SystemExit(f"error: {' '.join(words)} failed:\n{done.stdout}{done.stderr}")
    return json.loads(done.stdout.strip().splitlines()[-1])


def time_ours(command):
    """Runs our benchmark once; processor seconds per simulated second of each of its cases."""
    words = shlex.split(command) + [
        f"--benchmark_filter={OUR_CASES}",
        "--benchmark_format=json",
    ]
    done = subprocess.run(words, capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"error: {' '.join(words)} failed:\n{done.stderr}")
    try:
        result = json.loads(done.stdout[done.stdout.index("{") :])  # after lines for people
        times = {}
        for run in result["benchmarks"]:
            _, precision, batch, *_ = run["name"].split("/")
            times[f"ours {precision} {batch}"] = {
                "cpu_s_per_s": float(run["s_a_simulated_s"]),
                "of_floor": float(run["of_floor"]),
            }
    except (ValueError, KeyError) as error:
        wanted = "the JSON of cable_bench"
        raise SystemExit(f"error: {' '.join(words)}: expected {wanted} ({error!r})")
    if not times:
        raise SystemExit(f"error: {' '.join(words)} ran no case")
    return times


def bench(h, cell, chosen, folder):
    rounds = {}
    with h5py.File(chosen.inputs, "r") as file:
        for number in range(chosen.rounds):
            for k in chosen.simulations:
                for mode in chosen.modes:
                    if mode == "core":
                        continue
                    line = time_mode(h, cell, mode, file[f"sim_{k:05d}"], chosen.duration)
                    rounds.setdefault(mode, []).append(line)
            if "core" in chosen.modes:
                rounds.setdefault("core", []).append(time_core_apart(chosen, folder))
            if chosen.ours:
                for side, line in time_ours(chosen.ours).items():
                    rounds.setdefault(side, []).append(line)
            print(f"round {number + 1} of {chosen.rounds} done", file=sys.stderr)
    for side, lines in rounds.items():
        summary = {"side": side, "neuron": h.nrnversion(0)} if side in MODES else {"side": side}
        for name in lines[0]:
            summary[name] = statistics.median(line[name] for line in lines)
        summary["cpu_s_per_s_rounds"] = [round(line["cpu_s_per_s"], 4) for line in lines]
        print(json.dumps(summary), flush=True)
    print_ratios(chosen.modes, rounds)


def print_ratios(modes, rounds):
    middle = {
        side: statistics.median(line["cpu_s_per_s"] for line in lines)
        for side, lines in rounds.items()
    }
    print("\nprocessor seconds per simulated second and trial, one core, medians; ratios")
    print("| | s | " + " | ".join(f"{mode} / this" for mode in modes) + " |")
    print("| --- " * (len(modes) + 2) + "|")
    for side, seconds in middle.items():
        ratios = [
            "" if side in modes else f"{middle[mode] / seconds:.1f}" for mode in modes
        ]
        print(f"| {side} | {seconds:.3f} | " + " | ".join(ratios) + " |")


def main():
    options = argparse.ArgumentParser(description="NEURON beside our cable solver, one core.")
    options.add_argument(
        "--data",
        default=os.environ.get("ELM_DATA_DIR", DATA),
        help="folder of l5pc_geometry.h5, l5pc_responses.h5 and neuronio_test.h5",
    )
    options.add_argument(
        "--check", action="store_true", help="compare with l5pc_responses.h5 and end"
    )
    options.add_argument("--modes", nargs="+", choices=MODES, default=list(MODES))
    options.add_argument("--simulations", type=int, nargs="+", default=[1, 2, 3])
    options.add_argument("--duration", type=float, default=500, help="ms of each simulation")
    options.add_argument("--rounds", type=int, default=3, help="of all sides, alternating")
    options.add_argument("--flags", default=FLAGS, help="for the mechanisms")
    options.add_argument("--core-cells", type=int, default=16, help="of mode core, at most 64")
    options.add_argument("--core-child", metavar="FOLDER", help=argparse.SUPPRESS)
    options.add_argument("--ours", metavar="COMMAND", help="cable_bench with its options")
    chosen = options.parse_args()
    chosen.geometry, chosen.inputs, chosen.responses = (
        os.path.abspath(os.path.join(chosen.data, name))
        for name in ("l5pc_geometry.h5", "neuronio_test.h5", "l5pc_responses.h5")
    )
    for path in (chosen.geometry, chosen.inputs, chosen.responses):
        if not os.path.exists(path):
            raise SystemExit(f"error: there is no {path}: name its folder with --data")

    if chosen.core_child:
        print(json.dumps(time_core(load_neuron(chosen.core_child), chosen)))
        return
    folder = compile_mechanisms(chosen.flags)
    try:
        h = load_neuron(folder)
        cell = Layer5Cell(h, chosen.geometry)
        if chosen.check:
            sys.exit(0 if check(h, cell, chosen.responses) else 1)
        print(f"NEURON {h.nrnversion(0)}, mechanisms with {chosen.flags}", file=sys.stderr)
        load = os.getloadavg()[0]
        print(f"load average {load:.1f} on {os.cpu_count()} processors", file=sys.stderr)
        if load > 0.5:
            print("warning: other programs run here, the ratios will be wrong", file=sys.stderr)
        bench(h, cell, chosen, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
