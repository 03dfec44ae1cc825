#pragma once

/// The ELM recurrence of elm_tensor_scan.h forward: one persistent block per 8 samples.
///
///   phase 1   z1 = W1 [d, b] + c1 of this warp's hidden units; their values go to shared memory
///   phase 2   z = W2 a + c2 of this warp's memory units; m and d, which goes to shared memory
///
/// with a block barrier after each. The traces b ride in the padding behind d.

#include "kernels/core/cuda/async_copy.cuh"
#include "kernels/core/cuda/shared.cuh"
#include "kernels/ops/elm/cuda/tensor_scan.h"
#include "kernels/ops/elm/cuda/tensor_tile.cuh"

namespace elm::tensor {

template <class Element, class Sizes>
struct ForwardLayout {
    static constexpr int input_depth = inner_tiles<Element>(Sizes::input);
    static constexpr int hidden_depth = inner_tiles<Element>(Sizes::hidden);
    using InputRows = ValueRows<Element, input_depth>;
    using HiddenRows = ValueRows<Element, hidden_depth>;
    using Weights = RoleWeights<Element, Sizes, input_depth, hidden_depth>;
    static constexpr int input_words = (InputRows::words + 3) / 4 * 4;
    static constexpr int hidden_words = (HiddenRows::words + 3) / 4 * 4;
    static constexpr int branches = Sizes::input * 16;  // most
    static constexpr int words = input_words + hidden_words + steps_ahead * samples * branches;
    // Parameters of the units, padded with zeros: bias of the hidden ones; decay, gain and bias.
    static constexpr int hidden_parameters = (Sizes::hidden + 4) * mma_rows;
    static constexpr int memory_parameters = (Sizes::memory + Sizes::warps) * mma_rows;
    static constexpr int unit_words = hidden_parameters + 3 * memory_parameters;
    // Then weights that do not fit registers.
    static constexpr int weights_begin = (words + unit_words + 3) / 4 * 4;
    static constexpr int all_words = weights_begin + Weights::shared_words;
};

/// W1 [d, b]: the branches come behind the memory, from an even column on.
struct InputWeights {
    ElmTensorWeights w;

    ELM_HD float operator()(int row, int unit) const {
        const std::int64_t n_memory = w.n_memory(), behind = unit - (n_memory + 1) / 2 * 2;
        if (row >= w.n_hidden()) return 0;
        if (unit < n_memory) return w.hidden(row, w.n_branch() + unit);
        return behind >= 0 && behind < w.n_branch() ? w.hidden(row, behind) : 0;
    }
};
/// W2.
struct MemoryWeights {
    ElmTensorWeights w;

    ELM_HD float operator()(int row, int unit) const {
        return row < w.n_memory() && unit < w.n_hidden() ? w.memory(row, unit) : 0;
    }
};

template <class Element, class Sizes, int hidden_count, int memory_count>
__device__ void forward_role(const ElmTensorForwardArgs& args, const Fragments& fragments,
                             int first_hidden, int first_memory) {
    using Layout = ForwardLayout<Element, Sizes>;
    const ElmTensorWeights& w = args.weights;
    const int thread = static_cast<int>(threadIdx.x), lane = thread % warp_size;
    constexpr int threads = Sizes::warps * warp_size;
    const std::int64_t batch = args.memory_state.extent[0];
    const std::int64_t first = std::int64_t{blockIdx.x} * samples;
    const int count = batch - first < samples ? static_cast<int>(batch - first) : samples;
    const int n_memory = static_cast<int>(w.memory.extent[0]);
    const int n_hidden = static_cast<int>(w.memory.extent[1]);
    const int n_branch = static_cast<int>(w.hidden.extent[1]) - n_memory;
    const int n_steps = static_cast<int>(args.n_steps);
    const int limit = (n_memory + 1) / 2 * 2;  // where the branches begin

    auto* const shared = dynamic_shared<std::uint32_t>(Layout::all_words);
    const typename Layout::InputRows input{shared};
    const typename Layout::HiddenRows hidden{shared + Layout::input_words};
    auto* const ahead =
        reinterpret_cast<float*>(shared + Layout::input_words + Layout::hidden_words);

    // The branches of step t are in slot t % steps_ahead; each thread reads what it copied itself.
    const int pairs = (n_branch + 1) / 2;
    const auto fetch = [&](int t) {
        float* const slot = ahead + t % steps_ahead * samples * Layout::branches;
        for (int i = thread; i < pairs * samples && t < n_steps; i += threads) {
            const int s = i / pairs, branch = i % pairs * 2;
            const float* const from =
                &args.branches(first + (s < count ? s : 0), args.branches_begin + t, branch);
            copy_async<4>(slot + 2 * i, from, s < count);
            const bool second = branch + 1 < n_branch;
            copy_async<4>(slot + 2 * i + 1, from + (second ? 1 : 0), second && s < count);
        }
        copy_async_commit();
    };
    const auto put_branches = [&](int t) {
        const float* const slot = ahead + t % steps_ahead * samples * Layout::branches;
        for (int i = thread; i < pairs * samples; i += threads) {
            input.put_pair(i / pairs, limit / 2 + i % pairs, slot[2 * i], slot[2 * i + 1]);
        }
    };

    using Plan = typename Layout::Weights::template Plan<hidden_count, memory_count>;
    const WeightTiles<Element, Sizes::warps, hidden_count, Layout::input_depth> w1(fragments.hidden,
                                                                                   first_hidden);
    const WeightTiles<Element, Sizes::warps, memory_count, Layout::hidden_depth, Plan::kept> w2(
        fragments.memory, first_memory, shared + Layout::weights_begin);
    // Rows of this lane: lane / 4 and + 8 of each tile; its samples: lane % 4 * 2 and the next.
    const auto row_of = [lane](int tile, int i) { return tile * mma_rows + at_c(lane, i).row; };
    const auto sample_of = [lane](int i) { return at_c(lane, i).column; };
    auto* const hidden_bias = reinterpret_cast<float*>(shared + Layout::words);
    float* const memory_decay = hidden_bias + Layout::hidden_parameters;
    float* const memory_gain = memory_decay + Layout::memory_parameters;
    float* const memory_bias = memory_gain + Layout::memory_parameters;
    for (int i = thread; i < Layout::hidden_parameters; i += threads) {
        hidden_bias[i] = i < n_hidden ? w.hidden_bias(i) : 0.0F;
    }
    for (int i = thread; i < Layout::memory_parameters; i += threads) {
        memory_decay[i] = i < n_memory ? w.memory_decay(i) : 0.0F;
        memory_gain[i] = i < n_memory ? w.memory_gain(i) : 0.0F;
        memory_bias[i] = i < n_memory ? w.memory_bias(i) : 0.0F;
    }
    float decayed[memory_count][mma_c_count];
#pragma unroll
    for (int r = 0; r < memory_count; ++r) {
#pragma unroll
        for (int i = 0; i < mma_c_count; ++i) {
            const int unit = row_of(first_memory + r, i), s = sample_of(i);
            decayed[r][i] = unit < n_memory && s < count
                                ? w.memory_decay(unit) * args.memory_state(first + s, unit)
                                : 0.0F;
        }
    }
    for (int i = thread; i < Layout::input_words + Layout::hidden_words; i += threads) {
        shared[i] = 0;
    }
    for (int t = 0; t < steps_ahead; ++t) fetch(t);
    block_barrier();
    copy_async_wait<steps_ahead - 1>();
    put_branches(0);
#pragma unroll
    for (int r = 0; r < memory_count; ++r) store_tile(input, first_memory + r, decayed[r], limit);
    block_barrier();

    const int hidden_offset = lane_offset(args.hidden.extent[1], n_hidden, first_hidden);
    const int memory_offset = lane_offset(args.memory.extent[1], n_memory, first_memory);
    const LaneRange hidden_range(n_hidden, first_hidden, count);
    const LaneRange memory_range(n_memory, first_memory, count);
    const bool silu = w.hidden_unit == HiddenUnit::silu, relu2 = w.hidden_unit == HiddenUnit::relu2;
    const bool stores = args.hidden.data != nullptr;
    for (int t = 0; t < n_steps; ++t) {
        fetch(t + steps_ahead);
        const std::int64_t step = args.memory_begin + t;
        {
            FragmentC sums[hidden_count][1];
#pragma unroll
            for (int r = 0; r < hidden_count; ++r) {
#pragma unroll
                for (int i = 0; i < mma_c_count; ++i) {
                    sums[r][0].value[i] = hidden_bias[row_of(first_hidden + r, i)];
                }
            }
            w1.multiply(input, sums);
            const int offset = recomputed(hidden_offset);
            const LanePart values(args.hidden, first, step, offset);
            const LanePart slopes(args.slope, first, step, offset);
#pragma unroll
            for (int r = 0; r < hidden_count; ++r) {
                float value[mma_c_count];
#pragma unroll
                for (int i = 0; i < mma_c_count; ++i) {
                    const float z = sums[r][0].value[i];
                    float slope = z > 0 ? 1.0F : 0.0F;
                    value[i] = z > 0 ? z : 0.0F;
                    if (silu) {
                        const float share = __fdividef(1.0F, 1.0F + __expf(-z));
                        value[i] = z * share;
                        slope = share + value[i] * (1.0F - share);
                    } else if (relu2) {
                        slope = 2.0F * value[i];
                        value[i] *= value[i];
                    }
                    if (stores && hidden_range.has(r, i)) {
                        *values.at(r, i) = value[i];
                        *slopes.at(r, i) = slope;
                    }
                }
                store_tile(hidden, first_hidden + r, value, Sizes::hidden * mma_rows);
            }
        }
        block_barrier();
        {
            constexpr int sets = memory_count == 1 ? 4 : 2;
            FragmentC sums[memory_count][sets] = {};
            w2.multiply(hidden, sums);
            const int offset = recomputed(memory_offset);
            const LanePart memories(args.memory, first, step, offset);
            const LanePart updates(args.update, first, step, offset);
#pragma unroll
            for (int r = 0; r < memory_count; ++r) {
#pragma unroll
                for (int i = 0; i < mma_c_count; ++i) {
                    const int unit = row_of(first_memory + r, i);
                    float z = memory_bias[unit];
#pragma unroll
                    for (int set = 0; set < sets; ++set) z += sums[r][set].value[i];
                    const float update = fast_scaled_tanh(z);
                    const float memory = decayed[r][i] + memory_gain[unit] * update;
                    decayed[r][i] = memory_decay[unit] * memory;
                    if (memory_range.has(r, i)) {
                        *memories.at(r, i) = memory;
                        if (stores) *updates.at(r, i) = update;
                    }
                }
                store_tile(input, first_memory + r, decayed[r], limit);
            }
            copy_async_wait<steps_ahead - 1>();
            if (t + 1 < n_steps) put_branches(t + 1);
        }
        block_barrier();
    }
    copy_async_wait<0>();
}

/// Block: 8 samples, all steps. Warps own rows of both layers.
template <class Element, class Sizes>
__global__ void __launch_bounds__(Sizes::warps* warp_size, 1)
    tensor_forward_kernel(ElmTensorForwardArgs args, Fragments fragments) {
    constexpr int two = Sizes::two_memory, each = Sizes::hidden_each;
    const int warp = static_cast<int>(threadIdx.x) / warp_size;
    if constexpr (two > 0) {
        if (warp < two) {
            forward_role<Element, Sizes, 1, 2>(args, fragments, warp, 2 * warp);
            return;
        }
    }
    forward_role<Element, Sizes, each, 1>(args, fragments, two + (warp - two) * each, two + warp);
}

}  // namespace elm::tensor
