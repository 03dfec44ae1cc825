#include "tasks/neuronio/neuronio_loss.h"

#include <algorithm>

#include <Eigen/Core>

#include "kernels/core/support/check.h"
#include "kernels/core/view.h"

namespace elm {
namespace {

constexpr std::int64_t chunk = 64;  // bins whose transcendental functions are done together

template <class Real>
LossSums sample_loss(const Real* output, const Real* spikes, const Real* voltage,
                     std::int64_t n_steps, Real scale, const NeuronIoWeights& weights,
                     Real* gradient) {
    using Array = Eigen::Array<Real, chunk, 1>;
    LossSums sums;
    sums.count = n_steps;
    const Real of_spikes = static_cast<Real>(weights.spikes) * scale,
               of_voltage = static_cast<Real>(2 * weights.voltage) * scale;
    for (std::int64_t first = 0; first < n_steps; first += chunk) {
        const std::int64_t count = std::min(chunk, n_steps - first);
        // Past the end: a spike that is certain and a voltage that is met cost nothing.
        Array logit = Array::Constant(Real(0)), target = Array::Constant(Real(0));
        Array error = Array::Constant(Real(0));
        for (std::int64_t k = 0; k < count; ++k) {
            logit[k] = output[2 * (first + k)];
            target[k] = spikes[first + k];
            error[k] = output[2 * (first + k) + 1] - voltage[first + k];
        }
        const Array decayed = (-logit.abs()).exp();  // exp(-|y0|)
        const Array entropy = decayed.log1p() + logit.max(Real(0)) - target * logit;
        const Array upper = Real(1) / (Real(1) + decayed);
        const Array slope = (logit >= Real(0)).select(upper, Real(1) - upper) - target;
        for (std::int64_t k = 0; k < count; ++k) {
            sums.parts[spike_part] += static_cast<double>(entropy[k]);
            sums.parts[voltage_part] +=
                static_cast<double>(error[k]) * static_cast<double>(error[k]);
            gradient[2 * (first + k)] = of_spikes * slope[k];
            gradient[2 * (first + k) + 1] = of_voltage * error[k];
        }
    }
    return sums;
}

}  // namespace

LossSums neuronio_loss(const Tensor& output, const Tensor& spikes, const Tensor& voltage,
                       std::int64_t sample, std::int64_t n_bins, const Tensor& gradient,
                       const NeuronIoWeights& weights, std::int64_t first_step) {
    const std::int64_t n_steps = output.shape()[1];
    ELM_CHECK(first_step >= 0 && first_step < n_steps,
              "neuronio_loss: the first step that counts is {} of {}", first_step, n_steps);
    return visit_real(output.dtype(), [&]<class Real>(Real) {
        const auto row = [&](const Tensor& tensor, std::int64_t columns) {
            return tensor.host<Real>().data() + (sample * n_steps + first_step) * columns;
        };
        std::fill_n(row(gradient, 2) - 2 * first_step, 2 * first_step, Real(0));
        return sample_loss<Real>(
            row(output, 2), row(spikes, 1), row(voltage, 1), n_steps - first_step,
            static_cast<Real>(1.0 / static_cast<double>(n_bins)), weights, row(gradient, 2));
    });
}

}  // namespace elm
