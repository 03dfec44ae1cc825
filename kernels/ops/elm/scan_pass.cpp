#include "kernels/ops/elm/scan_pass.h"

#include <algorithm>
#include <tuple>
#include <type_traits>
#include <utility>

#include "kernels/core/check.h"
#include "kernels/core/pool.h"
#include "kernels/ops/elm/cpu/gradient_weights.h"
#include "kernels/ops/elm/cuda/tensor_scan.h"

namespace elm {
namespace {

/// A model of this structure and these sizes whose numbers are zeros.
ElmScanModel model_of(const ElmScanStructure& structure, const ElmScanTensors& numbers) {
    const auto zeros = [](const Tensor& tensor) {
        return std::vector<double>(static_cast<std::size_t>(tensor.shape().size()), 0.0);
    };
    const auto dense = [&](const ElmScanTensors::Layer& layer) {
        return DenseLayer{layer.weight.shape()[0], layer.weight.shape()[1], zeros(layer.weight),
                          zeros(layer.bias)};
    };
    ElmScanModel model;
    model.n_input = structure.n_input;
    model.n_branch = structure.n_branch;
    model.n_synapse_per_branch = structure.n_synapse_per_branch;
    model.input_of_synapse = structure.input_of_synapse;
    model.synapse_weight = zeros(numbers.synapse_weight);
    model.trace_per_synapse = structure.trace_per_synapse;
    model.trace_decay = structure.trace_decay;
    model.input_sign = structure.input_sign;
    for (const auto& layer : numbers.layers) model.layers.push_back(dense(layer));
    model.hidden_unit = structure.hidden_unit;
    model.memory_decay = zeros(numbers.memory_decay);
    model.memory_gain = zeros(numbers.memory_gain);
    model.readout = dense(numbers.readout);
    return model;
}

/// Where the values of the tensors stand; null for those that are undefined.
template <class Real>
ElmScanNumbers<Real> places_of(const ElmScanTensors& tensors) {
    const auto place = [](const Tensor& tensor) -> Real* {
        return tensor.defined() ? tensor.host<std::remove_const_t<Real>>().data() : nullptr;
    };
    ElmScanNumbers<Real> places;
    places.synapse_weight = place(tensors.synapse_weight);
    places.memory_decay = place(tensors.memory_decay);
    places.memory_gain = place(tensors.memory_gain);
    for (const auto& layer : tensors.layers) {
        places.layers.push_back({place(layer.weight), place(layer.bias)});
    }
    places.readout = {place(tensors.readout.weight), place(tensors.readout.bias)};
    return places;
}

/// What runs in one real type keep.
template <class Real>
struct Kept {
    Pool<ElmScanWeights<Real>> forward;
    Pool<ElmGradientWeights<Real>> with_rows, with_traces;
    std::shared_ptr<ElmGradientWorkspace<Real>> workspace = make_elm_gradient_workspace<Real>();
};

/// The halves of one pass (elm_gradient.h). The weights are its own until it is destroyed, so that
/// the next run may come with other numbers before this one has gone back.
template <class Real>
class HostPass : public ElmScanSaved {
public:
    HostPass(const ElmScanPassArgs<Real>& args, Kept<Real>& kept)
        : numbers_(args.numbers),
          input_(args.input),
          wanted_(args.wanted),
          workspace_(kept.workspace),
          weights_(weights_for(args, kept)) {
        repack_elm_gradient(*weights_, places_of<const Real>(numbers_));
        args_.weights = weights_.get();
        args_.spikes = args.spikes;
        if (args.spikes == nullptr) args_.input = view<const Real, 3>(input_);
        args_.memory_state = view<Real, 2>(args.memory_state);
        if (weights_->has_branches()) args_.trace_state = view<Real, 2>(args.trace_state);
        args_.output = view<Real, 3>(args.output);
        args_.segment_steps = segment_steps(*args.structure);
        pass_ = run_elm_forward(args_, *workspace_, wanted_.time_constants);
    }

    ElmScanGradients backward(Stream& stream, const Tensor& output_gradient) override {
        args_.output_gradient = view<const Real, 3>(output_gradient);
        ElmScanGradients result;
        if (wanted_.input) {
            result.input = Tensor::zeros(stream, input_.shape(), input_.dtype());
            args_.input_gradient = view<Real, 3>(result.input);
        }
        const auto zeros = [&](const Tensor& like) {
            return Tensor::zeros(stream, like.shape(), like.dtype());
        };
        const auto layer = [&](const ElmScanTensors::Layer& like) {
            return ElmScanTensors::Layer{zeros(like.weight), zeros(like.bias)};
        };
        ElmScanTensors& sums = result.numbers;
        sums.synapse_weight = zeros(numbers_.synapse_weight);
        if (wanted_.time_constants) {
            sums.memory_decay = zeros(numbers_.memory_decay);
            sums.memory_gain = zeros(numbers_.memory_gain);
        }
        for (const auto& like : numbers_.layers) sums.layers.push_back(layer(like));
        sums.readout = layer(numbers_.readout);
        run_elm_backward(args_, *pass_, *workspace_, places_of<Real>(sums));
        return result;
    }

private:
    using Weights = typename Pool<ElmGradientWeights<Real>>::Loan;

    /// Rows in place of traces know no traces to start from, and serve spikes alone.
    static Weights weights_for(const ElmScanPassArgs<Real>& args, Kept<Real>& kept) {
        const bool rows = args.stateless && args.spikes != nullptr;
        return (rows ? kept.with_rows : kept.with_traces).take([&] {
            return std::move(
                *pack_elm_gradient<Real>(model_of(*args.structure, args.numbers),
                                         rows ? SpikeTable::where_it_pays : SpikeTable::never));
        });
    }

    std::int64_t segment_steps(const ElmScanStructure& structure) const {
        if (structure.segment_steps > 0) return structure.segment_steps;
        std::int64_t width = 4 * numbers_.n_memory() + structure.n_branch;
        for (const auto& layer : numbers_.layers) width += 2 * layer.bias.shape()[0];
        const std::int64_t step_bytes = std::max<std::int64_t>(
            1, args_.output.extent[0] * width * static_cast<std::int64_t>(sizeof(Real)));
        return std::max<std::int64_t>(32, structure.most_stored_bytes / step_bytes);
    }

    ElmScanTensors numbers_;
    Tensor input_;
    ElmScanWanted wanted_;
    std::shared_ptr<ElmGradientWorkspace<Real>> workspace_;
    Weights weights_;
    ElmGradientArgs<Real> args_;
    std::shared_ptr<ElmStoredPass<Real>> pass_;
};

template <class Real>
void run_forward(Stream& stream, const ElmScanPassArgs<Real>& args, Kept<Real>& kept) {
    if (args.output.shape()[1] == 0) return;
    const auto weights = kept.forward.take([&] {
        return *pack_elm_scan<Real>(stream, model_of(*args.structure, args.numbers),
                                    SpikeTable::never);
    });
    repack_elm_scan(*weights, places_of<const Real>(args.numbers));
    ElmScanArgs<Real> scan;
    scan.weights = weights.get();
    scan.spikes = args.spikes;
    if (args.spikes == nullptr) scan.input = view<const Real, 3>(args.input);
    scan.memory_state = view<Real, 2>(args.memory_state);
    scan.trace_state = view<Real, 2>(args.trace_state);
    scan.output = view<Real, 3>(args.output);
    elm_scan_kernel<Real>(stream, scan);
}

}  // namespace

struct ElmScanCache::Parts {
    std::tuple<Kept<float>, Kept<double>> kept;
};
ElmScanCache::ElmScanCache() : parts_(std::make_unique<Parts>()) {}
ElmScanCache::~ElmScanCache() = default;
ElmScanCache::ElmScanCache(ElmScanCache&&) noexcept = default;
ElmScanCache& ElmScanCache::operator=(ElmScanCache&&) noexcept = default;

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
    ElmScanCache alone;
    auto& kept = std::get<Kept<Real>>((args.cache != nullptr ? *args.cache : alone).parts().kept);
    if (args.saved != nullptr) {
        *args.saved = std::make_shared<HostPass<Real>>(args, kept);
    } else {
        run_forward(stream, args, kept);
    }
}

template void run_elm_scan_pass<Cpu, float>(Stream&, const ElmScanPassArgs<float>&);
template void run_elm_scan_pass<Cpu, double>(Stream&, const ElmScanPassArgs<double>&);

}  // namespace elm
