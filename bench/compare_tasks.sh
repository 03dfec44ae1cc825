#!/bin/bash
# Ten models on six tasks under equal operations, for bench/results/compare_tasks.md:
#
#     bench/compare_tasks.sh OUT [TASK ...]
#
# trains what of OUT is not there yet and prints the tables of the tasks. Pictures and pages lie in
# OUT/TASK. Settings, as environment variables:
set -euo pipefail
program=${ELMSIM:-elmsim}
out=$1
shift
tasks=${*:-mqar listops spoken-digits image-syn pathfinder adding}
models=${MODELS:-elm,elm_network,lstm,tcn,transformer,linear_transformer,s4d,s5,lru,mamba}
seeds=${SEEDS:-3}
tune=${TUNE-}             # trials of learning rates for each model, each of the whole budget; default as below
budget=${BUDGET:-}        # of each run; default as below
threads=${THREADS:-2}
corpus=${CORPUS:-$out/spoken}  # of spoken digits, made where it is not there
clips=${CLIPS:-3000}
sizes="elm_network.neurons=20 lstm.units=32 transformer.width=32
    linear_transformer.width=32 s4d.width=32 s5.width=32 lru.width=32 mamba.width=32"
recipe="training.learning_rate=3e-3 training.schedule=cosine training.clip_norm=1.0 training.weight_decay=0"

mkdir -p "$out"
for task in $tasks; do
    of_task="$task.held_out=1000" more=() trials=0 own_tune=$tune
    short="training.batch=32 elm.num_memory=50" long="training.batch=16 elm.num_memory=20"
    case $task in
        mqar) default=1e11f trials=4
            of_task+=" $short mqar.pairs=4 mqar.vocabulary=32 mqar.steps=16" ;;
        listops) default=1e11f trials=4
            of_task+=" $short listops.least_length=6 listops.most_length=24 listops.most_depth=3 listops.most_arguments=4" ;;
        spoken-digits) default=2e11f
            of_task="$short spoken-digits.bin_ms=20 front_end.input_dropout=0.3" more=(--data "$corpus")
            [ -e "$corpus/spoken_test.h5" ] ||
                "$program" generate spoken-digits --count "$clips" --threads "$threads" --resume --out "$corpus" ;;
        image-syn) default=2e12f of_task+=" $long" ;;
        pathfinder) default=2e12f of_task+=" $long" ;;
        adding) default=1.5e12f own_tune=0  # 50 to 1,000 steps, with learning rates of the stages
            of_task+=" training.batch=8" more=(--preset curriculum) ;;
        *) echo "compare_tasks.sh: no settings for the task $task" >&2; exit 2 ;;
    esac
    start=$SECONDS
    # shellcheck disable=SC2086
    "$program" compare --task "$task" --models "$models" --budget "${budget:-$default}" \
        --seeds "$seeds" --tune "${own_tune:-$trials}" --against elm --threads "$threads" --resume --quiet --markdown \
        "${more[@]}" --set $sizes $recipe $of_task --out "$out/$task" > "$out/$task.md"
    printf '\n## %s, %s a run\n\n' "$task" "${budget:-$default}"
    cat "$out/$task.md"
    printf '\n%d s on %s threads\n' $((SECONDS - start)) "$threads"
done
