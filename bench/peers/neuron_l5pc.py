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

# The simulator's own folder `neuron` must not hide the module.
sys.path = [folder for folder in sys.path if folder and os.path.realpath(folder) != os.getcwd()]

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
                section.ek, section.ena = float(data["ek_mV"][own[0]]), 50.0
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
        self.times = h.Vector()
        self.times.record(h._ref_t)
        recorded = [cell.soma, cell.nexus] + (cell.sites if mode == "cvode-639" else [])
        self.records = [h.Vector().record(segment._ref_v) for segment in recorded]
        self.context = h.ParallelContext()
        self.context.set_maxstep(10)

    def run(self, events, duration_ms):
        """Processor seconds, wall seconds and steps; the setting of the state is not counted."""
        self.cell.start(events)
        wall, cpu = time.perf_counter(), time.process_time()
        self.context.psolve(duration_ms)
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
        return cpu, wall, len(self.times) - 1


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
    context = h.ParallelContext()
    context.set_maxstep(10)
    cell.start(events)
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
            check_fixed_step(h, cell, responses, False, 1e-6),
            check_fixed_step(h, cell, responses, True, 1e-6),
            check_traces(h, cell, responses, "fixed", "be025", 0.01),
            check_traces(h, cell, responses, "cvode", "ref", 0.05),
        ]
    return all(results)
