#include "kernels/autograd/context.h"
#include "kernels/core/algorithms/sum.h"
#include "kernels/core/support/check.h"
#include "kernels/core/support/parallel.h"
#include "kernels/ops/basic/normalise_body.h"

namespace elm {

ELM_DEFINE_INSTANCES(Cpu, run_normalise, NormaliseArgs);
ELM_DEFINE_INSTANCES(Cpu, run_normalise_backward, NormaliseBackwardArgs);

namespace {

template <class Real>
View<const Real, 1> optional_view(const Tensor& vector) {
    return vector.defined() ? view<const Real, 1>(vector) : View<const Real, 1>{nullptr, {0}};
}

/// `affine` is empty, a gain, or a gain and a bias.
Var normalise(Context& context, const char* name, const Var& input, std::vector<Var> affine,
              double epsilon, bool centred, RowStatistics& statistics) {
    const Shape& shape = input.value.shape();
    ELM_CHECK(shape.rank() > 0 && shape[shape.rank() - 1] > 0,
              "{}: input has shape {}, expected (..., columns)", name, to_string(shape));
    const Tensor rows = input.value.reshape(as_rows(shape));
    const std::int64_t row_count = rows.shape()[0];
    for (const Var& vector : affine) {
        require_shape(vector.value.shape(), {rows.shape()[1]},
                      std::string(name) + (&vector == &affine[0] ? ": gain" : ": bias"));
    }
    const Tensor gain = affine.empty() ? Tensor{} : affine[0].value;
    const Tensor bias = affine.size() < 2 ? Tensor{} : affine[1].value;
    const DType dtype = rows.dtype();
    const Tensor output = Tensor::empty(context.stream, rows.shape(), dtype);
    const Tensor mean = Tensor::empty(context.stream, {row_count}, dtype);
    const Tensor inverse = Tensor::empty(context.stream, {row_count}, dtype);
    statistics = {mean, inverse};
    visit_real(dtype, [&]<class Real>(Real) {
        normalise_kernel<Real>(
            context.stream, {view<const Real, 2>(rows), optional_view<Real>(gain),
                             optional_view<Real>(bias), view<Real, 2>(output), view<Real, 1>(mean),
                             view<Real, 1>(inverse), static_cast<Real>(epsilon), centred});
    });

    affine.insert(affine.begin(), input);
    return record(context, output.reshape(shape), affine,
                  [=](Stream& stream, const Tensor& output_gradient, std::span<GradSink> sinks) {
                      const Tensor gradient = output_gradient.reshape(rows.shape());
                      const Tensor input_gradient = Tensor::empty(stream, rows.shape(), dtype);
                      const Tensor gain_parts = Tensor::empty(stream, rows.shape(), dtype);
                      visit_real(dtype, [&]<class Real>(Real) {
                          normalise_backward_kernel<Real>(
                              stream, {view<const Real, 2>(rows), optional_view<Real>(gain),
                                       view<const Real, 1>(mean), view<const Real, 1>(inverse),
                                       view<const Real, 2>(gradient), view<Real, 2>(input_gradient),
                                       view<Real, 2>(gain_parts), centred});
                      });
                      sinks[0].deliver(stream, input_gradient.reshape(output_gradient.shape()));
                      if (sinks.size() > 1 && sinks[1].wanted()) {
                          sinks[1].deliver(stream, sum_rows(stream, gain_parts));
                      }
                      if (sinks.size() > 2 && sinks[2].wanted()) {
                          sinks[2].deliver(stream, sum_rows(stream, gradient));
                      }
                  });
}

}  // namespace

Var standardise(Context& context, const Var& input, double epsilon, RowStatistics& statistics) {
    return normalise(context, "standardise", input, {}, epsilon, true, statistics);
}

Var layer_norm(Context& context, const Var& input, const Var& gain, const Var& bias,
               double epsilon) {
    RowStatistics statistics;
    return normalise(context, "layer_norm", input, {gain, bias}, epsilon, true, statistics);
}

Var rms_norm(Context& context, const Var& input, const Var& gain, double epsilon) {
    RowStatistics statistics;
    return normalise(context, "rms_norm", input, {gain}, epsilon, false, statistics);
}

}  // namespace elm
