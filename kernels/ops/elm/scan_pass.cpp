#include "kernels/ops/elm/scan_pass.h"

#include <algorithm>
#include <tuple>
#include <type_traits>
#include <utility>

#include "kernels/core/support/check.h"
#include "kernels/core/support/pool.h"
#include "kernels/ops/elm/cpu/gradient/gradient_weights.h"
#include "kernels/ops/elm/cuda/tensor_scan.h"

namespace elm {
namespace {

/// A model of this structure and these sizes whose parameters are zeros.
ElmScanModel model_of(const ElmStructure& structure, const ElmParameters<Tensor>& parameters) {
    return {structure, parameters.map([](const Tensor& tensor) {
                return std::vector<double>(static_cast<std::size_t>(tensor.shape().size()), 0.0);
            })};
}

/// Where the values of the tensors stand; null for those that are undefined.
template <class Real>
ElmParameters<Real*> places_of(const ElmParameters<Tensor>& tensors) {
    return tensors.map([](const Tensor& tensor) -> Real* {
        return tensor.defined() ? tensor.host<std::remove_const_t<Real>>().data() : nullptr;
    });
}

/// Memory that runs in one real type keep.
template <class Real>
struct Kept {
    Pool<ElmScanWeights<Real>> forward;
    Pool<ElmGradientWeights<Real>> with_rows, with_traces;
    std::shared_ptr<ElmGradientWorkspace<Real>> workspace = make_elm_gradient_workspace<Real>();
    std::shared_ptr<ElmScanWorkspace<Real>> forward_workspace = make_elm_scan_workspace<Real>();
};

/// The halves of one pass (elm_gradient.h). The weights are its own until it is destroyed, so that
/// the next run may come with other parameters before this one has gone back.
template <class Real>
class HostPass : public ElmScanSaved {
public:
    HostPass(const ElmScanPassArgs<Real>& args, Kept<Real>& kept)
        : parameters_(args.parameters),
          input_(args.input),
          wanted_(args.wanted),
          workspace_(kept.workspace),
          weights_(weights_for(args, kept)) {
        repack_elm_gradient(*weights_, places_of<const Real>(parameters_));
        args_.weights = weights_.get();
        args_.spikes = args.spikes;
        if (args.spikes == nullptr) args_.input = view<const Real, 3>(input_);
        args_.memory_state = view<Real, 2>(args.memory_state);
        if (weights_->has_branches()) args_.trace_state = view<Real, 2>(args.trace_state);
        args_.output = view<Real, 3>(args.output);
        const bool keep = choose_segment(*args.structure);
        pass_ = run_elm_forward<Real>(
            args_, *workspace_, {.time_constants = wanted_.time_constants, .keep_steps = keep});
    }

    ElmScanGradients backward(Stream& stream, const Tensor& output_gradient) override {
        args_.output_gradient = view<const Real, 3>(output_gradient);
        ElmScanGradients result;
        if (wanted_.input) {
            result.input = Tensor::zeros(stream, input_.shape(), input_.dtype());
            args_.input_gradient = view<Real, 3>(result.input);
        }
        result.parameters = parameters_.map(
            [&](const Tensor& like) { return Tensor::zeros(stream, like.shape(), like.dtype()); });
        if (!wanted_.time_constants) {
            result.parameters.memory_decay = result.parameters.memory_gain = {};
        }
        run_elm_backward(args_, *pass_, *workspace_, places_of<Real>(result.parameters));
        return result;
    }

private:
    using Weights = typename Pool<ElmGradientWeights<Real>>::Loan;

    /// Rows in place of traces know no traces to start from, and serve spikes alone.
    static Weights weights_for(const ElmScanPassArgs<Real>& args, Kept<Real>& kept) {
        const bool rows = args.stateless && args.spikes != nullptr;
        return (rows ? kept.with_rows : kept.with_traces).take([&] {
            return std::move(
                *pack_elm_gradient<Real>(model_of(*args.structure, args.parameters),
                                         rows ? SpikeTable::where_it_pays : SpikeTable::never));
        });
    }

    /// How many steps are kept at once, and whether those of the last segment stay until the
    /// backward pass. Where all are repeated anyway, segments are short: they stay in cache.
    bool choose_segment(const ElmStructure& structure) {
        const std::int64_t n_steps = args_.output.extent[1];
        const auto stay = [&](std::int64_t kept_steps) {
            return args_.output.extent[0] * kept_steps * step_bytes(structure) <=
                   structure.most_kept_bytes;
        };
        if (structure.segment_steps > 0) {
            args_.segment_steps = structure.segment_steps;
            return stay(std::min(structure.segment_steps, n_steps));
        }
        if (stay(n_steps)) return true;
        args_.segment_steps = elm_segment_steps(*weights_, n_steps);
        return false;
    }
    /// Bytes that a step of one sample leaves behind.
    std::int64_t step_bytes(const ElmStructure& structure) const {
        std::int64_t width = 2 * parameters_.memory_decay.shape()[0] + structure.n_branch;
        for (std::size_t l = 0; l + 1 < parameters_.layers.size(); ++l) {
            const std::int64_t units = parameters_.layers[l].bias.shape()[0];
            width += structure.hidden_unit == HiddenUnit::relu ? units : 2 * units;
        }
        return width * static_cast<std::int64_t>(sizeof(Real));
    }

    ElmParameters<Tensor> parameters_;
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
        return *pack_elm_scan<Real>(stream, model_of(*args.structure, args.parameters),
                                    SpikeTable::never);
    });
    repack_elm_scan(*weights, places_of<const Real>(args.parameters));
    ElmScanArgs<Real> scan;
    scan.weights = weights.get();
    scan.spikes = args.spikes;
    if (args.spikes == nullptr) scan.input = view<const Real, 3>(args.input);
    scan.memory_state = view<Real, 2>(args.memory_state);
    scan.trace_state = view<Real, 2>(args.trace_state);
    scan.output = view<Real, 3>(args.output);
    scan.workspace = kept.forward_workspace.get();
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
