#include "kernels/ops/elm/scan_node.h"

#include "kernels/core/support/check.h"

namespace elm {
namespace {

void require_tensor(const Tensor& tensor, const Shape& shape, DType dtype, const Context& context,
                    const std::string& what) {
    require_shape(tensor.shape(), shape, "elm_scan: " + what);
    ELM_CHECK(tensor.dtype() == dtype,
              "elm_scan: {} is of type {}, expected {} as the memory decay", what,
              name_of(tensor.dtype()), name_of(dtype));
    ELM_CHECK(tensor.device() == context.stream.device(),
              "elm_scan: {} is on {}, expected {} as the stream", what, to_string(tensor.device()),
              to_string(context.stream.device()));
}

void require_parameters(const Context& context, const ElmStructure& structure,
                        const ElmParameters<Tensor>& parameters) {
    structure.check();
    const std::int64_t n_memory =
        require_rank<1>(parameters.memory_decay.shape(), "elm_scan: memory_decay (d_m)")[0];
    ELM_CHECK(n_memory >= 1, "elm_scan: memory_decay has no values, expected at least one");
    const std::int64_t n_output = require_rank<2>(parameters.readout.weight.shape(),
                                                  "elm_scan: readout weight (d_out, d_m)")[0];
    ELM_CHECK(!parameters.layers.empty(), "elm_scan: there are no layers, expected at least one");
    const DType dtype = parameters.memory_decay.dtype();
    const auto require = [&](const Tensor& tensor, const Shape& shape, const std::string& what) {
        require_tensor(tensor, shape, dtype, context, what);
    };
    require(parameters.memory_decay, {n_memory}, "memory_decay (d_m)");
    require(parameters.memory_gain, {n_memory}, "memory_gain (d_m)");
    require(parameters.synapse_weight, {structure.n_branch * structure.n_synapse_per_branch},
            "synapse_weight (branches * synapses a branch)");
    std::int64_t n_in = structure.n_branch + n_memory;
    const std::int64_t n_hidden =
        require_rank<2>(parameters.layers[0].weight.shape(), "elm_scan: weight of layer 0")[0];
    for (std::size_t l = 0; l < parameters.layers.size(); ++l) {
        const std::int64_t n_out = l + 1 == parameters.layers.size() ? n_memory : n_hidden;
        require(parameters.layers[l].weight, {n_out, n_in},
                fmt::format("weight of layer {} (out, in)", l));
        require(parameters.layers[l].bias, {n_out}, fmt::format("bias of layer {} (out)", l));
        n_in = n_out;
    }
    require(parameters.readout.weight, {n_output, n_memory}, "readout weight (d_out, d_m)");
    require(parameters.readout.bias, {n_output}, "readout bias (d_out)");
}

/// Of parameters that fit.
ElmSizes sizes_of(const ElmStructure& structure, const ElmParameters<Tensor>& parameters) {
    const std::int64_t hidden_layers = std::ssize(parameters.layers) - 1;
    return {hidden_layers, structure.n_branch, parameters.memory_decay.shape()[0],
            hidden_layers > 0 ? parameters.layers.front().bias.shape()[0] : 0};
}

void require_arithmetic(const Context& context, const ElmStructure& structure,
                        const ElmParameters<Tensor>& parameters) {
    if (structure.arithmetic == ElmArithmetic::exact) return;
    const DType dtype = parameters.memory_decay.dtype();
    ELM_CHECK(context.stream.device().kind == DeviceKind::cuda && dtype == DType::f32,
              "elm_scan: {} runs on the tensor cores of a CUDA device with float32 tensors (got {} "
              "on {}): take exact arithmetic",
              name_of(structure.arithmetic), name_of(dtype), to_string(context.stream.device()));
    check_sizes(structure.arithmetic, sizes_of(structure, parameters));
}

/// A copy of a state's tensor, or zeros.
Tensor begin_state(Context& context, const Tensor* from, const Shape& shape, DType dtype,
                   const std::string& what) {
    if (from == nullptr || !from->defined()) return Tensor::zeros(context.stream, shape, dtype);
    require_tensor(*from, shape, dtype, context, what);
    return from->to(context.stream);
}

/// Gives each sink its gradient, in the order in which inputs_of() lists them.
void deliver(Stream& stream, const ElmScanGradients& gradients, std::span<GradSink> sinks) {
    std::size_t next = 0;
    const auto give = [&](const Tensor& tensor) {
        GradSink& sink = sinks[next++];
        if (sink.wanted()) sink.deliver(stream, tensor);
    };
    gradients.parameters.for_each(give);
    if (gradients.input.defined()) give(gradients.input);
}

std::vector<Var> inputs_of(const ElmScanVars& vars, const Var* input) {
    std::vector<Var> inputs;
    vars.for_each([&](const Var& var) { inputs.push_back(var); });
    if (input != nullptr) inputs.push_back(*input);
    return inputs;
}

Var scan(Context& context, const ElmStructure& structure, const ElmScanVars& vars,
         const SpikeTrain* spikes, const Var* input, ElmScanState* state, ElmScanCache* cache) {
    const ElmParameters<Tensor> parameters = vars.map([](const Var& var) { return var.value; });
    require_parameters(context, structure, parameters);
    require_arithmetic(context, structure, parameters);
    const DType dtype = parameters.memory_decay.dtype();
    std::int64_t batch = 0, n_steps = 0;
    if (spikes != nullptr) {
        batch = spikes->n_samples;
        n_steps = spikes->n_steps;
        ELM_CHECK(spikes->n_units == structure.n_input,
                  "elm_scan: spikes are of {} units, expected {} as the structure has inputs",
                  spikes->n_units, structure.n_input);
    } else {
        const auto extents =
            require_rank<3>(input->value.shape(), "elm_scan: input (batch, time, inputs)");
        batch = extents[0];
        n_steps = extents[1];
        require_tensor(input->value, {batch, n_steps, structure.n_input}, dtype, context,
                       "input (batch, time, inputs)");
    }
    const std::int64_t n_trace = static_cast<std::int64_t>(structure.trace_decay.size());
    const Tensor memory = begin_state(context, state == nullptr ? nullptr : &state->memory,
                                      {batch, parameters.memory_decay.shape()[0]}, dtype,
                                      "memory of the state (batch, d_m)");
    const Tensor trace =
        begin_state(context, state == nullptr ? nullptr : &state->trace, {batch, n_trace}, dtype,
                    "traces of the state (batch, traces)");
    const Tensor output =
        Tensor::empty(context.stream, {batch, n_steps, parameters.readout.bias.shape()[0]}, dtype);
    const std::vector<Var> inputs = inputs_of(vars, input);
    bool on_tape = false;
    for (const Var& var : inputs) on_tape = on_tape || var.slot >= 0;
    std::shared_ptr<ElmScanSaved> saved;
    visit_real(dtype, [&]<class Real>(Real) {
        ElmScanPassArgs<Real> args;
        args.structure = &structure;
        args.parameters = parameters;
        args.spikes = spikes;
        if (input != nullptr) args.input = input->value;
        args.memory_state = memory;
        args.trace_state = trace;
        args.stateless = state == nullptr;
        args.output = output;
        if (context.tape != nullptr && on_tape) args.saved = &saved;
        args.wanted = {.input = input != nullptr && input->slot >= 0,
                       .time_constants = vars.memory_decay.slot >= 0 || vars.memory_gain.slot >= 0};
        args.cache = cache;
        elm_scan_pass_kernel<Real>(context.stream, args);
    });
    if (state != nullptr) *state = {memory, trace};
    std::int64_t products =
        parameters.synapse_weight.shape().size() + parameters.readout.weight.shape().size();
    for (const auto& layer : parameters.layers) products += layer.weight.shape().size();
    context.count(2 * batch * n_steps * products);
    if (saved == nullptr) return {output};
    return record(context, output, inputs,
                  [saved](Stream& stream, const Tensor& gradient, std::span<GradSink> sinks) {
                      deliver(stream, saved->backward(stream, gradient), sinks);
                  });
}

}  // namespace

Var elm_scan(Context& context, const ElmStructure& structure, const ElmScanVars& vars,
             const SpikeTrain& spikes, ElmScanState* state, ElmScanCache* cache) {
    return scan(context, structure, vars, &spikes, nullptr, state, cache);
}

Var elm_scan(Context& context, const ElmStructure& structure, const ElmScanVars& vars,
             const Var& input, ElmScanState* state, ElmScanCache* cache) {
    return scan(context, structure, vars, nullptr, &input, state, cache);
}

}  // namespace elm
