#pragma once

#include "kernels/ops/spectral/low_rank/low_rank_scan.h"
#include "kernels/ops/spectral/low_rank/low_rank_step_body.h"
#include "kernels/ops/spectral/modes/modes_body.h"

namespace elm {

enum LowRankRoom { room_ahead, room_solved, room_corrected, low_rank_rooms };  // e, d, r

/// e, d and r of one feature.
template <class Real>
struct LowRankCoefficients {
    LowRankScanArgs<Real> args;

    ELM_HD void operator()(std::int64_t feature) const {
        const std::int64_t modes = args.log_decay.extent[1];
        const std::int64_t row = feature % args.log_decay.extent[0];
        const double twice_rate = 2 / step_of(args, feature);
        double sum = 1;
        for (std::int64_t n = 0; n < modes; ++n) {
            const Complex a = rate_of(args, row, n);
            const Complex solved = reciprocal(Complex{twice_rate, 0} - a);
            set_complex(args.room, Complex{twice_rate, 0} + a, room_ahead, n, feature);
            set_complex(args.room, solved, room_solved, n, feature);
            sum += 2 * squared_modulus(complex_at(args.correction, row, n)) * solved.real;
        }
        for (std::int64_t n = 0; n < modes; ++n) {
            const Complex solved = complex_at(args.room, room_solved, n, feature);
            set_complex(args.room,
                        (1 / sum) * (conjugate(complex_at(args.correction, row, n)) * solved),
                        room_corrected, n, feature);
        }
    }
};

/// All steps of one feature of one sample; states at work lie in `final`.
template <class Real>
struct LowRankScanOneFeature {
    LowRankScanArgs<Real> args;

    ELM_HD void operator()(std::int64_t index) const {
        const std::int64_t features = args.input.extent[2], modes = args.log_decay.extent[1];
        const std::int64_t sample = index / features, feature = index % features;
        const std::int64_t row = feature % args.log_decay.extent[0];
        double along = 0;  // <P*, x>
        for (std::int64_t n = 0; n < modes; ++n) {
            const Complex x = complex_at(args.initial, sample, n, feature);
            set_complex(args.final, x, sample, n, feature);
            along += 2 * (conjugate(complex_at(args.correction, row, n)) * x).real;
        }
        for (std::int64_t t = 0; t < args.input.extent[1]; ++t) {
            const auto u = static_cast<double>(args.input(sample, t, feature));
            double back = 0;  // <r, z>
            for (std::int64_t n = 0; n < modes; ++n) {
                const Complex x = complex_at(args.final, sample, n, feature);
                const Complex z = complex_at(args.room, room_ahead, n, feature) * x -
                                  along * complex_at(args.correction, row, n) +
                                  (2 * u) * complex_at(args.input_weight, row, n);
                set_complex(args.final, z, sample, n, feature);
                back += 2 * (complex_at(args.room, room_corrected, n, feature) * z).real;
            }
            along = 0;
            double read = 0;
            for (std::int64_t n = 0; n < modes; ++n) {
                const Complex p = complex_at(args.correction, row, n);
                const Complex x = complex_at(args.room, room_solved, n, feature) *
                                  (complex_at(args.final, sample, n, feature) - back * p);
                set_complex(args.final, x, sample, n, feature);
                along += 2 * (conjugate(p) * x).real;
                read += 2 * (complex_at(args.output_weight, feature, n) * x).real;
            }
            args.output(sample, t, feature) = static_cast<Real>(read);
        }
    }
};

template <class Backend, class Real>
void run_low_rank_scan(Stream& stream, const LowRankScanArgs<Real>& args) {
    Backend::for_each_index(stream, args.log_step.extent[0], LowRankCoefficients<Real>{args});
    Backend::for_each_index(stream, args.input.extent[0] * args.input.extent[2],
                            LowRankScanOneFeature<Real>{args});
}

extern template void run_low_rank_scan<Cpu>(Stream&, const LowRankScanArgs<float>&);
extern template void run_low_rank_scan<Cpu>(Stream&, const LowRankScanArgs<double>&);
ELM_DECLARE_CUDA_INSTANCES(run_low_rank_scan, LowRankScanArgs);

}  // namespace elm
