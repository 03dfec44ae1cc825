#!/usr/bin/env bash
# Two threads against one beside other work: each row of elm_bench by wall time, while busy loops
# hold the cores, two for each core. Prints the mean time of an iteration (median of repetitions)
# with one and two threads, and their ratio, worst first.
#
#     bash bench/busy_machine.sh [ELM_BENCH [FILTER [REPETITIONS]]]
set -euo pipefail
program=${1:-build/release/bench/elm_bench}
filter=${2:-.}
repetitions=${3:-3}
results=$(mktemp)
loops=()
trap 'kill "${loops[@]}" 2>/dev/null; rm -f "$results"' EXIT
for ((loop = 0; loop < 2 * $(nproc); ++loop)); do
    while :; do :; done &
    loops+=($!)
done
"$program" --wall --benchmark_filter="cpu.*$filter" --benchmark_repetitions="$repetitions" \
    --benchmark_enable_random_interleaving=true --benchmark_min_time=0.4 \
    --benchmark_out="$results" --benchmark_out_format=csv >/dev/null
# name,iterations,real_time,...; rows with the suffix of the median of repetitions
awk -F, '/_median"/ {
    gsub(/"/, "", $1); name = $1; threads = name
    sub(/.*threads:/, "", threads); threads += 0
    sub(/\/threads:.*/, "", name)
    time[name, threads] = $3; names[name] = 1
} END {
    for (name in names) if ((name, 2) in time && (name, 1) in time)
        printf "%.3f  %10.4g ms  %10.4g ms  %s\n", time[name, 2] / time[name, 1], time[name, 1], time[name, 2], name
}' "$results" | sort -rn | sed '1i ratio      1 thread       2 threads  row'
