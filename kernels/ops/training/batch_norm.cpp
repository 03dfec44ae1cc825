#include "kernels/autograd/context.h"
#include "kernels/core/support/check.h"
#include "kernels/core/support/parallel.h"
#include "kernels/ops/basic/elementwise.h"
#include "kernels/ops/basic/layout.h"
#include "kernels/ops/basic/normalise.h"
#include "kernels/ops/training/batch_norm_body.h"

namespace elm {

ELM_DEFINE_INSTANCES(Cpu, run_update_statistics, UpdateStatisticsArgs);
ELM_DEFINE_INSTANCES(Cpu, run_inverse_deviation, InverseDeviationArgs);

namespace {

/// Features of this batch become rows, so that one kernel normalises batches and layers.
Var standardise_batch(Context& context, const Var& rows, const RunningStatistics& running,
                      double epsilon) {
    const std::int64_t count = rows.value.shape()[0];
    ELM_CHECK(count >= 2, "batch_norm: {} rows in training, expected at least 2", count);
    RowStatistics batch;
    const Var features = standardise(context, transpose(context, rows, 0, 1), epsilon, batch);
    visit_real(rows.value.dtype(), [&]<class Real>(Real) {
        update_statistics_kernel<Real>(
            context.stream,
            {view<const Real, 1>(batch.mean), view<const Real, 1>(batch.inverse_deviation),
             view<Real, 1>(running.mean), view<Real, 1>(running.variance),
             static_cast<double>(count), epsilon, running.momentum});
    });
    return transpose(context, features, 0, 1);
}

Var standardise_with(Context& context, const Var& rows, const RunningStatistics& running,
                     double epsilon) {
    const Tensor inverse =
        Tensor::empty(context.stream, running.variance.shape(), running.variance.dtype());
    visit_real(inverse.dtype(), [&]<class Real>(Real) {
        inverse_deviation_kernel<Real>(context.stream, {view<const Real, 1>(running.variance),
                                                        view<Real, 1>(inverse), epsilon});
    });
    return multiply(context, subtract(context, rows, {running.mean}), {inverse});
}

}  // namespace

Var batch_norm(Context& context, const Var& input, const Var& gain, const Var& bias,
               const RunningStatistics& running, double epsilon) {
    const Shape& shape = input.value.shape();
    ELM_CHECK(shape.rank() > 0, "batch_norm: input has no axis");
    const Shape features{shape[shape.rank() - 1]};
    require_shape(gain.value.shape(), features, "batch_norm: gain");
    require_shape(bias.value.shape(), features, "batch_norm: bias");
    require_shape(running.mean.shape(), features, "batch_norm: running mean");
    require_shape(running.variance.shape(), features, "batch_norm: running variance");
    const Var rows = reshape(context, input, as_rows(shape));
    const Var standard = context.training ? standardise_batch(context, rows, running, epsilon)
                                          : standardise_with(context, rows, running, epsilon);
    return reshape(context, add(context, multiply(context, standard, gain), bias), shape);
}

}  // namespace elm
