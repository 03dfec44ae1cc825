#pragma once

/// The backward pass through the recurrence of elm_tensor_scan.h: one persistent block per 8
/// samples.
///
///   phase 1   dz = g gamma phi'(z) of this warp's memory units
///   phase 2   dz1 = (W2^T dz) act'(z1) of this warp's hidden units
///   phase 3   g = kappa (g + W1m^T dz1) of this warp's memory units
///
/// with a block barrier after the first two. Values of the forward pass come by asynchronous copies
/// some steps ahead; each thread reads only what it copied itself.

#include "kernels/core/cuda/async_copy.cuh"
#include "kernels/core/cuda/shared.cuh"
#include "kernels/ops/elm/cuda/tensor_scan.h"
#include "kernels/ops/elm/cuda/tensor_tile.cuh"

namespace elm::tensor {

template <class Element, class Sizes>
struct BackwardLayout {
    static constexpr int memory_depth = inner_tiles<Element>(Sizes::memory);
    static constexpr int hidden_depth = inner_tiles<Element>(Sizes::hidden);
    using MemoryRows = ValueRows<Element, memory_depth>;
    using HiddenRows = ValueRows<Element, hidden_depth>;
    using Weights = RoleWeights<Element, Sizes, memory_depth, hidden_depth>;
    static constexpr int memory_words = (MemoryRows::words + 3) / 4 * 4;
    static constexpr int hidden_words = (HiddenRows::words + 3) / 4 * 4;
    /// Values of a step that a thread copies: slopes, and three of each memory unit.
    static constexpr int items(int hidden_count, int memory_count) {
        return mma_c_count * (hidden_count + 3 * memory_count);
    }
    static constexpr int most_items = Sizes::two_memory > 0 &&
                                              items(1, 2) > items(Sizes::hidden_each, 1)
                                          ? items(1, 2)
                                          : items(Sizes::hidden_each, 1);
    static constexpr int slot_words = most_items * Sizes::warps * warp_size;
    static constexpr int words = memory_words + hidden_words + steps_ahead * slot_words;
    // Behind them: decay and gain of the units, padded with zeros, and three numbers of each
    // thread's elements.
    static constexpr int memory_parameters = (Sizes::memory + Sizes::warps) * mma_rows;
    static constexpr int sum_words =
        3 * mma_c_count * (Sizes::two_memory > 0 ? 2 : 1) * Sizes::warps * warp_size;
    static constexpr int unit_words = 2 * memory_parameters + sum_words;
    // Then weights that do not fit registers.
    static constexpr int weights_begin = (words + unit_words + 3) / 4 * 4;
    static constexpr int all_words = weights_begin + Weights::shared_words;
};

/// W2^T.
struct MemoryWeightsBack {
    ElmTensorWeights w;

    ELM_HD float operator()(int row, int unit) const {
        return row < w.n_hidden() && unit < w.n_memory() ? w.memory(unit, row) : 0;
    }
};
/// W1m^T.
struct InputWeightsBack {
    ElmTensorWeights w;

    ELM_HD float operator()(int row, int unit) const {
        return row < w.n_memory() && unit < w.n_hidden() ? w.hidden(unit, w.n_branch() + row) : 0;
    }
};

template <class Element, class Sizes, int hidden_count, int memory_count>
__device__ void backward_role(const ElmTensorBackwardArgs& args, const Fragments& fragments,
                              int first_hidden, int first_memory) {
    using Layout = BackwardLayout<Element, Sizes>;
    const ElmTensorWeights& w = args.weights;
    const int thread = static_cast<int>(threadIdx.x), lane = thread % warp_size;
    constexpr int threads = Sizes::warps * warp_size;
    const std::int64_t batch = args.carry.extent[0];
    const int n_steps = static_cast<int>(args.memory.extent[1]);
    const std::int64_t first = std::int64_t{blockIdx.x} * samples;
    const int count = batch - first < samples ? static_cast<int>(batch - first) : samples;
    const int n_memory = static_cast<int>(w.memory.extent[0]);
    const int n_hidden = static_cast<int>(w.memory.extent[1]);

    auto* const shared = dynamic_shared<std::uint32_t>(Layout::all_words);
    const typename Layout::MemoryRows dz_rows{shared};
    const typename Layout::HiddenRows dz1_rows{shared + Layout::memory_words};
    auto* const ahead =
        reinterpret_cast<float*>(shared + Layout::memory_words + Layout::hidden_words);

    const auto row_of = [lane](int tile, int i) { return tile * mma_rows + at_c(lane, i).row; };
    const auto sample_of = [lane](int i) { return at_c(lane, i).column; };
    // Item k of this thread of step t.
    const auto item = [&](int t, int k) -> float& {
        return ahead[t % steps_ahead * Layout::slot_words + k * threads + recomputed(thread)];
    };
    enum : int { gradient_item, update_item, before_item };
    const auto memory_item = [](int what, int r, int i) {
        return mma_c_count * (hidden_count + what * memory_count + r) + i;
    };
    const int hidden_offset = lane_offset(n_steps, n_hidden, first_hidden);
    const int memory_offset = lane_offset(n_steps, n_memory, first_memory);
    const int initial_offset = lane_offset(1, n_memory, first_memory);
    const LaneRange hidden_range(n_hidden, first_hidden, count);
    const LaneRange memory_range(n_memory, first_memory, count);
    // Without data to copy, zeros are: the address must only be valid.
    const auto copy = [&](float& to, const auto& part, int r, int i, const LaneRange& range) {
        const bool inside = range.has(r, i);
        copy_async<4>(&to, inside ? part.at(r, i) : args.initial_memory.data, inside);
    };
    const View<const float, 3> initial{args.initial_memory.data, {batch, 1, n_memory}};
    const auto fetch = [&](int t) {
        if (t >= 0) {
            const LaneRange hidden_now = hidden_range.again(), memory_now = memory_range.again();
            const int offset = recomputed(memory_offset);
            const LanePart slopes(args.slope, first, t, recomputed(hidden_offset));
            const LanePart gradients(args.memory_gradient, first, t, offset);
            const LanePart updates(args.update, first, t, recomputed(memory_offset));
            LanePart<const float> before(initial, first, 0, recomputed(initial_offset));
            if (t > 0) {
                const LanePart memory(args.memory, first, t - 1, offset);
                before = {memory.of_sample[0], memory.of_sample[1]};
            }
#pragma unroll
            for (int i = 0; i < mma_c_count; ++i) {
#pragma unroll
                for (int r = 0; r < hidden_count; ++r) {
                    copy(item(t, mma_c_count * r + i), slopes, r, i, hidden_now);
                }
#pragma unroll
                for (int r = 0; r < memory_count; ++r) {
                    copy(item(t, memory_item(gradient_item, r, i)), gradients, r, i, memory_now);
                    copy(item(t, memory_item(update_item, r, i)), updates, r, i, memory_now);
                    copy(item(t, memory_item(before_item, r, i)), before, r, i, memory_now);
                }
            }
        }
        copy_async_commit();
    };

#pragma unroll 1
    for (int step = 1; step < steps_ahead; ++step) fetch(n_steps - step);
    using Plan = typename Layout::Weights::template Plan<hidden_count, memory_count>;
    const WeightTiles<Element, Sizes::warps, hidden_count, Layout::memory_depth> w2(
        fragments.hidden, first_hidden);
    const WeightTiles<Element, Sizes::warps, memory_count, Layout::hidden_depth, Plan::kept> w1(
        fragments.memory, first_memory, shared + Layout::weights_begin);
    auto* const decay = reinterpret_cast<float*>(shared + Layout::words);
    float* const gain = decay + Layout::memory_parameters;
    for (int i = thread; i < Layout::memory_parameters; i += threads) {
        decay[i] = i < n_memory ? w.memory_decay(i) : 0.0F;
        gain[i] = i < n_memory ? w.memory_gain(i) : 0.0F;
    }
    // Each thread's own, hence no barrier.
    float* const own = gain + Layout::memory_parameters + thread;
    const auto decay_sum = [&](int r, int i) -> float& {
        return own[(3 * (r * mma_c_count + i)) * threads];
    };
    const auto gain_sum = [&](int r, int i) -> float& {
        return own[(3 * (r * mma_c_count + i) + 1) * threads];
    };
    const auto carry = [&](int r, int i) -> float& {
        return own[(3 * (r * mma_c_count + i) + 2) * threads];
    };
#pragma unroll
    for (int r = 0; r < memory_count; ++r) {
#pragma unroll
        for (int i = 0; i < mma_c_count; ++i) {
            const int unit = row_of(first_memory + r, i), s = sample_of(i);
            const bool inside = unit < n_memory && s < count;
            carry(r, i) = inside ? args.carry(first + s, unit) : 0.0F;
            decay_sum(r, i) = inside ? args.decay_sum(first + s, unit) : 0.0F;
            gain_sum(r, i) = inside ? args.gain_sum(first + s, unit) : 0.0F;
        }
    }
    /// Adds the readout's gradient of step t to g; dz goes to shared and global memory.
    const auto put_dz = [&](int t) {
        const LanePart gradients(args.memory_gradient, first, t, recomputed(memory_offset));
        const LaneRange range = memory_range.again();
#pragma unroll
        for (int r = 0; r < memory_count; ++r) {
            float dz[mma_c_count];
#pragma unroll
            for (int i = 0; i < mma_c_count; ++i) {
                const float update = item(t, memory_item(update_item, r, i));
                const float gradient = carry(r, i) + item(t, memory_item(gradient_item, r, i));
                carry(r, i) = gradient;
                gain_sum(r, i) += gradient * update;
                // phi' = (2/3) (1.7159 - phi^2 / 1.7159)
                const float slope =
                    2.0F / 3.0F * 1.7159F - update * update * (2.0F / 3.0F / 1.7159F);
                dz[i] = gradient * gain[row_of(first_memory + r, i)] * slope;
                if (range.has(r, i)) *gradients.at(r, i) = dz[i];
            }
            store_tile(dz_rows, first_memory + r, dz, Sizes::memory * mma_rows);
        }
    };

    for (int i = thread; i < Layout::memory_words + Layout::hidden_words; i += threads) {
        shared[i] = 0;
    }
    block_barrier();
#pragma unroll 1
    for (int t = n_steps - 1; t >= 0; --t) {
        fetch(t - (steps_ahead - 1));
        copy_async_wait<steps_ahead - 1>();  // step t is there
        put_dz(t);
        block_barrier();
        {
            const LaneRange range = hidden_range.again();
            FragmentC sums[hidden_count][1] = {};
            w2.multiply(dz_rows, sums);
            const LanePart slopes(args.slope, first, t, recomputed(hidden_offset));
#pragma unroll
            for (int r = 0; r < hidden_count; ++r) {
                float dz1[mma_c_count];
#pragma unroll
                for (int i = 0; i < mma_c_count; ++i) {
                    dz1[i] = sums[r][0].value[i] * item(t, mma_c_count * r + i);
                    if (range.has(r, i)) *slopes.at(r, i) = dz1[i];
                }
                store_tile(dz1_rows, first_hidden + r, dz1, Sizes::hidden * mma_rows);
            }
        }
        block_barrier();
        {
            const LaneRange range = memory_range.again();
            constexpr int sets = memory_count == 1 ? 4 : 2;
            FragmentC sums[memory_count][sets] = {};
            w1.multiply(dz1_rows, sums);
            const LanePart memories(args.memory, first, t, recomputed(memory_offset));
#pragma unroll
            for (int r = 0; r < memory_count; ++r) {
#pragma unroll
                for (int i = 0; i < mma_c_count; ++i) {
                    float gradient = carry(r, i);
#pragma unroll
                    for (int set = 0; set < sets; ++set) gradient += sums[r][set].value[i];
                    const float before = item(t, memory_item(before_item, r, i));
                    decay_sum(r, i) += before * gradient;
                    const float kappa = decay[row_of(first_memory + r, i)];
                    carry(r, i) = kappa * gradient;
                    if (range.has(r, i)) *memories.at(r, i) = kappa * before;
                }
            }
        }
    }
    copy_async_wait<0>();
    const int lane_now = recomputed(lane);
#pragma unroll
    for (int r = 0; r < memory_count; ++r) {
#pragma unroll
        for (int i = 0; i < mma_c_count; ++i) {
            const TilePlace place = at_c(lane_now, i);
            const int unit = (first_memory + r) * mma_rows + place.row;
            if (unit >= n_memory || place.column >= count) continue;
            args.carry(first + place.column, unit) = carry(r, i);
            args.decay_sum(first + place.column, unit) = decay_sum(r, i);
            args.gain_sum(first + place.column, unit) = gain_sum(r, i);
        }
    }
}

/// Block: 8 samples, all steps. Warps own rows of both layers.
template <class Element, class Sizes>
__global__ void __launch_bounds__(Sizes::warps* warp_size, 1)
    tensor_backward_kernel(ElmTensorBackwardArgs args, Fragments fragments) {
    constexpr int two = Sizes::two_memory, each = Sizes::hidden_each;
    const int warp = static_cast<int>(threadIdx.x) / warp_size;
    if constexpr (two > 0) {
        if (warp < two) {
            backward_role<Element, Sizes, 1, 2>(args, fragments, warp, 2 * warp);
            return;
        }
    }
    backward_role<Element, Sizes, each, 1>(args, fragments, two + (warp - two) * each, two + warp);
}

}  // namespace elm::tensor
