#!/bin/bash
# Does a small model gain by learning from those that beat it, on the samples where they did? The
# loop of tasks/arena on short nested expressions (listops), beside controls of equal compute, and ratings of the pool.
#
#     bench/arena.sh OUT              short nested expressions, for bench/results/arena.md
#     bench/arena.sh OUT neuronio     fits of a neuron: an ELM against an LSTM and a TCN, for
#                                     bench/results/arena_neuronio.md; within half an hour of a core
#
# leaves the arena, the fights, their ratings and the loop in OUT, and prints Markdown. What is done
# already is not done again, so a run that was killed goes on. Settings, as environment variables:
set -euo pipefail
program=${ELMSIM:-elmsim}
out=$1
what=${2:-listops}
seeds=${SEEDS:-5}                 # of the loop
pool_seeds=${POOL_SEEDS:-2}       # of each model that is rated
threads=${THREADS:-2}
models=${MODELS:-elm,lstm,gru,tcn,transformer,s4d,lru,alif,lif,chrono_lstm}
task="listops.least_length=6 listops.most_length=${LENGTH:-24} listops.most_depth=3 listops.most_arguments=4"
sizes="elm.num_memory=8 lstm.units=32 gru.units=32 transformer.width=32 s4d.width=32 lru.width=32"
rate="training.learning_rate=${RATE:-0.01}"

mkdir -p "$out"
run() {
    "$program" "$@" --threads "$threads" --quiet
}
sets() {
    for one in "$@"; do echo --set "$one"; done
}
start=$SECONDS
if [ "$what" = neuronio ]; then
    # 20 windows of 275 ms of each simulation of 6 s; 52 simulations.
    sizes="elm.num_memory=${MEMORY:-8} lstm.units=48"
    rate="training.learning_rate=${RATE:-0.003} training.batch=16"
    parts=${PARTS:-target=80 part=40 opponents=240 committee=40 calibration=40 source=120 test=120}
    [ -e "$out/cell.h5" ] ||
        run generate neuronio --simulations "${SIMULATIONS:-52}" --seconds "${DURATION:-6}" --seed 1 \
            --resume --out "$out/cell.h5" > "$out/cell.txt"
    [ -e "$out/arena/arena.h5" ] ||
        run arena build --task neuronio --data "$out/cell.h5" --seed 1 \
            $(sets neuronio.window_steps=275 neuronio.first_step=500 $sizes $rate \
                $(printf 'arena_parts.%s ' $parts) arena_parts.committee_updates=100 \
                arena_parts.committee_size=2) --out "$out/arena" > "$out/parts.txt"
    run arena flywheel --arena "$out/arena" --target elm --models "${OPPONENTS:-lstm,tcn}" \
        --seeds "$seeds" --threshold-sweep --resume $(sets $sizes $rate flywheel.target_updates=100 \
            flywheel.opponent_updates=1000 flywheel.stage_updates=30 ${LOOP:-}) --markdown \
        --out "$out/loop" > "$out/loop.md"
    cat "$out/loop.md"
    echo
    echo "$((SECONDS - start)) s on $threads threads"
    exit 0
fi
[ -e "$out/arena/arena.h5" ] ||
    run arena build --task listops --seed 1 $(sets $task $sizes $rate) --out "$out/arena" > "$out/parts.txt"
run arena battle --arena "$out/arena" --models "$models" --seeds "$pool_seeds" \
    --updates "${POOL_UPDATES:-1500}" --resume $(sets $sizes $rate) --out "$out/fights" > "$out/outcomes.txt"
run arena rate "$out"/fights/*/predictions.h5 --force --markdown --out "$out/ratings" > "$out/ratings.md"
run arena flywheel --arena "$out/arena" --target elm --models "${OPPONENTS:-lstm,gru,s4d,lru}" \
    --seeds "$seeds" --resume $(sets $sizes $rate ${LOOP:-}) --markdown --out "$out/loop" > "$out/loop.md"
cat "$out/loop.md" "$out/ratings.md"
echo
echo "$((SECONDS - start)) s on $threads threads"
