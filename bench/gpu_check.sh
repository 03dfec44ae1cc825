#!/usr/bin/env bash
# Everything that only a real GPU can tell, in one call of under nine minutes: tests, once more with
# each launch awaited, compute-sanitizer, and the benchmarks.
#
#     cmake --preset cuda && cmake --build build/cuda      on any machine with the toolkit
#     bash bench/gpu_check.sh [RESULTS_FOLDER]             on the machine with the GPU
set -uo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
build=build/cuda
results=${1:-${OUT:-bench/results/gpu}}
mkdir -p "$results"
failed=()

run() {  # NAME SECONDS COMMAND...: output to a file, name of what failed kept
    local name=$1 limit=$2
    shift 2
    echo "== $name (${SECONDS} s): $*"
    timeout "$limit" "$@" >"$results/$name.txt" 2>&1
    local status=$?
    [ $status -eq 0 ] || { failed+=("$name"); echo "   exit $status"; tail -n 5 "$results/$name.txt"; }
}

if [ ! -x "$build/elmsim" ]; then
    cmake --preset cuda && cmake --build "$build" || exit 1
fi
run device 20 nvidia-smi || exit 1
run info 20 "$build/elmsim" info
tests=("$build/tests/elm_kernels_tests" "$build/tests/neuron/elm_neuron_tests")
for program in "${tests[@]}"; do
    run "test_$(basename "$program")" 60 "$program" --gtest_filter='*cuda*'
    ELM_CUDA_SYNC=1 run "sync_$(basename "$program")" 60 "$program" --gtest_filter='*cuda*'
done
if command -v compute-sanitizer >/dev/null; then
    for tool in memcheck racecheck synccheck initcheck; do
        run "sanitizer_$tool" 60 compute-sanitizer --tool "$tool" --error-exitcode 1 \
            "$build/tests/neuron/elm_neuron_tests" --gtest_filter='*naive_loops_on_cuda*'
        run "sanitizer_cable_$tool" 120 compute-sanitizer --tool "$tool" --error-exitcode 1 \
            "$build/tests/neuron/elm_neuron_tests" --gtest_filter='CableDevice.*cuda*'
        run "sanitizer_back_$tool" 60 compute-sanitizer --tool "$tool" --error-exitcode 1 \
            "$build/tests/elm_kernels_tests" --gtest_filter='*ElmTensorScan.silu*cuda*:elm_scan*cuda*spikes_relu'
    done
else
    echo "compute-sanitizer is not on the PATH: left out"
fi
run bench_elm 120 "$build/bench/elm_bench" --benchmark_filter=cuda
run bench_elm_training 90 "$build/bench/elm_training_bench"
run bench_scan 60 "$build/bench/scan_bench" --benchmark_filter='/cuda/' --benchmark_min_time=0.1
# A thread runs a trial, so thousands of them are the unit of work; the CPU beside it.
cells=$(mktemp -d)
run bench_cable_cuda 200 "$build/elmsim" generate neuronio --simulations 8192 --seconds 0.1 \
    --batch 8192 --device cuda --out "$cells/cuda.h5" --json
run bench_cable_cpu 100 "$build/elmsim" generate neuronio --simulations 256 --seconds 0.1 \
    --device cpu --out "$cells/cpu.h5" --json
rm -rf "$cells"
grep -h 'forward/\|training/' "$results"/bench_elm*.txt || true
if [ ${#failed[@]} -gt 0 ]; then
    echo "FAILED: ${failed[*]} (see $results)"
    exit 1
fi
echo "All passed in $SECONDS s; output in $results"
