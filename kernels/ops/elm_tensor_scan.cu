#include "kernels/ops/elm_tensor_scan.h"

#include <algorithm>

#include "kernels/core/check.h"
#include "kernels/core/cuda/parallel.cuh"
#include "kernels/ops/elm_tensor_backward.cuh"
#include "kernels/ops/elm_tensor_forward.cuh"

namespace elm {
namespace {

using namespace tensor;

// For d_m up to 32, 112 and 160, with h = 2 d_m and the published numbers of branches.
using Small = TileSizes<4, 4, 2, 5>;
using Middle = TileSizes<8, 13, 7, 10>;
using Large = TileSizes<8, 19, 10, 10>;
static_assert(Large::memory * mma_rows == most_tensor_memory &&
              Large::hidden * mma_rows == most_tensor_hidden &&
              Large::input * mma_rows == most_tensor_input);

std::int64_t even(std::int64_t n) { return (n + 1) / 2 * 2; }

template <class Sizes>
bool fits(std::int64_t n_branch, std::int64_t n_memory, std::int64_t n_hidden) {
    return n_hidden <= Sizes::hidden * mma_rows && n_memory <= Sizes::memory * mma_rows &&
           even(n_memory) + even(n_branch) <= Sizes::input * mma_rows;
}

/// Calls run(Sizes{}) with the smallest kernel that takes the weights.
template <class Run>
void with_sizes(const ElmTensorWeights& w, const Run& run) {
    const auto takes = [&]<class Sizes>(Sizes) {
        return fits<Sizes>(w.n_branch(), w.n_memory(), w.n_hidden());
    };
    if (takes(Small{})) return run(Small{});
    if (takes(Middle{})) return run(Middle{});
    ELM_ASSERT(takes(Large{}));
    run(Large{});
}

template <class Args>
void launch_block(Stream& stream, const char* name, std::int64_t batch, int warps, int words,
                  void (*kernel)(Args), const Args& args) {
    launch(stream, name,
           {.blocks = dim3(static_cast<unsigned>((batch + samples - 1) / samples)),
            .threads = dim3(static_cast<unsigned>(warps * warp_size)),
            .shared_bytes = static_cast<std::size_t>(words) * sizeof(std::uint32_t)},
           kernel, args);
}

}  // namespace

void run_tensor_forward(Stream& stream, const ElmTensorForwardArgs& args) {
    if (args.n_steps == 0) return;
    with_sizes(args.weights, [&]<class Sizes>(Sizes) {
        launch_block(stream, "elm_tensor_forward", args.memory_state.extent[0], Sizes::warps,
                     ForwardLayout<Sizes>::words, &tensor_forward_kernel<Sizes>, args);
    });
}

void run_tensor_backward(Stream& stream, const ElmTensorBackwardArgs& args) {
    if (args.memory.extent[1] == 0) return;
    with_sizes(args.weights, [&]<class Sizes>(Sizes) {
        launch_block(stream, "elm_tensor_backward", args.carry.extent[0], Sizes::warps,
                     BackwardLayout<Sizes>::words, &tensor_backward_kernel<Sizes>, args);
    });
}

}  // namespace elm
