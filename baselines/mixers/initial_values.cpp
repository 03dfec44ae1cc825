#include "baselines/mixers/initial_values.h"

#include <algorithm>
#include <cmath>

#include "kernels/core/random/random.h"
#include "kernels/core/support/check.h"
#include "kernels/io/option_set.h"

namespace elm::initialise {
namespace {

void write(Stream& stream, const Tensor& values, const std::vector<double>& numbers) {
    visit_real(values.dtype(), [&]<class Real>(Real) {
        const std::vector<Real> converted(numbers.begin(), numbers.end());
        values.assign<Real>(stream, converted);
    });
}

/// Draws on the host, so that they are the same on every device.
template <class Fill>
std::vector<double> drawn(std::int64_t count, const Fill& fill) {
    Stream host{Device{}};
    const Tensor draws = Tensor::empty(host, {count}, DType::f64);
    fill(host, draws);
    const auto numbers = draws.host<double>();
    return {numbers.begin(), numbers.end()};
}

}  // namespace

Initialiser numbers(std::vector<double> values) {
    return [values = std::move(values)](Stream& stream, const Tensor& to, const RandomKey&) {
        write(stream, to, values);
    };
}

Initialiser of_uniform(double low, double high, std::function<double(double)> function) {
    return [low, high, function = std::move(function)](Stream& stream, const Tensor& to,
                                                       const RandomKey& key) {
        std::vector<double> values = drawn(
            to.shape().size(),
            [&](Stream& host, const Tensor& draws) { fill_uniform(host, draws, key, low, high); });
        for (double& value : values) value = function(value);
        write(stream, to, values);
    };
}

Initialiser of_normals(std::int64_t draws,
                       std::function<std::vector<double>(const std::vector<double>&)> function) {
    return [draws, function = std::move(function)](Stream& stream, const Tensor& to,
                                                   const RandomKey& key) {
        write(stream, to, function(drawn(draws, [&](Stream& host, const Tensor& values) {
                  fill_normal(host, values, key, 0, 1);
              })));
    };
}

Initialiser log_steps(double shortest, double longest) {
    ELM_CHECK(shortest > 0 && longest >= shortest,
              "step_min and step_max must be positive and in order (got {} and {})", shortest,
              longest);
    return uniform(std::log(shortest), std::log(longest));
}

Initialiser softplus_steps(double shortest, double longest) {
    ELM_CHECK(longest >= shortest, "step_min must not be above step_max (got {} and {})", shortest,
              longest);
    return of_uniform(std::log(shortest), std::log(longest), [](double log_step) {
        constexpr double least = 1e-4;  // as in the authors' code
        const double step = std::max(std::exp(log_step), least);
        return step + std::log(-std::expm1(-step));
    });
}

void declare_log_steps(OptionSet& options) {
    options.declare({.name = "step_min",
                     .value = 0.001,
                     .help = "shortest time step at first",
                     .lowest = 1e-9,
                     .highest = 1e3});
    options.declare({.name = "step_max",
                     .value = 0.1,
                     .help = "longest time step at first",
                     .lowest = 1e-9,
                     .highest = 1e3});
}

}  // namespace elm::initialise
