// The ELM recurrence forward and backward on a CUDA device, with its parameters as device tensors.
//
//   forward     routing into a table, weights column by column, then elm_scan.cu; values that the
//               backward pass needs are stored, or where they would take too much, states every so
//               many steps, from which a segment is repeated
//   backward    elm_backward.cuh from the last step to the first, then one product over all rows
//               (sample, step) for each weight, then elm_trace_backward.cuh

#include <algorithm>

#include "kernels/core/algorithms/sum.h"
#include "kernels/ops/elm/cuda/backward.cuh"
#include "kernels/ops/elm/cuda/packed_parameters.cuh"
#include "kernels/ops/elm/cuda/scan_device.h"
#include "kernels/ops/elm/cuda/scan_layout.cuh"
#include "kernels/ops/elm/cuda/tensor_scan.h"
#include "kernels/ops/elm/cuda/trace_backward.cuh"
#include "kernels/ops/elm/scan_pass.h"
#include "kernels/ops/product/matmul.h"

namespace elm {
namespace {

Tensor as_rows_of(const Tensor& tensor) { return tensor.reshape(as_rows(tensor.shape())); }

/// Adds to a sum that may not have begun.
void add(Stream& stream, Tensor& sum, const Tensor& addend) {
    if (sum.defined()) {
        add_into(stream, sum, addend);
    } else {
        sum = addend;
    }
}

template <class Real>
class DevicePass : public ElmScanSaved {
public:
    DevicePass(Stream& stream, const ElmScanPassArgs<Real>& args)
        : structure_(*args.structure),
          parameters_(args.parameters),
          spikes_(args.spikes),
          input_(args.input),
          input_wanted_(args.wanted.input),
          batch_(args.output.shape()[0]),
          n_steps_(args.output.shape()[1]),
          packed_(stream, structure_, parameters_) {}

    /// Runs all steps. `keep`: leaves what backward() needs.
    void forward(Stream& stream, const ElmScanPassArgs<Real>& args, bool keep) {
        segment_steps_ = n_steps_;
        if (keep) segment_steps_ = segment_steps();
        const bool whole = keep && segment_steps_ >= n_steps_;
        for (std::int64_t begin = 0; begin < n_steps_; begin += segment_steps_) {
            if (keep) {
                starts_.push_back({args.memory_state.to(stream), args.trace_state.to(stream)});
            }
            const std::int64_t n = std::min(segment_steps_, n_steps_ - begin);
            if (whole) make_stores(stream, n);
            run(stream, begin, n, {args.memory_state, args.trace_state}, args.output, whole);
        }
    }

    ElmScanGradients backward(Stream& stream, const Tensor& output_gradient) override {
        begin_sums(stream);
        for (auto segment = static_cast<std::int64_t>(starts_.size()) - 1; segment >= 0;
             --segment) {
            const std::int64_t begin = segment * segment_steps_;
            const std::int64_t n = std::min(segment_steps_, n_steps_ - begin);
            const State& start = starts_[static_cast<std::size_t>(segment)];
            if (starts_.size() > 1) {
                make_stores(stream, n);
                run(stream, begin, n, {start.memory.to(stream), start.trace.to(stream)}, {}, true);
            }
            step_back(stream, begin, n, start, output_gradient);
            stores_ = {};
        }
        return finish(stream);
    }

private:
    struct State {
        Tensor memory, trace;
    };
    /// Of one segment; shapes with its number of steps.
    struct Stores {
        Tensor memory, branches, update, hidden, slope;
    };

    Tensor empty(Stream& stream, const Shape& shape) const {
        return Tensor::empty(stream, shape, dtype_of<Real>);
    }
    Tensor zeros(Stream& stream, const Shape& shape) const {
        return Tensor::zeros(stream, shape, dtype_of<Real>);
    }
    std::int64_t n_memory() const { return parameters_.memory_decay.shape()[0]; }
    std::int64_t n_hidden() const {
        return n_hidden_layers() > 0 ? parameters_.layers.front().bias.shape()[0] : 0;
    }
    std::int64_t n_hidden_layers() const {
        return static_cast<std::int64_t>(parameters_.layers.size()) - 1;
    }
    std::int64_t n_synapse() const { return structure_.n_branch * structure_.n_synapse_per_branch; }

    /// Steps whose stored values stay within the memory allowed.
    std::int64_t segment_steps() const {
        const std::int64_t most = std::max<std::int64_t>(n_steps_, 1);
        if (structure_.segment_steps > 0) return std::min(structure_.segment_steps, most);
        const std::int64_t width =
            3 * n_memory() + 2 * structure_.n_branch + 2 * n_hidden_layers() * n_hidden();
        const std::int64_t step_bytes =
            std::max<std::int64_t>(1, batch_ * width * static_cast<std::int64_t>(sizeof(Real)));
        constexpr std::int64_t least = 32;
        return std::clamp(structure_.most_stored_bytes / step_bytes, std::min(least, most), most);
    }

    void make_stores(Stream& stream, std::int64_t n) {
        stores_.memory = empty(stream, {batch_, n, n_memory()});
        stores_.branches = empty(stream, {batch_, n, structure_.n_branch});
        stores_.update = empty(stream, {batch_, n, n_memory()});
        stores_.hidden = empty(stream, {n_hidden_layers(), batch_, n, n_hidden()});
        stores_.slope = empty(stream, {n_hidden_layers(), batch_, n, n_hidden()});
    }

    void run(Stream& stream, std::int64_t begin, std::int64_t n, const State& state,
             const Tensor& output, bool store) {
        ElmDeviceRun<Real> run;
        run.model = &packed_.model;
        run.spikes = spikes_;
        if (spikes_ == nullptr) run.input = read_only<Real, 3>(input_);
        run.begin = begin;
        run.n_steps = n;
        run.memory_state = view<Real, 2>(state.memory);
        run.trace_state = view<Real, 2>(state.trace);
        if (output.defined()) run.output = view<Real, 3>(output);
        if (store) {
            run.memory = view<Real, 3>(stores_.memory);
            run.branches = view<Real, 3>(stores_.branches);
            run.stores.update = view<Real, 3>(stores_.update);
            run.stores.hidden = view<Real, 4>(stores_.hidden);
            run.stores.slope = view<Real, 4>(stores_.slope);
        }
        const ElmTensorWeights weights = tensor_weights();
        if (structure_.arithmetic != ElmArithmetic::exact) run.tensor = &weights;
        run_on_device(stream, run);
    }

    // --- backward -----------------------------------------------------------------------------

    void begin_sums(Stream& stream) {
        sums_ = {};
        sums_.layers.resize(parameters_.layers.size());
        carry_ = zeros(stream, {batch_, n_memory()});
        decay_sum_ = zeros(stream, {batch_, n_memory()});
        gain_sum_ = zeros(stream, {batch_, n_memory()});
        const bool synapses = structure_.trace_per_synapse;
        adjoint_ = zeros(stream, {batch_, synapses ? n_synapse() : structure_.n_branch});
        const std::int64_t table = structure_.n_input * structure_.n_branch;
        constexpr std::int64_t most_groups = 128, most_values = std::int64_t{1} << 26;
        const std::int64_t groups = std::clamp<std::int64_t>(
            most_values / table, 1, std::clamp<std::int64_t>(batch_, 1, most_groups));
        samples_per_group_ = std::max<std::int64_t>(1, (batch_ + groups - 1) / groups);
        if (synapses) {
            synapse_sum_ = zeros(stream, {batch_, n_synapse()});
        } else if (spikes_ != nullptr) {
            table_sum_ = zeros(stream, {groups, structure_.n_input, structure_.n_branch});
        }
        if (input_wanted_) {
            input_gradient_ = zeros(stream, {batch_, n_steps_, structure_.n_input});
        }
        if (starts_.empty()) add_empty(stream);
    }

    /// Gradients of no steps at all.
    void add_empty(Stream& stream) {
        const auto none = [&](const ElmParameters<Tensor>::Layer& like) {
            return ElmParameters<Tensor>::Layer{zeros(stream, like.weight.shape()),
                                                zeros(stream, like.bias.shape())};
        };
        for (std::size_t l = 0; l < sums_.layers.size(); ++l) {
            sums_.layers[l] = none(parameters_.layers[l]);
        }
        sums_.readout = none(parameters_.readout);
        if (!structure_.trace_per_synapse && spikes_ == nullptr) {
            dense_sum_ = zeros(stream, {structure_.n_input, structure_.n_branch});
        }
    }

    /// Steps [begin, begin + n) of an array over all steps.
    Tensor steps_of(Stream& stream, const Tensor& all, std::int64_t begin, std::int64_t n) const {
        if (n == n_steps_) return all;
        const std::int64_t width = all.shape()[2];
        const Tensor part = empty(stream, {batch_, n, width});
        Cuda::for_each_element(
            stream, batch_ * n, width,
            CopySteps<Real>{read_only<Real, 3>(all), view<Real, 3>(part), begin, 0, n});
        return part;
    }

    void step_back(Stream& stream, std::int64_t begin, std::int64_t n, const State& start,
                   const Tensor& output_gradient) {
        const Tensor dy = as_rows_of(steps_of(stream, output_gradient, begin, n));
        add(stream, sums_.readout.weight,
            product(stream, {dy, true}, {as_rows_of(stores_.memory)}));
        add(stream, sums_.readout.bias, sum_rows(stream, dy));
        const Tensor last = product(stream, {dy}, {parameters_.readout.weight});

        run_recurrence_back(stream, start, last);
        add_weight_gradients(stream, last);
        const Tensor first_dz = dz_of(0, last);
        const Tensor branch_gradient = product(stream, {first_dz}, {packed_.branch_weights(stream)})
                                           .reshape({batch_, n, structure_.n_branch});
        if (structure_.trace_per_synapse) {
            step_synapses_back(stream, begin, n, branch_gradient);
        } else {
            step_branches_back(stream, begin, n, branch_gradient);
        }
    }

    /// From W_y^T dy in `last` to dz of every layer.
    void run_recurrence_back(Stream& stream, const State& start, const Tensor& last) {
        if (structure_.arithmetic != ElmArithmetic::exact) {
            return run_tensor_back(stream, start, last);
        }
        backward::BackwardArgs<Real> args{};
        args.values = read_only<Real, 1>(packed_.values_back).data;
        args.n_values = packed_.values_back.shape()[0];
        args.n_layers = static_cast<int>(parameters_.layers.size());
        args.n_memory = static_cast<int>(n_memory());
        args.n_hidden = static_cast<int>(n_hidden());
        args.memory_decay = read_only<Real, 1>(parameters_.memory_decay);
        args.memory_gain = read_only<Real, 1>(parameters_.memory_gain);
        args.initial_memory = read_only<Real, 2>(start.memory);
        args.update = read_only<Real, 3>(stores_.update);
        args.memory = view<Real, 3>(stores_.memory);
        args.memory_gradient = view<Real, 3>(last.reshape(stores_.memory.shape()));
        args.slope = view<Real, 4>(stores_.slope);
        args.carry = view<Real, 2>(carry_);
        args.decay_sum = view<Real, 2>(decay_sum_);
        args.gain_sum = view<Real, 2>(gain_sum_);
        backward::run_backward(stream, args);
    }

    /// The same on the tensor cores; float32 only.
    void run_tensor_back(Stream& stream, const State& start, const Tensor& last) {
        if constexpr (std::is_same_v<Real, float>) {
            ElmTensorBackwardArgs args{};
            args.weights = tensor_weights();
            args.initial_memory = read_only<float, 2>(start.memory);
            args.update = read_only<float, 3>(stores_.update);
            args.memory = view<float, 3>(stores_.memory);
            args.memory_gradient = view<float, 3>(last.reshape(stores_.memory.shape()));
            args.slope = view<float, 3>(
                stores_.slope.reshape({batch_, stores_.slope.shape()[2], n_hidden()}));
            args.carry = view<float, 2>(carry_);
            args.decay_sum = view<float, 2>(decay_sum_);
            args.gain_sum = view<float, 2>(gain_sum_);
            run_tensor_backward(stream, args);
        }
    }

    /// Empty where the arithmetic is exact.
    ElmTensorWeights tensor_weights() const {
        ElmTensorWeights weights{};
        if constexpr (std::is_same_v<Real, float>) {
            if (structure_.arithmetic == ElmArithmetic::exact) return weights;
            weights.hidden = read_only<float, 2>(parameters_.layers[0].weight);
            weights.hidden_bias = read_only<float, 1>(parameters_.layers[0].bias);
            weights.memory = read_only<float, 2>(parameters_.layers[1].weight);
            weights.memory_bias = read_only<float, 1>(parameters_.layers[1].bias);
            weights.memory_decay = read_only<float, 1>(parameters_.memory_decay);
            weights.memory_gain = read_only<float, 1>(parameters_.memory_gain);
            weights.hidden_unit = structure_.hidden_unit;
            weights.arithmetic = structure_.arithmetic;
        }
        return weights;
    }

    /// Values or dz of hidden layer l over the segment's rows.
    Tensor hidden_rows(const Tensor& all, std::int64_t l) const {
        return all.rows(l, l + 1).reshape({all.shape()[1] * all.shape()[2], n_hidden()});
    }
    Tensor dz_of(std::int64_t l, const Tensor& last) const {
        return l == n_hidden_layers() ? last : hidden_rows(stores_.slope, l);
    }

    void add_weight_gradients(Stream& stream, const Tensor& last) {
        for (std::int64_t l = 0; l <= n_hidden_layers(); ++l) {
            const Tensor dz = dz_of(l, last);
            ElmParameters<Tensor>::Layer& sum = sums_.layers[static_cast<std::size_t>(l)];
            add(stream, sum.bias, sum_rows(stream, dz));
            if (l > 0) {
                add(stream, sum.weight,
                    product(stream, {dz, true}, {hidden_rows(stores_.hidden, l - 1)}));
                continue;
            }
            const Tensor left = product(stream, {dz, true}, {as_rows_of(stores_.branches)});
            const Tensor right = product(stream, {dz, true}, {as_rows_of(stores_.memory)});
            const Tensor joined = empty(stream, parameters_.layers.front().weight.shape());
            Cuda::for_each_element(
                stream, joined.shape()[0], joined.shape()[1],
                JoinColumns<Real>{read_only<Real, 2>(left), read_only<Real, 2>(right),
                                  view<Real, 2>(joined)});
            add(stream, sum.weight, joined);
        }
    }

    void step_branches_back(Stream& stream, std::int64_t begin, std::int64_t n,
                            const Tensor& gradient) {
        trace_backward::BranchArgs<Real> args{};
        args.gradient = view<Real, 3>(gradient);
        args.adjoint = view<Real, 2>(adjoint_);
        args.decay = read_only<Real, 1>(packed_.model.trace_decay);
        args.samples_per_group = samples_per_group_;
        DeviceSpikes events;
        const std::int64_t groups = (batch_ + samples_per_group_ - 1) / samples_per_group_;
        if (spikes_ != nullptr) {
            events = upload_spikes(stream, *spikes_, begin, n);
            args.row_begin = read_only<std::int32_t, 1>(events.row_begin);
            args.units = read_only<std::int32_t, 1>(events.units);
            args.table = view<Real, 3>(table_sum_);
        }
        const auto threads = static_cast<unsigned>(
            std::min(trace_backward::most_threads, staged::group_size(structure_.n_branch)));
        launch(stream, "elm_branches_back",
               {.blocks = dim3(static_cast<unsigned>(groups)), .threads = dim3(threads)},
               &trace_backward::branches_kernel<Real>, args);
        if (spikes_ != nullptr) return;
        const Tensor p = as_rows_of(gradient);
        const Tensor x = as_rows_of(steps_of(stream, input_, begin, n));
        add(stream, dense_sum_, product(stream, {x, true}, {p}));
        if (!input_gradient_.defined()) return;
        const Tensor part = product(stream, {p}, {packed_.branch_table(stream, false), true});
        Cuda::for_each_element(
            stream, batch_ * n, structure_.n_input,
            CopySteps<Real>{read_only<Real, 3>(part.reshape({batch_, n, structure_.n_input})),
                            view<Real, 3>(input_gradient_), 0, begin, n});
    }

    void step_synapses_back(Stream& stream, std::int64_t begin, std::int64_t n,
                            const Tensor& gradient) {
        const Tensor dense = spikes_ == nullptr ? input_
                                                : signed_dense<Real>(stream, *spikes_, begin, n,
                                                                     packed_.model.host_sign);
        trace_backward::SynapseArgs<Real> args{};
        args.gradient = read_only<Real, 3>(gradient);
        args.input = read_only<Real, 3>(dense);
        args.input_begin = spikes_ == nullptr ? begin : 0;
        args.begin = begin;
        args.target_begin = read_only<std::int32_t, 1>(packed_.target_begin);
        args.target = read_only<std::int32_t, 1>(packed_.target);
        args.weight = read_only<Real, 1>(parameters_.synapse_weight);
        args.decay = read_only<Real, 1>(packed_.model.trace_decay);
        args.adjoint = view<Real, 2>(adjoint_);
        args.weight_gradient = view<Real, 2>(synapse_sum_);
        if (input_gradient_.defined()) args.input_gradient = view<Real, 3>(input_gradient_);
        args.synapses_per_branch = structure_.n_synapse_per_branch;
        Cuda::for_each_element(stream, batch_, structure_.n_input,
                               trace_backward::SynapsesOfInput<Real>{args});
    }

    ElmScanGradients finish(Stream& stream) {
        sums_.memory_decay = sum_rows(stream, decay_sum_);
        sums_.memory_gain = sum_rows(stream, gain_sum_);
        if (structure_.trace_per_synapse) {
            sums_.synapse_weight = sum_rows(stream, synapse_sum_);
        } else {
            const std::int64_t table = structure_.n_input * structure_.n_branch;
            const Tensor sum =
                spikes_ == nullptr
                    ? dense_sum_
                    : sum_rows(stream, table_sum_.reshape({table_sum_.shape()[0], table}));
            sums_.synapse_weight = empty(stream, {n_synapse()});
            Cuda::for_each_index(
                stream, n_synapse(),
                SynapseGradient<Real>{
                    read_only<std::int32_t, 1>(packed_.model.synapse_input),
                    read_only<Real, 1>(packed_.model.input_sign),
                    read_only<Real, 2>(sum.reshape({structure_.n_input, structure_.n_branch})),
                    view<Real, 1>(sums_.synapse_weight), spikes_ != nullptr});
        }
        return {std::move(sums_), input_gradient_};
    }

    const ElmStructure& structure_;
    ElmParameters<Tensor> parameters_;
    const SpikeTrain* spikes_;
    Tensor input_;
    bool input_wanted_;
    std::int64_t batch_, n_steps_, segment_steps_ = 0;
    PackedParameters<Real> packed_;
    std::vector<State> starts_;  // of each segment
    Stores stores_;

    // Of a backward pass, over the segments that it has passed.
    ElmParameters<Tensor> sums_;
    Tensor carry_, decay_sum_, gain_sum_, adjoint_;
    Tensor table_sum_, dense_sum_, synapse_sum_, input_gradient_;
    std::int64_t samples_per_group_ = 1;
};

}  // namespace

template <class Backend, class Real>
void run_elm_scan_pass(Stream& stream, const ElmScanPassArgs<Real>& args) {
    auto pass = std::make_shared<DevicePass<Real>>(stream, args);
    pass->forward(stream, args, args.saved != nullptr);
    if (args.saved != nullptr) *args.saved = std::move(pass);
}

template void run_elm_scan_pass<Cuda, float>(Stream&, const ElmScanPassArgs<float>&);
template void run_elm_scan_pass<Cuda, double>(Stream&, const ElmScanPassArgs<double>&);

}  // namespace elm
