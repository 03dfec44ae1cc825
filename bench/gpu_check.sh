#!/usr/bin/env bash
# Everything that only a real GPU can tell, in one call that ends after LIMIT_S seconds (540), whatever
# is left then: tests, once more with each launch awaited, compute-sanitizer, the benchmarks, and where
# python3 has a PyTorch that sees the GPU its kernels in turn with ours.
#
#     cmake --preset cuda && cmake --build build/cuda      on any machine with the toolkit
#     bash bench/gpu_check.sh [RESULTS_FOLDER]             on the machine with the GPU
set -uo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root" || exit 1
build=build/cuda
results=${1:-${OUT:-bench/results/gpu}}
mkdir -p "$results"
failed=()
limit_s=${LIMIT_S:-540}

run() {  # NAME SECONDS COMMAND...: output to a file, name of what failed kept
    local name=$1 limit=$2
    shift 2
    local left=$((limit_s - SECONDS))
    if [ "$left" -lt 5 ]; then
        echo "== $name: left out, $limit_s s are over"
        failed+=("$name (no time)")
        return
    fi
    [ "$limit" -le "$left" ] || limit=$left
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
tests=("$build/tests/elm_kernels_tests" "$build/tests/neuron/elm_neuron_tests"
    "$build/tests/baselines/elm_baselines_tests" "$build/tests/network/elm_network_device_tests"
    "$build/tests/tasks/elm_training_tests" "$build/tests/encoders/elm_encoders_tests")
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
            "$build/tests/elm_kernels_tests" --gtest_filter='*ElmTensorScan.silu*cuda*:elm_scan*cuda*spikes_relu*'
        run "sanitizer_network_$tool" 60 compute-sanitizer --tool "$tool" --error-exitcode 1 \
            "$build/tests/network/elm_network_device_tests" \
            --gtest_filter='CudaEngine.delivers_every_form*cuda*'
    done
else
    echo "compute-sanitizer is not on the PATH: left out"
fi
run bench_elm 120 "$build/bench/elm_bench" --benchmark_filter=cuda
run bench_elm_training 90 "$build/bench/elm_training_bench"
# Path-X (pathfinder) and NeuronIO: the time of an update beside its floor.
grep '^training/cuda' "$results/bench_elm_training.txt" || failed+=("rows of elm_training_bench")
# Multiply-add peak in float32 without tensor cores, GFLOP/s, of the data sheets; of another device
# there is no such floor.
case $(nvidia-smi --query-gpu=name --format=csv,noheader | head -n 1) in
    *H100*PCIe*) peak=51200 ;;
    *H100* | *H200*) peak=66900 ;;
    *A100*) peak=19500 ;;
    *) peak=0 ;;
esac
export ELM_DEVICE_GFLOPS=$peak
run bench_scan 120 "$build/bench/scan_bench" --benchmark_filter='steps:4096/cuda/' \
    --benchmark_min_time=0.1
run bench_basic 90 "$build/bench/basic_bench" --benchmark_filter='steps:4096/cuda/' \
    --benchmark_min_time=0.1
run bench_attention 90 "$build/bench/attention_bench" --benchmark_filter='/4096/cuda/' \
    --benchmark_min_time=0.1
# Dilated convolutions against moving averages: the ratios that TCNCA's speed rests on.
run bench_dilation 90 "$build/bench/dilation_bench" 131072 5
grep '^| cuda' "$results/bench_dilation.txt" || failed+=("rows of dilation_bench on the GPU")
# Kernels of attention, scans, spectral and basic ops: the kernel (forward and backward), the rows that time
# it, and the figure that says which share of its floor they reach.
floors=(
    "attention exact/full/ share_of_peak"
    "attention exact/causal/ share_of_peak"
    "outer_scan linear/full/ share_of_peak"
    "outer_scan linear/causal/ share_of_peak"
    "divide_by_last linear/causal/ share_of_peak"
    "leaky_scan leaky_scan/ bytes_floor"
    "gated_scan gated_scan/ flop_floor"
    "spiking_scan spiking_scan/ bytes_floor"
    "spiking_scan spiking_scan/ flop_floor"
    "memory_scan memory_scan/ bytes_floor"
    "wkv_scan wkv_scan/ bytes_floor"
    "wkv_scan wkv_scan/ flop_floor"
    "liquid_scan liquid_scan/ flop_floor"
    "diagonal_scan diagonal_scan/real/ bytes_floor"
    "diagonal_scan diagonal_scan/complex_constant/ bytes_floor"
    "selective_scan selective_scan/ bytes_floor"
    "selective_scan selective_scan/ flop_floor"
    "mode_scan mode_scan/ flop_floor"
    "modes modes/ bytes_floor"
    "tied_modes tied_modes/ bytes_floor"
    "diagonal_decay diagonal_decay/ bytes_floor"
    "mode_decay mode_decay/ bytes_floor"
    "mode_kernel mode_kernel/ flop_floor"
    "low_rank_kernel low_rank_kernel/ flop_floor"
    "low_rank_scan low_rank_scan/ flop_floor"
    "layer_scan layer_scan/ bytes_floor"
    "layer_scan layer_scan/ flop_floor"
    "synapse_sum synapse_sum/ bytes_floor"
    "spike_convolution spike_convolution/ bytes_floor"
    "listed_attention listed_attention/ flop_floor"
    "sampled_scores sampled_scores/ bytes_floor"
    "sampled_scores sampled_scores/ flop_floor"
    "matmul matmul/ flop_floor"
    "convolution convolution/ flop_floor"
    "activation activation/ bytes_floor"
    "elementwise elementwise/ bytes_floor"
    "embedding embedding/ bytes_floor"
    "layout layout/ bytes_floor"
    "normalise normalise/ bytes_floor"
    "reduction reduction/ bytes_floor"
    "reverse_time reverse_time/ bytes_floor"
    "softmax softmax/ bytes_floor"
    "batch_norm batch_norm/ bytes_floor"
    "dropout dropout/ bytes_floor"
    "loss loss/ bytes_floor"
    "optimizer_step optimizer_step/ bytes_floor"
    "depthwise_convolution depthwise_convolution/ bytes_floor"
    "long_convolution long_convolution/ bytes_floor"
    "long_convolution long_convolution/ flop_floor"
)
print_floors() {  # one line for each row: kernel, row, share of its floor
    local entry kernel rows figure
    for entry in "${floors[@]}"; do
        read -r kernel rows figure <<<"$entry"
        awk -v kernel="$kernel" -v rows="$rows" -v figure="$figure" '
            index($1, rows) == 1 {
                for (k = 2; k <= NF; ++k) {
                    if (index($k, figure "=") != 1) continue
                    found = 1
                    printf "%-17s %-52s %s\n", kernel, $1, $k
                }
            }
            END { exit !found }' "$results"/bench_{scan,basic,attention}.txt ||
            { [ "$peak" -eq 0 ] && [ "$figure" != bytes_floor ]; } || failed+=("floor of $kernel")
    done
}
print_floors >"$results/floors.txt"
cat "$results/floors.txt"
# Those of the ELM neuron, by elm_bench and elm_training_bench, and what the rows of attention time.
in_a_whole=(scan scan_pass tensor_scan attention_backward)
print_unmeasured() {  # kernels of which no row says how far they are from their floor
    local file name
    while read -r file; do
        name=$(basename "$file" .cu)
        grep -qx "$name" <(printf '%s\n' "${floors[@]%% *}" "${in_a_whole[@]}") || echo "$name"
    done < <(find kernels/ops -name '*.cu' | sort)
}
echo "No row yet: $(print_unmeasured | paste -sd ' ')"
# A thread runs a trial, so thousands of them are the unit of work; the CPU beside it.
cells=$(mktemp -d)
run bench_cable_cuda 200 "$build/elmsim" generate neuronio --simulations 8192 --seconds 0.1 \
    --batch 8192 --device cuda --out "$cells/cuda.h5" --json
run bench_cable_cpu 100 "$build/elmsim" generate neuronio --simulations 256 --seconds 0.1 \
    --device cpu --out "$cells/cpu.h5" --json
rm -rf "$cells"
# The cortical microcircuit at full scale. The floor is the bytes that must move (network/README.md) at
# the bandwidth of the data sheet; the goal a quarter of real time.
run bench_network 90 "$build/elmsim" network bench microcircuit --seconds 2 --device cuda --json
network_figures() {  # FILE: real-time factor, goal, floor
    awk -F'[:,]' -v bandwidth=4.8e12 '
        { gsub(/[ "]/, "", $1) }
        $1 == "neurons" { neurons = $2 }
        $1 == "synaptic_events" { events = $2 }
        $1 == "real_time_factor" { factor = $2 }
        END {
            steps = 20000
            floor = (events * (8 + 16) + neurons * steps * (32 + 32 / 2)) / bandwidth / 2
            printf "microcircuit: real-time factor %.3g (goal 0.25), floor of the bytes %.3g, ", factor, floor
            printf "a launch a step\n"
            exit !(factor > 0 && factor <= 0.25)
        }' "$1"
}
network_figures "$results/bench_network.txt" | tee "$results/network.txt" || failed+=("goal of the network")
grep -h 'forward/\|training/' "$results"/bench_elm*.txt || true
# Each kernel: PyTorch's time, ours, the ratio, and the share of its floor that ours reaches.
if python3 -c 'import sys, torch; sys.exit(not torch.cuda.is_available())' 2>/dev/null; then
    left=$((limit_s - SECONDS))
    # What there is time for: a peer's table is no check of ours.
    timeout "$((left > 5 ? left : 5))" python3 bench/peers/kernels_torch.py --build "$build/bench" --device cuda \
        --steps 4096 --rounds 1 --seconds 0.1 >"$results/torch_kernels.txt" 2>&1 ||
        echo "kernels_torch.py did not end well, or in time"
    cat "$results/torch_kernels.txt"
else
    echo "python3 has no PyTorch that sees a GPU: its kernels are left out"
fi
if [ ${#failed[@]} -gt 0 ]; then
    echo "FAILED: ${failed[*]} (see $results)"
    exit 1
fi
echo "All passed in $SECONDS s; output in $results"
