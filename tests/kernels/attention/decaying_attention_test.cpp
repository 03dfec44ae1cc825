#include "kernels/ops/scan/decaying/decaying_attention.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "kernels/core/support/error.h"
#include "tests/support/compare.h"
#include "tests/support/op_case.h"
#include "tests/support/random_tensor.h"

namespace elm::test {
namespace {

struct Sizes {
    std::size_t batch, steps, heads, features, value_features;
};

/// The recurrence, step by step: outputs and the last matrices.
Arrays by_recurrence(const Arrays& in, const Sizes& n) {
    const std::vector<double>&query = in[0], &key = in[1], &value = in[2], &log_decay = in[3];
    Arrays result{std::vector<double>(value.size()), in[4]};
    for (std::size_t b = 0; b < n.batch; ++b) {
        for (std::size_t h = 0; h < n.heads; ++h) {
            double* const matrix =
                result[1].data() + (b * n.heads + h) * n.value_features * n.features;
            for (std::size_t t = 0; t < n.steps; ++t) {
                const std::size_t row = (b * n.steps + t) * n.heads + h;
                for (std::size_t r = 0; r < n.value_features; ++r) {
                    for (std::size_t c = 0; c < n.features; ++c) {
                        double& element = matrix[r * n.features + c];
                        element = std::exp(log_decay[row]) * element +
                                  value[row * n.value_features + r] * key[row * n.features + c];
                        result[0][row * n.value_features + r] +=
                            element * query[row * n.features + c];
                    }
                }
            }
        }
    }
    return result;
}

/// A difference of sums of logarithms is as exact as the sums are, hence `condition`.
OpCase attention_case(const std::string& name, const Sizes& n, std::int64_t chunk,
                      double lowest = -2, double condition = 8) {
    const auto extent = [](std::size_t count) { return static_cast<std::int64_t>(count); };
    const auto rows = [&](std::size_t features) {
        return Shape{extent(n.batch), extent(n.steps), extent(n.heads * features)};
    };
    return {.name = name,
            .inputs = {{.name = "query", .shape = rows(n.features)},
                       {.name = "key", .shape = rows(n.features)},
                       {.name = "value", .shape = rows(n.value_features)},
                       {.name = "log_decay", .shape = rows(1), .low = lowest, .high = 0},
                       {.name = "start",
                        .shape = {extent(n.batch), extent(n.heads), extent(n.value_features),
                                  extent(n.features)}}},
            .run =
                [=](Context& context, std::span<const Var> in) {
                    Var end;
                    const Var output = decaying_attention(
                        context, in[0], in[1], in[2], in[3],
                        {.heads = extent(n.heads), .chunk = chunk, .start = in[4], .end = &end});
                    return std::vector<Var>{output, end};
                },
            .reference = [=](const Arrays& in) { return by_recurrence(in, n); },
            .longest_sum = extent(n.batch * n.steps * (n.features + n.value_features)),
            .condition = condition};
}

std::vector<OpCase> cases() {
    // Of one step and feature, gradients are sums of two numbers, which here nearly cancel.
    return {attention_case("one", {1, 1, 1, 1, 1}, 64, -2, 64),
            attention_case("one_chunk", {2, 7, 3, 4, 5}, 64),
            attention_case("chunks", {2, 33, 2, 5, 3}, 8),
            attention_case("whole_chunks", {1, 32, 2, 3, 4}, 8),
            attention_case("chunks_of_one_step", {2, 9, 1, 3, 2}, 1),
            attention_case("no_decay", {1, 33, 2, 3, 3}, 8, -1e-6),
            attention_case("nothing_is_left", {1, 33, 2, 3, 3}, 8, -100, 8 * 100),
            attention_case("no_samples", {0, 7, 2, 3, 3}, 4)};
}

ELM_OP_CASES(decaying_attention, cases());

TEST(DecayingAttention, does_not_depend_on_the_chunk) {
    Stream stream{Device{}};
    Context context{stream};
    const auto draw = [&](const Shape& shape, double low, double high, std::uint32_t purpose) {
        return Var{tensor_of(stream, shape, DType::f64,
                             random_values(shape.size(), low, high, {1, 0, purpose}))};
    };
    const Var query = draw({2, 100, 6}, -1, 1, 1), key = draw({2, 100, 6}, -1, 1, 2);
    const Var value = draw({2, 100, 8}, -1, 1, 3), log_decay = draw({2, 100, 2}, -1, 0, 4);
    const auto run = [&](std::int64_t chunk) {
        return values_of(
            decaying_attention(context, query, key, value, log_decay, {.heads = 2, .chunk = chunk})
                .value);
    };
    const std::vector<double> whole = run(100);
    for (const std::int64_t chunk : {1, 7, 64, 1000}) {
        EXPECT_CLOSE(run(chunk), whole, {.terms = 300});
    }
}

/// What goes past step t is what is read from it on, but for what is put in from it on: by products
/// of outputs, of the end and of values with their gradients.
TEST(DecayingAttention, gradient_of_a_decay_is_what_goes_past_it) {
    const Sizes n{2, 33, 2, 5, 3};
    const OpCase op = attention_case("gradient", n, 8);
    const OpRun run = run_case(op, Device{}, DType::f64);
    const Arrays in = inputs_of(op), out_gradients = output_gradients_of(run.outputs);
    const auto product_of_row = [](const std::vector<double>& left,
                                   const std::vector<double>& right, std::size_t row,
                                   std::size_t columns) {
        const auto begin = static_cast<std::ptrdiff_t>(row * columns);
        const auto end = begin + static_cast<std::ptrdiff_t>(columns);
        return std::inner_product(left.begin() + begin, left.begin() + end, right.begin() + begin,
                                  0.0);
    };
    std::vector<double> expected(run.gradients[3].size());
    for (std::size_t b = 0; b < n.batch; ++b) {
        for (std::size_t h = 0; h < n.heads; ++h) {
            double past = product_of_row(run.outputs[1], out_gradients[1], b * n.heads + h,
                                         n.value_features * n.features);
            for (std::size_t t = n.steps; t-- > 0;) {
                const std::size_t row = (b * n.steps + t) * n.heads + h;
                past += product_of_row(run.outputs[0], out_gradients[0], row, n.value_features) -
                        product_of_row(in[2], run.gradients[2], row, n.value_features);
                expected[row] = past;
            }
        }
    }
    EXPECT_CLOSE(run.gradients[3], expected, {.terms = op.longest_sum});
}

TEST(DecayingAttention, names_the_argument_that_does_not_fit) {
    Stream stream{Device{}};
    Context context{stream};
    const auto zeros = [&](const Shape& shape) {
        return Var{Tensor::zeros(stream, shape, DType::f32)};
    };
    const Var rows = zeros({2, 3, 4}), decay = zeros({2, 3, 2});
    const auto expect_error = [&](const Var& query, const Var& key, const Var& value,
                                  const Var& log_decay, const DecayingAttentionSettings& settings,
                                  const std::string& part) {
        try {
            decaying_attention(context, query, key, value, log_decay, settings);
            FAIL() << "expected: " << part;
        } catch (const Error& error) {
            EXPECT_EQ(error.kind(), ErrorKind::invalid);
            EXPECT_NE(error.message().find(part), std::string::npos) << error.message();
        }
    };
    expect_error(rows, rows, rows, decay, {.heads = 3}, "for 3 heads");
    expect_error(rows, rows, rows, decay, {.heads = 2, .chunk = 0}, "a chunk of 0 steps");
    expect_error(rows, zeros({2, 3, 6}), rows, decay, {.heads = 2}, "key");
    expect_error(rows, rows, zeros({2, 4, 4}), decay, {.heads = 2}, "value");
    expect_error(rows, rows, rows, zeros({2, 3, 4}), {.heads = 2}, "log_decay");
    expect_error(rows, rows, rows, decay, {.heads = 2, .start = zeros({2, 2, 2})}, "start");
}

}  // namespace
}  // namespace elm::test
