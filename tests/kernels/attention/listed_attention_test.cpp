#include "kernels/ops/attention/listed_attention.h"

#include <gtest/gtest.h>

#include <functional>

#include "kernels/core/support/error.h"
#include "kernels/core/support/parallel.h"
#include "tests/reference/listed_attention_reference.h"
#include "tests/support/compare.h"
#include "tests/support/op_case.h"
#include "tests/support/random_tensor.h"

namespace elm::test {
namespace {

using reference::ListedAttentionSizes;
using reference::SeenKey;

Tensor lengths_of(const std::vector<std::size_t>& lengths) {
    if (lengths.empty()) return {};
    Stream host{Device{}};
    const std::vector<std::int32_t> counts(lengths.begin(), lengths.end());
    return Tensor::from<std::int32_t>(host, {std::ssize(counts)}, counts);
}

/// The same lists, list by list.
KeyLists lists_of(const ListedAttentionSizes& n) {
    const std::size_t samples = n.samples_differ ? n.batch : 1,
                      heads = n.heads_differ ? n.heads : 1;
    const auto whole = [](std::size_t count) { return static_cast<std::int64_t>(count); };
    KeyLists lists(whole(n.queries), whole(n.keys), whole(n.tile), whole(samples), whole(heads));
    for (std::size_t group = 0; group < samples * heads; ++group) {
        for (std::size_t tile = 0; tile * n.tile < n.queries; ++tile) {
            for (const SeenKey& seen : n.seen) {
                if (seen.group != group || seen.tile != tile) continue;
                lists.see(whole(seen.key), whole(seen.key) + 1, whole(seen.first), whole(seen.end));
            }
            lists.close();
        }
        if (n.order.empty()) continue;
        const auto begin = n.order.begin() + whole(group * n.queries);
        lists.append_order(std::vector<std::int32_t>(begin, begin + whole(n.queries)));
    }
    return lists;
}

/// `log_sums`: whether they are a result; those of rows that see nothing have no gradient.
OpCase listed_case(const std::string& name, const ListedAttentionSizes& n, bool log_sums = true) {
    const auto whole = [](std::size_t count) { return static_cast<std::int64_t>(count); };
    const KeyLists lists = lists_of(n);
    const ListedAttentionSettings settings{
        .heads = whole(n.heads), .lengths = lengths_of(n.lengths), .self_score = n.self_score};
    return {
        .name = name,
        .inputs = {{.name = "query",
                    .shape = {whole(n.batch), whole(n.queries), whole(n.heads * n.features)}},
                   {.name = "key",
                    .shape = {whole(n.batch), whole(n.keys), whole(n.heads * n.features)}},
                   {.name = "value",
                    .shape = {whole(n.batch), whole(n.keys), whole(n.heads * n.value_features)}}},
        .run =
            [=](Context& context, std::span<const Var> in) {
                const ListedAttentionResult result =
                    listed_attention(context, in[0], in[1], in[2], lists, settings);
                std::vector<Var> outputs{result.output};
                if (log_sums) outputs.push_back(result.log_sums);
                return outputs;
            },
        .reference =
            [=](const Arrays& in) {
                const auto result = reference::listed_attention(in[0], in[1], in[2], n);
                Arrays outputs{result.output};
                if (log_sums) outputs.push_back(result.log_sums);
                return outputs;
            },
        .longest_sum = whole((n.keys + n.queries) * (n.features + n.value_features))};
}

/// Keys that `chosen(group, tile, key)` picks, seen by rows first(...) .. end(...) of a tile.
std::vector<SeenKey> every(std::size_t groups, std::size_t tiles, std::size_t keys,
                           const std::function<bool(const SeenKey&)>& chosen, std::size_t rows) {
    std::vector<SeenKey> seen;
    for (std::size_t group = 0; group < groups; ++group) {
        for (std::size_t tile = 0; tile < tiles; ++tile) {
            for (std::size_t key = 0; key < keys; ++key) {
                const SeenKey one{group, tile, key, 0, rows};
                if (chosen(one)) seen.push_back(one);
            }
        }
    }
    return seen;
}

std::vector<SeenKey> all_of(std::size_t groups, std::size_t tiles, std::size_t keys,
                            std::size_t rows) {
    return every(
        groups, tiles, keys, [](const SeenKey&) { return true; }, rows);
}

/// Row r of a tile sees keys up to r of its own tile, and every fifth one before.
std::vector<SeenKey> causal_blocks(std::size_t tiles, std::size_t rows, std::size_t keys) {
    auto seen = every(
        1, tiles, keys,
        [=](const SeenKey& one) {
            return one.key / rows == one.tile || (one.key / rows < one.tile && one.key % 5 == 0);
        },
        rows);
    for (SeenKey& one : seen) {
        if (one.key / rows == one.tile) one.first = one.key % rows;
    }
    return seen;
}

std::vector<std::size_t> turned(std::size_t groups, std::size_t queries) {
    std::vector<std::size_t> order;
    for (std::size_t group = 0; group < groups; ++group) {
        for (std::size_t row = 0; row < queries; ++row) {
            order.push_back((queries - 1 - row + group) % queries);
        }
    }
    return order;
}

std::vector<OpCase> cases() {
    const auto odd = [](const SeenKey& one) { return (one.key + one.tile + one.group) % 3 != 1; };
    std::vector<SeenKey> twice = all_of(1, 2, 7, 4);
    for (const SeenKey& one : all_of(1, 2, 3, 2)) twice.push_back(one);
    return {
        // One key has all of the weight: queries and keys have no gradient but by the log.
        listed_case("one", {1, 1, 1, 1, 1, 1, 1, false, false, all_of(1, 1, 1, 1)}),
        listed_case("all_keys", {2, 3, 7, 9, 5, 4, 4, false, false, all_of(1, 2, 9, 4)}),
        listed_case("twice", {2, 1, 7, 7, 3, 3, 4, false, false, twice}),
        listed_case("causal_blocks",
                    {2, 2, 33, 33, 4, 6, 8, false, false, causal_blocks(5, 8, 33)}),
        listed_case("of_each_head", {2, 3, 9, 8, 3, 2, 4, false, true, every(3, 3, 8, odd, 4)}),
        listed_case("of_each_sample", {3, 2, 9, 8, 3, 2, 4, true, false, every(3, 3, 8, odd, 4)}),
        listed_case("in_another_order",
                    {2, 2, 10, 10, 3, 3, 4, true, true, every(4, 3, 10, odd, 4), turned(4, 10)}),
        listed_case("padded",
                    {3, 2, 9, 9, 4, 4, 5, false, false, all_of(1, 2, 9, 5), {}, {9, 1, 4}}),
        listed_case("without_itself",
                    {2, 2, 9, 9, 4, 4, 3, false, false, all_of(1, 3, 9, 3), {}, {}, -50}),
        listed_case(
            "with_a_score_of_its_own",
            {2, 2, 9, 9, 4, 4, 3, true, true, every(4, 3, 9, odd, 3), turned(4, 9), {9, 6}, 0.5}),
        listed_case("many_keys", {1, 2, 40, 257, 3, 5, 16, false, false, all_of(1, 3, 257, 16)}),
        listed_case("wide_heads", {1, 1, 7, 33, 65, 100, 4, false, false, all_of(1, 2, 33, 4)}),
        listed_case(
            "nothing_for_some",
            {2, 1, 7, 7, 3, 3, 4, false, false, {{0, 0, 2, 1, 3}, {0, 0, 5, 0, 2}}, {}, {7, 4}},
            false),
        listed_case("no_samples", {0, 2, 7, 7, 4, 4, 4, false, false, all_of(1, 2, 7, 4)}),
        listed_case("no_queries", {2, 2, 0, 7, 4, 4, 4}),
        listed_case("no_keys", {2, 2, 7, 0, 4, 4, 4}, false)};
}

ELM_OP_CASES(listed_attention, cases());

class ListedAttentionRuns : public testing::Test {
protected:
    Tensor draw(const Shape& shape, std::uint32_t purpose, DType dtype = DType::f64) {
        return tensor_of(stream_, shape, dtype,
                         random_values(shape.size(), -1, 1, {1, 0, purpose}));
    }

    Stream stream_{Device{}};
};

TEST_F(ListedAttentionRuns, of_all_keys_is_exact_attention) {
    Context context{stream_};
    const Var query{draw({2, 70, 6}, 1)}, key{draw({2, 90, 6}, 2)}, value{draw({2, 90, 8}, 3)};
    KeyLists lists(70, 90, 16);
    for (int tile = 0; tile < 5; ++tile) {
        lists.see(-3, 200);
        lists.close();
    }
    EXPECT_CLOSE(listed_attention(context, query, key, value, lists, {.heads = 2}).output.value,
                 values_of(attention(context, query, key, value, {.heads = 2}).value),
                 {.terms = 600});
}

TEST_F(ListedAttentionRuns, gives_the_same_bits_for_any_number_of_threads) {
    const int before = thread_count();
    const Tensor all = draw({2, 300, 8}, 1, DType::f32);
    KeyLists lists(300, 300, 32);
    for (int tile = 0; tile < 10; ++tile) {
        lists.see(32 * (tile - 1), 32 * (tile + 2));
        lists.close();
    }
    Arrays expected;
    for (const int threads : {1, 2, 4}) {
        set_thread_count(threads);
        Tape tape;
        Context context{.stream = stream_, .tape = &tape};
        const Parameter leaf{all, Tensor::zeros(stream_, all.shape(), DType::f32)};
        const Var in = tape.leaf(leaf);
        const Var output = listed_attention(context, in, in, in, lists, {.heads = 2}).output;
        tape.backward(stream_, {&output, 1}, {&all, 1});
        const Arrays found{values_of(output.value), values_of(leaf.gradient)};
        if (threads == 1) expected = found;
        EXPECT_EQ(found, expected) << threads;
    }
    set_thread_count(before);
}

TEST_F(ListedAttentionRuns, says_what_does_not_fit) {
    Context context{stream_};
    const auto expect_error = [&](const Shape& query, const Shape& key, const Shape& value,
                                  const KeyLists& lists, const ListedAttentionSettings& settings,
                                  const std::string& part) {
        const auto zeros = [&](const Shape& shape) {
            return Var{Tensor::zeros(stream_, shape, DType::f32)};
        };
        try {
            listed_attention(context, zeros(query), zeros(key), zeros(value), lists, settings);
            FAIL() << "expected: " << part;
        } catch (const Error& error) {
            EXPECT_EQ(error.kind(), ErrorKind::invalid);
            EXPECT_NE(error.message().find(part), std::string::npos) << error.message();
        }
    };
    const Shape usual{2, 3, 4};
    KeyLists lists(3, 3, 2);
    lists.close();
    expect_error(usual, usual, usual, lists, {}, "1 lists, expected 2 for each of 1 groups");
    lists.close();
    expect_error({2, 3}, usual, usual, lists, {}, "query (batch, queries, heads features)");
    expect_error(usual, {2, 3, 5}, usual, lists, {}, "key (batch, keys, heads features)");
    expect_error(usual, usual, {2, 4, 4}, lists, {}, "value (batch, keys, heads value features)");
    expect_error(usual, usual, usual, lists, {.heads = 3}, "4 features for 3 heads");
    expect_error(usual, usual, usual, lists, {.heads = 0}, "at least one head");
    expect_error({2, 5, 4}, usual, usual, lists, {}, "lists of 3 queries and 3 keys for 5 and 3");
    expect_error(usual, usual, usual, KeyLists(3, 3, 2, 3, 1), {}, "lists of 3 samples");
    expect_error(usual, usual, usual, lists, {.lengths = lengths_of({1})}, "lengths (batch)");
    expect_error(usual, usual, usual, lists, {.lengths = lengths_of({1, 4})}, "a length of 4");
    EXPECT_THROW(KeyLists(3, 3, 0), Error);
    EXPECT_THROW(lists.append_order({0, 1}), Error);
    lists.append_order({2, 1, 0});
    lists.append_order({2, 1, 0});
    expect_error(usual, usual, usual, lists, {}, "an order of 6 rows");
}

}  // namespace
}  // namespace elm::test
