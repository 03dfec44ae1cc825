#include "kernels/ops/attention/attention.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "kernels/core/support/error.h"
#include "kernels/core/support/parallel.h"
#include "tests/reference/attention_reference.h"
#include "tests/support/compare.h"
#include "tests/support/devices.h"
#include "tests/support/op_case.h"
#include "tests/support/random_tensor.h"

namespace elm::test {
namespace {

struct Sizes {
    std::int64_t batch, heads, queries, keys, features, value_features;
};

Tensor lengths_of(const std::vector<std::int32_t>& lengths) {
    if (lengths.empty()) return {};
    Stream host{Device{}};
    return Tensor::from<std::int32_t>(host, {static_cast<std::int64_t>(lengths.size())}, lengths);
}

OpCase attention_case(const std::string& name, const Sizes& n, bool causal = false,
                      const std::vector<std::int32_t>& lengths = {}, double largest = 1) {
    const auto size = [](std::int64_t count) { return static_cast<std::size_t>(count); };
    const AttentionSettings settings{
        .heads = n.heads, .causal = causal, .lengths = lengths_of(lengths)};
    return {.name = name,
            .inputs = {{.name = "query",
                        .shape = {n.batch, n.queries, n.heads * n.features},
                        .low = -largest,
                        .high = largest},
                       {.name = "key",
                        .shape = {n.batch, n.keys, n.heads * n.features},
                        .low = -largest,
                        .high = largest},
                       {.name = "value", .shape = {n.batch, n.keys, n.heads * n.value_features}}},
            .run =
                [settings](Context& context, std::span<const Var> in) {
                    return std::vector<Var>{attention(context, in[0], in[1], in[2], settings)};
                },
            .reference =
                [=](const Arrays& in) {
                    return Arrays{reference::attention(
                        in[0], in[1], in[2],
                        {size(n.batch), size(n.heads), size(n.queries), size(n.keys),
                         size(n.features), size(n.value_features), causal,
                         std::vector<std::size_t>(lengths.begin(), lengths.end())})};
                },
            .longest_sum = (n.keys + n.queries) * (n.features + n.value_features)};
}

/// The same with a bias.
OpCase biased_case(const std::string& name, const Sizes& n, bool causal = false,
                   const std::vector<std::int32_t>& lengths = {}) {
    const auto size = [](std::int64_t count) { return static_cast<std::size_t>(count); };
    const AttentionSettings settings{
        .heads = n.heads, .causal = causal, .lengths = lengths_of(lengths)};
    OpCase op = attention_case(name, n, causal, lengths);
    op.inputs.push_back({.name = "bias", .shape = {n.heads, n.queries, n.keys}});
    op.run = [settings](Context& context, std::span<const Var> in) {
        return std::vector<Var>{attention(context, in[0], in[1], in[2], in[3], settings)};
    };
    op.reference = [=](const Arrays& in) {
        return Arrays{
            reference::attention(in[0], in[1], in[2],
                                 {size(n.batch), size(n.heads), size(n.queries), size(n.keys),
                                  size(n.features), size(n.value_features), causal,
                                  std::vector<std::size_t>(lengths.begin(), lengths.end())},
                                 in[3])};
    };
    op.longest_sum *= n.batch + 1;
    return op;
}

/// The same with a window.
OpCase window_case(const std::string& name, const Sizes& n, std::int64_t before, std::int64_t after,
                   const std::vector<std::int32_t>& lengths = {}) {
    const auto size = [](std::int64_t count) { return static_cast<std::size_t>(count); };
    const AttentionSettings settings{
        .heads = n.heads, .before = before, .after = after, .lengths = lengths_of(lengths)};
    OpCase op = attention_case(name, n, false, lengths);
    op.run = [settings](Context& context, std::span<const Var> in) {
        return std::vector<Var>{attention(context, in[0], in[1], in[2], settings)};
    };
    op.reference = [=](const Arrays& in) {
        return Arrays{reference::attention(
            in[0], in[1], in[2],
            {size(n.batch), size(n.heads), size(n.queries), size(n.keys), size(n.features),
             size(n.value_features), false,
             std::vector<std::size_t>(lengths.begin(), lengths.end()), size(before), size(after)})};
    };
    return op;
}

/// Every weight is 1: the result does not depend on queries and keys.
OpCase itself_case() {
    OpCase op = window_case("nothing_but_itself", {1, 1, 70, 70, 4, 4}, 0, 0);
    op.inputs[0].differentiable = op.inputs[1].differentiable = false;
    return op;
}

std::vector<OpCase> cases() {
    return {attention_case("one", {1, 1, 1, 1, 1, 1}),
            attention_case("seven", {2, 3, 7, 7, 5, 5}),
            attention_case("causal", {2, 2, 33, 33, 4, 4}, true),
            attention_case("cross", {2, 2, 5, 33, 4, 7}),
            attention_case("more_queries_than_keys", {1, 2, 33, 7, 8, 3}),
            attention_case("last_steps", {1, 2, 7, 40, 3, 3}, true),
            attention_case("one_step_more", {2, 2, 1, 100, 4, 4}, true),
            attention_case("padded", {3, 2, 9, 9, 4, 4}, false, {9, 4, 1}),
            attention_case("padded_causal", {3, 1, 40, 40, 4, 4}, true, {40, 4, 33}),
            attention_case("nothing_of_a_sample", {2, 1, 5, 5, 3, 3}, false, {5, 0}),
            attention_case("several_tiles", {1, 1, 130, 257, 3, 5}),
            attention_case("several_tiles_causal", {1, 1, 257, 257, 2, 2}, true),
            attention_case("keys_in_parts", {1, 1, 3, 1000, 2, 2}),
            attention_case("wide_heads", {1, 1, 7, 33, 65, 100}),
            window_case("window", {2, 2, 40, 40, 3, 4}, 5, 3),
            window_case("window_of_many_tiles", {1, 1, 300, 300, 2, 2}, 110, 7),
            window_case("causal_window", {1, 2, 150, 150, 2, 2}, 20, 0),
            itself_case(),
            window_case("what_comes_after", {1, 1, 70, 70, 4, 4}, 0, 90),
            window_case("last_steps_of_a_window", {2, 1, 7, 120, 3, 3}, 30, 0),
            window_case("padded_window", {2, 2, 130, 130, 2, 2}, 4, 4, {130, 20}),
            biased_case("bias", {2, 3, 7, 7, 5, 5}),
            biased_case("bias_causal", {2, 2, 40, 40, 3, 4}, true),
            biased_case("bias_padded", {3, 2, 9, 9, 4, 4}, false, {9, 4, 1}),
            biased_case("bias_cross", {2, 1, 5, 110, 4, 7}),
            biased_case("bias_no_samples", {0, 2, 7, 7, 4, 4}),
            attention_case("large_scores", {1, 2, 7, 33, 4, 4}, false, {}, 8),
            attention_case("no_samples", {0, 2, 7, 7, 4, 4}),
            attention_case("no_queries", {2, 2, 0, 7, 4, 4}),
            attention_case("no_keys", {2, 2, 7, 0, 4, 4})};
}

ELM_OP_CASES(attention, cases());

class AttentionRuns : public testing::Test {
protected:
    Tensor draw(const Shape& shape, std::uint32_t purpose, DType dtype = DType::f64) {
        return tensor_of(stream_, shape, dtype,
                         random_values(shape.size(), -1, 1, {1, 0, purpose}));
    }
    std::vector<double> run(const Tensor& query, const Tensor& key, const Tensor& value,
                            const AttentionSettings& settings) {
        Context context{stream_};
        return values_of(attention(context, {query}, {key}, {value}, settings).value);
    }

    Stream stream_{Device{}};
};

/// Softmax does not care for what is added to all scores of a row.
TEST_F(AttentionRuns, does_not_change_when_all_keys_move_along_the_same_way) {
    const Tensor query = draw({1, 40, 4}, 1), value = draw({1, 40, 4}, 3);
    std::vector<double> keys = values_of(draw({1, 40, 4}, 2));
    const auto before = run(query, tensor_of(stream_, {1, 40, 4}, DType::f64, keys), value, {});
    for (std::size_t i = 0; i < keys.size(); ++i) keys[i] += i % 4 == 1 ? 3 : -2;
    EXPECT_CLOSE(run(query, tensor_of(stream_, {1, 40, 4}, DType::f64, keys), value, {}), before,
                 {.terms = 400});
}

TEST_F(AttentionRuns, has_the_first_value_in_the_first_causal_row) {
    const Tensor all = draw({1, 70, 6}, 1), value = draw({1, 70, 6}, 2);
    const auto output = run(all, all, value, {.heads = 2, .causal = true});
    const auto expected = values_of(value);
    EXPECT_CLOSE(std::vector<double>(output.begin(), output.begin() + 6),
                 std::vector<double>(expected.begin(), expected.begin() + 6), {});
}

TEST_F(AttentionRuns, reads_what_padding_holds_no_more_than_what_is_not_there) {
    const Tensor query = draw({1, 9, 4}, 1), key = draw({1, 9, 4}, 2), value = draw({1, 9, 4}, 3);
    const auto first = [](const Tensor& tensor) { return tensor.reshape({9, 4}).rows(0, 5); };
    EXPECT_EQ(run(query, key, value, {.lengths = lengths_of({5})}),
              run(query, first(key).reshape({1, 5, 4}), first(value).reshape({1, 5, 4}), {}));
}

TEST_F(AttentionRuns, takes_scores_of_any_size) {
    Tensor query = tensor_of(stream_, {1, 2, 1}, DType::f32, {1e4, -1e4});
    Tensor key = tensor_of(stream_, {1, 3, 1}, DType::f32, {1e4, 0, -1e4});
    Tensor value = tensor_of(stream_, {1, 3, 1}, DType::f32, {1, 2, 3});
    EXPECT_EQ(run(query, key, value, {}), (std::vector<double>{1, 3}));
    query = tensor_of(stream_, {1, 1, 1}, DType::f32, {NAN});
    EXPECT_TRUE(std::isnan(run(query, key, value, {}).front()));
}

TEST_F(AttentionRuns, gives_the_same_bits_for_any_number_of_threads) {
    const int before = thread_count();
    const Tensor all = draw({1, 900, 8}, 1, DType::f32);
    std::vector<double> output;
    Arrays gradients;
    for (const int threads : {1, 2, 3}) {
        set_thread_count(threads);
        Tape tape;
        Context context{.stream = stream_, .tape = &tape};
        Parameter query{all, Tensor::zeros(stream_, all.shape(), DType::f32)}, key = query;
        key.gradient = Tensor::zeros(stream_, all.shape(), DType::f32);
        const Var result = attention(context, tape.leaf(query), tape.leaf(key), {all},
                                     {.heads = 2, .causal = true});
        tape.backward(stream_, {&result, 1}, {&all, 1});
        const Arrays found{values_of(query.gradient), values_of(key.gradient)};
        if (threads == 1) {
            output = values_of(result.value);
            gradients = found;
        }
        EXPECT_EQ(values_of(result.value), output) << threads;
        EXPECT_EQ(found, gradients) << threads;
    }
    set_thread_count(before);
}

TEST_F(AttentionRuns, says_what_does_not_fit) {
    const auto zeros = [&](const Shape& shape) {
        return Tensor::zeros(stream_, shape, DType::f32);
    };
    const auto expect_error = [&](const Shape& query, const Shape& key, const Shape& value,
                                  const AttentionSettings& settings, const std::string& part) {
        try {
            run(zeros(query), zeros(key), zeros(value), settings);
            FAIL() << "expected: " << part;
        } catch (const Error& error) {
            EXPECT_EQ(error.kind(), ErrorKind::invalid);
            EXPECT_NE(error.message().find(part), std::string::npos) << error.message();
        }
    };
    const Shape usual{2, 3, 4};
    expect_error({2, 3}, usual, usual, {}, "query (batch, queries, heads features)");
    expect_error(usual, {2, 3, 5}, usual, {}, "key (batch, keys, heads features)");
    expect_error(usual, usual, {2, 4, 4}, {}, "value (batch, keys, heads value features)");
    expect_error(usual, usual, usual, {.heads = 3}, "4 features for 3 heads");
    expect_error(usual, usual, usual, {.heads = 0}, "at least one head");
    expect_error({2, 5, 4}, usual, usual, {.causal = true}, "5 of them and 3 keys");
    expect_error({2, 5, 4}, usual, usual, {.before = 2}, "where not all is seen");
    expect_error(usual, usual, usual, {.before = -1}, "expected at least 0");
    expect_error(usual, usual, usual, {.lengths = lengths_of({1})}, "lengths (batch)");
    expect_error(usual, usual, usual, {.lengths = lengths_of({1, 4})}, "a length of 4 among 3");
}

TEST_F(AttentionRuns, says_which_shape_a_bias_has) {
    Context context{stream_};
    const Var all{draw({2, 3, 4}, 1)};
    EXPECT_THROW(attention(context, all, all, all, {draw({2, 3, 3}, 2)}, {}), Error);
}

TEST(Attention, refuses_heads_that_are_too_wide_for_cuda) {
    ELM_SKIP_WITHOUT_CUDA();
    for (const Device device : cuda_devices()) {
        Stream stream{device};
        Context context{stream};
        const Var all{Tensor::zeros(stream, {1, 2, 2 * attention_device_features + 2}, DType::f32)};
        EXPECT_THROW(attention(context, all, all, all, {.heads = 2}), Error);
    }
}

}  // namespace
}  // namespace elm::test
