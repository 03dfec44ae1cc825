#!/usr/bin/env python3
"""The layer-5 pyramidal cell of the NeuronIO data in NEURON, beside our own cable solver.

The cell is built from the geometry file (sections, 3-D points, densities of every segment) and the
mechanisms of the folder neuron_l5pc, which are written from their equations and compiled into a
temporary folder. Sources: Hines, Carnevale 1997, doi:10.1162/neco.1997.9.6.1179 (NEURON); Hay et
al. 2011, doi:10.1371/journal.pcbi.1002107, and Beniaguev, Segev, London 2021,
doi:10.1016/j.neuron.2021.07.002 (cell and data). Modes:
  cvode-639    variable step, absolute tolerance 1e-3, soma, nexus and all 639 sites recorded at
               every step: how the data were made
  cvode        the same, soma and nexus recorded
  fixed        backward Euler, 0.025 ms, soma and nexus recorded
  fixed-cache  the same with NEURON's contiguous memory switched on
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
import tempfile
import time

import h5py
import numpy as np

FOLDER = os.path.dirname(os.path.abspath(__file__))
DATA = os.path.join(FOLDER, "..", "..", "..", "shared", "data")
DT_MS = 0.025
MODES = ("cvode-639", "cvode", "fixed", "fixed-cache")
PREFIXES = ("soma", "dend", "apic", "axon")
CHANNELS = {  # mechanism: data set of its density
    name: f"g{name}bar_{name}_S_cm2"
    for name in "Ih Im Ca_LVAst Ca_HVA SK_E2 SKv3_1 NaTs2_t NaTa_t Nap_Et2 K_Tst K_Pst".split()
}
STATES = {  # of the stored states: mechanism and its variable
    "z_SK_E2": ("SK_E2", "z"),
    **{f"{gate}_{name}": (name, gate) for name in CHANNELS for gate in "mh" if name != "SK_E2"},
}


def compile_mechanisms(flags):
    """Builds the mechanisms in a temporary folder; the path of their library."""
    folder = tempfile.mkdtemp(prefix="neuron_l5pc_")
    sources = os.path.join(FOLDER, "neuron_l5pc")
    for name in os.listdir(sources):
        shutil.copy(os.path.join(sources, name), folder)
    words = [os.path.join(os.path.dirname(sys.executable), "nrnivmodl"), "-incflags", flags, "."]
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True)
    library = os.path.join(folder, "x86_64", "libnrnmech.so")
    if done.returncode != 0 or not os.path.exists(library):
        raise SystemExit(f"error: {' '.join(words)} failed:\n{done.stdout}{done.stderr}")
    return folder, library


class Layer5Cell:
    """The cell with a synapse of each kind in every dendritic segment."""

    def __init__(self, h, geometry_path):
        self.h = h
        with h5py.File(geometry_path, "r") as file:
            sections = {name: values[()] for name, values in file["section"].items()}
            segments = {name: values[()] for name, values in file["segment"].items()}
            sites = file["neuronio/segment"][()]
            nexus = int(file["neuronio"].attrs["nexus_segment"])
            for name in ("celsius", "v_init_mV", "cai0_mM", "cao_mM"):
                setattr(self, name, float(file.attrs[name]))
        h.celsius = self.celsius
        h.cai0_ca_ion, h.cao0_ca_ion = self.cai0_mM, self.cao_mM
        self.add_sections(sections)
        self.segments = [segment for section in self.sections for segment in section]
        self.add_membrane(sections, segments)
        self.compare_geometry(segments)
        self.sites = [self.segments[k] for k in sites]
        self.synapses = [h.AmpaNmda(segment) for segment in self.sites]
        self.synapses += [h.GabaA(segment) for segment in self.sites]
        self.connections = [h.NetCon(None, synapse, 0, 0, 1) for synapse in self.synapses]
        self.soma, self.nexus = self.segments[0], self.segments[nexus]

    def add_sections(self, data):
        h, counts = self.h, [0] * len(PREFIXES)
        self.sections = []
        for k, kind in enumerate(data["type"]):
            section = h.Section(name=f"{PREFIXES[kind]}{counts[kind]}")
            counts[kind] += 1
            first, last = data["pt3d_offset"][k : k + 2]
            for point in data["pt3d_xyzd_um"][first:last]:
                h.pt3dadd(*map(float, point), sec=section)
            if first == last:  # the two cylinders that stand in for the axon
                section.L, section.diam = float(data["L_um"][k]), 1.0
            self.sections.append(section)
        for k, parent in enumerate(data["parent"]):
            if parent >= 0:
                self.sections[k].connect(self.sections[parent](float(data["parent_x"][k])), 0)
        for section, count, resistivity in zip(self.sections, data["nseg"], data["Ra_ohm_cm"]):
            section.nseg, section.Ra = int(count), float(resistivity)

    def add_membrane(self, sections, data):
        first = 0
        for section, count in zip(self.sections, sections["nseg"]):
            own = range(first, first + count)
            first += count
            section.insert("pas")
            present = [name for name in CHANNELS if data[CHANNELS[name]][own[0]] > 0]
            for name in present:
                section.insert(name)
            has_ions = np.isfinite(data["ek_mV"][own[0]])
            if has_ions:
                section.insert("CaDynamics_E2")
                section.ek = float(data["ek_mV"][own[0]])
                section.ena = float(data["ena_mV"][own[0]])
            for segment, k in zip(section, own):
                segment.cm = float(data["cm_uF_cm2"][k])
                segment.pas.g = float(data["g_pas_S_cm2"][k])
                segment.pas.e = float(data["e_pas_mV"][k])
                for name in present:
                    getattr(segment, name).gbar = float(data[CHANNELS[name]][k])
                if has_ions:
                    segment.CaDynamics_E2.gamma = float(data["gamma_CaDynamics_E2"][k])
                    segment.CaDynamics_E2.decay = float(data["decay_CaDynamics_E2_ms"][k])

    def compare_geometry(self, data):
        """NEURON's own areas and resistances against the file's."""
        for what, own in (
            ("area_um2", [segment.area() for segment in self.segments]),
            ("ri_to_parent_Mohm", [segment.ri() for segment in self.segments]),
        ):
            wanted = data[what]
            difference = np.max(np.abs(np.array(own) / wanted - 1)[1:])
            if not difference < 1e-6:
                raise SystemExit(f"error: {what} of the cell is {difference:.1e} off the file's")

    def start(self, events):
        """Sets the state of t = 0 and queues the events (synapse, time in ms). A synapse with an
        event at 0 is silent, as in the published data."""
        synapse, time_ms = events
        silent = set(synapse[time_ms == 0].tolist())
        self.h.finitialize(self.v_init_mV)
        for index, at in zip(synapse.tolist(), time_ms.tolist()):
            if index not in silent:
                self.connections[index].event(float(at))


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

    def steps(self):
        return len(self.times) - 1

    def soma_voltage(self, at_ms):
        """As the data took it: linear between steps."""
        return np.interp(at_ms, np.array(self.times), np.array(self.records[0]))


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
            check_traces(h, cell, responses, "fixed", "be025", 0.01),
            check_traces(h, cell, responses, "cvode", "ref", 0.05),
        ]
    return all(results)


def time_mode(h, cell, mode, simulation, duration_ms):
    """Runs the first part of a simulation of the data once."""
    synapse, at = simulation["input_synapse"][()], simulation["input_time_ms"][()]
    early = at < duration_ms
    integrator = Integrator(h, cell, mode)
    cpu, wall = integrator.run((synapse[early], at[early]), duration_ms)
    grid = np.arange(int(duration_ms))
    stored = simulation["soma_voltage_mV"][: int(duration_ms)]
    return {
        "cpu_s_per_s": cpu / (1e-3 * duration_ms),
        "wall_s_per_s": wall / (1e-3 * duration_ms),
        "steps": integrator.steps(),
        "soma_rmse_mV": rmse(integrator.soma_voltage(grid), stored),
    }


def time_ours(command):
    """Runs our benchmark once; processor seconds per simulated second of each of its cases."""
    words = shlex.split(command) + [
        "--benchmark_filter=^cable/(f32/batch:(16|32|64)|f64/batch:1)/threads:1/",
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


def bench(h, cell, chosen):
    rounds = {}
    with h5py.File(chosen.inputs, "r") as file:
        for number in range(chosen.rounds):
            for k in chosen.simulations:
                for mode in chosen.modes:
                    line = time_mode(h, cell, mode, file[f"sim_{k:05d}"], chosen.duration)
                    rounds.setdefault(mode, []).append(line)
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
    options.add_argument("--geometry", default=os.path.join(DATA, "l5pc_geometry.h5"))
    options.add_argument("--inputs", default=os.path.join(DATA, "neuronio_test.h5"))
    options.add_argument("--responses", default=os.path.join(DATA, "l5pc_responses.h5"))
    options.add_argument("--check", action="store_true", help="compare with --responses and end")
    options.add_argument("--modes", nargs="+", choices=MODES, default=list(MODES))
    options.add_argument("--simulations", type=int, nargs="+", default=[1, 2, 3])
    options.add_argument("--duration", type=float, default=500, help="ms of each simulation")
    options.add_argument("--rounds", type=int, default=3, help="of all sides, alternating")
    options.add_argument("--flags", default="-O3 -march=native", help="for the mechanisms")
    options.add_argument("--ours", metavar="COMMAND", help="cable_bench with its options")
    chosen = options.parse_args()

    os.environ["NEURON_MODULE_OPTIONS"] = "-nogui"
    from neuron import h

    folder, library = compile_mechanisms(chosen.flags)
    try:
        h.nrn_load_dll(library)
        cell = Layer5Cell(h, chosen.geometry)
        if chosen.check:
            sys.exit(0 if check(h, cell, chosen.responses) else 1)
        print(f"NEURON {h.nrnversion(0)}, mechanisms with {chosen.flags}", file=sys.stderr)
        load = os.getloadavg()[0]
        print(f"load average {load:.1f} on {os.cpu_count()} processors", file=sys.stderr)
        if load > 0.5:
            print("warning: other programs run here, the ratios will be wrong", file=sys.stderr)
        bench(h, cell, chosen)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
