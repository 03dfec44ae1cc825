#!/usr/bin/env bash
# elm_cuda_here of kernels/cmake/cuda_here.sh, with an nvcc and an nvidia-smi that say what is wanted.
# usage: cuda_here_test.sh ROOT
set -euo pipefail
source "$1/kernels/cmake/cuda_here.sh"
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
bash=$(command -v bash)

# expect yes|no WHAT NVCC SMI: SMI is the body of nvidia-smi; an empty one of either is not there.
expect() {
    local answer=no
    rm -f "$folder/nvcc" "$folder/nvidia-smi"
    [ -z "$3" ] || printf '#!%s\n%s\n' "$bash" "$3" >"$folder/nvcc"
    [ -z "$4" ] || printf '#!%s\n%s\n' "$bash" "$4" >"$folder/nvidia-smi"
    chmod -f +x "$folder"/* || true
    hash -r
    if PATH=$folder elm_cuda_here; then answer=yes; fi
    [ "$answer" = "$1" ] || { echo "$2: expected $1, got $answer" >&2; exit 1; }
}

expect no "nothing is there" "" ""
expect no "no compiler" "" "echo 9.0"
expect no "no driver" "true" ""
expect no "a driver without a GPU" "true" "echo 'No devices were found'; exit 6"
expect no "a driver that fails with words" "true" "echo 'NVIDIA-SMI has failed'"
expect no "silence" "true" "true"
expect no "an old GPU" "true" "echo 7.5"
expect no "one old GPU of two" "true" "echo 9.0; echo 7.5"
expect yes "a GPU" "true" "echo 9.0"
expect yes "two GPUs, one of two digits" "true" "echo 8.0; echo 12.0"
echo "all as expected"
