#include "kernels/ops/spectral/low_rank/low_rank_scan.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "kernels/autograd/context.h"
#include "kernels/core/support/error.h"
#include "tests/reference/memory_scan_reference.h"
#include "tests/support/compare.h"
#include "tests/support/op_case.h"
#include "tests/support/random_tensor.h"

namespace elm::test {
namespace {

struct Sizes {
    std::int64_t batch, time, features, rows, modes;
};

/// C and the states to begin with, which are float64 whatever the type of the input.
TensorPlanes drawn_planes(Stream& stream, const Shape& shape, std::uint64_t purpose) {
    return {
        tensor_of(stream, shape, DType::f64, random_values(shape.size(), -1, 1, {51, purpose})),
        tensor_of(stream, shape, DType::f64, random_values(shape.size(), -1, 1, {52, purpose}))};
}

/// The matrix of one row of modes, dense, on (real parts, imaginary parts), and B.
reference::DenseSystem dense_system(const Sizes& size, const Arrays& in, std::size_t row) {
    const auto modes = static_cast<std::size_t>(size.modes);
    const std::size_t first = row * modes;
    reference::DenseSystem made{2 * modes, std::vector<double>(4 * modes * modes, 0.0), {}};
    std::vector<double> correction;
    for (const std::size_t plane : {std::size_t{5}, std::size_t{6}}) {
        for (std::size_t n = 0; n < modes; ++n) correction.push_back(in[plane][first + n]);
    }
    for (const std::size_t plane : {std::size_t{3}, std::size_t{4}}) {
        for (std::size_t n = 0; n < modes; ++n) made.vector.push_back(in[plane][first + n]);
    }
    for (std::size_t i = 0; i < 2 * modes; ++i) {
        for (std::size_t k = 0; k < 2 * modes; ++k) {
            made.matrix[i * 2 * modes + k] = -2 * correction[i] * correction[k];
        }
    }
    for (std::size_t n = 0; n < modes; ++n) {
        const double decay = std::exp(in[1][first + n]), turn = in[2][first + n];
        made.matrix[n * 2 * modes + n] -= decay;
        made.matrix[(modes + n) * 2 * modes + modes + n] -= decay;
        made.matrix[(modes + n) * 2 * modes + n] += turn;
        made.matrix[n * 2 * modes + modes + n] -= turn;
    }
    return made;
}

/// Output and last states, real and imaginary parts.
Arrays dense_scan(const Sizes& size, const Arrays& in) {
    Stream host{Device{}};
    const TensorPlanes weight = drawn_planes(host, {size.features, size.modes}, 1);
    const TensorPlanes initial = drawn_planes(host, {size.batch, size.modes, size.features}, 2);
    const std::vector<double> planes[] = {values_of(weight.real), values_of(weight.imag),
                                          values_of(initial.real), values_of(initial.imag)};
    const auto features = static_cast<std::size_t>(size.features);
    const auto modes = static_cast<std::size_t>(size.modes);
    const auto time = static_cast<std::size_t>(size.time);
    Arrays out{in[7], planes[2], planes[3]};
    for (std::size_t sample = 0; sample < static_cast<std::size_t>(size.batch); ++sample) {
        for (std::size_t feature = 0; feature < features; ++feature) {
            const auto system =
                dense_system(size, in, feature % static_cast<std::size_t>(size.rows));
            const auto at = [&](std::size_t n) {
                return (sample * modes + n) * features + feature;
            };
            std::vector<double> state(2 * modes);
            for (std::size_t n = 0; n < modes; ++n) {
                state[n] = planes[2][at(n)];
                state[modes + n] = planes[3][at(n)];
            }
            for (std::size_t t = 0; t < time; ++t) {
                const std::size_t step = (sample * time + t) * features + feature;
                state = reference::generalised_bilinear_step(system, std::exp(in[0][feature]), 0.5,
                                                             state, in[7][step]);
                double read = 0;
                for (std::size_t n = 0; n < modes; ++n) {
                    read += 2 * (planes[0][feature * modes + n] * state[n] -
                                 planes[1][feature * modes + n] * state[modes + n]);
                }
                out[0][step] = read;
            }
            for (std::size_t n = 0; n < modes; ++n) {
                out[1][at(n)] = state[n];
                out[2][at(n)] = state[modes + n];
            }
        }
    }
    return out;
}

OpCase scan_case(const std::string& name, const Sizes& size) {
    const Shape shared{size.rows, size.modes};
    const auto fixed = [](const char* of, const Shape& shape, double low, double high) {
        return InputSpec{
            .name = of, .shape = shape, .low = low, .high = high, .differentiable = false};
    };
    return {
        .name = name,
        .inputs = {fixed("log_step", {size.features}, -3, -1), fixed("log_decay", shared, -2, 0),
                   fixed("frequency", shared, 0, 4), fixed("input_real", shared, -1, 1),
                   fixed("input_imag", shared, -1, 1), fixed("correction_real", shared, -1, 1),
                   fixed("correction_imag", shared, -1, 1),
                   fixed("input", {size.batch, size.time, size.features}, -1, 1)},
        .run =
            [=](Context& context, std::span<const Var> in) {
                Stream& stream = context.stream;
                const LowRankScanResult result = low_rank_scan(
                    stream,
                    {.log_step = in[0].value,
                     .log_decay = in[1].value,
                     .frequency = in[2].value,
                     .input_weight = {in[3].value, in[4].value},
                     .correction = {in[5].value, in[6].value},
                     .output_weight = drawn_planes(stream, {size.features, size.modes}, 1),
                     .initial = drawn_planes(stream, {size.batch, size.modes, size.features}, 2),
                     .input = in[7].value});
                return std::vector<Var>{{result.output}, {result.final.real}, {result.final.imag}};
            },
        .reference = [=](const Arrays& in) { return dense_scan(size, in); },
        .longest_sum = std::max<std::int64_t>(1, size.time * 2 * size.modes)};
}

std::vector<OpCase> cases() {
    return {scan_case("one", {1, 1, 1, 1, 1}),         scan_case("odd_sizes", {3, 33, 5, 5, 7}),
            scan_case("shared_rows", {2, 7, 6, 2, 3}), scan_case("many_steps", {1, 257, 2, 1, 4}),
            scan_case("many_modes", {1, 7, 2, 2, 33}), scan_case("no_samples", {0, 7, 3, 3, 2}),
            scan_case("no_steps", {2, 0, 3, 3, 2})};
}

ELM_OP_CASES(low_rank_scan, cases());

TEST(LowRankScan, names_the_argument_that_does_not_fit) {
    Stream stream{Device{}};
    const auto zeros = [&](const Shape& shape) { return Tensor::zeros(stream, shape, DType::f32); };
    const auto both = [&](const Shape& shape) {
        return TensorPlanes{Tensor::zeros(stream, shape, DType::f64),
                            Tensor::zeros(stream, shape, DType::f64)};
    };
    const auto message = [&](const LowRankScanInput& in) -> std::string {
        try {
            low_rank_scan(stream, in);
        } catch (const Error& error) {
            EXPECT_EQ(error.kind(), ErrorKind::invalid);
            return error.message();
        }
        return "no error";
    };
    const LowRankScanInput fits{.log_step = zeros({4}),
                                .log_decay = zeros({2, 3}),
                                .frequency = zeros({2, 3}),
                                .input_weight = {zeros({2, 3}), zeros({2, 3})},
                                .correction = {zeros({2, 3}), zeros({2, 3})},
                                .output_weight = both({4, 3}),
                                .initial = both({1, 3, 4}),
                                .input = zeros({1, 5, 4})};
    EXPECT_EQ(message(fits), "no error");
    LowRankScanInput wrong = fits;
    wrong.output_weight = both({3, 4});
    EXPECT_NE(message(wrong).find("low_rank_scan: output weight"), std::string::npos);
    wrong = fits;
    wrong.initial = both({2, 3, 4});
    EXPECT_NE(message(wrong).find("low_rank_scan: initial"), std::string::npos);
    wrong = fits;
    wrong.log_step = zeros({3});
    EXPECT_NE(message(wrong).find("low_rank_scan: log_step"), std::string::npos);
}

}  // namespace
}  // namespace elm::test
