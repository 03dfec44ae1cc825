#include "neuron/elm/elm_neuron.h"

#include <variant>

#include "kernels/core/support/check.h"
#include "kernels/ops/elm/scan.h"
#include "neuron/elm/elm_scan_model.h"

namespace elm {
namespace {

template <class Real, int Rank>
View<Real, Rank> view_if(const Tensor& tensor) {
    if (!tensor.defined() || tensor.shape().size() == 0) return {};
    return view<Real, Rank>(tensor);
}

/// In one precision.
template <class Real>
struct Packed {
    std::shared_ptr<const ElmScanWeights<Real>> weights;
    std::shared_ptr<ElmScanWorkspace<Real>> workspace = make_elm_scan_workspace<Real>();
};

}  // namespace

struct ElmNeuron::Prepared {
    ElmOptions options;
    DType precision = DType::f32;
    std::variant<Packed<float>, Packed<double>> packed;

    ElmStateShape state_shape(bool record_branches) const {
        return std::visit(
            [&](const auto& one) { return elm::state_shape(*one.weights, record_branches); },
            packed);
    }

    void check_state(const ElmState& state, std::int64_t batch,
                     const ElmRecording& recording) const {
        const ElmStateShape shape = state_shape(recording.branches);
        require_shape(state.memory.shape(), {batch, shape.memory}, "ElmNeuron::run: state.memory");
        if (shape.trace > 0) {
            ELM_CHECK(state.trace.defined(),
                      "ElmNeuron::run: the state carries no branch traces. Make it with "
                      "initial_state(stream, batch, recording).");
            require_shape(state.trace.shape(), {batch, shape.trace}, "ElmNeuron::run: state.trace");
        }
        if (shape.drive > 0) {
            require_shape(state.drive.shape(), {batch, shape.drive}, "ElmNeuron::run: state.drive");
        }
    }

    /// A run on a state.
    template <class Real>
    ElmScanArgs<Real> bind(ElmState& state) const {
        ElmScanArgs<Real> args;
        args.weights = std::get<Packed<Real>>(packed).weights.get();
        args.workspace = std::get<Packed<Real>>(packed).workspace.get();
        args.memory_state = view<Real, 2>(state.memory);
        args.trace_state = view_if<Real, 2>(state.trace);
        args.drive_state = view_if<Real, 2>(state.drive);
        return args;
    }

    /// Makes room for the results and binds everything to one run.
    template <class Real>
    ElmScanArgs<Real> bind(Stream& stream, std::int64_t batch, std::int64_t n_steps,
                           ElmState& state, const ElmRecording& recording, ElmTrace& trace) const {
        check_state(state, batch, recording);
        trace.output = Tensor::empty(stream, {batch, n_steps, options.n_output}, precision);
        if (recording.memory) {
            trace.memory = Tensor::empty(stream, {batch, n_steps, options.n_memory}, precision);
        }
        if (recording.branches) {
            trace.branches = Tensor::empty(stream, {batch, n_steps, options.branches()}, precision);
        }
        ElmScanArgs<Real> args = bind<Real>(state);
        args.output = view<Real, 3>(trace.output);
        args.memory = view_if<Real, 3>(trace.memory);
        args.branches = view_if<Real, 3>(trace.branches);
        return args;
    }

    void check_spikes(const SpikeTrain& spikes) const {
        ELM_CHECK(spikes.n_units == options.n_input,
                  "the spikes are of {} units, the model takes {} inputs", spikes.n_units,
                  options.n_input);
        spikes.check();
    }
};

ElmNeuron::ElmNeuron(Stream& stream, const ElmModel& model, DType precision)
    : prepared_(std::make_unique<Prepared>()) {
    model.check();
    prepared_->options = model.options;
    prepared_->precision = precision;
    const ElmScanModel scan = scan_model(model);
    visit_real(precision, [&]<class Real>(Real) {
        prepared_->packed = Packed<Real>{pack_elm_scan<Real>(stream, scan)};
    });
}

ElmNeuron::~ElmNeuron() = default;
ElmNeuron::ElmNeuron(ElmNeuron&&) noexcept = default;
ElmNeuron& ElmNeuron::operator=(ElmNeuron&&) noexcept = default;

const ElmOptions& ElmNeuron::options() const noexcept { return prepared_->options; }
DType ElmNeuron::precision() const noexcept { return prepared_->precision; }

ElmState ElmNeuron::initial_state(Stream& stream, std::int64_t batch,
                                  const ElmRecording& recording) const {
    const ElmStateShape shape = prepared_->state_shape(recording.branches);
    const auto zeros = [&](std::int64_t width) {
        return width == 0 ? Tensor() : Tensor::zeros(stream, {batch, width}, precision());
    };
    return {zeros(shape.memory), zeros(shape.trace), zeros(shape.drive)};
}

ElmTrace ElmNeuron::run(Stream& stream, const SpikeTrain& spikes, ElmState& state,
                        const ElmRecording& recording) const {
    prepared_->check_spikes(spikes);
    ElmTrace trace;
    visit_real(precision(), [&]<class Real>(Real) {
        ElmScanArgs<Real> args = prepared_->bind<Real>(stream, spikes.n_samples, spikes.n_steps,
                                                       state, recording, trace);
        args.spikes = &spikes;
        if (trace.output.shape().size() > 0) elm_scan_kernel<Real>(stream, args);
    });
    return trace;
}

ElmTrace ElmNeuron::run(Stream& stream, const Tensor& input, ElmState& state,
                        const ElmRecording& recording) const {
    // Named one by one: clang 14 captures no structured bindings.
    const auto extents =
        require_rank<3>(input.shape(), "ElmNeuron::run: input (batch, time, d_in)");
    const std::int64_t batch = extents[0], n_steps = extents[1];
    ELM_CHECK(extents[2] == options().n_input, "the input has {} features, the model takes {}",
              extents[2], options().n_input);
    ElmTrace trace;
    visit_real(precision(), [&]<class Real>(Real) {
        ElmScanArgs<Real> args =
            prepared_->bind<Real>(stream, batch, n_steps, state, recording, trace);
        args.input = view<const Real, 3>(input);
        if (trace.output.shape().size() > 0) elm_scan_kernel<Real>(stream, args);
    });
    return trace;
}

template <class Real>
void ElmNeuron::run(Stream& stream, const View<const Real, 3>& input, ElmState& state,
                    const View<Real, 3>& output) const {
    ELM_CHECK(precision() == dtype_of<Real>, "the arrays are {}, the neuron runs in {}",
              name_of(dtype_of<Real>), name_of(precision()));
    ELM_CHECK(input.extent[2] == options().n_input && output.extent[2] == options().n_output,
              "arrays of {} inputs and {} outputs, the model has {} and {}", input.extent[2],
              output.extent[2], options().n_input, options().n_output);
    ELM_CHECK(input.extent[0] == output.extent[0] && input.extent[1] == output.extent[1],
              "input of {} samples and {} steps, output of {} and {}", input.extent[0],
              input.extent[1], output.extent[0], output.extent[1]);
    prepared_->check_state(state, input.extent[0], {});
    ElmScanArgs<Real> args = prepared_->bind<Real>(state);
    args.input = input;
    args.output = output;
    if (output.size() > 0) elm_scan_kernel<Real>(stream, args);
}
template void ElmNeuron::run(Stream&, const View<const float, 3>&, ElmState&,
                             const View<float, 3>&) const;
template void ElmNeuron::run(Stream&, const View<const double, 3>&, ElmState&,
                             const View<double, 3>&) const;

std::vector<ElmTrace> run_all(Stream& stream, std::span<const ElmNeuron* const> neurons,
                              const SpikeTrain& spikes, std::span<ElmState> states,
                              const ElmRecording& recording) {
    ELM_CHECK(neurons.size() == states.size(), "{} neurons were given {} states", neurons.size(),
              states.size());
    std::vector<ElmTrace> traces(neurons.size());
    if (neurons.empty()) return traces;
    const bool on_cpu = stream.device().kind == DeviceKind::cpu;
    visit_real(neurons.front()->precision(), [&]<class Real>(Real) {
        std::vector<ElmScanArgs<Real>> runs;
        for (std::size_t k = 0; k < neurons.size(); ++k) {
            const ElmNeuron::Prepared& prepared = *neurons[k]->prepared_;
            ELM_CHECK(prepared.precision == dtype_of<Real>,
                      "neurons that run together must agree in precision");
            prepared.check_spikes(spikes);
            ElmScanArgs<Real> args = prepared.template bind<Real>(
                stream, spikes.n_samples, spikes.n_steps, states[k], recording, traces[k]);
            args.spikes = &spikes;
            if (traces[k].output.shape().size() == 0) continue;
            if (on_cpu) {
                runs.push_back(args);
            } else {
                elm_scan_kernel<Real>(stream, args);
            }
        }
        if (on_cpu) run_elm_scans(runs);
    });
    return traces;
}

}  // namespace elm
