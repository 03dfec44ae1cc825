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

/// Fragments of both phases in the memory of a device.
template <class Sizes, int hidden_depth, int memory_depth>
struct PackedWeights {
    static constexpr std::int64_t hidden_count = Sizes::owned_hidden * hidden_depth * warp_size;
    static constexpr std::int64_t memory_count = Sizes::owned_memory * memory_depth * warp_size;

    Tensor room;
    uint4* data;

    template <class Hidden, class Memory>
    PackedWeights(Stream& stream, const Hidden& hidden, const Memory& memory)
        : room(Tensor::empty(stream, {4 * (hidden_count + memory_count)}, DType::i32)),
          data(reinterpret_cast<uint4*>(room.data())) {
        Cuda::for_each_index(stream, hidden_count,
                             PackFragments<Hidden, hidden_depth>{hidden, data});
        Cuda::for_each_index(stream, memory_count,
                             PackFragments<Memory, memory_depth>{memory, data + hidden_count});
    }
    Fragments fragments() const { return {data, data + hidden_count}; }
};

/// The memory after the last step of a chunk, for the next one.
struct KeepLastMemory {
    View<const float, 3> memory;
    View<float, 2> state;
    std::int64_t last;

    ELM_HD void operator()(std::int64_t sample, std::int64_t unit) const {
        state(sample, unit) = memory(sample, last, unit);
    }
};

template <class Args>
void launch_block(Stream& stream, const char* name, std::int64_t batch, int warps, int words,
                  void (*kernel)(Args, Fragments), const Args& args, const Fragments& fragments) {
    launch(stream, name,
           {.blocks = dim3(static_cast<unsigned>((batch + samples - 1) / samples)),
            .threads = dim3(static_cast<unsigned>(warps * warp_size)),
            .shared_bytes = static_cast<std::size_t>(words) * sizeof(std::uint32_t)},
           kernel, args, fragments);
}

}  // namespace

void run_tensor_forward(Stream& stream, const ElmTensorForwardArgs& args) {
    if (args.n_steps == 0) return;
    with_sizes(args.weights, [&]<class Sizes>(Sizes) {
        const PackedWeights<Sizes, Sizes::input, Sizes::hidden> packed(
            stream, InputWeights{args.weights}, MemoryWeights{args.weights});
        launch_block(stream, "elm_tensor_forward", args.memory_state.extent[0], Sizes::warps,
                     ForwardLayout<Sizes>::all_words, &tensor_forward_kernel<Sizes>, args,
                     packed.fragments());
    });
    const View<float, 3>& memory = args.memory;
    Cuda::for_each_element(
        stream, memory.extent[0], memory.extent[2],
        KeepLastMemory{{memory.data, {memory.extent[0], memory.extent[1], memory.extent[2]}},
                       args.memory_state,
                       args.memory_begin + args.n_steps - 1});
}

void run_tensor_backward(Stream& stream, const ElmTensorBackwardArgs& args) {
    if (args.memory.extent[1] == 0) return;
    with_sizes(args.weights, [&]<class Sizes>(Sizes) {
        const PackedWeights<Sizes, Sizes::memory, Sizes::hidden> packed(
            stream, MemoryWeightsBack{args.weights}, InputWeightsBack{args.weights});
        launch_block(stream, "elm_tensor_backward", args.carry.extent[0], Sizes::warps,
                     BackwardLayout<Sizes>::all_words, &tensor_backward_kernel<Sizes>, args,
                     packed.fragments());
    });
}

}  // namespace elm
