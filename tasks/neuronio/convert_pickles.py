#!/usr/bin/env python3
"""Converts published NeuronIO pickles to the HDF5 files that elmsim reads.

    convert_pickles.py --out data/ raw/*.p

Each pickle (one experiment of many simulations, plain or compressed by gzip) becomes one file
NAME.h5 in the folder, which appears when it is whole. Needs numpy and h5py, and memory for one
pickle at a time. Pickles are read as data only: one that asks for code to run is refused.

Source of the layout: Beniaguev, Segev, London 2021, doi:10.1016/j.neuron.2021.07.002. Spike times
are stored there in float16, so that they are whole multiples of up to 4 ms late in a simulation;
--refine takes them from the stored voltage trace of 8 values per ms where that shows one peak.

Exit codes: 0 done, 2 usage, 3 bad data, 6 out of memory, 7 could not write, 130 interrupted.
"""

import argparse
import os
import signal
import sys

try:
    import h5py
    import numpy as np
except ImportError as missing:
    sys.exit(f"error: {missing}. Install it: apt install python3-h5py, or pip install h5py.")

import safe_pickle

LARGEST_VOLTAGE_MV = 200
PEAK_ABOVE_MV = -25  # what the published data counts as a spike
CHUNK = 8192  # numbers compressed together; elmsim reads as many at a time


class DataError(Exception):
    """A pickle that is not what it should be."""


def require(condition, message):
    if not condition:
        raise DataError(message)


def field(container, key, where):
    require(isinstance(container, dict), f"{where} is a {type(container).__name__}, expected a dict")
    require(key in container, f"{where} has no {key}")
    return container[key]


def require_all(good, row, where, expected):
    """Names the first number of a row that is not `good`."""
    bad = np.flatnonzero(~good)
    if bad.size:
        raise DataError(f"{where}[{bad[0]}] is {row[bad[0]]}, expected {expected}")


def numbers(values, where):
    """A row of real numbers, float64."""
    try:
        row = np.asarray(values, np.float64)
    except (TypeError, ValueError):
        raise DataError(f"{where} does not hold numbers") from None
    require(row.ndim == 1, f"{where} has shape {row.shape}, expected one axis")
    require_all(np.isfinite(row), row, where, "a finite number")
    return row


def voltages(values, n_values, where):
    row = numbers(values, where)
    require(len(row) == n_values, f"{where} has {len(row)} values, expected {n_values}")
    require_all(np.abs(row) <= LARGEST_VOLTAGE_MV, row, where,
                f"mV from -{LARGEST_VOLTAGE_MV} to {LARGEST_VOLTAGE_MV}")
    return row


def input_spikes(simulation, n_segments, n_steps, where):
    """Times in ms and channels of all input spikes, by time, then channel, none twice."""
    kinds = (("exInputSpikeTimes", 0), ("inhInputSpikeTimes", n_segments))
    times, channels = [], []
    for key, first_channel in kinds:
        segments = field(simulation, key, where)
        require(isinstance(segments, dict), f"{where} {key} is a {type(segments).__name__}, expected "
                                            "a dict of segments")
        for segment, spikes in segments.items():
            place = f"{where} {key}[{segment!r}]"
            require(isinstance(segment, int) and 0 <= segment < n_segments,
                    f"{place}: expected segments 0 to {n_segments - 1}")
            row = numbers(spikes, place)
            require_all((row == np.floor(row)) & (row >= 0) & (row < n_steps), row, place,
                        f"whole ms from 0 to {n_steps - 1}")
            times.append(row.astype(np.int64))
            channels.append(np.full(len(row), first_channel + segment, np.int64))
    n_channels = 2 * n_segments
    if not times:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    code = np.unique(np.concatenate(times) * n_channels + np.concatenate(channels))
    return code // n_channels, code % n_channels


def half_steps(times):
    """How far a time may be from what float16 stored of it, in ms."""
    return 0.5 * np.spacing(np.abs(times).astype(np.float16)).astype(np.float64)


def output_spikes(simulation, n_steps, where):
    place = f"{where} outputSpikeTimes"
    times = numbers(field(simulation, "outputSpikeTimes", where), place)
    require_all((times >= 0) & (times <= n_steps + half_steps(times)), times, place,
                f"0 to {n_steps} ms")
    require_all(np.diff(times, prepend=0) >= 0, times, place, "rising times")
    # Rounding can put a spike of the last ms on the end.
    return np.minimum(times.astype(np.float32), np.nextafter(np.float32(n_steps), np.float32(0)))


def refine(times, trace, n_steps):
    """Times of the peaks of the trace that are the only ones each stored time can mean."""
    per_ms = len(trace) // n_steps
    inner = trace[1:-1]
    peaks = (np.flatnonzero((inner > PEAK_ABOVE_MV) & (inner >= trace[:-2]) & (inner > trace[2:])) +
             1) / per_ms
    refined = times.astype(np.float64)
    for index, time in enumerate(times):
        reach = half_steps(np.array([time]))[0] + 1 / per_ms
        near = peaks[np.abs(peaks - time) <= reach]
        claimed = np.sum(np.abs(times - time) <= 2 * reach)
        if len(near) == 1 and claimed == 1:
            refined[index] = near[0]
    return refined.astype(np.float32)


def segment_arrays(parameters, n_segments):
    """What the pickle says about the segments, under the names of the HDF5 layout."""
    arrays = {}
    for key, name, kind in (("allSegmentsLength", "segment_length_um", np.float64),
                            ("allSegments_DistFromSoma", "segment_distance_um", np.float64),
                            ("allSegments_SectionInd", "segment_section", np.int64)):
        if key in parameters:
            row = numbers(parameters[key], f"Params {key}")
            require(len(row) == n_segments, f"Params {key} has {len(row)} values, expected "
                                            f"{n_segments}")
            arrays[name] = row.astype(kind)
    if "allSegmentsType" in parameters:
        types = list(parameters["allSegmentsType"])
        require(all(kind in ("basal", "apical") for kind in types) and len(types) == n_segments,
                f"Params allSegmentsType: expected {n_segments} times basal or apical")
        arrays["segment_is_apical"] = np.array([kind == "apical" for kind in types], np.int64)
    return arrays


def count_segments(parameters, given):
    for key in ("allSegmentsLength", "allSegmentsType"):
        if key in parameters:
            require(isinstance(parameters[key], (list, tuple, np.ndarray)),
                    f"Params {key} is not a list")
            found = len(parameters[key])
            require(given in (None, found), f"Params {key} has {found} values, --segments says "
                                            f"{given}")
            return found
    require(given is not None, "Params has no allSegmentsLength: say how many segments the cell has "
                               "with --segments (639 for the published cell)")
    return given


def smallest_unsigned(largest):
    return np.uint16 if largest <= 0xFFFF else np.uint32


def write_file(file, experiment, options):
    """Writes all simulations of an experiment, and returns how many."""
    parameters = field(experiment, "Params", "the pickle")
    results = field(experiment, "Results", "the pickle")
    simulations = field(results, "listOfSingleSimulationDicts", "Results")
    require(isinstance(parameters, dict), "Params is not a dict")
    require(isinstance(simulations, list) and len(simulations) > 0,
            "listOfSingleSimulationDicts: expected a list of at least one simulation")
    n_segments = count_segments(parameters, options.segments)
    seconds = field(parameters, "totalSimDurationInSec", "Params")
    require(isinstance(seconds, (int, float)) and 0 < seconds < 1e6 and seconds * 1000 % 1 == 0,
            f"Params totalSimDurationInSec is {seconds!r}, expected whole ms")
    n_steps = int(seconds * 1000)

    def put(name, values, kind):
        compression = dict(chunks=(min(CHUNK, len(values)),), compression="gzip",
                           compression_opts=4, shuffle=True) if len(values) else {}
        file.create_dataset(name, data=values.astype(kind), **compression)

    file.attrs["num_segments"] = np.int64(n_segments)
    file.attrs["sim_duration_ms"] = np.int64(n_steps)
    if isinstance(parameters.get("randomSeed"), int):
        file.attrs["seed"] = np.int64(parameters["randomSeed"])
    for name, values in segment_arrays(parameters, n_segments).items():
        file.create_dataset(name, data=values)
    for index in range(len(simulations)):
        simulation, simulations[index] = simulations[index], None  # and its memory
        where = f"simulation {index}:"
        require(isinstance(simulation, dict), f"{where} is not a dict")
        times, channels = input_spikes(simulation, n_segments, n_steps, where)
        spikes = output_spikes(simulation, n_steps, where)
        soma = voltages(field(simulation, "somaVoltageLowRes", where), n_steps,
                        f"{where} somaVoltageLowRes")
        trace = None
        if options.refine or options.highres:
            per_ms = field(parameters, "numSamplesPerMS_HighRes", "Params")
            require(isinstance(per_ms, int) and per_ms > 0, "Params numSamplesPerMS_HighRes is not "
                                                            "a positive number")
            trace = voltages(field(simulation, "somaVoltageHighRes", where), per_ms * n_steps,
                             f"{where} somaVoltageHighRes")
        if options.refine:
            spikes = refine(spikes, trace, n_steps)
        group = f"sim_{index:05}/"
        put(group + "input_synapse", channels, smallest_unsigned(2 * n_segments - 1))
        put(group + "input_time_ms", times, smallest_unsigned(n_steps - 1))
        put(group + "output_spike_time_ms", spikes, np.float32)
        put(group + "soma_voltage_mV", soma, np.float32)
        if "nexusVoltageLowRes" in simulation:
            nexus = voltages(simulation["nexusVoltageLowRes"], n_steps,
                             f"{where} nexusVoltageLowRes")
            put(group + "nexus_voltage_mV", nexus, np.float32)
        if options.highres:
            put(group + "soma_voltage_highres_mV", trace, np.float16)
    return len(simulations)


def put_in_place(partial, target, force):
    """Gives a finished file its name; without force, never that of a file that appeared meanwhile."""
    if not force:
        try:
            os.link(partial, target)
            return
        except FileExistsError:
            raise
        except OSError:  # a file system without links
            if os.path.exists(target):
                raise FileExistsError(target) from None
    os.replace(partial, target)


def convert(source, target, options):
    experiment = safe_pickle.load(source)
    target = os.path.realpath(target)  # a link is written through
    partial = f"{target}.tmp-{os.getpid()}"
    try:
        # Made in memory: the library does not tell of every write that fails.
        with h5py.File(partial, "w", driver="core", backing_store=False) as file:
            n_simulations = write_file(file, experiment, options)
            file.flush()
            image = file.id.get_file_image()
        with open(partial, "xb") as file:
            file.write(image)
            file.flush()
            os.fsync(file.fileno())
        put_in_place(partial, target, options.force)
    finally:
        if os.path.exists(partial):
            os.remove(partial)
    print(f"{target}: {n_simulations} simulations")


def target_of(source, folder):
    name = os.path.basename(source)
    for ending in (".gz", ".p", ".pkl", ".pickle"):
        name = name.removesuffix(ending)
    return os.path.join(folder, name + ".h5")


def parse(arguments):
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("pickles", nargs="+", metavar="PICKLE")
    parser.add_argument("--out", required=True, metavar="FOLDER", help="made if it is not there")
    parser.add_argument("--force", action="store_true", help="replace files that are there")
    parser.add_argument("--segments", type=int, metavar="N",
                        help="dendritic segments, where the pickle does not say")
    parser.add_argument("--refine", action="store_true",
                        help="take spike times from the voltage trace of 8 values per ms")
    parser.add_argument("--highres", action="store_true", help="keep that trace")
    options = parser.parse_args(arguments)
    if options.segments is not None and options.segments < 1:
        parser.error(f"--segments {options.segments}: expected 1 or more")
    targets = [target_of(source, options.out) for source in options.pickles]
    for target in targets:
        if targets.count(target) > 1:
            parser.error(f"two pickles would become {target}")
        if os.path.exists(target) and not options.force:
            parser.error(f"{target} is there already. Choose another folder or give --force")
        if os.path.exists(target) and not os.path.isfile(target):
            parser.error(f"{target} is no plain file. Choose another folder")
    return options, targets


def main(arguments=None):
    options, targets = parse(arguments)
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, lambda got, _: sys.exit(128 + got))  # which clears up on its way
    for source, target in zip(options.pickles, targets):
        try:
            os.makedirs(options.out, exist_ok=True)
            convert(source, target, options)
        except (DataError, safe_pickle.PickleError) as error:
            print(f"error: {source}: {error}.", file=sys.stderr)
            return 3
        except MemoryError:
            print(f"error: {source} does not fit into memory.", file=sys.stderr)
            return 6
        except FileExistsError:
            print(f"error: {target} appeared while this ran and is not replaced. Choose another "
                  "folder or give --force.", file=sys.stderr)
            return 2
        except (OSError, RuntimeError) as error:  # h5py throws both
            print(f"error: {target} cannot be written ({error}).", file=sys.stderr)
            return 7
        except KeyboardInterrupt:
            return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
