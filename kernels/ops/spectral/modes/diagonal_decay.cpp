#include "kernels/autograd/context.h"
#include "kernels/core/support/parallel.h"
#include "kernels/ops/spectral/modes/diagonal_decay_body.h"

namespace elm {

ELM_DEFINE_INSTANCES(Cpu, run_diagonal_decay, DiagonalDecayArgs);
ELM_DEFINE_INSTANCES(Cpu, run_diagonal_decay_backward, DiagonalDecayBackwardArgs);

namespace {

struct Trace {
    DecayForm form;
    Tensor a, b, log_step;
};

/// A view of one axis, without data of an undefined tensor.
template <class T>
View<T, 1> row_of(const Tensor& tensor) {
    return tensor.defined() ? view<T, 1>(tensor) : View<T, 1>{nullptr, {}};
}

template <class T>
Planes<T, 1> rows_of(const TensorPlanes& tensors) {
    return {row_of<T>(tensors.real), row_of<T>(tensors.imag)};
}

void backward(Stream& stream, const Trace& trace, std::span<const Tensor> gradients,
              std::span<GradSink> sinks) {
    const DType dtype = trace.a.dtype();
    const auto like = [&](const Tensor& tensor) {
        return tensor.defined() ? Tensor::empty(stream, tensor.shape(), dtype) : Tensor{};
    };
    const Tensor results[] = {like(trace.a), like(trace.b), like(trace.log_step)};
    TensorPlanes gain_gradient;
    if (gradients.size() > 2) gain_gradient = {gradients[2], gradients[3]};
    visit_real(dtype, [&]<class Real>(Real) {
        diagonal_decay_backward_kernel<Real>(
            stream, {.form = trace.form,
                     .a = row_of<const Real>(trace.a),
                     .b = row_of<const Real>(trace.b),
                     .log_step = row_of<const Real>(trace.log_step),
                     .decay_gradient = rows_of<const Real>({gradients[0], gradients[1]}),
                     .gain_gradient = rows_of<const Real>(gain_gradient),
                     .a_gradient = row_of<Real>(results[0]),
                     .b_gradient = row_of<Real>(results[1]),
                     .log_step_gradient = row_of<Real>(results[2])});
    });
    for (std::size_t i = 0; i < sinks.size(); ++i) sinks[i].deliver(stream, results[i]);
}

std::vector<Var> decays(Context& context, const Trace& trace, std::initializer_list<Var> inputs) {
    const Shape& shape = trace.a.shape();
    const DType dtype = trace.a.dtype();
    const TensorPlanes decay = empty_planes(context.stream, shape, dtype, true);
    TensorPlanes gain;
    std::vector<Tensor> outputs{decay.real, decay.imag};
    if (trace.form != DecayForm::polar) {
        gain = empty_planes(context.stream, shape, dtype, true);
        outputs.insert(outputs.end(), {gain.real, gain.imag});
    }
    visit_real(dtype, [&]<class Real>(Real) {
        diagonal_decay_kernel<Real>(context.stream, {.form = trace.form,
                                                     .a = row_of<const Real>(trace.a),
                                                     .b = row_of<const Real>(trace.b),
                                                     .log_step = row_of<const Real>(trace.log_step),
                                                     .decay = rows_of<Real>(decay),
                                                     .gain = rows_of<Real>(gain)});
    });
    return record(
        context, outputs, inputs,
        [trace](Stream& stream, std::span<const Tensor> gradients, std::span<GradSink> sinks) {
            backward(stream, trace, gradients, sinks);
        });
}

}  // namespace

ComplexVar polar_decay(Context& context, const Var& log_size, const Var& log_phase) {
    const std::int64_t states =
        require_rank<1>(log_size.value.shape(), "polar_decay: log_size (states)")[0];
    require_shape(log_phase.value.shape(), {states}, "polar_decay: log_phase (states)");
    const std::vector<Var> results = decays(
        context, {DecayForm::polar, log_size.value, log_phase.value, {}}, {log_size, log_phase});
    return {results[0], results[1]};
}

DiagonalDecay discretised_decay(Context& context, Discretisation rule, const ComplexVar& rate,
                                const Var& log_step) {
    const std::int64_t states =
        require_rank<1>(rate.real.value.shape(), "discretised_decay: rate (states)")[0];
    require_shape(rate.imag.value.shape(), {states}, "discretised_decay: rate (states)");
    require_shape(log_step.value.shape(), {states}, "discretised_decay: log_step (states)");
    const DecayForm form =
        rule == Discretisation::bilinear ? DecayForm::bilinear : DecayForm::zero_order_hold;
    const std::vector<Var> results =
        decays(context, {form, rate.real.value, rate.imag.value, log_step.value},
               {rate.real, rate.imag, log_step});
    return {{results[0], results[1]}, {results[2], results[3]}};
}

}  // namespace elm
