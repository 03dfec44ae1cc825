#pragma once

/// The way back through the recurrence of elm_tensor_scan.h: one persistent block per 8 samples.
///
///   phase 1   dz1 = (W2^T dz) act'(z1) of this warp's hidden units
///   phase 2   g = kappa (g + W1m^T dz1) of this warp's memory units, then dz of the step before
///
/// with a block barrier after each. Values of the forward pass come by asynchronous copies some
/// steps ahead; each thread reads only what it copied itself.

#include "kernels/core/cuda/async_copy.cuh"
#include "kernels/core/cuda/shared.cuh"
#include "kernels/ops/elm_tensor_scan.h"
#include "kernels/ops/elm_tensor_tile.cuh"

namespace elm::tensor {

template <class Sizes>
struct BackwardLayout {
    static constexpr int memory_words = (ValueRows<Sizes::memory>::words + 3) / 4 * 4;
    static constexpr int hidden_words = (ValueRows<Sizes::hidden>::words + 3) / 4 * 4;
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
};

template <class Sizes, int hidden_count, int memory_count>
__device__ void backward_role(const ElmTensorBackwardArgs& args, int first_hidden,
                              int first_memory) {
    using Layout = BackwardLayout<Sizes>;
    const ElmTensorWeights& w = args.weights;
    const int thread = static_cast<int>(threadIdx.x), lane = thread % warp_size;
    constexpr int threads = Sizes::warps * warp_size;
    const std::int64_t batch = args.carry.extent[0], n_steps = args.memory.extent[1];
    const std::int64_t first = std::int64_t{blockIdx.x} * samples;
    const int count = batch - first < samples ? static_cast<int>(batch - first) : samples;
    const int n_memory = static_cast<int>(w.memory.extent[0]);
    const int n_hidden = static_cast<int>(w.memory.extent[1]);
    const int n_branch = static_cast<int>(w.hidden.extent[1]) - n_memory;

    auto* const shared = dynamic_shared<std::uint32_t>(Layout::words);
    const ValueRows<Sizes::memory> dz_rows{shared};
    const ValueRows<Sizes::hidden> dz1_rows{shared + Layout::memory_words};
    auto* const ahead =
        reinterpret_cast<float*>(shared + Layout::memory_words + Layout::hidden_words);

    const auto row_of = [lane](int tile, int i) { return tile * mma_rows + at_c(lane, i).row; };
    const auto sample_of = [lane](int i) { return at_c(lane, i).column; };
    // Item k of this thread of step t.
    const auto item = [&](std::int64_t t, int k) -> float& {
        return ahead[t % steps_ahead * Layout::slot_words + k * threads + thread];
    };
    enum : int { gradient_item, update_item, before_item };
    const auto memory_item = [](int what, int r, int i) {
        return mma_c_count * (hidden_count + what * memory_count + r) + i;
    };
    const LaneRange hidden_range(n_hidden, first_hidden, count);
    const LaneRange memory_range(n_memory, first_memory, count);
    // Without data to copy, zeros are: the address must only be valid.
    const auto copy = [&](float& to, const auto& part, int r, int i, const LaneRange& range) {
        const bool inside = range.has(r, i);
        copy_async<4>(&to, inside ? part.at(r, i) : args.initial_memory.data, inside);
    };
    const View<const float, 3> initial{args.initial_memory.data, {batch, 1, n_memory}};
    const auto fetch = [&](std::int64_t t) {
        if (t >= 0) {
            const LanePart slopes(args.slope, first, t, first_hidden);
            const LanePart gradients(args.memory_gradient, first, t, first_memory);
            const LanePart updates(args.update, first, t, first_memory);
            const LanePart before(
                t > 0 ? View<const float, 3>{args.memory.data, {batch, n_steps, n_memory}}
                      : initial,
                first, t > 0 ? t - 1 : 0, first_memory);
#pragma unroll
            for (int i = 0; i < mma_c_count; ++i) {
#pragma unroll
                for (int r = 0; r < hidden_count; ++r) {
                    copy(item(t, mma_c_count * r + i), slopes, r, i, hidden_range);
                }
#pragma unroll
                for (int r = 0; r < memory_count; ++r) {
                    copy(item(t, memory_item(gradient_item, r, i)), gradients, r, i, memory_range);
                    copy(item(t, memory_item(update_item, r, i)), updates, r, i, memory_range);
                    copy(item(t, memory_item(before_item, r, i)), before, r, i, memory_range);
                }
            }
        }
        copy_async_commit();
    };

    for (int step = 1; step < steps_ahead; ++step) fetch(n_steps - step);
    WeightTiles<hidden_count, Sizes::memory> w2;  // of W2^T
    w2.load(first_hidden, [&](int row, int unit) {
        return row < n_hidden && unit < n_memory ? w.memory(unit, row) : 0.0F;
    });
    WeightTiles<memory_count, Sizes::hidden> w1;  // of W1m^T
    w1.load(first_memory, [&](int row, int unit) {
        return row < n_memory && unit < n_hidden ? w.hidden(unit, n_branch + row) : 0.0F;
    });
    float decay[memory_count][2], gain[memory_count][2];
    float carry[memory_count][mma_c_count], decay_sum[memory_count][mma_c_count],
        gain_sum[memory_count][mma_c_count];
#pragma unroll
    for (int r = 0; r < memory_count; ++r) {
#pragma unroll
        for (int half = 0; half < 2; ++half) {
            const int unit = row_of(first_memory + r, 2 * half);
            decay[r][half] = unit < n_memory ? w.memory_decay(unit) : 0.0F;
            gain[r][half] = unit < n_memory ? w.memory_gain(unit) : 0.0F;
        }
#pragma unroll
        for (int i = 0; i < mma_c_count; ++i) {
            const int unit = row_of(first_memory + r, i), s = sample_of(i);
            const bool inside = unit < n_memory && s < count;
            carry[r][i] = inside ? args.carry(first + s, unit) : 0.0F;
            decay_sum[r][i] = inside ? args.decay_sum(first + s, unit) : 0.0F;
            gain_sum[r][i] = inside ? args.gain_sum(first + s, unit) : 0.0F;
        }
    }
    /// Adds the readout's gradient of step t to g; dz goes to shared and global memory.
    const auto put_dz = [&](std::int64_t t) {
        const LanePart gradients(args.memory_gradient, first, t, first_memory);
#pragma unroll
        for (int r = 0; r < memory_count; ++r) {
            float dz[mma_c_count];
#pragma unroll
            for (int i = 0; i < mma_c_count; ++i) {
                const float update = item(t, memory_item(update_item, r, i));
                carry[r][i] += item(t, memory_item(gradient_item, r, i));
                gain_sum[r][i] += carry[r][i] * update;
                // phi' = (2/3) (1.7159 - phi^2 / 1.7159)
                const float slope =
                    2.0F / 3.0F * 1.7159F - update * update * (2.0F / 3.0F / 1.7159F);
                dz[i] = carry[r][i] * gain[r][i / 2] * slope;
                if (memory_range.has(r, i)) *gradients.at(r, i) = dz[i];
            }
            store_tile(dz_rows, first_memory + r, dz, Sizes::memory * mma_rows);
        }
    };

    for (int i = thread; i < Layout::memory_words + Layout::hidden_words; i += threads) {
        shared[i] = 0;
    }
    block_barrier();
    copy_async_wait<steps_ahead - 2>();
    put_dz(n_steps - 1);
    block_barrier();
    for (std::int64_t t = n_steps - 1; t >= 0; --t) {
        fetch(t - (steps_ahead - 1));
        copy_async_wait<steps_ahead - 2>();  // steps t and t - 1 are there
        {
            FragmentC sums[hidden_count][1] = {};
            w2.multiply(dz_rows, sums);
            const LanePart slopes(args.slope, first, t, first_hidden);
#pragma unroll
            for (int r = 0; r < hidden_count; ++r) {
                float dz1[mma_c_count];
#pragma unroll
                for (int i = 0; i < mma_c_count; ++i) {
                    dz1[i] = sums[r][0].value[i] * item(t, mma_c_count * r + i);
                    if (hidden_range.has(r, i)) *slopes.at(r, i) = dz1[i];
                }
                store_tile(dz1_rows, first_hidden + r, dz1, Sizes::hidden * mma_rows);
            }
        }
        block_barrier();
        {
            constexpr int sets = memory_count == 1 ? 4 : 2;
            FragmentC sums[memory_count][sets] = {};
            w1.multiply(dz1_rows, sums);
            const LanePart memories(args.memory, first, t, first_memory);
#pragma unroll
            for (int r = 0; r < memory_count; ++r) {
#pragma unroll
                for (int i = 0; i < mma_c_count; ++i) {
                    float gradient = carry[r][i];
#pragma unroll
                    for (int set = 0; set < sets; ++set) gradient += sums[r][set].value[i];
                    const float before = item(t, memory_item(before_item, r, i));
                    decay_sum[r][i] += before * gradient;
                    carry[r][i] = decay[r][i / 2] * gradient;
                    if (memory_range.has(r, i)) *memories.at(r, i) = decay[r][i / 2] * before;
                }
            }
            if (t > 0) put_dz(t - 1);
        }
        block_barrier();
    }
    copy_async_wait<0>();
#pragma unroll
    for (int r = 0; r < memory_count; ++r) {
#pragma unroll
        for (int i = 0; i < mma_c_count; ++i) {
            const int unit = row_of(first_memory + r, i), s = sample_of(i);
            if (unit >= n_memory || s >= count) continue;
            args.carry(first + s, unit) = carry[r][i];
            args.decay_sum(first + s, unit) = decay_sum[r][i];
            args.gain_sum(first + s, unit) = gain_sum[r][i];
        }
    }
}

/// Block: 8 samples, all steps. Warps own rows of both layers.
template <class Sizes>
__global__ void __launch_bounds__(Sizes::warps* warp_size, 1)
    tensor_backward_kernel(ElmTensorBackwardArgs args) {
    constexpr int two = Sizes::two_memory, each = Sizes::hidden_each;
    const int warp = static_cast<int>(threadIdx.x) / warp_size;
    if constexpr (two > 0) {
        if (warp < two) {
            backward_role<Sizes, 1, 2>(args, warp, 2 * warp);
            return;
        }
    }
    backward_role<Sizes, each, 1>(args, two + (warp - two) * each, two + warp);
}

}  // namespace elm::tensor
