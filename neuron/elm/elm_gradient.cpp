#include "neuron/elm/elm_gradient.h"

#include <algorithm>

#include "kernels/core/check.h"
#include "kernels/ops/elm_gradient.h"
#include "neuron/elm/elm_scan_model.h"

namespace elm {
namespace {

/// Gradients of the scan under the names of the model's arrays.
template <class Real>
std::vector<NamedArray> named_gradients(const ElmModel& model,
                                        const ElmScanGradient<Real>& gradient) {
    const ElmOptions& options = model.options;
    std::vector<NamedArray> named;
    const auto add = [&](const std::string& name, const std::vector<Real>& values) {
        NamedArray array{
            name, model.at(name).shape, {values.begin(), values.end()}, dtype_of<Real>};
        named.push_back(std::move(array));
    };
    add("_proto_w_s", gradient.synapse_weight);
    const std::vector<double>& proto_w = model.at("_proto_w_s").values;
    for (std::size_t s = 0; s < proto_w.size(); ++s) {
        if (proto_w[s] <= 0) named.back().values[s] = 0;  // behind the rectifier
    }
    if (options.learn_memory_tau) {
        add("_proto_tau_m", gradient.memory_decay);
        const std::vector<double>& proto = model.at("_proto_tau_m").values;
        const double dt = options.time_step_ms;
        for (std::size_t m = 0; m < proto.size(); ++m) {
            const auto [tau, slope] = memory_tau(options, proto[m]);
            const double decay_slope = decay_factor(dt, tau) * dt / (tau * tau);
            const double driven = decay_factor(options.lambda * dt, tau);
            const double gain_slope = options.version == ElmVersion::v1
                                          ? -options.lambda * decay_slope
                                          : -driven * options.lambda * dt / (tau * tau);
            named.back().values[m] =
                slope * (static_cast<double>(gradient.memory_decay[m]) * decay_slope +
                         static_cast<double>(gradient.memory_gain[m]) * gain_slope);
        }
    }
    for (std::size_t l = 0; l < gradient.layers.size(); ++l) {
        const std::string name = fmt::format("mlp.network.{}", 2 * l);
        add(name + ".weight", gradient.layers[l].weight);
        add(name + ".bias", gradient.layers[l].bias);
    }
    add("w_y.weight", gradient.readout.weight);
    add("w_y.bias", gradient.readout.bias);
    return named;
}

ElmGradient run(const ElmModel& model, std::int64_t batch, std::int64_t n_steps,
                const SpikeTrain* spikes, const Tensor* input, const ElmLoss& loss,
                const ElmGradientOptions& options) {
    model.check();
    ELM_CHECK(options.segment_steps >= 0, "segment_steps must not be negative (got {})",
              options.segment_steps);
    Stream host{Device{}};
    ElmGradient result;
    visit_real(options.precision, [&]<class Real>(Real) {
        const DType type = dtype_of<Real>;
        result.output = Tensor::zeros(host, {batch, n_steps, model.options.n_output}, type);
        const Tensor output_gradient = Tensor::zeros(host, result.output.shape(), type);
        const auto weights = pack_elm_gradient<Real>(scan_model(model));
        ElmGradientArgs<Real> args;
        args.weights = weights.get();
        args.spikes = spikes;
        if (input != nullptr) args.input = view<const Real, 3>(*input);
        args.output = view<Real, 3>(result.output);
        args.output_gradient = view<const Real, 3>(output_gradient);
        if (options.input_gradient) {
            result.input = Tensor::zeros(host, {batch, n_steps, model.options.n_input}, type);
            args.input_gradient = view<Real, 3>(result.input);
        }
        args.loss = [&](std::int64_t first, std::int64_t count) {
            loss.fill(result.output, output_gradient, first, count);
        };
        args.time_constants = model.options.learn_memory_tau;
        args.segment_steps = options.segment_steps;
        result.parameters = named_gradients(model, run_elm_gradient(args));
    });
    return result;
}

}  // namespace

ElmGradient elm_gradient(const ElmModel& model, const SpikeTrain& spikes, const ElmLoss& loss,
                         const ElmGradientOptions& options) {
    ELM_CHECK(spikes.n_units == model.options.n_input,
              "the spikes are of {} units, the model takes {} inputs", spikes.n_units,
              model.options.n_input);
    spikes.check();
    return run(model, spikes.n_samples, spikes.n_steps, &spikes, nullptr, loss, options);
}

ElmGradient elm_gradient(const ElmModel& model, const Tensor& input, const ElmLoss& loss,
                         const ElmGradientOptions& options) {
    const auto [batch, n_steps, n_input] =
        require_rank<3>(input.shape(), "elm_gradient: input (batch, time, d_in)");
    ELM_CHECK(n_input == model.options.n_input, "the input has {} features, the model takes {}",
              n_input, model.options.n_input);
    return run(model, batch, n_steps, nullptr, &input, loss, options);
}

}  // namespace elm
