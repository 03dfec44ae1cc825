#!/usr/bin/env bash
# Two threads against one beside other work: each row of elm_bench by wall time, while busy loops
# hold the cores, two for each core. Prints the mean time of an iteration (mean of repetitions)
# with one and two threads, and their ratio, worst first.
#
#     bash bench/busy_machine.sh [ELM_BENCH [FILTER [REPETITIONS]]]
set -euo pipefail
program=${1:-build/release/bench/elm_bench}
filter=${2:-cpu}
repetitions=${3:-3}
results=$(mktemp)
loops=()
trap 'kill "${loops[@]}" 2>/dev/null; rm -f "$results"' EXIT
for ((loop = 0; loop < 2 * $(nproc); ++loop)); do
    while :; do :; done &
    loops+=($!)
done
"$program" --wall --benchmark_filter="$filter" --benchmark_repetitions="$repetitions" \
    --benchmark_enable_random_interleaving=true --benchmark_min_time=0.4 \
    --benchmark_out="$results" --benchmark_out_format=csv >/dev/null 2>&1
# name,iterations,real_time,...; a row of each repetition, then those of their statistics
awk -F, '/manual_time"/ {
    gsub(/"/, "", $1); name = $1; threads = name
    sub(/.*threads:/, "", threads); threads += 0
    sub(/\/threads:.*/, "", name)
    time[name, threads] += $3; count[name, threads] += 1; names[name] = 1
} END {
    for (name in names) if ((name, 2) in time && (name, 1) in time) {
        one = time[name, 1] / count[name, 1]; two = time[name, 2] / count[name, 2]
        printf "%.3f  %10.4g ms  %10.4g ms  %s\n", two / one, one, two, name
    }
}' "$results" | sort -rn | sed '1i ratio      1 thread       2 threads  row'
