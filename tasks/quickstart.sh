#!/usr/bin/env bash
# Installs what is missing, builds the program, simulates a detailed cell, fits an ELM neuron to it
# and draws the fit against the cell.
# Twice in a row is fine: the second run builds nothing.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
source kernels/cmake/install_dependencies.sh
source kernels/cmake/cuda_here.sh
elm_install_packages "${elm_packages[@]}"

# The CUDA kernels take minutes to compile: only for a GPU that is there, and for that one alone.
build=build/quickstart cuda=(-DELM_CUDA=OFF)
if elm_cuda_here; then
    build=build/quickstart-cuda cuda=(-DELM_CUDA=ON -DCMAKE_CUDA_ARCHITECTURES=native)
fi
cmake -S . -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DELM_BUILD_TESTS=OFF -DELM_BUILD_BENCH=OFF \
      -DELM_UNITY=12 "${cuda[@]}"
cmake --build "$build" --target elmsim
elmsim=$root/$build/elmsim
mkdir -p out

echo
echo "Ground truth: a detailed layer-5 pyramidal cell of 642 segments on synaptic input:"
"$elmsim" generate neuronio --simulations 96 --seconds 5 --seed 1 \
    --out out/ground_truth.h5 --plot out/ground_truth.png --force
"$elmsim" generate neuronio --simulations 16 --seconds 5 --seed 2 --out out/unseen.h5 --force

echo
echo "An ELM neuron of 20 memory units, fitted to it:"
"$elmsim" fit --data out/ground_truth.h5 --train 0:80 --validate 80: --memory 20 \
    --out out/fit.h5 --force

echo
echo "The fit on simulations it has not seen, against the cell:"
"$elmsim" simulate --model out/fit.h5 --input out/unseen.h5 \
    --out out/prediction.h5 --plot out/prediction.png --force
"$elmsim" evaluate --model out/fit.h5 --data out/unseen.h5

# Published data, for those who have them.
data=${ELM_DATA_DIR:-}
if [ -f "$data/elm_pretrained/best_elm_neuron.h5" ] && [ -f "$data/neuronio_test.h5" ]; then
    echo
    echo "The published fit of a layer-5 pyramidal cell on recorded input, against the cell:"
    "$elmsim" simulate --model "$data/elm_pretrained/best_elm_neuron.h5" \
        --input "$data/neuronio_test.h5" \
        --out out/l5pc.h5 --plot out/l5pc.png --force
    "$elmsim" evaluate --model "$data/elm_pretrained/best_elm_neuron.h5" \
        --data "$data/neuronio_test.h5"
fi
echo
echo "Pictures: $(cd out && ls -1 *.png | sed "s|^|$root/out/|" | tr '\n' ' ')"
echo "Next: $elmsim --help"
