#include "kernels/ops/elm/cuda/tensor_scan.h"

#include <algorithm>

#include "kernels/core/cuda/parallel.cuh"
#include "kernels/core/support/check.h"
#include "kernels/ops/elm/cuda/tensor_backward.cuh"
#include "kernels/ops/elm/cuda/tensor_forward.cuh"

namespace elm {
namespace {

using namespace tensor;

// For d_m up to 32, 112 and 160, with h = 2 d_m and the published numbers of branches.
using Small = TileSizes<4, 4, 2, 5>;
using Middle = TileSizes<8, 13, 7, 10>;
using Large = TileSizes<8, 19, 10, 10>;

template <class Sizes>
constexpr ElmTensorLimits limits_of{.memory = Sizes::memory * mma_rows,
                                    .hidden = Sizes::hidden* mma_rows,
                                    .input = Sizes::input* mma_rows};

/// Calls run(Element{}, Sizes{}) with the smallest kernel that takes the weights; sizes rise.
template <class Element, class Sizes, class... Larger, class Run>
void with_smallest(const ElmTensorWeights& w, const Run& run) {
    // What is left to a block of sm_80.
    constexpr std::size_t most_shared = 163 * 1024;
    static_assert(ForwardLayout<Element, Sizes>::all_words * sizeof(std::uint32_t) <= most_shared);
    static_assert(BackwardLayout<Element, Sizes>::all_words * sizeof(std::uint32_t) <= most_shared);
    if constexpr (sizeof...(Larger) > 0) {
        if (!limits_of<Sizes>.admit(w.n_branch(), w.n_memory(), w.n_hidden())) {
            return with_smallest<Element, Larger...>(w, run);
        }
    }
    run(Element{}, Sizes{});
}
template <class Run>
void with_kernel(const ElmTensorWeights& w, const Run& run) {
    static_assert(tensor_limits(ElmArithmetic::tf32) == limits_of<Middle>);
    static_assert(tensor_limits(ElmArithmetic::bf16) == limits_of<Large>);
    ELM_ASSERT(tensor_limits(w.arithmetic).admit(w.n_branch(), w.n_memory(), w.n_hidden()));
    if (w.arithmetic == ElmArithmetic::tf32) return with_smallest<Tf32, Small, Middle>(w, run);
    with_smallest<Bf16, Small, Middle, Large>(w, run);
}

/// Fragments of both phases in the memory of a device.
template <class Element, class Sizes, int hidden_depth, int memory_depth>
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
                             PackFragments<Element, Hidden, hidden_depth>{hidden, data});
        Cuda::for_each_index(
            stream, memory_count,
            PackFragments<Element, Memory, memory_depth>{memory, data + hidden_count});
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
    with_kernel(args.weights, [&]<class Element, class Sizes>(Element, Sizes) {
        using Layout = ForwardLayout<Element, Sizes>;
        const PackedWeights<Element, Sizes, Layout::input_depth, Layout::hidden_depth> packed(
            stream, InputWeights{args.weights}, MemoryWeights{args.weights});
        launch_block(stream, "elm_tensor_forward", args.memory_state.extent[0], Sizes::warps,
                     Layout::all_words, &tensor_forward_kernel<Element, Sizes>, args,
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
    with_kernel(args.weights, [&]<class Element, class Sizes>(Element, Sizes) {
        using Layout = BackwardLayout<Element, Sizes>;
        const PackedWeights<Element, Sizes, Layout::memory_depth, Layout::hidden_depth> packed(
            stream, MemoryWeightsBack{args.weights}, InputWeightsBack{args.weights});
        launch_block(stream, "elm_tensor_backward", args.carry.extent[0], Sizes::warps,
                     Layout::all_words, &tensor_backward_kernel<Element, Sizes>, args,
                     packed.fragments());
    });
}

}  // namespace elm
