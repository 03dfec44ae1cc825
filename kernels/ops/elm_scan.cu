// The ELM recurrence on a CUDA device, chunk by chunk of time:
//
//   1. input side    one block per sample filters the chunk's events into branch traces
//   2. recurrence    one persistent block per S samples walks through all steps of the chunk;
//                    the weights are staged in shared memory once and stay there
//   3. readout       one thread per output of each step
//
// A step of (2) is one pass per layer: unit u's thread adds W[k][u] x[k][0..S) over its share of
// the columns, shares are added in fixed order, so a result does not depend on timing.

#include <algorithm>
#include <cmath>
#include <type_traits>
#include <vector>

#include "kernels/core/cuda/cuda_runtime.h"
#include "kernels/core/cuda/device.cuh"
#include "kernels/core/cuda/parallel.cuh"
#include "kernels/core/cuda/shared.cuh"
#include "kernels/ops/elm_scan.h"
#include "kernels/ops/elm_scan_device.h"

namespace elm {
namespace {

constexpr int most_threads = 256;
constexpr std::int64_t chunk_steps = 1024;

/// S values of neighbouring samples, moved as one vector where the hardware can.
template <class Real, int S>
struct alignas(S * sizeof(Real) < 16 ? S * sizeof(Real) : 16) Pack {
    Real value[S];
};

template <class Real>
__device__ Real scaled_tanh(Real x) {
    return Real(1.7159) * std::tanh(x * Real(2) / Real(3));
}

template <class Real>
__device__ Real hidden_activation(Real x, HiddenUnit unit) {
    if (unit == HiddenUnit::relu) return x > Real(0) ? x : Real(0);
    return x / (Real(1) + std::exp(-x));
}

// --- input side --------------------------------------------------------------------------------

template <class Real>
struct InputArgs {
    // Sparse: rows (batch * n_steps) of units of this chunk. Dense: values, from step dense_begin.
    View<const std::int32_t, 1> row_begin, units;
    View<const Real, 3> dense;  // (batch, time, n_input), or null data
    View<const Real, 1> sign;   // (n_input): undoes the sign in the tables for dense values
    View<const Real, 2> table;  // (n_input, d_b), with traces per branch
    View<const std::int32_t, 1> synapse_input;  // (d_s), with traces per synapse
    View<const Real, 1> synapse_weight;         // (d_s)
    View<const Real, 1> decay;                  // (d_b) or (d_s)
    View<Real, 2> trace;                        // (batch, d_b) or (batch, d_s)
    View<Real, 3> branches;                     // (batch, time, d_b), from step branches_begin
    std::int64_t dense_begin, branches_begin, n_steps;
};

/// Block: one sample; thread: one branch after another. Events of a step are added in their order.
template <class Real>
__global__ void __launch_bounds__(most_threads) filter_branches_kernel(InputArgs<Real> args) {
    const std::int64_t sample = blockIdx.x;
    const std::int64_t n_branch = args.branches.extent[2], n_input = args.table.extent[0];
    for (std::int64_t branch = threadIdx.x; branch < n_branch; branch += blockDim.x) {
        const Real decay = args.decay(branch);
        Real trace = args.trace(sample, branch);
        for (std::int64_t t = 0; t < args.n_steps; ++t) {
            trace *= decay;
            if (args.dense.data == nullptr) {
                const std::int64_t row = sample * args.n_steps + t;
                for (std::int32_t at = args.row_begin(row); at < args.row_begin(row + 1); ++at) {
                    trace += args.table(args.units(at), branch);
                }
            } else {
                for (std::int64_t input = 0; input < n_input; ++input) {
                    const Real value = args.dense(sample, args.dense_begin + t, input);
                    trace += value * args.sign(input) * args.table(input, branch);
                }
            }
            args.branches(sample, args.branches_begin + t, branch) = trace;
        }
        args.trace(sample, branch) = trace;
    }
}

/// Block: one sample; thread: one branch after another, its synapses in order. Input is dense.
template <class Real>
__global__ void __launch_bounds__(most_threads) filter_synapses_kernel(InputArgs<Real> args) {
    const std::int64_t sample = blockIdx.x;
    const std::int64_t n_branch = args.branches.extent[2];
    const std::int64_t per_branch = args.synapse_input.extent[0] / n_branch;
    for (std::int64_t branch = threadIdx.x; branch < n_branch; branch += blockDim.x) {
        for (std::int64_t t = 0; t < args.n_steps; ++t) {
            Real sum = 0;
            for (std::int64_t s = branch * per_branch; s < (branch + 1) * per_branch; ++s) {
                const std::int32_t input = args.synapse_input(s);
                Real trace = args.trace(sample, s) * args.decay(s);
                if (input >= 0) {
                    trace += args.synapse_weight(s) * args.sign(input) *
                             args.dense(sample, args.dense_begin + t, input);
                }
                args.trace(sample, s) = trace;
                sum += trace;
            }
            args.branches(sample, args.branches_begin + t, branch) = sum;
        }
    }
}

// --- recurrence --------------------------------------------------------------------------------

template <class Real>
struct RecurrenceArgs {
    const Real* values;  // layers one after another: weights (n_in, n_out), bias (n_out)
    int n_layers, n_branch, n_memory, n_hidden;
    int resident_layers;  // the first so many live in shared memory
    HiddenUnit hidden_unit;
    View<const Real, 1> memory_decay, memory_gain;
    View<const Real, 3> branches;  // (batch, time, d_b)
    View<Real, 2> memory_state;    // (batch, d_m)
    View<Real, 3> memory;          // (batch, time, d_m), written
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

/// How a block's threads share a layer: `parts` groups, each adding a share of the columns.
ELM_HD int group_size(int n_out) { return (n_out + 31) / 32 * 32; }
ELM_HD int layer_parts(int threads, int n_out) {
    const int parts = threads / group_size(n_out);
    return parts < 1 ? 1 : parts;
}

/// Shared memory of a block, in packs of S reals, after the resident weights.
struct SharedPlan {
    std::int64_t resident_values;  // reals, rounded up to a pack
    int input_packs;               // two buffers of d_b
    int memory_packs, hidden_packs, partial_packs;
};

template <class Real, int S>
SharedPlan shared_plan(const RecurrenceArgs<Real>& args, int threads) {
    SharedPlan plan{0, 2 * args.n_branch, args.n_memory,
                    2 * (args.n_hidden > args.n_memory ? args.n_hidden : args.n_memory), 0};
    for (int layer = 0; layer < args.n_layers; ++layer) {
        const LayerExtent extent = layer_extent(args, layer);
        if (layer < args.resident_layers) plan.resident_values += extent.size();
        const int packs = layer_parts(threads, extent.n_out) * extent.n_out;
        if (packs > plan.partial_packs) plan.partial_packs = packs;
    }
    constexpr std::int64_t unit = 16 / sizeof(Real) > S ? 16 / sizeof(Real) : S;
    plan.resident_values = (plan.resident_values + unit - 1) / unit * unit;
    return plan;
}

template <class Real, int S>
std::size_t shared_bytes(const SharedPlan& plan) {
    const std::int64_t packs =
        plan.input_packs + plan.memory_packs + plan.hidden_packs + plan.partial_packs;
    return static_cast<std::size_t>(plan.resident_values + packs * S) * sizeof(Real);
}

/// Adds W[k][unit] x[k] for columns [from, to).
template <class Real, int S>
__device__ void add_columns(Pack<Real, S>& sum, const Real* weight, int n_out, int unit,
                            const Pack<Real, S>* x, int from, int to) {
#pragma unroll 4
    for (int k = from; k < to; ++k) {
        const Real w = weight[std::int64_t{k} * n_out + unit];
        const Pack<Real, S> column = x[k];
#pragma unroll
        for (int s = 0; s < S; ++s) sum.value[s] += w * column.value[s];
    }
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

    const std::int64_t packs =
        plan.input_packs + plan.memory_packs + plan.hidden_packs + plan.partial_packs;
    Real* const resident =
        dynamic_shared<Real>(static_cast<std::size_t>(plan.resident_values + packs * S));
    P* const input = reinterpret_cast<P*>(resident + plan.resident_values);
    P* const decayed = input + plan.input_packs;  // d_t = kappa_m m_{t-1}
    P* const hidden = decayed + plan.memory_packs;
    P* const partial = hidden + plan.hidden_packs;

    std::int64_t resident_size = 0;
    for (int layer = 0; layer < args.resident_layers; ++layer) {
        resident_size += layer_extent(args, layer).size();
    }
    for (std::int64_t i = thread; i < resident_size; i += threads) resident[i] = args.values[i];
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
        const Real* weight = args.resident_layers > 0 ? resident : args.values;
        const P* from = decayed;
        for (int layer = 0; layer < args.n_layers; ++layer) {
            const LayerExtent extent = layer_extent(args, layer);
            const int n_out = extent.n_out;
            const int group = group_size(n_out), parts = layer_parts(threads, n_out);
            if (layer == args.resident_layers && layer > 0) weight = args.values + resident_size;
            const Real* const bias = weight + std::int64_t{extent.n_in} * n_out;
            const int part = group < threads ? thread / group : 0;
            const int stride = group < threads ? group : threads;
            for (int unit = group < threads ? thread % group : thread; unit < n_out && part < parts;
                 unit += stride) {
                P sum{};
                const int begin = extent.n_in * part / parts;
                const int end = extent.n_in * (part + 1) / parts;
                if (layer == 0) {  // columns [0, d_b) are the branches, the others the memory
                    const int middle = begin > n_branch ? begin : end < n_branch ? end : n_branch;
                    add_columns<Real, S>(sum, weight, n_out, unit, input + (t % 2) * n_branch,
                                         begin, middle);
                    add_columns<Real, S>(sum, weight + std::int64_t{n_branch} * n_out, n_out, unit,
                                         decayed, middle - n_branch, end - n_branch);
                } else {
                    add_columns<Real, S>(sum, weight, n_out, unit, from, begin, end);
                }
                partial[part * n_out + unit] = sum;
            }
            __syncthreads();
            const bool last = layer == args.n_layers - 1;
            P* const to = hidden + (layer % 2) * (plan.hidden_packs / 2);
            for (int i = thread; i < n_out * S; i += threads) {
                const int unit = i / S, s = i % S;
                Real z = bias[unit];
                for (int p = 0; p < parts; ++p) z += partial[p * n_out + unit].value[s];
                if (!last) {
                    to[unit].value[s] = hidden_activation(z, args.hidden_unit);
                    continue;
                }
                const Real memory =
                    decayed[unit].value[s] + args.memory_gain(unit) * scaled_tanh(z);
                decayed[unit].value[s] = args.memory_decay(unit) * memory;
                if (s < count) {
                    args.memory(first + s, args.memory_begin + t, unit) = memory;
                    if (t + 1 == args.n_steps) args.memory_state(first + s, unit) = memory;
                }
            }
            __syncthreads();
            from = to;
            weight += extent.size();
        }
    }
}

// --- readout -----------------------------------------------------------------------------------

/// One output of one step: y = W m + c.
template <class Real>
struct ReadoutOne {
    const Real* weight;  // (d_m, d_out), then bias (d_out)
    View<const Real, 3> memory;
    View<Real, 3> output;
    std::int64_t memory_begin, output_begin, n_steps;

    ELM_HD void operator()(std::int64_t index) const {
        const std::int64_t n_output = output.extent[2], n_memory = memory.extent[2];
        const std::int64_t out = index % n_output;
        const std::int64_t t = index / n_output % n_steps, sample = index / n_output / n_steps;
        Real sum = weight[n_memory * n_output + out];
        for (std::int64_t m = 0; m < n_memory; ++m) {
            sum += weight[m * n_output + out] * memory(sample, memory_begin + t, m);
        }
        output(sample, output_begin + t, out) = sum;
    }
};

// --- host --------------------------------------------------------------------------------------

template <class T, int Rank>
View<const T, Rank> read_only(const Tensor& tensor) {
    return view<const T, Rank>(tensor);
}

/// The events of steps [begin, begin + n) of all samples, on the device.
struct DeviceSpikes {
    Tensor row_begin, units;
};

DeviceSpikes upload_spikes(Stream& stream, const SpikeTrain& spikes, std::int64_t begin,
                           std::int64_t n) {
    std::vector<std::int32_t> row_begin{0}, units;
    for (std::int64_t sample = 0; sample < spikes.n_samples; ++sample) {
        for (std::int64_t t = 0; t < n; ++t) {
            const auto row = spikes.row(sample, begin + t);
            units.insert(units.end(), row.begin(), row.end());
            row_begin.push_back(static_cast<std::int32_t>(units.size()));
        }
    }
    if (units.empty()) units.push_back(0);
    const auto upload = [&](const std::vector<std::int32_t>& values) {
        return Tensor::from(stream, {static_cast<std::int64_t>(values.size())},
                            std::span<const std::int32_t>(values));
    };
    return {upload(row_begin), upload(units)};
}

/// Spikes of steps [begin, begin + n) as dense values with the sign of their input.
template <class Real>
Tensor signed_dense(Stream& stream, const SpikeTrain& spikes, std::int64_t begin, std::int64_t n,
                    const ElmScanDevice<Real>& device) {
    Stream host{Device{}};
    const Tensor dense = to_dense(host, slice_steps(spikes, begin, n), dtype_of<Real>);
    const auto values = dense.template host<Real>();
    for (std::size_t i = 0; i < values.size(); ++i) {
        values[i] *= device.host_sign[i % static_cast<std::size_t>(device.n_input)];
    }
    return dense.to(stream);
}

template <class Real, int S>
void launch_recurrence(Stream& stream, RecurrenceArgs<Real> args, int threads) {
    const std::size_t room = cuda::max_shared_bytes(stream.device().index);
    args.resident_layers = args.n_layers;
    SharedPlan plan = shared_plan<Real, S>(args, threads);
    while (shared_bytes<Real, S>(plan) > room && args.resident_layers > 0) {
        --args.resident_layers;
        plan = shared_plan<Real, S>(args, threads);
    }
    const auto blocks = static_cast<unsigned>((args.memory_state.extent[0] + S - 1) / S);
    launch(stream, "elm_recurrence",
           {.blocks = dim3(blocks),
            .threads = dim3(static_cast<unsigned>(threads)),
            .shared_bytes = shared_bytes<Real, S>(plan)},
           &recurrence_kernel<Real, S>, args, plan);
}

template <class Real>
void run_recurrence(Stream& stream, const RecurrenceArgs<Real>& args) {
    int widest = args.n_memory;
    if (args.n_layers > 1 && args.n_hidden > widest) widest = args.n_hidden;
    const int threads = std::min(most_threads, group_size(widest));
    // As few samples a block as fill the device once: more of them only lengthen each step.
    const std::int64_t batch = args.memory_state.extent[0];
    const std::int64_t blocks = cuda::multiprocessor_count(stream.device().index);
    if (batch <= blocks) return launch_recurrence<Real, 1>(stream, args, threads);
    if (batch <= 2 * blocks) return launch_recurrence<Real, 2>(stream, args, threads);
    if (batch <= 4 * blocks) return launch_recurrence<Real, 4>(stream, args, threads);
    launch_recurrence<Real, 8>(stream, args, threads);
}

}  // namespace

template <class Backend, class Real>
void run_elm_scan(Stream& stream, const ElmScanArgs<Real>& args) {
    static_assert(std::is_same_v<Backend, Cuda>);
    const ElmScanDevice<Real>& device = device_part(*args.weights);
    const std::int64_t batch = args.output.extent[0], n_steps = args.output.extent[1];
    const std::int64_t chunk = std::min(chunk_steps, n_steps);
    const std::int64_t n_branch = device.n_branch, n_memory = device.n_memory;
    Tensor branch_room, memory_room;  // one chunk, where the caller does not record
    if (args.branches.data == nullptr) {
        branch_room = Tensor::empty(stream, {batch, chunk, n_branch}, dtype_of<Real>);
    }
    if (args.memory.data == nullptr) {
        memory_room = Tensor::empty(stream, {batch, chunk, n_memory}, dtype_of<Real>);
    }
    const auto block = dim3(static_cast<unsigned>(
        std::min<std::int64_t>(most_threads, group_size(static_cast<int>(n_branch)))));
    const auto grid = dim3(static_cast<unsigned>(batch));

    for (std::int64_t begin = 0; begin < n_steps; begin += chunk) {
        const std::int64_t n = std::min(chunk, n_steps - begin);
        const bool record_branches = args.branches.data != nullptr;
        const bool record_memory = args.memory.data != nullptr;
        const View<Real, 3> branches = record_branches ? args.branches : view<Real, 3>(branch_room);
        const View<Real, 3> memory = record_memory ? args.memory : view<Real, 3>(memory_room);
        const std::int64_t branches_begin = record_branches ? begin : 0;
        const std::int64_t memory_begin = record_memory ? begin : 0;

        InputArgs<Real> input{};
        input.sign = read_only<Real, 1>(device.input_sign);
        input.decay = read_only<Real, 1>(device.trace_decay);
        input.trace = args.trace_state;
        input.branches = branches;
        input.branches_begin = branches_begin;
        input.dense = args.input;
        input.dense_begin = begin;
        input.n_steps = n;
        Tensor dense_spikes;
        DeviceSpikes spikes;
        if (device.trace_per_synapse) {
            if (args.spikes != nullptr) {
                dense_spikes = signed_dense<Real>(stream, *args.spikes, begin, n, device);
                input.dense = read_only<Real, 3>(dense_spikes);
                input.dense_begin = 0;
            }
            input.synapse_input = read_only<std::int32_t, 1>(device.synapse_input);
            input.synapse_weight = read_only<Real, 1>(device.synapse_weight);
            launch(stream, "elm_filter_synapses", {.blocks = grid, .threads = block},
                   &filter_synapses_kernel<Real>, input);
        } else {
            if (args.spikes != nullptr) {
                spikes = upload_spikes(stream, *args.spikes, begin, n);
                input.row_begin = read_only<std::int32_t, 1>(spikes.row_begin);
                input.units = read_only<std::int32_t, 1>(spikes.units);
            }
            input.table = read_only<Real, 2>(device.branch_table);
            launch(stream, "elm_filter_branches", {.blocks = grid, .threads = block},
                   &filter_branches_kernel<Real>, input);
        }

        RecurrenceArgs<Real> recurrence{};
        recurrence.values = read_only<Real, 1>(device.values).data;
        recurrence.n_layers = static_cast<int>(device.layers.size()) - 1;
        recurrence.n_branch = device.n_branch;
        recurrence.n_memory = device.n_memory;
        recurrence.n_hidden = recurrence.n_layers > 1 ? device.layers.front().n_out : 0;
        recurrence.hidden_unit = device.hidden_unit;
        recurrence.memory_decay = read_only<Real, 1>(device.memory_decay);
        recurrence.memory_gain = read_only<Real, 1>(device.memory_gain);
        recurrence.branches = {branches.data,
                               {branches.extent[0], branches.extent[1], branches.extent[2]}};
        recurrence.memory_state = args.memory_state;
        recurrence.memory = memory;
        recurrence.branches_begin = branches_begin;
        recurrence.memory_begin = memory_begin;
        recurrence.n_steps = n;
        run_recurrence(stream, recurrence);

        const ReadoutOne<Real> readout{
            recurrence.values + device.layers.back().weight,
            {memory.data, {memory.extent[0], memory.extent[1], memory.extent[2]}},
            args.output,
            memory_begin,
            begin,
            n};
        Cuda::for_each_index(stream, batch * n * device.n_output, readout);
    }
}

template void run_elm_scan<Cuda, float>(Stream&, const ElmScanArgs<float>&);
template void run_elm_scan<Cuda, double>(Stream&, const ElmScanArgs<double>&);

}  // namespace elm
