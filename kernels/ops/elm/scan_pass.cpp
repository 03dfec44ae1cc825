#include "kernels/ops/elm/scan_pass.h"

#include <type_traits>

#include "kernels/core/check.h"
#include "kernels/ops/elm/cpu/gradient_weights.h"
#include "kernels/ops/elm/cuda/tensor_scan.h"

namespace elm {
namespace {

std::vector<double> doubles(const Tensor& tensor) {
    return visit_real(tensor.dtype(), [&]<class Real>(Real) {
        const auto values = tensor.host<Real>();
        return std::vector<double>(values.begin(), values.end());
    });
}

DenseLayer dense_layer(const ElmScanTensors::Layer& layer) {
    return {layer.weight.shape()[0], layer.weight.shape()[1], doubles(layer.weight),
            doubles(layer.bias)};
}

ElmScanModel model_of(const ElmScanStructure& structure, const ElmScanTensors& numbers) {
    ElmScanModel model;
    model.n_input = structure.n_input;
    model.n_branch = structure.n_branch;
    model.n_synapse_per_branch = structure.n_synapse_per_branch;
    model.input_of_synapse = structure.input_of_synapse;
    model.synapse_weight = doubles(numbers.synapse_weight);
    model.trace_per_synapse = structure.trace_per_synapse;
    model.trace_decay = structure.trace_decay;
    model.input_sign = structure.input_sign;
    for (const auto& layer : numbers.layers) model.layers.push_back(dense_layer(layer));
    model.hidden_unit = structure.hidden_unit;
    model.memory_decay = doubles(numbers.memory_decay);
    model.memory_gain = doubles(numbers.memory_gain);
    model.readout = dense_layer(numbers.readout);
    return model;
}

/// The way back runs the forward pass once more, tile by tile (elm_gradient.h).
template <class Real>
class HostPass : public ElmScanSaved {
public:
    HostPass(const ElmScanPassArgs<Real>& args, Stream& stream,
             std::shared_ptr<const ElmGradientWeights<Real>> weights)
        : structure_(*args.structure),
          numbers_(args.numbers),
          weights_(std::move(weights)),
          spikes_(args.spikes),
          input_(args.input),
          memory_(args.memory_state.to(stream)),
          trace_(args.trace_state.to(stream)) {}

    ElmScanGradients backward(Stream& stream, const Tensor& output_gradient,
                              const ElmScanWanted& wanted) override {
        const DType dtype = output_gradient.dtype();
        const Shape& shape = output_gradient.shape();
        ElmScanGradients result;
        ElmGradientArgs<Real> args;
        args.weights = weights_.get();
        args.spikes = spikes_;
        if (spikes_ == nullptr) args.input = view<const Real, 3>(input_);
        args.memory_state = view<Real, 2>(memory_);
        if (weights_->has_branches()) args.trace_state = view<Real, 2>(trace_);
        const Tensor output = Tensor::empty(stream, shape, dtype);
        args.output = view<Real, 3>(output);
        args.output_gradient = view<const Real, 3>(output_gradient);
        if (wanted.input) {
            result.input = Tensor::zeros(stream, input_.shape(), dtype);
            args.input_gradient = view<Real, 3>(result.input);
        }
        args.segment_steps = segment_steps(shape);
        const auto zeros = [&](const Tensor& like) {
            return like.defined() ? Tensor::zeros(stream, like.shape(), dtype) : Tensor{};
        };
        ElmScanTensors& sums = result.numbers;
        ElmScanNumbers<Real> places;
        const auto layer = [&](const ElmScanTensors::Layer& like,
                               typename ElmScanNumbers<Real>::Layer& place) {
            ElmScanTensors::Layer sum{zeros(like.weight), zeros(like.bias)};
            place = {view<Real, 2>(sum.weight).data, view<Real, 1>(sum.bias).data};
            return sum;
        };
        sums.synapse_weight = zeros(numbers_.synapse_weight);
        places.synapse_weight = view<Real, 1>(sums.synapse_weight).data;
        if (wanted.time_constants) {
            sums.memory_decay = zeros(numbers_.memory_decay);
            sums.memory_gain = zeros(numbers_.memory_gain);
            places.memory_decay = view<Real, 1>(sums.memory_decay).data;
            places.memory_gain = view<Real, 1>(sums.memory_gain).data;
        }
        places.layers.resize(numbers_.layers.size());
        for (std::size_t l = 0; l < numbers_.layers.size(); ++l) {
            sums.layers.push_back(layer(numbers_.layers[l], places.layers[l]));
        }
        sums.readout = layer(numbers_.readout, places.readout);
        run_elm_gradient(args, *make_elm_gradient_workspace<Real>(), places);
        return result;
    }

private:
    /// A few samples are under way at once, one tile on each thread.
    std::int64_t segment_steps(const Shape& shape) const {
        if (structure_.segment_steps > 0) return structure_.segment_steps;
        std::int64_t width = 4 * numbers_.n_memory() + structure_.n_branch;
        for (const auto& layer : numbers_.layers) width += 2 * layer.bias.shape()[0];
        constexpr std::int64_t most_at_once = 64;
        const std::int64_t samples = std::min(shape[0], most_at_once);
        const std::int64_t step_bytes =
            std::max<std::int64_t>(1, samples * width * static_cast<std::int64_t>(sizeof(Real)));
        return std::max<std::int64_t>(32, structure_.most_stored_bytes / step_bytes);
    }

    const ElmScanStructure& structure_;
    ElmScanTensors numbers_;
    std::shared_ptr<const ElmGradientWeights<Real>> weights_;
    const SpikeTrain* spikes_;
    Tensor input_, memory_, trace_;
};

}  // namespace

void ElmScanStructure::check() const {
    ELM_CHECK(n_input >= 1 && n_branch >= 1 && n_synapse_per_branch >= 1,
              "elm_scan: structure has {} inputs, {} branches, {} synapses a branch, expected at "
              "least 1 of each",
              n_input, n_branch, n_synapse_per_branch);
    const std::int64_t n_synapse = n_branch * n_synapse_per_branch;
    const auto require = [](std::size_t size, std::int64_t expected, const char* what) {
        ELM_CHECK(static_cast<std::int64_t>(size) == expected,
                  "elm_scan: {} has {} values, expected {}", what, size, expected);
    };
    require(input_of_synapse.size(), n_synapse, "input_of_synapse (branches * synapses a branch)");
    require(input_sign.size(), n_input, "input_sign (inputs)");
    require(trace_decay.size(), trace_per_synapse ? n_synapse : n_branch,
            trace_per_synapse ? "trace_decay (one per synapse)" : "trace_decay (one per branch)");
    for (const std::int64_t input : input_of_synapse) {
        ELM_CHECK(input >= -1 && input < n_input,
                  "elm_scan: a synapse is routed from input {}, expected one of 0 to {}, or -1 for "
                  "none",
                  input, n_input - 1);
    }
    for (const double sign : input_sign) {
        ELM_CHECK(sign == 1 || sign == -1, "elm_scan: input_sign holds {}, expected +1 or -1",
                  sign);
    }
}

void check_sizes(ElmArithmetic arithmetic, const ElmSizes& sizes) {
    if (arithmetic == ElmArithmetic::exact) return;
    const ElmTensorLimits limits = tensor_limits(arithmetic);
    ELM_CHECK(
        sizes.hidden_layers == 1 && limits.admit(sizes.n_branch, sizes.n_memory, sizes.n_hidden),
        "elm_scan: {} is made for one hidden layer of up to {} units, {} memory units, and "
        "{} memory units and branches together (got {} hidden layers, {} hidden units, {} "
        "memory units, {} branches): take exact arithmetic",
        name_of(arithmetic), limits.hidden, limits.memory, limits.input, sizes.hidden_layers,
        sizes.n_hidden, sizes.n_memory, sizes.n_branch);
}

template <class Backend, class Real>
void run_elm_scan_pass(Stream& stream, const ElmScanPassArgs<Real>& args) {
    static_assert(std::is_same_v<Backend, Cpu>);
    const ElmScanModel model = model_of(*args.structure, args.numbers);
    if (args.saved != nullptr) {
        auto packed = pack_elm_gradient<Real>(model);
        // Rows of spikes in place of traces know no traces to start from, and serve spikes alone.
        if (!args.from_zero || args.spikes == nullptr) packed->spike_rows = {};
        *args.saved = std::make_shared<HostPass<Real>>(args, stream, std::move(packed));
    }
    const auto weights = pack_elm_scan<Real>(stream, model, SpikeTable::never);
    if (args.output.shape()[1] == 0) return;
    ElmScanArgs<Real> scan;
    scan.weights = weights.get();
    scan.spikes = args.spikes;
    if (args.spikes == nullptr) scan.input = view<const Real, 3>(args.input);
    scan.memory_state = view<Real, 2>(args.memory_state);
    scan.trace_state = view<Real, 2>(args.trace_state);
    scan.output = view<Real, 3>(args.output);
    elm_scan_kernel<Real>(stream, scan);
}

template void run_elm_scan_pass<Cpu, float>(Stream&, const ElmScanPassArgs<float>&);
template void run_elm_scan_pass<Cpu, double>(Stream&, const ElmScanPassArgs<double>&);

}  // namespace elm
