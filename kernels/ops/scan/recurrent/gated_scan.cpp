#include "kernels/ops/scan/recurrent/gated_scan.h"

#include <string>

#include "kernels/autograd/context.h"
#include "kernels/core/algorithms/sum.h"
#include "kernels/core/support/check.h"
#include "kernels/ops/product/matmul.h"

namespace elm {
namespace {

/// Values that one scan leaves behind. For a GRU the cells are empty tensors of the rank that views
/// need.
struct Trace {
    GatedCell kind;
    Tensor weight, initial_hidden, initial_cell;
    Tensor hidden = {}, final_hidden = {}, final_cell = {}, gates = {}, cells = {};

    std::int64_t gate_rows() const { return weight.shape()[0]; }
};

void require_arguments(GatedCell kind, const std::string& op, const Trace& trace,
                       const Tensor& projected, const Tensor& bias) {
    const std::string rows = fmt::format("{} units", gate_count(kind));
    const auto [samples, steps, columns] =
        require_rank<3>(projected.shape(), op + ": projected (batch, time, " + rows + ")");
    const std::int64_t units =
        require_rank<2>(trace.weight.shape(), op + ": weight (" + rows + ", units)")[1];
    const std::int64_t gate_rows = gate_count(kind) * units;
    require_shape(trace.weight.shape(), {gate_rows, units}, op + ": weight (" + rows + ", units)");
    require_shape(projected.shape(), {samples, steps, gate_rows},
                  op + ": projected (batch, time, " + rows + ")");
    require_shape(bias.shape(), {gate_rows}, op + ": bias (" + rows + ")");
    require_shape(trace.initial_hidden.shape(), {samples, units}, op + ": hidden (batch, units)");
    if (kind == GatedCell::gru) return;
    require_shape(trace.initial_cell.shape(), {samples, units}, op + ": cell (batch, units)");
}

void forward(Stream& stream, Trace& trace, const Tensor& projected, const Tensor& bias) {
    const std::int64_t samples = projected.shape()[0], steps = projected.shape()[1];
    const std::int64_t units = trace.weight.shape()[1];
    const bool has_cell = trace.kind == GatedCell::lstm;
    const auto empty = [&](const Shape& shape) {
        return Tensor::empty(stream, shape, projected.dtype());
    };
    trace.hidden = empty({samples, steps, units});
    trace.final_hidden = empty({samples, units});
    trace.gates = empty({samples, steps, 4 * units});
    trace.final_cell = empty({has_cell ? samples : 0, units});
    trace.cells = empty({has_cell ? samples : 0, steps, units});
    visit_real(projected.dtype(), [&]<class Real>(Real) {
        gated_scan_kernel<Real>(stream,
                                {.kind = trace.kind,
                                 .projected = view<const Real, 3>(projected),
                                 .weight = view<const Real, 2>(trace.weight),
                                 .bias = view<const Real, 1>(bias),
                                 .initial_hidden = view<const Real, 2>(trace.initial_hidden),
                                 .initial_cell = view<const Real, 2>(trace.initial_cell),
                                 .hidden = view<Real, 3>(trace.hidden),
                                 .final_hidden = view<Real, 2>(trace.final_hidden),
                                 .final_cell = view<Real, 2>(trace.final_cell),
                                 .saved_gates = view<Real, 3>(trace.gates),
                                 .saved_cell = view<Real, 3>(trace.cells)});
    });
}

/// Gradients of projected, weight, bias, initial hidden state and, of an LSTM, initial cell.
void backward(Stream& stream, const Trace& trace, std::span<const Tensor> gradients,
              std::span<GradSink> sinks) {
    const Shape& shape = trace.hidden.shape();
    const DType dtype = trace.hidden.dtype();
    const bool has_cell = trace.kind == GatedCell::lstm;
    const Tensor projected_gradient =
        Tensor::empty(stream, shape.with(2, trace.gate_rows()), dtype);
    const Tensor recurrent_gradient =
        has_cell ? projected_gradient : Tensor::empty(stream, projected_gradient.shape(), dtype);
    const Tensor previous_hidden = Tensor::empty(stream, shape, dtype);
    const Tensor hidden_gradient = Tensor::empty(stream, trace.initial_hidden.shape(), dtype);
    const Tensor cell_gradient = Tensor::empty(stream, trace.initial_cell.shape(), dtype);
    visit_real(dtype, [&]<class Real>(Real) {
        gated_scan_backward_kernel<Real>(
            stream,
            {.kind = trace.kind,
             .weight = view<const Real, 2>(trace.weight),
             .initial_hidden = view<const Real, 2>(trace.initial_hidden),
             .initial_cell = view<const Real, 2>(trace.initial_cell),
             .hidden = view<const Real, 3>(trace.hidden),
             .saved_gates = view<const Real, 3>(trace.gates),
             .saved_cell = view<const Real, 3>(trace.cells),
             .hidden_gradient = view<const Real, 3>(gradients[0]),
             .final_hidden_gradient = view<const Real, 2>(gradients[1]),
             .final_cell_gradient = view<const Real, 2>(has_cell ? gradients[2] : trace.final_cell),
             .projected_gradient = view<Real, 3>(projected_gradient),
             .recurrent_gradient = view<Real, 3>(recurrent_gradient),
             .previous_hidden = view<Real, 3>(previous_hidden),
             .initial_hidden_gradient = view<Real, 2>(hidden_gradient),
             .initial_cell_gradient = view<Real, 2>(cell_gradient)});
    });
    const Tensor rows = recurrent_gradient.reshape(as_rows(recurrent_gradient.shape()));
    if (sinks[1].wanted()) {
        const Factor previous{previous_hidden.reshape({rows.shape()[0], shape[2]})};
        sinks[1].deliver(stream, product(stream, {rows, true}, previous));
    }
    if (sinks[2].wanted()) sinks[2].deliver(stream, sum_rows(stream, rows));
    sinks[0].deliver(stream, projected_gradient);
    sinks[3].deliver(stream, hidden_gradient);
    if (has_cell) sinks[4].deliver(stream, cell_gradient);
}

}  // namespace

std::vector<Var> lstm_scan(Context& context, const Var& projected, const Var& weight,
                           const Var& bias, const Var& hidden, const Var& cell) {
    Trace trace{.kind = GatedCell::lstm,
                .weight = weight.value,
                .initial_hidden = hidden.value,
                .initial_cell = cell.value};
    require_arguments(trace.kind, "lstm_scan", trace, projected.value, bias.value);
    forward(context.stream, trace, projected.value, bias.value);
    context.count(2 * projected.value.shape().size() * weight.value.shape()[1]);
    const std::vector<Tensor> outputs{trace.hidden, trace.final_hidden, trace.final_cell};
    return record(context, outputs, {projected, weight, bias, hidden, cell},
                  [trace = std::move(trace)](Stream& stream, std::span<const Tensor> gradients,
                                             std::span<GradSink> sinks) {
                      backward(stream, trace, gradients, sinks);
                  });
}

std::vector<Var> gru_scan(Context& context, const Var& projected, const Var& weight,
                          const Var& bias, const Var& hidden) {
    Trace trace{.kind = GatedCell::gru,
                .weight = weight.value,
                .initial_hidden = hidden.value,
                .initial_cell = Tensor::empty(context.stream, {0, 0}, projected.value.dtype())};
    require_arguments(trace.kind, "gru_scan", trace, projected.value, bias.value);
    forward(context.stream, trace, projected.value, bias.value);
    context.count(2 * projected.value.shape().size() * weight.value.shape()[1]);
    const std::vector<Tensor> outputs{trace.hidden, trace.final_hidden};
    return record(context, outputs, {projected, weight, bias, hidden},
                  [trace = std::move(trace)](Stream& stream, std::span<const Tensor> gradients,
                                             std::span<GradSink> sinks) {
                      backward(stream, trace, gradients, sinks);
                  });
}

}  // namespace elm
