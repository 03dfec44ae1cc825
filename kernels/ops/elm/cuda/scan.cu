// The ELM recurrence on a CUDA device, chunk by chunk of time:
//
//   1. input side    one block per sample filters the chunk's events into branch traces
//   2. recurrence    one persistent block per few samples walks through all steps of the chunk
//                    (elm_recurrence.cuh)
//   3. readout       one thread per output of each step

#include <algorithm>
#include <type_traits>
#include <vector>

#include "kernels/ops/elm/cuda/recurrence.cuh"
#include "kernels/ops/elm/cuda/tensor_scan.h"
#include "kernels/ops/elm/scan.h"

namespace elm {
namespace {

using namespace recurrence;

constexpr std::int64_t chunk_steps = 1024;

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

}  // namespace

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

template <class Real>
Tensor signed_dense(Stream& stream, const SpikeTrain& spikes, std::int64_t begin, std::int64_t n,
                    const std::vector<Real>& sign) {
    Stream host{Device{}};
    const Tensor dense = to_dense(host, slice_steps(spikes, begin, n), dtype_of<Real>);
    const auto values = dense.template host<Real>();
    for (std::size_t i = 0; i < values.size(); ++i) values[i] *= sign[i % sign.size()];
    return dense.to(stream);
}

namespace {

/// The recurrence of one chunk, exact or on tensor cores.
template <class Real>
void run_recurrence_of(Stream& stream, const ElmDeviceRun<Real>& run,
                       const RecurrenceArgs<Real>& args) {
    if constexpr (std::is_same_v<Real, float>) {
        if (run.tensor != nullptr) {
            const auto first_layer = [](const View<float, 4>& all) {
                return View<float, 3>{all.data, {all.extent[1], all.extent[2], all.extent[3]}};
            };
            return run_tensor_forward(stream, {.weights = *run.tensor,
                                               .branches = args.branches,
                                               .memory_state = args.memory_state,
                                               .memory = args.memory,
                                               .hidden = first_layer(args.stores.hidden),
                                               .slope = first_layer(args.stores.slope),
                                               .update = args.stores.update,
                                               .branches_begin = args.branches_begin,
                                               .memory_begin = args.memory_begin,
                                               .n_steps = args.n_steps});
        }
    }
    run_recurrence(stream, args);
}

}  // namespace

template <class Real>
void run_on_device(Stream& stream, const ElmDeviceRun<Real>& run) {
    const ElmScanDevice<Real>& device = *run.model;
    const std::int64_t batch = run.memory_state.extent[0];
    const std::int64_t chunk = std::min(chunk_steps, run.n_steps);
    const std::int64_t n_branch = device.n_branch, n_memory = device.n_memory;
    const bool record_branches = run.branches.data != nullptr;
    const bool record_memory = run.memory.data != nullptr;
    Tensor branch_room, memory_room;  // one chunk, where the caller does not record
    if (!record_branches) {
        branch_room = Tensor::empty(stream, {batch, chunk, n_branch}, dtype_of<Real>);
    }
    if (!record_memory) {
        memory_room = Tensor::empty(stream, {batch, chunk, n_memory}, dtype_of<Real>);
    }
    const View<Real, 3> branches = record_branches ? run.branches : view<Real, 3>(branch_room);
    const View<Real, 3> memory = record_memory ? run.memory : view<Real, 3>(memory_room);
    const auto block =
        dim3(static_cast<unsigned>(std::min<std::int64_t>(most_threads, group_size(n_branch))));
    const auto grid = dim3(static_cast<unsigned>(batch));

    for (std::int64_t begin = 0; begin < run.n_steps; begin += chunk) {
        const std::int64_t n = std::min(chunk, run.n_steps - begin);
        InputArgs<Real> input{};
        input.sign = read_only<Real, 1>(device.input_sign);
        input.decay = read_only<Real, 1>(device.trace_decay);
        input.trace = run.trace_state;
        input.branches = branches;
        input.branches_begin = record_branches ? begin : 0;
        input.dense = run.input;
        input.dense_begin = run.begin + begin;
        input.n_steps = n;
        Tensor dense_spikes;
        DeviceSpikes spikes;
        if (device.trace_per_synapse) {
            if (run.spikes != nullptr) {
                dense_spikes =
                    signed_dense<Real>(stream, *run.spikes, run.begin + begin, n, device.host_sign);
                input.dense = read_only<Real, 3>(dense_spikes);
                input.dense_begin = 0;
            }
            input.synapse_input = read_only<std::int32_t, 1>(device.synapse_input);
            input.synapse_weight = read_only<Real, 1>(device.synapse_weight);
            launch(stream, "elm_filter_synapses", {.blocks = grid, .threads = block},
                   &filter_synapses_kernel<Real>, input);
        } else {
            if (run.spikes != nullptr) {
                spikes = upload_spikes(stream, *run.spikes, run.begin + begin, n);
                input.row_begin = read_only<std::int32_t, 1>(spikes.row_begin);
                input.units = read_only<std::int32_t, 1>(spikes.units);
            }
            input.table = read_only<Real, 2>(device.branch_table);
            launch(stream, "elm_filter_branches", {.blocks = grid, .threads = block},
                   &filter_branches_kernel<Real>, input);
        }

        RecurrenceArgs<Real> recurrence{};
        recurrence.values = read_only<Real, 1>(device.values).data;
        recurrence.n_values = device.layers.back().weight;
        recurrence.n_layers = static_cast<int>(device.layers.size()) - 1;
        recurrence.n_branch = device.n_branch;
        recurrence.n_memory = device.n_memory;
        recurrence.n_hidden = recurrence.n_layers > 1 ? device.layers.front().n_out : 0;
        recurrence.hidden_unit = device.hidden_unit;
        recurrence.memory_decay = read_only<Real, 1>(device.memory_decay);
        recurrence.memory_gain = read_only<Real, 1>(device.memory_gain);
        recurrence.branches = {branches.data,
                               {branches.extent[0], branches.extent[1], branches.extent[2]}};
        recurrence.memory_state = run.memory_state;
        recurrence.memory = memory;
        recurrence.stores = run.stores;
        recurrence.branches_begin = record_branches ? begin : 0;
        recurrence.memory_begin = record_memory ? begin : 0;
        recurrence.n_steps = n;
        run_recurrence_of(stream, run, recurrence);

        if (run.output.data == nullptr) continue;
        const ReadoutOne<Real> readout{
            recurrence.values + device.layers.back().weight,
            {memory.data, {memory.extent[0], memory.extent[1], memory.extent[2]}},
            run.output,
            recurrence.memory_begin,
            run.begin + begin,
            n};
        Cuda::for_each_index(stream, batch * n * device.n_output, readout);
    }
}

template <class Backend, class Real>
void run_elm_scan(Stream& stream, const ElmScanArgs<Real>& args) {
    static_assert(std::is_same_v<Backend, Cuda>);
    run_on_device<Real>(stream, {.model = &device_part(*args.weights),
                                 .spikes = args.spikes,
                                 .input = args.input,
                                 .n_steps = args.output.extent[1],
                                 .memory_state = args.memory_state,
                                 .trace_state = args.trace_state,
                                 .output = args.output,
                                 .memory = args.memory,
                                 .branches = args.branches});
}

template void run_on_device<float>(Stream&, const ElmDeviceRun<float>&);
template void run_on_device<double>(Stream&, const ElmDeviceRun<double>&);
template Tensor signed_dense<float>(Stream&, const SpikeTrain&, std::int64_t, std::int64_t,
                                    const std::vector<float>&);
template Tensor signed_dense<double>(Stream&, const SpikeTrain&, std::int64_t, std::int64_t,
                                     const std::vector<double>&);
template void run_elm_scan<Cuda, float>(Stream&, const ElmScanArgs<float>&);
template void run_elm_scan<Cuda, double>(Stream&, const ElmScanArgs<double>&);

}  // namespace elm
