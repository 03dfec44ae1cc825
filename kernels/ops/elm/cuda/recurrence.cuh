#pragma once

/// The ELM recurrence of elm_scan.h on a CUDA device: one persistent block per S samples walks
/// through all steps, with the weights on chip (elm_staged_weights.cuh).

#include "kernels/core/cuda/cuda_runtime.h"
#include "kernels/core/cuda/parallel.cuh"
#include "kernels/core/cuda/shared.cuh"
#include "kernels/ops/elm/cuda/number.cuh"
#include "kernels/ops/elm/cuda/scan_device.h"
#include "kernels/ops/elm/cuda/staged_weights.cuh"

namespace elm::recurrence {

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

template <class Real>
__device__ step::Hidden<DeviceNumber<Real>> hidden_value(Real z, HiddenUnit unit) {
    using Number = DeviceNumber<Real>;
    if (unit == HiddenUnit::silu) return step::hidden_with_slope<HiddenUnit::silu, Number>(z);
    if (unit == HiddenUnit::relu2) return step::hidden_with_slope<HiddenUnit::relu2, Number>(z);
    return step::hidden_with_slope<HiddenUnit::relu, Number>(z);
}

template <class Real>
struct RecurrenceArgs {
    const Real* values;  // layers one after another: weights (n_in, n_out), bias (n_out)
    std::int64_t n_values;
    int n_layers, n_branch, n_memory, n_hidden;
    HiddenUnit hidden_unit;
    View<const Real, 1> memory_decay, memory_gain;
    View<const Real, 3> branches;  // (batch, time, d_b)
    View<Real, 2> memory_state;    // (batch, d_m)
    View<Real, 3> memory;          // (batch, time, d_m), written
    ElmDeviceStores<Real> stores;  // (..., time, ...) as memory; null data: not wanted
    std::int64_t branches_begin, memory_begin, n_steps;
};

/// Extents of layer `index` of a network of `n_layers` layers.
struct LayerExtent {
    int n_in, n_out;
    ELM_HD std::int64_t size() const { return (std::int64_t{n_in} + 1) * n_out; }
};
template <class Real>
ELM_HD LayerExtent layer_extent(const RecurrenceArgs<Real>& args, int index) {
    return {index == 0 ? args.n_branch + args.n_memory : args.n_hidden,
            index == args.n_layers - 1 ? args.n_memory : args.n_hidden};
}

/// Shared memory of a block: the resident values, then packs of S reals.
struct SharedPlan {
    std::int64_t resident;
    int input_packs;  // two buffers of d_b
    int memory_packs, hidden_packs, partial_packs;

    ELM_HD std::int64_t packs() const {
        return std::int64_t{input_packs} + memory_packs + hidden_packs + partial_packs;
    }
};

template <class Real, int S>
SharedPlan shared_plan(const RecurrenceArgs<Real>& args, int threads, std::size_t room) {
    SharedPlan plan{0, 2 * args.n_branch, args.n_memory, 2 * std::max(args.n_hidden, args.n_memory),
                    0};
    for (int layer = 0; layer < args.n_layers; ++layer) {
        const int n_out = layer_extent(args, layer).n_out;
        plan.partial_packs = std::max(plan.partial_packs, part_count(threads, n_out) * n_out);
    }
    plan.resident = resident_values<Real, S>(args.n_values, plan.packs(), room);
    return plan;
}

/// Block: S samples, all steps. Threads: units of a layer, in groups that share its columns.
template <class Real, int S>
__global__ void __launch_bounds__(most_threads, 1)
    recurrence_kernel(RecurrenceArgs<Real> args, SharedPlan plan) {
    using P = Pack<Real, S>;
    const int thread = static_cast<int>(threadIdx.x), threads = static_cast<int>(blockDim.x);
    const std::int64_t batch = args.memory_state.extent[0];
    const std::int64_t first = std::int64_t{blockIdx.x} * S;
    const int count = batch - first < S ? static_cast<int>(batch - first) : S;
    const int n_branch = args.n_branch, n_memory = args.n_memory;

    Real* const resident =
        dynamic_shared<Real>(static_cast<std::size_t>(plan.resident + plan.packs() * S));
    const StagedValues<Real> values{args.values, resident,
                                    plan.resident < args.n_values ? plan.resident : args.n_values};
    P* const input = reinterpret_cast<P*>(resident + plan.resident);
    P* const decayed = input + plan.input_packs;  // d_t = kappa_m m_{t-1}
    P* const hidden = decayed + plan.memory_packs;
    P* const partial = hidden + plan.hidden_packs;

    stage(values, resident);
    for (int m = thread; m < n_memory; m += threads) {
        for (int s = 0; s < S; ++s) {
            decayed[m].value[s] =
                s < count ? args.memory_decay(m) * args.memory_state(first + s, m) : Real(0);
        }
    }
    const auto fetch_input = [&](std::int64_t t) {
        P* const to = input + (t % 2) * n_branch;
        for (int i = thread; i < n_branch * S; i += threads) {
            const int s = i / n_branch, branch = i % n_branch;
            to[branch].value[s] =
                s < count ? args.branches(first + s, args.branches_begin + t, branch) : Real(0);
        }
    };
    fetch_input(0);
    __syncthreads();

    for (std::int64_t t = 0; t < args.n_steps; ++t) {
        if (t + 1 < args.n_steps) fetch_input(t + 1);
        std::int64_t at = 0;  // where the layer begins
        const P* from = decayed;
        for (int layer = 0; layer < args.n_layers; ++layer) {
            const LayerExtent extent = layer_extent(args, layer);
            const int n_out = extent.n_out, parts = part_count(threads, n_out);
            for_each_share(extent.n_in, n_out, [&](int unit, int part, int begin, int end) {
                P sum{};
                int middle = begin;
                if (layer == 0) {  // columns [0, d_b) are the branches, the others the memory
                    middle = begin > n_branch ? begin : end < n_branch ? end : n_branch;
                    add_columns<Real, S>(sum, values, at, n_out, unit, input + (t % 2) * n_branch,
                                         0, begin, middle);
                }
                add_columns<Real, S>(sum, values, at, n_out, unit, from, layer == 0 ? n_branch : 0,
                                     middle, end);
                partial[part * n_out + unit] = sum;
            });
            __syncthreads();
            const bool last = layer == args.n_layers - 1;
            P* const to = hidden + (layer % 2) * (plan.hidden_packs / 2);
            const Real* const bias = values.from(at + std::int64_t{extent.n_in} * n_out, n_out);
            for (int i = thread; i < n_out * S; i += threads) {
                const int unit = i / S, s = i % S;
                const Real z = sum_of_parts<Real, S>(bias[unit], partial, parts, n_out, unit, s);
                const std::int64_t sample = first + s, at_step = args.memory_begin + t;
                if (!last) {
                    const auto value = hidden_value(z, args.hidden_unit);
                    to[unit].value[s] = value.value;
                    if (s < count && args.stores.hidden.data != nullptr) {
                        args.stores.hidden(layer, sample, at_step, unit) = value.value;
                        args.stores.slope(layer, sample, at_step, unit) = value.slope;
                    }
                    continue;
                }
                const auto next = step::advance_memory<DeviceNumber<Real>>(
                    z, decayed[unit].value[s], args.memory_gain(unit), args.memory_decay(unit));
                decayed[unit].value[s] = next.decayed;
                if (s < count) {
                    args.memory(sample, at_step, unit) = next.memory;
                    if (args.stores.update.data != nullptr) {
                        args.stores.update(sample, at_step, unit) = next.update;
                    }
                    if (t + 1 == args.n_steps) args.memory_state(sample, unit) = next.memory;
                }
            }
            __syncthreads();
            from = to;
            at += extent.size();
        }
    }
}

template <class Real>
void run_recurrence(Stream& stream, const RecurrenceArgs<Real>& args) {
    const int threads = std::min(most_threads, group_size(std::max(args.n_memory, args.n_hidden)));
    const std::int64_t batch = args.memory_state.extent[0];
    const std::size_t room = cuda::max_shared_bytes(stream.device().index);
    with_samples_per_block(batch, cuda::multiprocessor_count(stream.device().index),
                           [&]<int S>(std::integral_constant<int, S>) {
                               const SharedPlan plan = shared_plan<Real, S>(args, threads, room);
                               const std::int64_t reals = plan.resident + plan.packs() * S;
                               launch(
                                   stream, "elm_recurrence",
                                   {.blocks = dim3(static_cast<unsigned>((batch + S - 1) / S)),
                                    .threads = dim3(static_cast<unsigned>(threads)),
                                    .shared_bytes = static_cast<std::size_t>(reals) * sizeof(Real)},
                                   &recurrence_kernel<Real, S>, args, plan);
                           });
}

}  // namespace elm::recurrence
