#include "kernels/ops/spectral/low_rank/low_rank_kernel.h"

#include <gtest/gtest.h>

#include <cmath>
#include <complex>

#include "kernels/core/support/error.h"
#include "tests/support/compare.h"
#include "tests/support/op_case.h"
#include "tests/support/random_tensor.h"

namespace elm::test {
namespace {

using Number = std::complex<double>;
using Matrix = std::vector<std::vector<Number>>;

Matrix identity(std::size_t size) {
    Matrix result(size, std::vector<Number>(size));
    for (std::size_t i = 0; i < size; ++i) result[i][i] = 1;
    return result;
}

Matrix product(const Matrix& left, const Matrix& right) {
    Matrix result(left.size(), std::vector<Number>(right.front().size()));
    for (std::size_t i = 0; i < left.size(); ++i) {
        for (std::size_t k = 0; k < right.size(); ++k) {
            for (std::size_t j = 0; j < right.front().size(); ++j) {
                result[i][j] += left[i][k] * right[k][j];
            }
        }
    }
    return result;
}

/// left⁻¹ right, by elimination with the largest pivot.
Matrix solved(Matrix left, Matrix right) {
    const std::size_t size = left.size();
    for (std::size_t k = 0; k < size; ++k) {
        std::size_t pivot = k;
        for (std::size_t i = k; i < size; ++i) {
            if (std::abs(left[i][k]) > std::abs(left[pivot][k])) pivot = i;
        }
        std::swap(left[k], left[pivot]);
        std::swap(right[k], right[pivot]);
        for (std::size_t i = 0; i < size; ++i) {
            if (i == k) continue;
            const Number factor = left[i][k] / left[k][k];
            for (std::size_t j = k; j < size; ++j) left[i][j] -= factor * left[k][j];
            for (std::size_t j = 0; j < right[i].size(); ++j) right[i][j] -= factor * right[k][j];
        }
    }
    for (std::size_t i = 0; i < size; ++i) {
        for (Number& x : right[i]) x /= left[i][i];
    }
    return right;
}

Matrix shifted(const Matrix& matrix, double factor) {
    Matrix result = identity(matrix.size());
    for (std::size_t i = 0; i < matrix.size(); ++i) {
        for (std::size_t j = 0; j < matrix.size(); ++j) result[i][j] += factor * matrix[i][j];
    }
    return result;
}

struct Sizes {
    std::size_t features, modes, rows, channels, rank = 1;
};

/// The state space itself, dense, with both modes of each pair, step by step.
std::vector<double> by_recurrence(const Arrays& in, const Sizes& n, std::size_t length,
                                  std::size_t column) {
    const std::size_t feature = column % n.features, row = feature % n.rows, size = 2 * n.modes;
    const double dt = std::exp(in[0][feature]);
    const auto both = [&](const std::vector<double>& real, const std::vector<double>& imag,
                          std::size_t begin) {
        std::vector<Number> all;
        for (const double sign : {1.0, -1.0}) {
            for (std::size_t k = begin; k < begin + n.modes; ++k) {
                all.emplace_back(real[k], sign * imag[k]);
            }
        }
        return all;
    };
    std::vector<double> decay;
    for (const double x : in[1]) decay.push_back(-std::exp(x));
    const auto a = both(decay, in[2], row * n.modes), b = both(in[3], in[4], row * n.modes);
    const auto c = both(in[7], in[8], column * n.modes);
    std::vector<std::vector<Number>> corrections;
    for (std::size_t m = 0; m < n.rank; ++m) {
        corrections.push_back(both(in[5], in[6], (m * n.rows + row) * n.modes));
    }
    Matrix rate(size, std::vector<Number>(size));
    Matrix state(size, std::vector<Number>(1));
    for (std::size_t i = 0; i < size; ++i) {
        for (std::size_t j = 0; j < size; ++j) {
            if (i == j) rate[i][j] = a[i];
            for (const auto& p : corrections) rate[i][j] -= p[i] * std::conj(p[j]);
        }
        state[i][0] = dt * b[i];
    }
    const Matrix step = solved(shifted(rate, -dt / 2), shifted(rate, dt / 2));
    state = solved(shifted(rate, -dt / 2), state);
    Matrix power = identity(size);
    for (std::size_t s = 0; s < length; ++s) power = product(step, power);
    // C of C' = C (I - step^length): its transpose solves a system with the transposed matrix.
    Matrix turned(size, std::vector<Number>(size)), right(size, std::vector<Number>(1));
    for (std::size_t i = 0; i < size; ++i) {
        for (std::size_t j = 0; j < size; ++j) turned[i][j] = (i == j ? 1.0 : 0) - power[j][i];
        right[i][0] = c[i];
    }
    const Matrix output = solved(turned, right);
    std::vector<double> kernel;
    for (std::size_t s = 0; s < length; ++s) {
        Number sum = 0;
        for (std::size_t i = 0; i < size; ++i) sum += output[i][0] * state[i][0];
        kernel.push_back(sum.real());
        state = product(step, state);
    }
    return kernel;
}

OpCase kernel_case(const std::string& name, const Sizes& n, std::size_t length) {
    const auto extent = [](std::size_t count) { return static_cast<std::int64_t>(count); };
    const Shape shared{extent(n.rows), extent(n.modes)};
    const Shape output{extent(n.channels), extent(n.features), extent(n.modes)};
    const Shape correction{extent(n.rank * n.rows), extent(n.modes)};
    return {.name = name,
            // A kernel of one step, -C B / A, does not depend on the size of the step: its gradient
            // is nothing but rounding.
            .inputs = {{.name = "log_step",
                        .shape = {extent(n.features)},
                        .low = -2,
                        .high = -0.5,
                        .differentiable = length > 1},
                       {.name = "log_decay", .shape = shared, .low = -1, .high = 1},
                       {.name = "frequency", .shape = shared, .low = 0.5, .high = 6},
                       {.name = "input_real", .shape = shared},
                       {.name = "input_imag", .shape = shared},
                       {.name = "correction_real", .shape = correction},
                       {.name = "correction_imag", .shape = correction},
                       {.name = "output_real", .shape = output},
                       {.name = "output_imag", .shape = output}},
            .run =
                [=](Context& context, std::span<const Var> in) {
                    const LowRankParameters parameters{
                        in[0], in[1], in[2], {in[3], in[4]}, {in[5], in[6]}, {in[7], in[8]}};
                    return std::vector<Var>{low_rank_kernel(context, parameters, extent(length))};
                },
            .reference =
                [=](const Arrays& in) {
                    const std::size_t columns = n.channels * n.features;
                    std::vector<double> kernel(length * columns);
                    for (std::size_t column = 0; column < columns; ++column) {
                        const std::vector<double> one = by_recurrence(in, n, length, column);
                        for (std::size_t s = 0; s < length; ++s) {
                            kernel[s * columns + column] = one[s];
                        }
                    }
                    return Arrays{kernel};
                },
            .longest_sum = extent(length * n.modes * n.features * n.channels)};
}

std::vector<OpCase> cases() {
    return {kernel_case("one", {1, 1, 1, 1}, 1),
            kernel_case("even", {3, 2, 3, 1}, 16),
            kernel_case("odd", {3, 2, 3, 1}, 15),
            kernel_case("prime", {2, 3, 1, 1}, 13),
            kernel_case("shared_rows_two_channels", {4, 2, 2, 2}, 12),
            kernel_case("rank_2", {3, 3, 3, 1, 2}, 16),
            kernel_case("rank_2_shared_rows_two_channels", {4, 2, 2, 2, 2}, 15),
            kernel_case("many_modes", {1, 17, 1, 1}, 8),
            kernel_case("many_features", {65, 1, 1, 1}, 6),
            kernel_case("no_features", {0, 2, 1, 1}, 5)};
}

ELM_OP_CASES(low_rank_kernel, cases());

TEST(LowRankKernel, names_the_argument_that_does_not_fit) {
    Stream stream{Device{}};
    Context context{stream};
    const auto zeros = [&](const Shape& shape) {
        return Var{Tensor::zeros(stream, shape, DType::f32)};
    };
    const ComplexVar shared{zeros({2, 3}), zeros({2, 3})};
    const ComplexVar output{zeros({1, 4, 3}), zeros({1, 4, 3})};
    const auto expect_error = [&](const LowRankParameters& in, std::int64_t length,
                                  const std::string& part) {
        try {
            low_rank_kernel(context, in, length);
            FAIL() << "expected: " << part;
        } catch (const Error& error) {
            EXPECT_EQ(error.kind(), ErrorKind::invalid);
            EXPECT_NE(error.message().find(part), std::string::npos) << error.message();
        }
    };
    const Var step = zeros({4}), decay = zeros({2, 3});
    expect_error({step, decay, decay, shared, shared, output}, 0, "a kernel of 0 steps");
    expect_error({step, decay, zeros({3, 2}), shared, shared, output}, 8, "frequency");
    expect_error({step, decay, decay, {decay, step}, shared, output}, 8, "input weight");
    expect_error({step, decay, decay, shared, {decay, step}, output}, 8, "correction");
    const ComplexVar third{zeros({6, 3}), zeros({6, 3})};
    expect_error({step, decay, decay, shared, third, output}, 8, "a correction of rank 3");
    expect_error({zeros({5}), decay, decay, shared, shared, output}, 8, "output weight");
}

}  // namespace
}  // namespace elm::test
