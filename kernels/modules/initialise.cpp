#include "kernels/modules/initialise.h"

#include <cmath>
#include <vector>

#include "kernels/core/random/random.h"
#include "kernels/core/support/check.h"

namespace elm::initialise {
namespace {

/// Copies host numbers into `values`.
void write(Stream& stream, const Tensor& values, const std::vector<double>& numbers) {
    visit_real(values.dtype(), [&]<class Real>(Real) {
        const std::vector<Real> converted(numbers.begin(), numbers.end());
        values.assign<Real>(stream, converted);
    });
}

}  // namespace

Initialiser constant(double value) {
    return [value](Stream& stream, const Tensor& values, const RandomKey&) {
        write(stream, values,
              std::vector<double>(static_cast<std::size_t>(values.shape().size()), value));
    };
}

Initialiser uniform(double low, double high) {
    return [low, high](Stream& stream, const Tensor& values, const RandomKey& key) {
        fill_uniform(stream, values, key, low, high);
    };
}

Initialiser normal(double mean, double standard_deviation) {
    return [mean, standard_deviation](Stream& stream, const Tensor& values, const RandomKey& key) {
        fill_normal(stream, values, key, mean, standard_deviation);
    };
}

Initialiser uniform_fan_in(std::int64_t fan_in) {
    ELM_CHECK(fan_in > 0, "a layer needs at least one input (got {})", fan_in);
    const double bound = 1 / std::sqrt(static_cast<double>(fan_in));
    return uniform(-bound, bound);
}

Initialiser log_spaced(double shortest, double longest) {
    ELM_CHECK(shortest > 0 && longest >= shortest,
              "time constants must be positive and in order (got {} and {} ms)", shortest, longest);
    return [shortest, longest](Stream& stream, const Tensor& values, const RandomKey&) {
        const auto count = static_cast<std::size_t>(values.shape().size());
        const double ratio = longest / shortest;
        std::vector<double> numbers(count, shortest);
        for (std::size_t i = 1; i < count; ++i) {
            const double part = static_cast<double>(i) / static_cast<double>(count - 1);
            numbers[i] = shortest * std::pow(ratio, part);
        }
        write(stream, values, numbers);
    };
}

}  // namespace elm::initialise
