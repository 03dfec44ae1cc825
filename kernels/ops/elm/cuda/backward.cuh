#pragma once

/// The backward pass through the ELM recurrence on a CUDA device, with the equations of
/// elm_gradient.h: one persistent block per S samples walks from the last step to the first, with
/// the transposed weights on chip (elm_staged_weights.cuh). What a step needs of the forward pass
/// is copied to shared memory while the step before it is computed. The kernel leaves dz of every
/// layer; weight gradients are products over all rows afterwards.

#include "kernels/core/cuda/async_copy.cuh"
#include "kernels/core/cuda/cuda_runtime.h"
#include "kernels/core/cuda/parallel.cuh"
#include "kernels/core/cuda/shared.cuh"
#include "kernels/ops/elm/cuda/number.cuh"
#include "kernels/ops/elm/cuda/staged_weights.cuh"

namespace elm::backward {

using staged::add_columns;
using staged::for_each_share;
using staged::group_size;
using staged::most_threads;
using staged::Pack;
using staged::part_count;
using staged::resident_values;
using staged::stage;
using staged::StagedValues;
using staged::sum_of_parts;
using staged::with_samples_per_block;

/// Arrays that are read before they are written hold two things, first / then.
template <class Real>
struct BackwardArgs {
    const Real* values;  // W of the last layer, ..., of the second one, W1m; each (n_out, n_in)
    std::int64_t n_values;
    int n_layers, n_memory, n_hidden;
    View<const Real, 1> memory_decay, memory_gain;  // (d_m)
    View<const Real, 2> initial_memory;             // (batch, d_m): m before the first step
    View<const Real, 3> update;                     // (batch, time, d_m): phi(z)
    View<Real, 3> memory;           // (batch, time, d_m): m_t / d_t = kappa_m m_{t-1}
    View<Real, 3> memory_gradient;  // (batch, time, d_m): W_y^T dy_t / dz of the last layer
    View<Real, 4> slope;            // (hidden layer, batch, time, h): act'(z) / dz
    View<Real, 2> carry;            // (batch, d_m): dL/dm of the last step from later ones / of the
                                    // step before the first
    View<Real, 2> decay_sum, gain_sum;  // (batch, d_m): added to
};

/// Shared memory of a block: the resident values, then packs of S reals.
struct BackwardPlan {
    std::int64_t resident;
    int memory_packs;  // each of: carry, decay sum, gain sum
    int width;         // of each of two buffers of dz
    int fetched;       // packs of each of two buffers of what the forward pass left
    int partial_packs;

    ELM_HD std::int64_t packs() const {
        return 3 * std::int64_t{memory_packs} + 2 * std::int64_t{width} +
               2 * std::int64_t{fetched} + partial_packs;
    }
};

template <class Real, int S>
BackwardPlan backward_plan(const BackwardArgs<Real>& args, int threads, std::size_t room) {
    BackwardPlan plan{0, args.n_memory, std::max(args.n_memory, args.n_hidden),
                      3 * args.n_memory + (args.n_layers - 1) * args.n_hidden, 0};
    plan.partial_packs = part_count(threads, args.n_memory) * args.n_memory;
    if (args.n_hidden > 0) {
        plan.partial_packs =
            std::max(plan.partial_packs, part_count(threads, args.n_hidden) * args.n_hidden);
    }
    plan.resident = resident_values<Real, S>(args.n_values, plan.packs(), room);
    return plan;
}

/// Block: S samples, all steps. Threads: units of a layer, in groups that share its columns.
template <class Real, int S>
__global__ void __launch_bounds__(most_threads, 1)
    backward_kernel(BackwardArgs<Real> args, BackwardPlan plan) {
    using P = Pack<Real, S>;
    const int thread = static_cast<int>(threadIdx.x), threads = static_cast<int>(blockDim.x);
    const std::int64_t batch = args.carry.extent[0], n_steps = args.memory.extent[1];
    const std::int64_t first = std::int64_t{blockIdx.x} * S;
    const int count = batch - first < S ? static_cast<int>(batch - first) : S;
    const int n_memory = args.n_memory, n_hidden = args.n_hidden;

    Real* const resident =
        dynamic_shared<Real>(static_cast<std::size_t>(plan.resident + plan.packs() * S));
    const StagedValues<Real> values{args.values, resident,
                                    plan.resident < args.n_values ? plan.resident : args.n_values};
    P* const carry = reinterpret_cast<P*>(resident + plan.resident);
    P* const decay_sum = carry + n_memory;
    P* const gain_sum = decay_sum + n_memory;
    P* const dz_buffers = gain_sum + n_memory;
    P* const fetched = dz_buffers + 2 * plan.width;
    P* const partial = fetched + 2 * plan.fetched;

    stage(values, resident);
    for (int i = thread; i < n_memory * S; i += threads) {
        const int unit = i / S, s = i % S;
        const bool inside = s < count;
        carry[unit].value[s] = inside ? args.carry(first + s, unit) : Real(0);
        decay_sum[unit].value[s] = inside ? args.decay_sum(first + s, unit) : Real(0);
        gain_sum[unit].value[s] = inside ? args.gain_sum(first + s, unit) : Real(0);
    }
    const auto fetch = [&](P* to, const Real* from, int n, std::int64_t stride) {
        for (int i = thread; i < n * S; i += threads) {
            const int s = i / n, unit = i % n;
            copy_async<sizeof(Real)>(&to[unit].value[s], from + (s < count ? s * stride : 0) + unit,
                                     s < count);
        }
    };
    const auto fetch_step = [&](std::int64_t t) {
        P* const to = fetched + (t % 2) * plan.fetched;
        const std::int64_t stride = n_steps * n_memory;
        fetch(to, &args.memory_gradient(first, t, 0), n_memory, stride);
        fetch(to + n_memory, &args.update(first, t, 0), n_memory, stride);
        if (t > 0) {
            fetch(to + 2 * n_memory, &args.memory(first, t - 1, 0), n_memory, stride);
        } else {
            fetch(to + 2 * n_memory, &args.initial_memory(first, 0), n_memory, n_memory);
        }
        for (int layer = 0; layer + 1 < args.n_layers; ++layer) {
            fetch(to + 3 * n_memory + layer * n_hidden, &args.slope(layer, first, t, 0), n_hidden,
                  n_steps * n_hidden);
        }
        copy_async_commit();
    };
    if (n_steps > 0) fetch_step(n_steps - 1);

    for (std::int64_t t = n_steps - 1; t >= 0; --t) {
        copy_async_wait<0>();
        __syncthreads();  // step t is there, and nobody reads what step t + 1 had
        if (t > 0) fetch_step(t - 1);
        const P* const now = fetched + (t % 2) * plan.fetched;
        P* dz = dz_buffers;
        for (int i = thread; i < n_memory * S; i += threads) {
            const int unit = i / S, s = i % S;
            const Real gradient = carry[unit].value[s] + now[unit].value[s];
            const Real update = now[n_memory + unit].value[s];
            carry[unit].value[s] = gradient;
            gain_sum[unit].value[s] += gradient * update;
            const Real value = gradient * args.memory_gain(unit) *
                               step::scaled_tanh_slope<DeviceNumber<Real>>(update);
            dz[unit].value[s] = value;
            if (s < count) args.memory_gradient(first + s, t, unit) = value;
        }
        __syncthreads();
        std::int64_t at = 0;  // where the matrix begins
        for (int layer = args.n_layers - 1; layer >= 0; --layer) {
            const int n_in = layer == args.n_layers - 1 ? n_memory : n_hidden;
            const int n_out = layer == 0 ? n_memory : n_hidden;
            const int parts = part_count(threads, n_out);
            for_each_share(n_in, n_out, [&](int unit, int part, int begin, int end) {
                P sum{};
                add_columns<Real, S>(sum, values, at, n_out, unit, dz, 0, begin, end);
                partial[part * n_out + unit] = sum;
            });
            __syncthreads();
            P* const next = dz == dz_buffers ? dz_buffers + plan.width : dz_buffers;
            for (int i = thread; i < n_out * S; i += threads) {
                const int unit = i / S, s = i % S;
                if (layer > 0) {
                    const Real sum = sum_of_parts<Real, S>(Real(0), partial, parts, n_out, unit, s);
                    const Real value =
                        sum * now[3 * n_memory + (layer - 1) * n_hidden + unit].value[s];
                    next[unit].value[s] = value;
                    if (s < count) args.slope(layer - 1, first + s, t, unit) = value;
                    continue;
                }
                const Real gradient =
                    sum_of_parts<Real, S>(carry[unit].value[s], partial, parts, n_out, unit, s);
                const Real before = now[2 * n_memory + unit].value[s];
                const Real decay = args.memory_decay(unit);
                decay_sum[unit].value[s] += before * gradient;
                carry[unit].value[s] = decay * gradient;
                if (s < count) args.memory(first + s, t, unit) = decay * before;
            }
            if (layer > 0) __syncthreads();
            dz = next;
            at += std::int64_t{n_in} * n_out;
        }
    }
    for (int i = thread; i < n_memory * S; i += threads) {
        const int unit = i / S, s = i % S;
        if (s >= count) continue;
        args.carry(first + s, unit) = carry[unit].value[s];
        args.decay_sum(first + s, unit) = decay_sum[unit].value[s];
        args.gain_sum(first + s, unit) = gain_sum[unit].value[s];
    }
}

template <class Real>
void run_backward(Stream& stream, const BackwardArgs<Real>& args) {
    const int threads = std::min(most_threads, group_size(std::max(args.n_memory, args.n_hidden)));
    const std::int64_t batch = args.carry.extent[0];
    const int device = stream.device().index;
    const std::size_t room = cuda::max_shared_bytes(device);
    with_samples_per_block(
        batch, cuda::multiprocessor_count(device), [&]<int S>(std::integral_constant<int, S>) {
            const BackwardPlan plan = backward_plan<Real, S>(args, threads, room);
            const std::int64_t reals = plan.resident + plan.packs() * S;
            launch(stream, "elm_backward",
                   {.blocks = dim3(static_cast<unsigned>((batch + S - 1) / S)),
                    .threads = dim3(static_cast<unsigned>(threads)),
                    .shared_bytes = static_cast<std::size_t>(reals) * sizeof(Real)},
                   &backward_kernel<Real, S>, args, plan);
        });
}

}  // namespace elm::backward
