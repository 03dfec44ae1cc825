"""Tests of tasks/neuronio/convert_pickles.py, on pickles that are made here.

Run with: convert_pickles_test.py FOLDER_OF_THE_SCRIPT ELMSIM. Exit code 77: skipped.
"""

import contextlib
import gzip
import io
import os
import pickle
import struct
import subprocess
import sys
import tempfile
import unittest

try:
    import h5py
    import numpy as np
except ImportError as missing:
    print(f"skipped: {missing}. Install python3-h5py.")
    sys.exit(77)

SCRIPTS, ELMSIM = sys.argv[1], sys.argv[2]
sys.dont_write_bytecode = True
sys.path.insert(0, SCRIPTS)
import convert_pickles  # noqa: E402
N_SEGMENTS, N_MS = 4, 50


def python_2_pickle(value):
    """Protocol 2 as Python 2 writes it: byte strings, and arrays by numpy.core.multiarray."""
    def text(string):
        return b"T" + struct.pack("<i", len(string)) + string

    def tuple_of(*parts):
        return b"(" + b"".join(parts) + b"t"

    def whole(number):
        return b"J" + struct.pack("<i", number)

    def type_of(dtype):
        state = tuple_of(whole(3), text(b"<" if dtype.itemsize > 1 else b"|"), b"N", b"N", b"N",
                         whole(-1), whole(-1), whole(0))
        return (b"cnumpy\ndtype\n" + tuple_of(text(dtype.str[1:].encode()), whole(0), whole(1)) +
                b"R" + state + b"b")

    def put(item):
        if isinstance(item, dict):
            return b"}(" + b"".join(put(key) + put(item[key]) for key in item) + b"u"
        if isinstance(item, list):
            return b"](" + b"".join(put(part) for part in item) + b"e"
        if isinstance(item, np.ndarray):
            shape = tuple_of(*(whole(extent) for extent in item.shape))
            state = tuple_of(whole(1), shape, type_of(item.dtype), b"\x89", text(item.tobytes()))
            return (b"cnumpy.core.multiarray\n_reconstruct\n" +
                    tuple_of(b"cnumpy\nndarray\n", tuple_of(whole(0)), text(b"b")) + b"R" + state +
                    b"b")
        if isinstance(item, np.generic):
            return (b"cnumpy.core.multiarray\nscalar\n" +
                    tuple_of(type_of(item.dtype), text(item.tobytes())) + b"R")
        if isinstance(item, bool):
            return b"\x88" if item else b"\x89"
        if isinstance(item, int):
            return whole(item)
        if isinstance(item, float):
            return b"G" + struct.pack(">d", item)
        return text(item.encode("latin1"))

    return b"\x80\x02" + put(value) + b"."


def experiment(n_simulations=2, seed=1):
    random = np.random.default_rng(seed)
    simulations = []
    for _ in range(n_simulations):
        trace = random.uniform(-80, -40, 8 * N_MS).astype(np.float16)
        simulations.append({
            # Segment 2 is silent and missing; time 7 stands there twice.
            "exInputSpikeTimes": {0: [7, 3, 7, 49], np.int64(1): [np.int64(0)], 3: [7]},
            "inhInputSpikeTimes": {1: np.array([7, 8]), 2: []},
            "outputSpikeTimes": np.array([12.5, 30.25], np.float16),
            "somaVoltageLowRes": trace[::8].copy(),
            "somaVoltageHighRes": trace,
            "nexusVoltageLowRes": random.uniform(-70, 0, N_MS).astype(np.float16),
            "recordingTimeLowRes": np.arange(N_MS, dtype=np.float32),
        })
    return {
        "Params": {"randomSeed": 5, "totalSimDurationInSec": N_MS / 1000,
                   "numSamplesPerMS_HighRes": 8, "useActiveDendrites": True,
                   "allSegmentsLength": [1.5, 2.5, 3.5, 4.5],
                   "allSegmentsType": ["basal", "basal", "apical", "apical"],
                   "allSegments_DistFromSoma": np.arange(4.0),
                   "allSegments_SectionInd": [0, 0, 1, 2]},
        "Results": {"listOfSingleSimulationDicts": simulations},
    }


class Convert(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.out = os.path.join(self.folder.name, "out")

    def write(self, content, name="raw.p"):
        path = os.path.join(self.folder.name, name)
        with open(path, "wb") as file:
            file.write(content)
        return path

    def run_on(self, *paths, options=()):
        """Calls main() here: a process for each call would take most of the time."""
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                code = convert_pickles.main(["--out", self.out, *options, *paths])
            except SystemExit as usage:
                code = usage.code
        return subprocess.CompletedProcess([], code, out.getvalue(), err.getvalue())

    def convert(self, content, options=()):
        done = self.run_on(self.write(content), options=options)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(os.listdir(self.out), ["raw.h5"])
        return os.path.join(self.out, "raw.h5")

    def error_of(self, content, code=3, options=()):
        done = self.run_on(self.write(content), options=options)
        self.assertEqual(done.returncode, code, done.stderr)
        self.assertNotIn("Traceback", done.stderr)
        self.assertEqual(os.listdir(self.out) if os.path.exists(self.out) else [], [])
        return done.stderr

    def check_content(self, path, wanted):
        with h5py.File(path) as file:
            self.assertEqual(dict(file.attrs), {"num_segments": 4, "sim_duration_ms": 50, "seed": 5})
            self.assertEqual(file["segment_is_apical"][:].tolist(), [0, 0, 1, 1])
            self.assertEqual(file["segment_length_um"][:].tolist(), [1.5, 2.5, 3.5, 4.5])
            self.assertEqual(file["segment_section"][:].tolist(), [0, 0, 1, 2])
            names = [name for name in file if name.startswith("sim_")]
            self.assertEqual(names, ["sim_00000", "sim_00001"])
            for name, simulation in zip(names, wanted["Results"]["listOfSingleSimulationDicts"]):
                group = file[name]
                self.assertEqual(group["input_time_ms"][:].tolist(), [0, 3, 7, 7, 7, 8, 49])
                self.assertEqual(group["input_synapse"][:].tolist(), [1, 0, 0, 3, 5, 5, 0])
                self.assertEqual(group["input_synapse"].dtype, np.uint16)
                self.assertEqual(group["output_spike_time_ms"][:].tolist(), [12.5, 30.25])
                for dataset, key in (("soma_voltage_mV", "somaVoltageLowRes"),
                                     ("nexus_voltage_mV", "nexusVoltageLowRes")):
                    np.testing.assert_array_equal(group[dataset][:],
                                                  simulation[key].astype(np.float32))

    def test_pickles_of_python_2(self):
        self.check_content(self.convert(python_2_pickle(experiment())), experiment())

    def test_pickles_of_every_protocol_of_python_3(self):
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
            with self.subTest(protocol=protocol):
                path = self.convert(pickle.dumps(experiment(), protocol), ["--force"])
                self.check_content(path, experiment())

    def test_compressed_pickles(self):
        path = self.convert(gzip.compress(python_2_pickle(experiment())))
        self.check_content(path, experiment())

    def test_elmsim_reads_what_the_script_writes(self):
        raw = self.write(python_2_pickle(experiment()))
        script = os.path.join(SCRIPTS, "convert_pickles.py")
        done = subprocess.run([sys.executable, "-B", script, "--out", self.out, raw],
                              capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        path = os.path.join(self.out, "raw.h5")
        self.assertEqual(done.stdout, f"{path}: 2 simulations\n")
        shown = subprocess.run([ELMSIM, "inspect", path], capture_output=True, text=True)
        self.assertEqual(shown.returncode, 0, shown.stderr)
        self.assertIn("NeuronIO ground truth", shown.stdout)
        self.assertRegex(shown.stdout, r"simulations +2\n +input channels +8\n +duration_ms +50")

    def test_several_pickles_and_the_high_resolution(self):
        first = self.write(python_2_pickle(experiment(seed=1)), "a__128_sim.p")
        second = self.write(gzip.compress(python_2_pickle(experiment(seed=2))), "b.pickle.gz")
        done = self.run_on(first, second, options=["--highres"])
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(sorted(os.listdir(self.out)), ["a__128_sim.h5", "b.h5"])
        with h5py.File(os.path.join(self.out, "b.h5")) as file:
            wanted = experiment(seed=2)["Results"]["listOfSingleSimulationDicts"][1]
            np.testing.assert_array_equal(file["sim_00001/soma_voltage_highres_mV"][:],
                                          wanted["somaVoltageHighRes"])

    def test_refined_spike_times(self):
        # float16 stores 4501.125 as 4500, and 5999.5 as 6000: past the end.
        raw = experiment(1)
        raw["Params"]["totalSimDurationInSec"] = 6
        simulation = raw["Results"]["listOfSingleSimulationDicts"][0]
        trace = np.full(48000, -70, np.float16)
        for peak in (100.375, 4501.125, 5000.0, 5003.5, 5999.5):
            trace[int(8 * peak)] = 20
        simulation["somaVoltageHighRes"] = trace
        for key in ("somaVoltageLowRes", "nexusVoltageLowRes"):
            simulation[key] = trace[::8]
        simulation["outputSpikeTimes"] = np.array([100.375, 4501.125, 5000, 5003.5, 5999.5],
                                                  np.float16)
        times = {}
        for option in ([], ["--refine"]):
            with h5py.File(self.convert(python_2_pickle(raw), ["--force", *option])) as file:
                times[len(option)] = file["sim_00000/output_spike_time_ms"][:]
        np.testing.assert_array_equal(
            times[0], np.array([100.375, 4500, 5000, 5004, np.nextafter(6000, 0, dtype=np.float32)],
                               np.float32))
        # Two stored times 4 ms apart could exchange their peaks: they stay.
        np.testing.assert_array_equal(times[1][[0, 1, 4]], [100.375, 4501.125, 5999.5])
        np.testing.assert_array_equal(times[1][2:4], [5000, 5004])

    def test_programs_in_pickles_are_refused(self):
        marker = os.path.join(self.folder.name, "was_run")

        class Runs:
            def __reduce__(self):
                return os.system, (f"touch {marker}",)

        attacks = {
            "asks for posix.system": pickle.dumps(Runs(), 2),
            "asks for os.system": b"cos\nsystem\n(S'touch " + marker.encode() + b"'\ntR.",
            "asks for builtins.eval": b"c__builtin__\neval\n(S'1'\ntR.".replace(b"__builtin__",
                                                                                 b"builtins"),
            "asks for numpy.load": b"cnumpy\nload\n(S'x'\ntR.",
            "asks for numpy.core.multiarray.ndarray": b"cnumpy.core.multiarray\nndarray\n.",
            "changes a function": b"\x80\x02cnumpy.core.multiarray\nscalar\n}b.",
            "refers to objects outside": b"P1\n.",
            # An array of more elements than it has bytes.
            "has an array of shape (1000000,)": python_2_pickle(np.zeros(3)).replace(
                b"J" + struct.pack("<i", 3) + b"tcnumpy\n",
                b"J" + struct.pack("<i", 1000000) + b"tcnumpy\n"),
        }
        for message, content in attacks.items():
            with self.subTest(message=message):
                self.assertIn(message, self.error_of(content))
        self.assertFalse(os.path.exists(marker))

    def test_what_is_wrong_is_named(self):
        def changed(change):
            raw = experiment()
            change(raw, raw["Results"]["listOfSingleSimulationDicts"][1])
            return self.error_of(python_2_pickle(raw))

        def set_in(key, value):
            return changed(lambda raw, simulation: simulation.update({key: value}))

        voltage = np.full(N_MS, -70.0)
        self.assertIn("Params has no totalSimDurationInSec",
                      changed(lambda raw, _: raw["Params"].pop("totalSimDurationInSec")))
        self.assertIn("simulation 1: has no outputSpikeTimes",
                      changed(lambda _, simulation: simulation.pop("outputSpikeTimes")))
        self.assertIn("at least one simulation", changed(
            lambda raw, _: raw["Results"].update(listOfSingleSimulationDicts=[])))
        self.assertIn("simulation 1: exInputSpikeTimes[4]: expected segments 0 to 3",
                      set_in("exInputSpikeTimes", {4: [1]}))
        self.assertIn("inhInputSpikeTimes[2][1] is 50.0, expected whole ms from 0 to 49",
                      set_in("inhInputSpikeTimes", {2: [1, 50]}))
        self.assertIn("[2][0] is 1.5", set_in("inhInputSpikeTimes", {2: [1.5]}))
        self.assertIn("[2][0] is -1.0", set_in("inhInputSpikeTimes", {2: [-1]}))
        self.assertIn("outputSpikeTimes[0] is 51.0", set_in("outputSpikeTimes", [51.0]))
        self.assertIn("outputSpikeTimes[1] is 2.0, expected rising",
                      set_in("outputSpikeTimes", [3.0, 2.0]))
        self.assertIn("outputSpikeTimes does not hold numbers", set_in("outputSpikeTimes", "text"))
        self.assertIn("somaVoltageLowRes has 49 values, expected 50",
                      set_in("somaVoltageLowRes", voltage[1:]))
        for bad in (np.nan, np.inf, 201.0):
            voltage[3] = bad
            self.assertIn(f"somaVoltageLowRes[3] is {bad}", set_in("somaVoltageLowRes", voltage))

    def test_segments_can_be_given(self):
        raw = experiment()
        for key in ("allSegmentsLength", "allSegmentsType", "allSegments_DistFromSoma",
                    "allSegments_SectionInd"):
            del raw["Params"][key]
        self.assertIn("--segments", self.error_of(python_2_pickle(raw)))
        with h5py.File(self.convert(python_2_pickle(raw), ["--segments", "4"])) as file:
            self.assertEqual(file.attrs["num_segments"], 4)

    def test_damaged_and_missing_pickles(self):
        whole = python_2_pickle(experiment())
        for content in (b"", b"not a pickle", whole[:-1], whole[:len(whole) // 2]):
            self.assertIn("damaged or not a pickle", self.error_of(content))
        self.error_of(gzip.compress(whole)[:-20])
        self.assertIn("expected a dict", self.error_of(python_2_pickle([1])))
        done = self.run_on(os.path.join(self.folder.name, "none.p"))
        self.assertEqual(done.returncode, 3)
        self.assertIn("there is no such file", done.stderr)

    def test_existing_files_stay(self):
        path = self.convert(python_2_pickle(experiment()))
        before = os.stat(path).st_mtime_ns
        done = self.run_on(self.write(python_2_pickle(experiment())))
        self.assertEqual(done.returncode, 2)
        self.assertIn("--force", done.stderr)
        # Nor does one that fails take the place of what is there.
        self.assertEqual(self.run_on(self.write(b"no"), options=["--force"]).returncode, 3)
        self.assertEqual(os.stat(path).st_mtime_ns, before)
        same = self.write(b"", "raw.pickle")
        self.assertIn("two pickles would become",
                      self.run_on(same, self.write(b"")).stderr)

    def test_a_folder_that_cannot_be_made(self):
        self.out = self.write(b"", "file") + "/below"
        done = self.run_on(self.write(python_2_pickle(experiment())))
        self.assertEqual(done.returncode, 7)
        self.assertIn("cannot be written", done.stderr)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
