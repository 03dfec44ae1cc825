#!/bin/bash
# The experiment of Spieler et al. 2024 (arXiv 2306.16922, table S12) on synthesised digits: at fine
# bins of time, who adds two spoken digits? By default on a smaller scale: 5,000 updates for 140,000,
# input dropout 0.3 for 0.5 and an LSTM of 100 units for 250. What is published are the presets of
# `elmsim train --task spoken-adding`.
#
#     bench/spoken_adding.sh OUT [CORPUS]
#
# makes CORPUS (OUT/spoken) unless it is there, trains each model at each bin with each seed, one
# after the other on THREADS threads, and prints a table of test accuracies in percent. What is done
# already is not done again. Settings, as environment variables:
set -euo pipefail
program=${ELMSIM:-elmsim}
out=$1 corpus=${2:-$1/spoken}
bins=${BINS:-2 5 10 20 50}        # ms
models=${MODELS:-elm lstm}
seeds=${SEEDS:-3}
budget=${BUDGET:-5000u}           # of each run, see elmsim train --help
count=${COUNT:-10000}             # clips of the corpus
pairs=${PAIRS:-2000}              # pairs to validate on, and to test with
threads=${THREADS:-2}
dropout=${DROPOUT:-0.3}           # share of the input channels that is dropped in training
# BRANCHES: of the ELM neuron, 15 synapses each; without it each channel is one. LSTM_UNITS: 100.

mkdir -p "$out"
[ -e "$corpus/spoken_test.h5" ] ||
    "$program" generate spoken-digits --count "$count" --threads "$threads" --resume --out "$corpus"

options_of() {
    case $1 in
        elm) echo "elm.elm_version=1 elm.num_memory=100 elm.mlp_num_layers=1 elm.lambda_value=5.0" \
                  "elm.memory_tau_min=1.0 elm.memory_tau_max=500.0 elm.learn_memory_tau=true" \
                  ${BRANCHES:+elm.num_branch=$BRANCHES elm.num_synapse_per_branch=15} \
                  ${BRANCHES:+elm.input_to_synapse_routing=random_routing} ;;
        lstm) echo "lstm.units=${LSTM_UNITS:-100}" ;;
        s4d) echo "s4d.layers=${S4D_LAYERS:-2} s4d.width=${S4D_WIDTH:-64}" ;;
        # The preset "network" but for its bins and its split, with a dropout of its own.
        elm_network) echo "elm_network.neurons=57 elm_network.num_memory=9" \
                          "elm_network.output_memory=3 elm_network.branches=30" \
                          "elm_network.synapses_per_branch=10 elm_network.recurrent_share=0.25" \
                          "elm_network.memory_tau_min=1.0 elm_network.memory_tau_max=500.0" \
                          "elm_network.high_pass_tau=5.0 elm_network.input_scale=10.0" \
                          "elm_network.input_dropout=0.2 elm_network.recurrent_dropout=0.2" \
                          "front_end.input_dropout=0 training.warmup_steps=400" \
                          "training.clip_norm=1.0 training.label_smoothing=0.01" ;;
    esac
}

for model in $models; do
    for bin in $bins; do
        for ((seed = 0; seed < seeds; ++seed)); do
            run=$out/$model-$bin-$seed
            [ -e "$run/summary.json" ] && continue
            # shellcheck disable=SC2046
            "$program" train --task spoken-adding --data "$corpus" --model "$model" \
                --seed "$seed" --threads "$threads" --budget "$budget" --out "$run" --resume \
                --set "spoken-adding.bin_ms=$bin" "spoken-adding.validation_pairs=$pairs" \
                "spoken-adding.test_pairs=$pairs" training.batch=8 training.optimizer=adamax \
                training.learning_rate=5e-3 training.schedule=cosine training.weight_decay=0 \
                "front_end.input_dropout=$dropout" \
                $(options_of "$model") >&2
        done
    done
done

accuracies() {  # MODEL BIN
    local run
    for run in "$out/$1-$2"-*/summary.json; do
        [ -e "$run" ] || continue
        awk '/"test": \{/ { in_test = 1 }
             in_test && /"accuracy":/ { gsub(/[^0-9.e-]/, "", $2); print $2; exit }' "$run"
    done
}
printf '| bin, ms |'; for model in $models; do printf ' %s |' "$model"; done; echo
printf '| --- |'; for _ in $models; do printf ' --- |'; done; echo
for bin in $bins; do
    printf '| %s |' "$bin"
    for model in $models; do
        accuracies "$model" "$bin" | awk '{ sum += $1; square += $1 * $1 }
            END { if (NR == 0) { printf " |"; exit }
                  mean = sum / NR; spread = NR > 1 ? sqrt((square - NR * mean * mean) / (NR - 1)) : 0
                  printf NR > 1 ? " %.1f (%.1f) |" : " %.1f |", 100 * mean, 100 * spread }'
    done
    echo
done
