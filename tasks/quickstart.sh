#!/usr/bin/env bash
# Installs what is missing, builds the program, runs a neuron on synaptic input and draws it.
# Twice in a row is fine: the second run builds nothing.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
source kernels/cmake/install_dependencies.sh
elm_install_packages "${elm_packages[@]}"

build=build/quickstart
[ -f "$build/build.ninja" ] ||
    cmake -S . -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DELM_BUILD_TESTS=OFF \
          -DELM_BUILD_BENCH=OFF
cmake --build "$build" --target elmsim
elmsim=$root/$build/elmsim
mkdir -p out

echo
echo "A leaky integrator as an ELM with one memory unit, beside the exact solution:"
"$elmsim" simulate --model leaky-integrator --poisson 10 --seconds 2 \
    --out out/leaky_integrator.h5 --plot out/leaky_integrator.png --force

echo
echo "A layer-5 pyramidal cell, as an ELM neuron of 20 memory units, on Poisson input:"
"$elmsim" simulate --model l5pc-elm-20 --poisson 5 --seconds 6 \
    --out out/l5pc-elm-20.h5 --plot out/l5pc-elm-20.png --force

data=${ELM_DATA_DIR:-$root/../shared/data}
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
