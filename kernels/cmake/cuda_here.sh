# Sourced by tasks/quickstart.sh: whether it pays to compile the CUDA kernels on this machine.

# elm_cuda_here: succeeds where nvcc is there and every GPU that answers can run the kernels, which
# are written for compute capability 8.0 and up.
elm_cuda_here() {
    local capabilities capability
    command -v nvcc >/dev/null && command -v nvidia-smi >/dev/null || return 1
    capabilities=$(nvidia-smi --query-gpu=compute_cap --format=csv,noheader 2>/dev/null) || return 1
    [ -n "$capabilities" ] || return 1
    while read -r capability; do
        [[ $capability =~ ^[0-9]+\.[0-9]+$ && ${capability%.*} -ge 8 ]] || return 1
    done <<<"$capabilities"
}
