"""The layer-5 pyramidal cell of the NeuronIO data in NEURON.

Built from l5pc_geometry.h5 (sections, 3-D points, densities of every segment) and the mechanisms of
the folder neuron_l5pc, which are written from their equations. Sources: Hay et al. 2011,
doi:10.1371/journal.pcbi.1002107, and Beniaguev, Segev, London 2021,
doi:10.1016/j.neuron.2021.07.002.
"""

import os
import shutil
import subprocess
import sys
import tempfile

import h5py
import numpy as np

SOURCES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "neuron_l5pc")
FLAGS = "-O3 -march=native -ffast-math -fopenmp-simd"  # CoreNEURON's exponentials become vectors
CORE_LIBRARY = ("x86_64", "libcorenrnmech.so")
PREFIXES = ("soma", "dend", "apic", "axon")
CHANNELS = {  # mechanism: data set of its density
    name: f"g{name}bar_{name}_S_cm2"
    for name in "Ih Im Ca_LVAst Ca_HVA SK_E2 SKv3_1 NaTs2_t NaTa_t Nap_Et2 K_Tst K_Pst".split()
}


def compile_mechanisms(flags):
    """Builds the mechanisms in a temporary folder, whose path is returned."""
    folder = tempfile.mkdtemp(prefix="neuron_l5pc_")
    for name in os.listdir(SOURCES):
        shutil.copy(os.path.join(SOURCES, name), folder)
    program = os.path.join(os.path.dirname(sys.executable), "nrnivmodl")
    words = [program, "-coreneuron", "-incflags", flags, "."]
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True)
    if done.returncode != 0 or not os.path.exists(os.path.join(folder, *CORE_LIBRARY)):
        shutil.rmtree(folder)
        raise SystemExit(f"error: {' '.join(words)} failed:\n{done.stdout}{done.stderr}")
    return folder


def load_neuron(folder):
    """NEURON with the mechanisms compiled into `folder`."""
    os.environ["NEURON_MODULE_OPTIONS"] = "-nogui"
    os.environ["CORENEURONLIB"] = os.path.join(folder, *CORE_LIBRARY)
    from neuron import h

    h.nrn_load_dll(os.path.join(folder, "x86_64", "libnrnmech.so"))
    return h


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
        # Events are queued at their own time; CoreNEURON asks for some delay all the same.
        self.connections = [h.NetCon(None, synapse, 0, 1, 1) for synapse in self.synapses]
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
        """Sets the state of t = 0 and queues the events."""
        self.h.finitialize(self.v_init_mV)
        self.queue(events)

    def queue(self, events):
        """Events: synapse, time in ms. A synapse with an event at 0 is silent, as in the published
        data."""
        synapse, time_ms = events
        silent = set(synapse[time_ms == 0].tolist())
        for index, at in zip(synapse.tolist(), time_ms.tolist()):
            if index not in silent:
                self.connections[index].event(float(at))
