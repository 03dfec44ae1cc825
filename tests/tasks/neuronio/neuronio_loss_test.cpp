#include "tasks/neuronio/neuronio_loss.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "kernels/core/random/random.h"
#include "tests/support/compare.h"

namespace elm {
namespace {

struct LossCase {
    std::int64_t batch, steps;
    Tensor output, spikes, voltage, gradient;

    LossCase(std::int64_t batch_size, std::int64_t n_steps, DType dtype, double spread)
        : batch(batch_size), steps(n_steps) {
        Stream host{Device{}};
        output = Tensor::empty(host, {batch, steps, 2}, dtype);
        voltage = Tensor::empty(host, {batch, steps}, dtype);
        spikes = Tensor::zeros(host, {batch, steps}, dtype);
        gradient = Tensor::zeros(host, {batch, steps, 2}, dtype);
        fill_normal(host, output, RandomKey{3}, 0, spread);
        fill_normal(host, voltage, RandomKey{4}, 0, 1);
        visit_real(dtype, [&]<class Real>(Real) {
            auto values = spikes.host<Real>();
            for (std::size_t k = 0; k < values.size(); k += 5) values[k] = 1;
        });
    }

    LossSums run() const {
        LossSums total;
        for (std::int64_t sample = 0; sample < batch; ++sample) {
            total.add(neuronio_loss(output, spikes, voltage, sample, batch * steps, gradient));
        }
        return total;
    }
};

// Burn-in.
TEST(NeuronIoLoss, steps_before_the_first_that_counts_are_not_learnt) {
    const LossCase whole(1, 70, DType::f64, 3);
    LossCase late(1, 50, DType::f64, 3);
    const auto copy_end = [](const Tensor& from, const Tensor& to) {
        const auto values = from.host<double>();
        std::copy(values.end() - static_cast<std::ptrdiff_t>(to.host<double>().size()),
                  values.end(), to.host<double>().begin());
    };
    copy_end(whole.output, late.output);
    copy_end(whole.spikes, late.spikes);
    copy_end(whole.voltage, late.voltage);
    const LossSums expected = late.run();
    for (double& value : whole.gradient.host<double>()) value = 7;
    const LossSums found =
        neuronio_loss(whole.output, whole.spikes, whole.voltage, 0, 50, whole.gradient, {}, 20);
    EXPECT_EQ(found.count, 50);
    EXPECT_EQ(found.parts, expected.parts);
    const auto gradient = whole.gradient.host<double>(), own = late.gradient.host<double>();
    for (std::size_t k = 0; k < 40; ++k) EXPECT_EQ(gradient[k], 0);
    for (std::size_t k = 0; k < own.size(); ++k) EXPECT_EQ(gradient[40 + k], own[k]);
}

double mean(const LossSums& sums) {
    return 0.5 * (sums.mean(spike_part) + sums.mean(voltage_part));
}

/// The definition, bin by bin in float64.
double naive(const LossCase& c) {
    return visit_real(c.output.dtype(), [&]<class Real>(Real) {
        const auto y = c.output.host<Real>();
        const auto s = c.spikes.host<Real>(), v = c.voltage.host<Real>();
        double sum = 0;
        for (std::size_t bin = 0; bin < s.size(); ++bin) {
            const double logit = y[2 * bin], error = double(y[2 * bin + 1]) - double(v[bin]);
            const double p = 1 / (1 + std::exp(-logit));
            const double entropy = s[bin] > 0 ? -std::log(p) : std::log1p(std::exp(logit));
            sum += 0.5 * entropy + 0.5 * error * error;
        }
        return sum / static_cast<double>(s.size());
    });
}

TEST(NeuronIoLoss, is_the_mean_of_both_errors) {
    for (const std::int64_t steps : {1, 63, 64, 200}) {
        const LossCase c(3, steps, DType::f64, 3.0);
        EXPECT_NEAR(mean(c.run()), naive(c), 64 * std::numeric_limits<double>::epsilon());
        const LossCase single(3, steps, DType::f32, 3.0);
        // Each bin is rounded to float32, the sum is in float64.
        EXPECT_NEAR(mean(single.run()), naive(single),
                    64 * static_cast<double>(std::numeric_limits<float>::epsilon()));
    }
}

TEST(NeuronIoLoss, gradient_is_that_of_the_mean) {
    LossCase c(2, 70, DType::f64, 2.0);
    c.run();
    const std::vector<double> gradient(c.gradient.host<double>().begin(),
                                       c.gradient.host<double>().end());
    const double h = 1e-5;
    for (std::size_t k = 0; k < gradient.size(); k += 7) {
        double& value = c.output.host<double>()[k];
        const double start = value;
        value = start + h;
        const double up = naive(c);
        value = start - h;
        const double down = naive(c);
        value = start;
        // Truncation is h^2 / 6 of a third derivative below 1/2; round-off eps / h.
        EXPECT_NEAR(gradient[k], (up - down) / (2 * h), h * h + 2e-16 / h) << k;
    }
}

TEST(NeuronIoLoss, huge_logits_stay_finite) {
    const LossCase c(1, 65, DType::f32, 1e6);
    EXPECT_TRUE(std::isfinite(mean(c.run())));
    for (const float value : c.gradient.host<float>()) EXPECT_TRUE(std::isfinite(value));
}

}  // namespace
}  // namespace elm
