"""Writes a small SONATA network and its spikes, for tests/golden/sonata.

Two populations of NEST's iaf_psc_delta (cells, in two groups of nodes, and targets) and virtual nodes
(input) with spikes. Types of numbers, places of weights and delays (HDF5 or table), several synapses
of an edge and quoted texts vary as they do in files of other programs. The spikes come from the loop
below, float64, which shares nothing with the simulator:

    v <- E_L + exp(-h / tau_m) (v - E_L) + R (1 - exp(-h / tau_m)) I_e + arriving weights, unless refractory
    a spike at v >= V_th, at the end of the step; it arrives in the step that ends a delay later

    /usr/bin/python3 tests/golden/make_sonata_golden.py tests/golden/sonata
"""
import json
import os
import sys

import h5py
import numpy as np

rng = np.random.default_rng(20240608)
H, STEPS = 0.1, 2000
N = {"input": 6, "cells": 12, "targets": 4}


def start(path):
    file = h5py.File(path, "w", libver="latest")
    file.attrs["magic"] = np.uint32(0x0A7A)
    file.attrs["version"] = np.array([0, 1], dtype=np.uint32)
    return file


def text(path, content):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(content)


def nodes(folder, name, types, groups, index, values, kinds):
    with start(f"{folder}/network/{name}_nodes.h5") as file:
        group = file.create_group(f"nodes/{name}")
        group["node_type_id"] = np.array(types, dtype=kinds[0])
        group["node_group_id"] = np.array(groups, dtype=kinds[1])
        group["node_group_index"] = np.array(index, dtype=kinds[1])
        for k, columns in enumerate(values):
            inner = group.create_group(str(k))
            for column, data in columns.items():
                inner[f"dynamics_params/{column}"] = data
            inner["x"] = np.arange(index.count(0) + 5.0)


def edges(folder, name, source, target, pairs, columns, kind, types):
    with start(f"{folder}/network/{name}_edges.h5") as file:
        group = file.create_group(f"edges/{name}")
        group["source_node_id"] = np.array([p[0] for p in pairs], dtype=kind)
        group["target_node_id"] = np.array([p[1] for p in pairs], dtype=kind)
        group["source_node_id"].attrs["node_population"] = source
        group["target_node_id"].attrs["node_population"] = target
        group["edge_type_id"] = np.array(types, dtype=kind)
        group["edge_group_id"] = np.zeros(len(pairs), dtype=kind)
        order = rng.permutation(len(pairs))  # rows of the group stand in another order
        group["edge_group_index"] = order.astype(kind)
        inner = group.create_group("0")
        for column, data in columns.items():
            rows = np.empty_like(data)
            rows[order] = data
            inner[column] = rows


def simulate(p, v, synapses, given):
    """Spikes (steps, neurons) of each population."""
    z = {name: np.zeros((STEPS, count), dtype=bool) for name, count in N.items()}
    z["input"] = given
    arriving = {name: np.zeros((STEPS + 200, N[name])) for name in p}
    left = {name: np.zeros(N[name], dtype=int) for name in p}
    for step in range(STEPS):
        for name, q in p.items():
            decay = np.exp(-H / q["tau_m"])
            resistance = q["tau_m"] / q["C_m"]
            rest = q["E_L"] + resistance * q["I_e"]
            free = rest + decay * (v[name] - rest) + arriving[name][step]
            v[name] = np.where(left[name] > 0, q["V_reset"], free)
            fired = (v[name] >= q["V_th"]) & (left[name] == 0)
            left[name] = np.where(fired, np.rint(q["t_ref"] / H), np.maximum(left[name] - 1, 0)).astype(int)
            v[name] = np.where(fired, q["V_reset"], v[name])
            z[name][step] = fired
        for source, target, i, j, weight, delay in synapses:
            if z[source][step, i]:
                arriving[target][step + delay, j] += weight
    return z


def main(folder):
    os.makedirs(folder + "/network", exist_ok=True)
    # Cells: odd ones are of group 1, which has its thresholds in the file.
    shared = {"tau_m": 15.0, "C_m": 200.0, "E_L": -68.0, "t_ref": 1.5}
    text(folder + "/models/cells.json", json.dumps({**shared, "V_th": -52.0, "V_reset": -66.0}))
    text(folder + "/models/fast.json", json.dumps({"tau_m": 8.0, "C_m": 250.0, "I_e": 350.0}))
    current = rng.uniform(150, 260, 6).round(3), rng.uniform(150, 260, 6).round(3)
    potential = rng.uniform(-70, -55, 12).round(3)
    threshold = rng.uniform(-56, -50, 6).round(3)
    groups, index = [i % 2 for i in range(12)], [i // 2 for i in range(12)]
    nodes(folder, "cells", [7] * 12, groups, index,
          [{"I_e": current[0], "V_m": potential[::2]}, {"I_e": current[1], "V_m": potential[1::2], "V_th": threshold}],
          (np.uint16, np.uint32))
    nodes(folder, "targets", [3, 3, 3, 3], [0] * 4, [0, 1, 2, 3], [{}], (np.int64, np.uint64))
    nodes(folder, "input", [1] * 6, [0] * 6, list(range(6)), [{}], (np.uint64, np.uint16))
    text(folder + "/network/neuron_types.csv",
         "node_type_id model_type model_template dynamics_params note\n"
         '7 point_neuron nest:iaf_psc_delta cells.json "two words"\n'
         "3 point_neuron nest:iaf_psc_delta fast.json NULL\n")
    text(folder + "/network/input_types.csv", "node_type_id model_type\n1 virtual\n")

    synapses = []
    drive = [(i, j) for i in range(6) for j in range(12) if rng.random() < 0.5]
    counts = rng.integers(1, 4, len(drive))
    kinds = [int(rng.integers(0, 2)) for _ in drive]
    edges(folder, "input_to_cells", "input", "cells", drive, {"nsyns": counts.astype(np.uint16)}, np.uint16, kinds)
    text(folder + "/network/input_to_cells_types.csv",
         "edge_type_id syn_weight delay model_template\n0 1.5 1.0 static_synapse\n1 -0.75 2.5 NULL\n")
    for (i, j), count, kind in zip(drive, counts, kinds):
        synapses.append(("input", "cells", i, j, (1.5, -0.75)[kind] * count, (10, 25)[kind]))
    for name, target, probability in (("cells_to_cells", "cells", 0.3), ("cells_to_targets", "targets", 0.5)):
        pairs = [(i, j) for i in range(12) for j in range(N[target]) if rng.random() < probability]
        weight, delay = rng.uniform(-1.5, 2.5, len(pairs)).round(4), rng.integers(1, 60, len(pairs))
        edges(folder, name, "cells", target, pairs, {"syn_weight": weight, "delay": delay * H}, np.uint32,
              [4] * len(pairs))
        synapses += [("cells", target, i, j, w, d) for (i, j), w, d in zip(pairs, weight, delay)]
    text(folder + "/network/static_types.csv", "edge_type_id model_template\n4 static_synapse\n")

    given = rng.random((STEPS, 6)) < 0.02
    steps, ids = np.nonzero(given)
    by_id = np.lexsort((steps, ids))
    os.makedirs(folder + "/inputs", exist_ok=True)
    with h5py.File(folder + "/inputs/spikes.h5", "w", libver="latest") as file:  # the old layout
        group = file.create_group("spikes")
        group.attrs["sorting"] = "by_gid"
        group["timestamps"], group["gids"] = ((steps + 1) * H)[by_id], ids[by_id].astype(np.uint32)

    p = {"cells": {**{k: np.full(12, x) for k, x in {**shared, "V_reset": -66.0, "V_th": -52.0}.items()}},
         "targets": {k: np.full(4, x) for k, x in {"tau_m": 8.0, "C_m": 250.0, "I_e": 350.0, "E_L": -70.0,
                                                   "V_th": -55.0, "V_reset": -70.0, "t_ref": 2.0}.items()}}
    p["cells"]["V_th"][1::2] = threshold
    p["cells"]["I_e"] = np.array([current[i % 2][i // 2] for i in range(12)])
    z = simulate(p, {"cells": potential.copy(), "targets": np.full(4, -70.0)}, synapses, given)
    with start(folder + "/expected.h5") as file:
        for name in ("cells", "targets"):
            steps, ids = np.nonzero(z[name])
            group = file.create_group(f"spikes/{name}")
            group.attrs.create("sorting", 2, dtype=h5py.enum_dtype({"none": 0, "by_id": 1, "by_time": 2}, basetype="u1"))
            group["timestamps"], group["node_ids"] = (steps + 1) * H, ids.astype(np.uint64)
            group["timestamps"].attrs["units"] = "ms"
            print(name, len(ids), "spikes")

    base = {"manifest": {"$HERE": ".", "$NETWORK": "$HERE/network"}}
    text(folder + "/circuit_config.json", json.dumps({
        **base, "components": {"point_neuron_models_dir": "${HERE}/models"},
        "networks": {
            "nodes": [{"nodes_file": f"$NETWORK/{n}_nodes.h5", "node_types_file":
                       "$NETWORK/input_types.csv" if n == "input" else "$NETWORK/neuron_types.csv"}
                      for n in ("cells", "targets", "input")],
            "edges": [{"edges_file": f"$NETWORK/{n}_edges.h5", "edge_types_file":
                       "$NETWORK/input_to_cells_types.csv" if n[0] == "i" else "$NETWORK/static_types.csv"}
                      for n in ("input_to_cells", "cells_to_cells", "cells_to_targets")]}}, indent=1))
    text(folder + "/node_sets.json", json.dumps({"Stimulus": {"population": "input"}}))
    text(folder + "/simulation_config.json", json.dumps({
        **base, "network": "$HERE/circuit_config.json", "run": {"tstop": STEPS * H, "dt": H},
        "node_sets_file": "$HERE/node_sets.json",
        "inputs": {"drive": {"input_type": "spikes", "module": "h5", "input_file": "$HERE/inputs/spikes.h5",
                             "node_set": "Stimulus"}}}, indent=1))


main(sys.argv[1])
