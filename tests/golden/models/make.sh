#!/usr/bin/env bash
# Made the files of this folder, with the program whose formats they are in: model files of every
# version there has been, and what the program said with them. Never made anew: a program reads what
# its older versions wrote.
#     bash make.sh ELMSIM VERSION
set -euo pipefail
program=$(realpath "$1") version=$2
cd "$(dirname "${BASH_SOURCE[0]}")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# Ground truth of 6 channels, made up.
${PYTHON:-python3} - "$work/truth.h5" <<'P'
import sys, h5py, numpy as np
rng = np.random.default_rng(1)
with h5py.File(sys.argv[1], "w") as file:
    file.attrs["num_segments"], file.attrs["sim_duration_ms"] = 3, 900
    for k in range(4):
        group = file.create_group(f"sim_{k:05d}")
        time, unit = np.nonzero(rng.random((900, 6)) < 0.05)
        group["input_time_ms"], group["input_synapse"] = time.astype("i4"), unit.astype("i4")
        group["output_spike_time_ms"] = np.sort(rng.choice(880, 5, replace=False) + 10.0).astype("f4")
        group["soma_voltage_mV"] = (-70 + 3 * rng.random(900)).astype("f4")
P
fit() { "$program" fit --data "$work/truth.h5" --budget 20u --seed 3 --quiet --safetensors --set training.window_steps=100 "$@" >/dev/null; }
fit --model elm --memory 3 --set elm.mlp_hidden_size=4 --out "$work/elm-$version.h5"
fit --model elm --memory 3 --set elm.mlp_hidden_size=4 elm.elm_version=1 elm.learn_memory_tau=true elm.input_to_synapse_routing=random_routing --out "$work/elm-random-$version.h5"
fit --model lstm --set lstm.units=2 --out "$work/lstm-$version.h5"
here=$PWD
cd "$work"
for model in *-"$version".{h5,safetensors}; do
    "$program" simulate --model "$model" --poisson 20 --seconds 0.1 --seed 4 --precision f64 \
        --record output,voltage --out "$model.output.h5" --quiet >/dev/null
    cp "$model" "$model.output.h5" "$here"
done
