#include "kernels/ops/spectral/low_rank/low_rank_scan.h"

#include "kernels/core/support/check.h"
#include "kernels/core/support/parallel.h"
#include "kernels/ops/spectral/low_rank/low_rank_scan_body.h"

namespace elm {

ELM_DEFINE_INSTANCES(Cpu, run_low_rank_scan, LowRankScanArgs);

namespace {

void require(const TensorPlanes& planes, const Shape& shape, const char* what) {
    require_shape(planes.real.shape(), shape, what);
    require_shape(planes.imag.shape(), shape, what);
}

}  // namespace

LowRankScanResult low_rank_scan(Stream& stream, const LowRankScanInput& in) {
    const auto [samples, steps, features] =
        require_rank<3>(in.input.shape(), "low_rank_scan: input (batch, time, features)");
    const auto [rows, modes] =
        require_rank<2>(in.log_decay.shape(), "low_rank_scan: log_decay (rows, modes)");
    ELM_CHECK(rows > 0, "low_rank_scan: log_decay has no rows, expected at least 1");
    require_shape(in.log_step.shape(), {features}, "low_rank_scan: log_step (features)");
    require_shape(in.frequency.shape(), {rows, modes}, "low_rank_scan: frequency (rows, modes)");
    require(in.input_weight, {rows, modes}, "low_rank_scan: input weight (rows, modes)");
    require(in.correction, {rows, modes}, "low_rank_scan: correction (rows, modes)");
    require(in.output_weight, {features, modes}, "low_rank_scan: output weight (features, modes)");
    require(in.initial, {samples, modes, features},
            "low_rank_scan: initial (batch, modes, features)");
    const Tensor output = Tensor::empty(stream, in.input.shape(), in.input.dtype());
    const TensorPlanes room =
        empty_planes(stream, {low_rank_rooms, modes, features}, DType::f64, true);
    TensorPlanes final = empty_planes(stream, in.initial.real.shape(), DType::f64, true);
    visit_real(output.dtype(), [&]<class Real>(Real) {
        low_rank_scan_kernel<Real>(stream,
                                   {.log_step = view<const Real, 1>(in.log_step),
                                    .log_decay = view<const Real, 2>(in.log_decay),
                                    .frequency = view<const Real, 2>(in.frequency),
                                    .input_weight = planes<const Real, 2>(in.input_weight),
                                    .correction = planes<const Real, 2>(in.correction),
                                    .output_weight = planes<const double, 2>(in.output_weight),
                                    .input = view<const Real, 3>(in.input),
                                    .initial = planes<const double, 3>(in.initial),
                                    .room = planes<double, 3>(room),
                                    .output = view<Real, 3>(output),
                                    .final = planes<double, 3>(final)});
    });
    return {output, std::move(final)};
}

}  // namespace elm
