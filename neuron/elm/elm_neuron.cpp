#include "neuron/elm/elm_neuron.h"

#include <algorithm>
#include <cmath>
#include <variant>

#include "kernels/core/check.h"
#include "kernels/ops/elm_scan.h"

namespace elm {
namespace {

double decay_factor(double time_step_ms, double tau_ms) {
    return std::exp(-time_step_ms / std::max(tau_ms, 1e-6));
}

/// tau_m = (tau_max - tau_min) sigmoid(proto) + tau_min; proto may be infinite.
double memory_tau(const ElmOptions& options, double proto) {
    // v2 keeps the interval open where both ends agree.
    const double highest =
        options.version == ElmVersion::v2
            ? std::max(options.memory_tau_max_ms, options.memory_tau_min_ms + 3e-6)
            : options.memory_tau_max_ms;
    const double share = 1.0 / (1.0 + std::exp(-proto));
    return (highest - options.memory_tau_min_ms) * share + options.memory_tau_min_ms;
}

DenseLayer dense_layer(const ElmModel& model, const std::string& name) {
    const NamedArray& weight = model.at(name + ".weight");
    return {weight.shape[0], weight.shape[1], weight.values, model.at(name + ".bias").values};
}

std::vector<std::int64_t> stored_routing(const ElmModel& model) {
    const ElmOptions& options = model.options;
    if (options.routing == SynapseRouting::none) return make_routing(options, 0);
    const NamedArray& index = model.at("input_to_synapse_indices");
    const NamedArray& valid = model.at("valid_indices_mask");
    std::vector<std::int64_t> input_of(index.values.size());
    for (std::size_t s = 0; s < input_of.size(); ++s) {
        input_of[s] = valid.values[s] != 0 ? static_cast<std::int64_t>(index.values[s]) : -1;
    }
    return input_of;
}

/// Sets the traces of the scan: per branch wherever a branch's synapses decay alike, for their sum
/// then obeys the same equation.
void set_traces(const ElmModel& model, ElmScanModel& scan) {
    const ElmOptions& options = model.options;
    const bool v1 = options.version == ElmVersion::v1;
    const std::vector<double>& tau = model.at(v1 ? "tau_s" : "tau_b").values;
    const auto n_branch = static_cast<std::size_t>(options.branches());
    const std::size_t per_branch = v1 ? static_cast<std::size_t>(options.n_synapse_per_branch) : 1;
    for (std::size_t branch = 0; branch < n_branch; ++branch) {
        for (std::size_t k = 1; k < per_branch; ++k) {
            if (tau[branch * per_branch + k] != tau[branch * per_branch]) {
                scan.trace_per_synapse = true;
            }
        }
    }
    if (scan.trace_per_synapse) {
        for (const double value : tau) {
            scan.trace_decay.push_back(decay_factor(options.time_step_ms, value));
        }
        return;
    }
    for (std::size_t branch = 0; branch < n_branch; ++branch) {
        scan.trace_decay.push_back(decay_factor(options.time_step_ms, tau[branch * per_branch]));
    }
}

ElmScanModel scan_model(const ElmModel& model) {
    const ElmOptions& options = model.options;
    ElmScanModel scan;
    scan.n_input = options.n_input;
    scan.n_branch = options.branches();
    scan.n_synapse_per_branch = options.n_synapse_per_branch;
    scan.input_of_synapse = stored_routing(model);
    for (const double proto : model.at("_proto_w_s").values) {
        scan.synapse_weight.push_back(std::max(proto, 0.0));
    }
    set_traces(model, scan);
    scan.input_sign.assign(static_cast<std::size_t>(options.n_input), 1.0);
    if (options.routing == SynapseRouting::neuronio) {
        std::fill(scan.input_sign.begin() + options.n_input / 2, scan.input_sign.end(), -1.0);
    }
    for (std::int64_t layer = 0; layer <= options.mlp_layers; ++layer) {
        scan.layers.push_back(dense_layer(model, fmt::format("mlp.network.{}", 2 * layer)));
    }
    scan.hidden_unit = options.activation == Activation::relu ? HiddenUnit::relu : HiddenUnit::silu;
    for (const double proto : model.at("_proto_tau_m").values) {
        const double tau = memory_tau(options, proto);
        const double decay = decay_factor(options.time_step_ms, tau);
        scan.memory_decay.push_back(decay);
        scan.memory_gain.push_back(
            options.version == ElmVersion::v1
                ? options.lambda * (1.0 - decay)
                : 1.0 - decay_factor(options.lambda * options.time_step_ms, tau));
    }
    scan.readout = dense_layer(model, "w_y");
    return scan;
}

template <class Real, int Rank>
View<Real, Rank> view_if(const Tensor& tensor) {
    if (!tensor.defined() || tensor.shape().size() == 0) return {};
    return view<Real, Rank>(tensor);
}

}  // namespace

struct ElmNeuron::Prepared {
    ElmOptions options;
    DType precision = DType::f32;
    std::variant<std::shared_ptr<const ElmScanWeights<float>>,
                 std::shared_ptr<const ElmScanWeights<double>>>
        weights;

    ElmStateShape state_shape(bool record_branches) const {
        return std::visit([&](const auto& w) { return elm::state_shape(*w, record_branches); },
                          weights);
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
        ElmScanArgs<Real> args;
        args.weights = std::get<std::shared_ptr<const ElmScanWeights<Real>>>(weights).get();
        args.memory_state = view<Real, 2>(state.memory);
        args.trace_state = view_if<Real, 2>(state.trace);
        args.drive_state = view_if<Real, 2>(state.drive);
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
    visit_real(precision,
               [&]<class Real>(Real) { prepared_->weights = pack_elm_scan<Real>(stream, scan); });
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
