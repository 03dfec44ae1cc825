#include "kernels/ops/attention/sampled_scores.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "kernels/core/support/error.h"
#include "tests/support/op_case.h"
#include "tests/support/random_tensor.h"

namespace elm::test {
namespace {

struct Sizes {
    std::int64_t batch, heads, queries, keys, features, count;
};

Tensor lengths_of(const std::vector<std::int32_t>& lengths) {
    if (lengths.empty()) return {};
    Stream host{Device{}};
    return Tensor::from<std::int32_t>(host, {std::ssize(lengths)}, lengths);
}

/// By its definition.
Arrays measures(const Arrays& in, const Sizes& n, const std::vector<std::int32_t>& lengths) {
    std::vector<double> result;
    for (std::int64_t at = 0; at < n.batch * n.heads * n.queries; ++at) {
        const std::int64_t sample = at / (n.heads * n.queries), head = at / n.queries % n.heads;
        const std::int64_t query = at % n.queries;
        const std::int64_t keys =
            lengths.empty() ? n.keys : lengths[static_cast<std::size_t>(sample)];
        std::vector<double> scores;
        for (std::int64_t i = 0; i < n.count && keys > 0; ++i) {
            const auto drawn =
                static_cast<std::int64_t>(in[2][static_cast<std::size_t>(query * n.count + i)]);
            double sum = 0;
            for (std::int64_t c = 0; c < n.features; ++c) {
                const auto place = [&](std::int64_t steps, std::int64_t step) {
                    return static_cast<std::size_t>(
                        ((sample * steps + step) * n.heads + head) * n.features + c);
                };
                sum += in[0][place(n.queries, query)] * in[1][place(n.keys, drawn % keys)];
            }
            scores.push_back(sum);
        }
        double total = 0;
        for (const double score : scores) total += score;
        const double largest = scores.empty() ? 0 : *std::max_element(scores.begin(), scores.end());
        result.push_back(keys > 0 ? largest - total / static_cast<double>(keys) : 0);
    }
    return {result};
}

OpCase sampled_case(const std::string& name, const Sizes& n,
                    const std::vector<std::int32_t>& lengths = {}) {
    std::vector<double> sample;
    for (const double value :
         random_values(n.queries * n.count, 0, static_cast<double>(n.keys), {4})) {
        sample.push_back(std::floor(value));
    }
    const Tensor counts = lengths_of(lengths);
    return {.name = name,
            .inputs = {{.name = "query",
                        .shape = {n.batch, n.queries, n.heads * n.features},
                        .differentiable = false},
                       {.name = "key",
                        .shape = {n.batch, n.keys, n.heads * n.features},
                        .differentiable = false},
                       {.name = "sample",
                        .shape = {n.queries, n.count},
                        .differentiable = false,
                        .values = sample,
                        .dtype = DType::i32}},
            .run =
                [=](Context& context, std::span<const Var> in) {
                    return std::vector<Var>{{sampled_scores(
                        context.stream, in[0].value, in[1].value, n.heads, in[2].value, counts)}};
                },
            .reference = [=](const Arrays& in) { return measures(in, n, lengths); },
            .longest_sum = n.features * n.count};
}

std::vector<OpCase> cases() {
    return {sampled_case("one", {1, 1, 1, 1, 1, 1}),
            sampled_case("several", {2, 3, 7, 9, 5, 4}),
            sampled_case("wide_heads", {1, 2, 33, 33, 67, 12}),
            sampled_case("padded", {3, 2, 9, 9, 4, 3}, {9, 0, 4}),
            sampled_case("no_queries", {2, 2, 0, 7, 4, 3}),
            sampled_case("no_samples", {0, 2, 7, 7, 4, 3})};
}

ELM_OP_CASES(sampled_scores, cases());

TEST(SampledScores, say_what_does_not_fit) {
    Stream stream{Device{}};
    const auto zeros = [&](const Shape& shape, DType dtype = DType::f32) {
        return Tensor::zeros(stream, shape, dtype);
    };
    const auto expect_error = [&](const Shape& query, const Shape& key, const Shape& sample,
                                  std::int64_t heads, const Tensor& lengths,
                                  const std::string& part) {
        try {
            sampled_scores(stream, zeros(query), zeros(key), heads, zeros(sample, DType::i32),
                           lengths);
            FAIL() << "expected: " << part;
        } catch (const Error& error) {
            EXPECT_EQ(error.kind(), ErrorKind::invalid);
            EXPECT_NE(error.message().find(part), std::string::npos) << error.message();
        }
    };
    expect_error({2, 3}, {2, 3, 4}, {3, 2}, 1, {}, "query (batch, queries, heads features)");
    expect_error({2, 3, 4}, {2, 3, 5}, {3, 2}, 1, {}, "key (batch, keys, heads features)");
    expect_error({2, 3, 4}, {2, 5, 4}, {5, 2}, 1, {}, "sample (queries, count)");
    expect_error({2, 3, 4}, {2, 5, 4}, {3, 2}, 3, {}, "4 features for 3 heads");
    expect_error({2, 3, 4}, {2, 5, 4}, {3, 2}, 1, lengths_of({5}), "lengths (batch)");
    expect_error({2, 3, 4}, {2, 5, 4}, {3, 2}, 1, lengths_of({5, 6}), "a length of 6 among 5");
}

}  // namespace
}  // namespace elm::test
