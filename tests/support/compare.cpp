#include "tests/support/compare.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/core/support/check.h"

namespace elm::test {
namespace {

bool same_non_finite(double result, double reference) {
    return std::isinf(reference) && result == reference;
}

double largest_finite(std::span<const double> values) {
    double largest = 0;
    for (const double value : values) {
        if (std::isfinite(value)) largest = std::max(largest, std::abs(value));
    }
    return largest;
}

/// Below it a number has fewer digits, or is 0.
double smallest_normal_of(DType dtype) {
    if (dtype == DType::f32) return std::numeric_limits<float>::min();
    if (dtype == DType::f64) return std::numeric_limits<double>::min();
    return 0;
}

}  // namespace

double epsilon_of(DType dtype) {
    if (dtype == DType::f32) return std::numeric_limits<float>::epsilon();
    if (dtype == DType::f64) return std::numeric_limits<double>::epsilon();
    return 0;  // integers are exact
}

std::vector<double> values_of(const Tensor& tensor) {
    Stream cpu{Device{}};
    const Tensor host = tensor.to(cpu);
    const auto copy = [&]<class T>(T) {
        const auto values = host.host<T>();
        return std::vector<double>(values.begin(), values.end());
    };
    if (host.dtype() == DType::i32) return copy(std::int32_t{});
    if (host.dtype() == DType::u8) return copy(std::uint8_t{});
    return visit_real(host.dtype(), copy);
}

std::string difference_above(std::span<const double> result, std::span<const double> reference,
                             double allowed) {
    if (result.size() != reference.size()) {
        return fmt::format("{} elements, expected {}", result.size(), reference.size());
    }
    for (std::size_t i = 0; i < result.size(); ++i) {
        const bool finite = std::isfinite(result[i]) && std::isfinite(reference[i]);
        if (!finite && !same_non_finite(result[i], reference[i])) {
            return fmt::format("element {} is {}, expected {}", i, result[i], reference[i]);
        }
    }
    std::size_t worst = 0;
    double largest = 0;
    for (std::size_t i = 0; i < result.size(); ++i) {
        const double error = std::isinf(reference[i]) ? 0 : std::abs(result[i] - reference[i]);
        if (error > largest) {
            largest = error;
            worst = i;
        }
    }
    if (largest <= allowed) return "";
    return fmt::format("element {} is {}, expected {}: off by {}, allowed {}", worst, result[worst],
                       reference[worst], largest, allowed);
}

std::string difference(std::span<const double> result, std::span<const double> reference,
                       DType precision, const Tolerance& tolerance) {
    const double allowed =
        tolerance.condition * epsilon_of(precision) *
        std::sqrt(static_cast<double>(std::max<std::int64_t>(tolerance.terms, 1))) *
        largest_finite(reference);
    return difference_above(result, reference, std::max(allowed, smallest_normal_of(precision)));
}

}  // namespace elm::test
