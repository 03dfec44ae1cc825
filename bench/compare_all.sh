#!/bin/bash
# All registered sequence models on three small tasks under equal operations, for
# bench/results/compare_all_models.md:
#
#     bench/compare_all.sh OUT [TASK ...]
#
# trains what of OUT is not there yet and prints the tables of the tasks. Pictures and pages lie in
# OUT/TASK. Settings, as environment variables:
set -euo pipefail
program=${ELMSIM:-elmsim}
out=${1:?OUT is missing: a folder}
shift
tasks=${*:-mqar listops adding}
seeds=${SEEDS:-3}
budget=${BUDGET:-}  # of each run; default as below
threads=${THREADS:-2}
# Left out: single point neurons, which have no hidden state beside their voltages, and what needs a
# second sequence.
left_out=${LEFT_OUT-lif alif encoder_decoder}
recipe="training.batch=32 training.learning_rate=3e-3 training.clip_norm=1.0 training.weight_decay=0"

listed=$("$program" list models --json)
values_of() {  # KEY
    sed -n "s/.*\"$1\": \"\\(.*\\)\",\\{0,1\\}\$/\\1/p" <<<"$listed"
}
models=${MODELS:-$(values_of kind | grep -vxF "$(tr ' ' '\n' <<<"$left_out")" | paste -sd ,)}
with_option() {  # NAME VALUE: of all these models that have it
    values_of option | awk -F. -v name="$1" -v value="$2" -v models=",$models," '
        $2 == name && index(models, "," $1 ",") { printf "%s.%s=%s ", $1, name, value }'
}

mkdir -p "$out"
for task in $tasks; do
    case $task in
        mqar) default=4e10f steps=16 memory=20
            of_task="mqar.pairs=4 mqar.vocabulary=32 mqar.steps=16" ;;
        listops) default=6e10f steps=64 memory=50
            of_task="listops.least_length=10 listops.most_length=40 listops.most_depth=3 listops.most_arguments=5 listops.pooling=mean" ;;
        adding) default=6e10f steps=64 memory=20
            of_task="adding.steps=64 training.batch=8" ;;
        *) echo "compare_all.sh: no settings for the task $task" >&2; exit 2 ;;
    esac
    start=$SECONDS
    # shellcheck disable=SC2046,SC2086
    "$program" compare --task "$task" --models "$models" --budget "${budget:-$default}" \
        --seeds "$seeds" --threads "$threads" --resume --quiet --markdown \
        --set $recipe $of_task "$task.held_out=500" "elm.num_memory=$memory" elm_network.neurons=20 \
        $(with_option width 32) $(with_option longest "$steps") --out "$out/$task" > "$out/$task.md"
    printf '\n## %s, %s a run\n\n' "$task" "${budget:-$default}"
    cat "$out/$task.md"
    printf '\n%d s on %s threads\n' $((SECONDS - start)) "$threads"
done
