#pragma once

#include <cmath>

#include "kernels/ops/training/batch_norm.h"

namespace elm {

template <class Real>
struct UpdateStatisticsOfOneFeature {
    UpdateStatisticsArgs<Real> args;

    ELM_HD void operator()(std::int64_t feature) const {
        const double inverse = static_cast<double>(args.inverse_deviation(feature));
        const double variance = 1 / (inverse * inverse) - args.epsilon;
        const double unbiased = args.count / (args.count - 1) * (variance < 0 ? 0 : variance);
        mix(args.running_mean(feature), static_cast<double>(args.mean(feature)));
        mix(args.running_variance(feature), unbiased);
    }

private:
    ELM_HD void mix(Real& running, double value) const {
        running = static_cast<Real>((1 - args.momentum) * static_cast<double>(running) +
                                    args.momentum * value);
    }
};

template <class Real>
struct InverseDeviationOfOneFeature {
    InverseDeviationArgs<Real> args;

    ELM_HD void operator()(std::int64_t feature) const {
        args.inverse_deviation(feature) = static_cast<Real>(
            1 / std::sqrt(static_cast<double>(args.variance(feature)) + args.epsilon));
    }
};

template <class Backend, class Real>
void run_update_statistics(Stream& stream, const UpdateStatisticsArgs<Real>& args) {
    Backend::for_each_index(stream, args.mean.extent[0], UpdateStatisticsOfOneFeature<Real>{args});
}

template <class Backend, class Real>
void run_inverse_deviation(Stream& stream, const InverseDeviationArgs<Real>& args) {
    Backend::for_each_index(stream, args.variance.extent[0],
                            InverseDeviationOfOneFeature<Real>{args});
}

ELM_DECLARE_CUDA_INSTANCES(run_update_statistics, UpdateStatisticsArgs);
ELM_DECLARE_CUDA_INSTANCES(run_inverse_deviation, InverseDeviationArgs);

}  // namespace elm
