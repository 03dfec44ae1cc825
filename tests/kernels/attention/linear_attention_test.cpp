#include "kernels/ops/attention/linear_attention.h"

#include <gtest/gtest.h>

#include "kernels/core/support/error.h"
#include "kernels/ops/attention/divide_by_last.h"
#include "tests/reference/outer_scan_reference.h"
#include "tests/support/compare.h"
#include "tests/support/op_case.h"
#include "tests/support/random_tensor.h"

namespace elm::test {
namespace {

std::vector<double> quotients(const std::vector<double>& rows, std::size_t columns,
                              double epsilon) {
    std::vector<double> result;
    for (std::size_t at = 0; at < rows.size(); ++at) {
        const std::size_t last = at / (columns + 1) * (columns + 1) + columns;
        if (at != last) result.push_back(rows[at] / (rows[last] + epsilon));
    }
    return result;
}

/// Divisors that are too small are replaced.
OpCase bounded_case() {
    OpCase op{.name = "bounded",
              .inputs = {{.name = "rows", .shape = {33, 4}, .low = 0.5, .high = 2, .kinks = {1}}},
              .run =
                  [](Context& context, std::span<const Var> in) {
                      return std::vector<Var>{divide_by_last(context, in[0], -1)};
                  },
              .reference =
                  [](const Arrays& in) {
                      std::vector<double> result;
                      for (std::size_t at = 0; at < in[0].size(); ++at) {
                          const double last = in[0][at / 4 * 4 + 3];
                          if (at % 4 != 3) result.push_back(in[0][at] / (last < 1 ? 1 : last));
                      }
                      return Arrays{result};
                  },
              .longest_sum = 4};
    return op;
}

OpCase divide_case(const std::string& name, const Shape& shape) {
    const std::int64_t columns = shape[shape.rank() - 1] - 1;
    return {.name = name,
            .inputs = {{.name = "rows", .shape = shape, .low = 0.5, .high = 2}},
            .run =
                [](Context& context, std::span<const Var> in) {
                    return std::vector<Var>{divide_by_last(context, in[0], 0.25)};
                },
            .reference =
                [=](const Arrays& in) {
                    return Arrays{quotients(in[0], static_cast<std::size_t>(columns), 0.25)};
                },
            .longest_sum = columns + 1};
}

std::vector<OpCase> divide_cases() {
    return {divide_case("one", {1, 2}),
            divide_case("seven", {33, 7}),
            bounded_case(),
            divide_case("wide", {7, 257}),
            divide_case("four_axes", {2, 3, 4, 5}),
            divide_case("no_rows", {0, 7})};
}

ELM_OP_CASES(divide_by_last, divide_cases());

struct Sizes {
    std::int64_t batch, heads, queries, keys, features, value_features;
};

/// By its definition: sums of values and of ones, each with the weights.
OpCase attention_case(const std::string& name, const Sizes& n, bool causal,
                      const std::vector<std::int32_t>& lengths = {}) {
    const auto size = [](std::int64_t count) { return static_cast<std::size_t>(count); };
    Stream host{Device{}};
    LinearAttentionSettings settings{.heads = n.heads, .causal = causal};
    if (!lengths.empty()) {
        settings.lengths = Tensor::from<std::int32_t>(host, {n.batch}, lengths);
    }
    return {
        .name = name,
        .inputs = {{.name = "query",
                    .shape = {n.batch, n.queries, n.heads * n.features},
                    .low = 0.1,
                    .high = 2},
                   {.name = "key",
                    .shape = {n.batch, n.keys, n.heads * n.features},
                    .low = 0.1,
                    .high = 2},
                   {.name = "value", .shape = {n.batch, n.keys, n.heads * n.value_features}}},
        .run =
            [settings](Context& context, std::span<const Var> in) {
                return std::vector<Var>{linear_attention(context, in[0], in[1], in[2], settings)};
            },
        .reference =
            [=](const Arrays& in) {
                reference::OuterScanSizes sizes{
                    size(n.batch),
                    size(n.heads),
                    size(n.keys),
                    size(n.queries),
                    size(n.value_features),
                    size(n.features),
                    causal,
                    std::vector<std::size_t>(lengths.begin(), lengths.end())};
                std::vector<double> output = reference::outer_scan(in[2], in[1], in[0], sizes);
                sizes.rows = 1;
                const std::vector<double> ones(size(n.batch * n.keys * n.heads), 1.0);
                const std::vector<double> sums = reference::outer_scan(ones, in[1], in[0], sizes);
                for (std::size_t i = 0; i < output.size(); ++i) {
                    output[i] /= sums[i / size(n.value_features)] + 1e-6;
                }
                return Arrays{output};
            },
        .longest_sum = (n.keys + n.queries) * (n.features + n.value_features)};
}

std::vector<OpCase> attention_cases() {
    return {attention_case("all", {2, 3, 7, 7, 5, 3}, false),
            attention_case("causal", {2, 2, 33, 33, 4, 3}, true),
            attention_case("cross", {2, 2, 5, 90, 4, 3}, false),
            attention_case("several_chunks", {1, 1, 150, 150, 3, 2}, true),
            attention_case("padded", {2, 1, 9, 9, 4, 4}, false, {9, 4}),
            attention_case("no_samples", {0, 2, 7, 7, 4, 4}, true)};
}

ELM_OP_CASES(linear_attention, attention_cases());

/// A factor of all features cancels, but for epsilon.
TEST(LinearAttention, does_not_change_with_the_size_of_features) {
    Stream stream{Device{}};
    Context context{stream};
    const auto draw = [&](double factor, std::uint32_t purpose) {
        std::vector<double> values = random_values(40 * 4, 0.1, 1, {1, 0, purpose});
        for (double& value : values) value *= factor;
        return Var{tensor_of(stream, {1, 40, 4}, DType::f64, values)};
    };
    const LinearAttentionSettings settings{.heads = 2, .causal = true, .epsilon = 0};
    const auto once =
        values_of(linear_attention(context, draw(1, 1), draw(1, 2), draw(1, 3), settings).value);
    const auto twice = values_of(
        linear_attention(context, draw(1e-3, 1), draw(1e4, 2), draw(1, 3), settings).value);
    EXPECT_CLOSE(twice, once, {.terms = 160});
}

TEST(LinearAttention, has_the_same_last_row_causally_and_not) {
    Stream stream{Device{}};
    Context context{stream};
    const auto draw = [&](std::uint32_t purpose) {
        return Var{tensor_of(stream, {1, 100, 3}, DType::f64,
                             random_values(300, 0.1, 1, {1, 0, purpose}))};
    };
    const auto run = [&](bool causal) {
        const auto all = values_of(
            linear_attention(context, draw(1), draw(2), draw(3), {.causal = causal}).value);
        return std::vector<double>(all.end() - 3, all.end());
    };
    EXPECT_CLOSE(run(true), run(false), {.terms = 300});
}

TEST(LinearAttention, says_what_does_not_fit) {
    Stream stream{Device{}};
    Context context{stream};
    const Var all{Tensor::zeros(stream, {2, 3, 4}, DType::f32)};
    EXPECT_THROW(linear_attention(context, all, all, all, {.heads = 3}), Error);
    EXPECT_THROW(
        linear_attention(context, all, all, {Tensor::zeros(stream, {2, 3}, DType::f32)}, {}),
        Error);
    EXPECT_THROW(divide_by_last(context, {Tensor::zeros(stream, {2, 1}, DType::f32)}, 0), Error);
}

}  // namespace
}  // namespace elm::test
