#include "tests/support/gradient_check.h"

#include <algorithm>
#include <cmath>

#include "kernels/core/support/check.h"
#include "tests/support/compare.h"
#include "tests/support/random_tensor.h"

namespace elm::test {
namespace {

// A power of two, so that adding it to an input that is exact in float32 is exact in float64.
constexpr double step = 0x1p-18;

double weighted_change(const Arrays& weights, const Arrays& high, const Arrays& low) {
    double sum = 0;
    for (std::size_t i = 0; i < weights.size(); ++i) {
        for (std::size_t k = 0; k < weights[i].size(); ++k) {
            sum += weights[i][k] * (high[i][k] - low[i][k]);
        }
    }
    return sum;
}

double norm_of_products(const Arrays& left, const Arrays& right) {
    double sum = 0;
    for (std::size_t i = 0; i < left.size(); ++i) {
        for (std::size_t k = 0; k < left[i].size(); ++k) {
            sum += left[i][k] * right[i][k] * left[i][k] * right[i][k];
        }
    }
    return std::sqrt(sum);
}

double largest(const Arrays& arrays) {
    double result = 0;
    for (const auto& array : arrays) {
        for (const double value : array) result = std::max(result, std::abs(value));
    }
    return result;
}

/// A direction through all elements of the differentiable inputs, in steps of 1/256.
Arrays draw_direction(const std::vector<std::size_t>& inputs, const Arrays& values) {
    Arrays direction(values.size());
    for (const std::size_t input : inputs) {
        const auto count = static_cast<std::int64_t>(values[input].size());
        direction[input] = random_values(count, -1, 1, {3, input, 2});
        for (double& part : direction[input]) part = std::round(part * 256) / 256;
    }
    return direction;
}

}  // namespace

std::string compare_with_differences(const OpCase& op, const Arrays& gradients,
                                     std::int64_t most_elements) {
    std::vector<std::size_t> inputs;  // the differentiable ones, as `gradients` has them
    for (std::size_t i = 0; i < op.inputs.size(); ++i) {
        if (op.inputs[i].differentiable) inputs.push_back(i);
    }
    const Arrays values = inputs_of(op);
    const Arrays outputs = evaluate(op, values);
    const Arrays weights = output_gradients_of(outputs);
    const double allowed = op.condition * std::pow(epsilon_of(DType::f64), 2.0 / 3) *
                           std::sqrt(static_cast<double>(op.longest_sum)) *
                           (largest(gradients) + norm_of_products(weights, outputs));

    // The derivative along `direction` (empty: zero) by a step of `size`.
    const auto derivative = [&](const Arrays& direction, double size) {
        Arrays high = values, low = values;
        for (std::size_t i = 0; i < direction.size(); ++i) {
            for (std::size_t k = 0; k < direction[i].size(); ++k) {
                high[i][k] += size * direction[i][k];
                low[i][k] -= size * direction[i][k];
            }
        }
        return weighted_change(weights, evaluate(op, high), evaluate(op, low)) / (2 * size);
    };

    std::string text;
    std::size_t total = 0;
    for (std::size_t i = 0; i < inputs.size(); ++i) {
        const std::size_t count = values[inputs[i]].size();
        total += count;
        const std::size_t stride =
            std::max<std::size_t>(1, count / static_cast<std::size_t>(most_elements));
        std::vector<double> analytic, numeric;
        for (std::size_t k = 0; k < count; k += stride) {
            Arrays direction(values.size());
            direction[inputs[i]].assign(count, 0.0);
            direction[inputs[i]][k] = 1;
            numeric.push_back(derivative(direction, step));
            analytic.push_back(gradients[i][k]);
        }
        const std::string found = difference_above(analytic, numeric, allowed);
        if (!found.empty()) {
            text += fmt::format("gradient of {}, every {}th: {}; ", op.inputs[inputs[i]].name,
                                stride, found);
        }
    }
    if (total == 0) return text;

    const Arrays direction = draw_direction(inputs, values);
    double analytic = 0;
    for (std::size_t i = 0; i < inputs.size(); ++i) {
        for (std::size_t k = 0; k < gradients[i].size(); ++k) {
            analytic += gradients[i][k] * direction[inputs[i]][k];
        }
    }
    // A direction is about sqrt(total) long; the step is that much shorter.
    const double length = std::exp2(std::ceil(std::log2(static_cast<double>(total)) / 2));
    const double numeric = derivative(direction, step / length);
    const std::string found = difference_above({&analytic, 1}, {&numeric, 1}, allowed * length);
    if (!found.empty()) text += fmt::format("gradient along a random direction: {}", found);
    return text;
}

std::string check_gradient(const OpCase& op) {
    return compare_with_differences(op, run_case(op, {}, DType::f64).gradients);
}

}  // namespace elm::test
