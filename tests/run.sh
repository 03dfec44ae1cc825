#!/usr/bin/env bash
# Installs what is missing, builds program and tests, and runs every test through ctest.
# Arguments go to ctest: tests/run.sh -L fast
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
source kernels/cmake/install_dependencies.sh
source kernels/cmake/cuda_here.sh
elm_install_packages "${elm_packages[@]}" "${elm_test_packages[@]}"

# The CUDA kernels take minutes to compile: only for a GPU that is there.
build=build/tests cuda=OFF
if elm_cuda_here; then
    build=build/tests-cuda cuda=ON
fi
build=${ELM_TEST_BUILD:-$build}
cmake -S . -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DELM_CUDA=$cuda ${ELM_CMAKE_ARGS:-}
cmake --build "$build"
ctest --test-dir "$build" --output-on-failure -j "$(nproc)" "$@"
