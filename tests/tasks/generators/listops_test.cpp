// ListOps: expressions, their distribution and files against the published generator.

#include "tasks/lra/listops/listops.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <functional>
#include <numeric>
#include <sstream>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "kernels/core/support/error.h"
#include "tasks/lra/listops/listops_table.h"
#include "tests/support/temporary_directory.h"
#include "tests/tasks/data/golden_tasks.h"

namespace elm {
namespace {

using Tokens = std::vector<std::uint8_t>;

int value_of(std::string_view text) { return evaluate_listops(parse_listops(text)); }

TEST(ListOps, values_are_those_of_the_operations) {
    EXPECT_EQ(value_of("7"), 7);
    EXPECT_EQ(value_of("[MIN 3 1 9 ]"), 1);
    EXPECT_EQ(value_of("[MAX 3 1 9 ]"), 9);
    EXPECT_EQ(value_of("[MED 3 1 9 ]"), 3);
    EXPECT_EQ(value_of("[MED 3 4 ]"), 3);  // 3.5 without its fraction
    EXPECT_EQ(value_of("[MED 0 9 ]"), 4);
    EXPECT_EQ(value_of("[MED 9 9 9 9 0 0 1 1 1 2 ]"), 1);  // (1 + 2) / 2
    EXPECT_EQ(value_of("[SM 9 9 9 ]"), 7);
    EXPECT_EQ(value_of("[MAX 3 [MIN 4 1 ] [SM 5 4 ] ]"), 9);
}

TEST(ListOps, median_of_any_operands_is_that_of_their_order) {
    std::uint32_t state = 1;
    for (int trial = 0; trial < 500; ++trial) {
        Tokens tokens = {listops_median};
        std::vector<int> operands;
        const int count = 1 + trial % 15;
        for (int k = 0; k < count; ++k) {
            state = state * 1664525 + 1013904223;
            operands.push_back(static_cast<int>(state >> 24) % 10);
            tokens.push_back(static_cast<std::uint8_t>(operands.back()));
        }
        tokens.push_back(listops_close);
        std::sort(operands.begin(), operands.end());
        const auto low = static_cast<std::size_t>((count - 1) / 2);
        const auto high = static_cast<std::size_t>(count / 2);
        EXPECT_EQ(evaluate_listops(tokens), (operands[low] + operands[high]) / 2);
    }
}

TEST(ListOps, prints_a_binary_tree_that_reads_back) {
    EXPECT_EQ(print_listops(parse_listops("[MAX 3 [MIN 4 1 ] 9 ]")),
              "( ( ( ( [MAX 3 ) ( ( ( [MIN 4 ) 1 ) ] ) ) 9 ) ] )");
    EXPECT_EQ(print_listops(Tokens{5}), "5");
    const ListOpsGenerator generator;
    ListOpsSample sample;
    for (std::uint64_t index = 0; index < 20; ++index) {
        generator.draw(4, index, sample);
        const std::string text = print_listops(sample.tokens);
        EXPECT_EQ(parse_listops(text), sample.tokens);
        const auto blanks = static_cast<std::size_t>(std::count(text.begin(), text.end(), ' '));
        EXPECT_EQ(blanks + 1, 3 * sample.tokens.size() - 2);
        EXPECT_EQ(evaluate_listops(sample.tokens), sample.label);
    }
}

std::string message_of(const std::function<void()>& action) {
    try {
        action();
    } catch (const Error& error) {
        return error.message();
    }
    return "no error";
}

TEST(ListOps, says_what_is_wrong_with_an_expression) {
    const auto wrong = [](std::string_view text) { return message_of([&] { value_of(text); }); };
    EXPECT_NE(wrong("[MAX 3 4").find("token 4"), std::string::npos) << wrong("[MAX 3 4");
    EXPECT_NE(wrong("[MAX ]").find("token 2 "), std::string::npos);
    EXPECT_NE(wrong("3 ]").find("token 2 "), std::string::npos);
    EXPECT_NE(wrong("]").find("no operator is open"), std::string::npos);
    EXPECT_NE(wrong("").find("token 1 "), std::string::npos);
    EXPECT_NE(wrong("[FIRST 3 4 ]").find("\"[FIRST\""), std::string::npos);
    EXPECT_NE(wrong("[MAX 3 12 ]").find("\"12\""), std::string::npos);
}

TEST(ListOps, table_errors_name_the_line) {
    const auto wrong = [](const std::string& text) {
        std::istringstream input(text);
        return message_of([&] { read_listops(input, "x.tsv", [](const ListOpsExample&) {}); });
    };
    const std::string good = "Source\tTarget\r\n( ( ( [MAX 3 ) 4 ) ] )\t4\r\n";
    EXPECT_EQ(wrong(good), "no error");
    EXPECT_NE(wrong("[MAX 3 4 ]\t4\n").find("x.tsv, line 1"), std::string::npos);
    for (const std::string line :
         {"[MAX 3 4 ] 4", "[MAX 3 4 ]\t", "[MAX 3 4 ]\t12", "[MAX 3 4 ]\tx", "[MAX 3 4 ]\t3",
          "[MAX 3 4\t4", "[MIX 3 4 ]\t4", ""}) {
        const std::string message = wrong(good + line + "\n");
        EXPECT_NE(message.find("x.tsv, line 3"), std::string::npos) << line << ": " << message;
    }
}

TEST(ListOps, file_reads_back) {
    const test::TemporaryDirectory folder;
    const std::string path = (folder / "listops.tsv").string();
    const ListOpsGenerator generator({.most_depth = 4, .least_length = 5, .most_length = 40});
    write_listops_file(path, false, generator, 9, 3, 5);
    const std::vector<ListOpsExample> examples = read_listops_file(path);
    ASSERT_EQ(examples.size(), 5u);
    ListOpsSample sample;
    for (std::size_t k = 0; k < examples.size(); ++k) {
        generator.draw(9, 3 + k, sample);
        EXPECT_EQ(examples[k].tokens, sample.tokens);
        EXPECT_EQ(examples[k].label, sample.label);
    }
    EXPECT_THROW(read_listops_file((folder / "none.tsv").string()), Error);
}

TEST(ListOps, short_trees_have_the_probabilities_of_the_grammar) {
    // Up to 5 tokens there are a digit (3/4) and, each with probability 1/4 / 9 times (3/4)^k,
    // operators with k = 2 or 3 digits.
    const ListOpsGenerator generator({.least_length = 1, .most_length = 5});
    constexpr int n = 20000;
    std::array<int, 6> count{};
    ListOpsSample sample;
    for (std::uint64_t index = 0; index < n; ++index) {
        generator.draw(2, index, sample);
        ++count[sample.tokens.size()];
    }
    const double weight[] = {0.75, 0.25 / 9 * std::pow(0.75, 2), 0.25 / 9 * std::pow(0.75, 3)};
    const double total = weight[0] + weight[1] + weight[2];
    const std::size_t lengths[] = {1, 4, 5};
    for (int k = 0; k < 3; ++k) {
        const double p = weight[k] / total;
        EXPECT_NEAR(count[lengths[k]], n * p, 4 * std::sqrt(n * p * (1 - p))) << lengths[k];
    }
    EXPECT_EQ(count[2] + count[3], 0);
}

TEST(ListOps, refuses_options_that_no_tree_meets) {
    EXPECT_THROW(ListOpsGenerator({.most_depth = 0}), Error);
    EXPECT_THROW(ListOpsGenerator({.most_arguments = 1}), Error);
    EXPECT_THROW(ListOpsGenerator({.most_arguments = 16}), Error);
    EXPECT_THROW(ListOpsGenerator({.least_length = 9, .most_length = 8}), Error);
    EXPECT_THROW(ListOpsGenerator({.least_length = 2, .most_length = 3}), Error);
    EXPECT_THROW(ListOpsGenerator({.most_depth = 2}), Error);  // 12 tokens at most
}

TEST(ListOpsGolden, samples_are_worth_their_labels) {
    ELM_OPEN_GOLDEN_TASKS(golden);
    const auto codes = golden.read<std::uint8_t>("/listops/samples/token_code");
    const auto offset = golden.read<std::int64_t>("/listops/samples/offset");
    const auto label = golden.read<std::int32_t>("/listops/samples/label");
    ASSERT_GT(label.size(), 100u);
    for (std::size_t k = 0; k < label.size(); ++k) {
        const auto tokens =
            std::span(codes).subspan(static_cast<std::size_t>(offset[k]),
                                     static_cast<std::size_t>(offset[k + 1] - offset[k]));
        EXPECT_EQ(evaluate_listops(tokens), label[k]) << k;
    }
}

TEST(ListOpsGolden, published_file_is_written_back_to_the_byte) {
    const std::string path = test::tasks_data_folder() + "/tasks/listops_sample.tsv";
    if (!std::filesystem::exists(path)) GTEST_SKIP() << "there is no " << path;
    std::ifstream input(path, std::ios::binary);
    const std::string text((std::istreambuf_iterator<char>(input)), {});
    std::string ours(listops_header);
    for (const ListOpsExample& example : read_listops_file(path)) {
        ours += listops_line(example.tokens, example.label);
    }
    EXPECT_EQ(ours, text);
}

TEST(ListOpsGolden, ids_are_those_of_the_release) {
    ELM_OPEN_GOLDEN_TASKS(golden);
    const std::string group = "/text_image/listops_reader";
    const char* const expressions[] = {"[MAX 3 [MIN 4 1 ] 9 ]", "[SM 5 [MED 2 8 0 ] ]"};
    const ListOpsVocabulary vocabulary = listops_release_vocabulary();
    EXPECT_EQ(vocabulary.size,
              golden.read<std::int32_t>(group + "/full_vocab_size_with_pad_and_oov").front());
    for (int k = 0; k < 2; ++k) {
        const auto ids = golden.read<std::int32_t>(fmt::format("{}/full_ids_{}", group, k));
        std::vector<std::int32_t> ours(ids.size() + 3, -1);
        const auto count = encode_listops(parse_listops(expressions[k]), vocabulary, ours);
        EXPECT_EQ(count, static_cast<std::int64_t>(ids.size()));
        EXPECT_TRUE(std::equal(ids.begin(), ids.end(), ours.begin()));
        EXPECT_EQ(ours.back(), vocabulary.padding);
    }
}

TEST(ListOps, s4_ids_follow_the_counts_and_end_each_expression) {
    std::array<std::int64_t, listops_token_kinds> counts{};
    counts.fill(5);
    counts[listops_close] = 100;
    counts[3] = 50;
    const ListOpsVocabulary vocabulary = listops_s4_vocabulary(counts);
    EXPECT_EQ(vocabulary.size, 18);
    EXPECT_EQ(vocabulary.id[listops_close], 3);
    EXPECT_EQ(vocabulary.id[3], 4);
    EXPECT_EQ(vocabulary.id[0], 5);
    EXPECT_EQ(vocabulary.id[listops_sum_modulo], 17);
    std::vector<std::int32_t> ids(4);
    EXPECT_EQ(encode_listops(Tokens{0, 3}, vocabulary, ids), 3);
    EXPECT_EQ(ids, (std::vector<std::int32_t>{5, 4, 2, 0}));
    EXPECT_EQ(encode_listops(Tokens{0, 3, 3, 3, 3}, vocabulary, ids), 4);
    EXPECT_EQ(ids, (std::vector<std::int32_t>{5, 4, 4, 2}));
}

/// Chi-square of two samples of the same kind; with its degrees of freedom as mean and half its
/// variance, 4 standard deviations above are allowed.
void expect_same_distribution(const std::vector<double>& a, const std::vector<double>& b,
                              const std::string& name) {
    ASSERT_EQ(a.size(), b.size()) << name;
    const double sum_a = std::accumulate(a.begin(), a.end(), 0.0);
    const double sum_b = std::accumulate(b.begin(), b.end(), 0.0);
    double chi = 0, freedom = -1;
    for (std::size_t k = 0; k < a.size(); ++k) {
        if (a[k] + b[k] == 0) continue;
        const double d = a[k] * std::sqrt(sum_b / sum_a) - b[k] * std::sqrt(sum_a / sum_b);
        chi += d * d / (a[k] + b[k]);
        ++freedom;
    }
    EXPECT_LT(chi, freedom + 4 * std::sqrt(2 * freedom)) << name;
}

struct ListOpsStatistics {
    std::vector<double> label = std::vector<double>(10, 0);
    std::vector<double> root = std::vector<double>(4, 0);
    std::vector<double> arguments = std::vector<double>(11, 0);
    std::vector<double> label_by_root = std::vector<double>(40, 0);
    std::vector<double> length = std::vector<double>(1499, 0);
    double digits = 0, digit_squares = 0, operators = 0, operator_squares = 0;
    double length_sum = 0, length_squares = 0, too_short = 0, too_long = 0;

    void add(const ListOpsSample& sample) {
        const auto root_kind = static_cast<std::size_t>(sample.tokens[0] - listops_minimum);
        const auto value = static_cast<std::size_t>(sample.label);
        ++label[value];
        ++root[root_kind];
        ++label_by_root[10 * root_kind + value];
        const auto tokens = static_cast<double>(sample.tokens.size());
        ++length[sample.tokens.size() - 501];
        length_sum += tokens;
        length_squares += tokens * tokens;
        double digit_count = 0, operator_count = 0;
        for (const std::uint8_t token : sample.tokens) {
            digit_count += token < 10;
            operator_count += token >= listops_minimum && token < listops_close;
        }
        ++arguments[count_root_arguments(sample.tokens)];
        digits += digit_count / tokens;
        digit_squares += digit_count / tokens * digit_count / tokens;
        operators += operator_count;
        operator_squares += operator_count * operator_count;
        too_short += static_cast<double>(sample.too_short);
        too_long += static_cast<double>(sample.too_long);
    }

    static std::size_t count_root_arguments(const Tokens& tokens) {
        std::size_t count = 0;
        int depth = 0;
        for (const std::uint8_t token : tokens) {
            const bool opens = token >= listops_minimum && token < listops_close;
            if (depth == 1 && token != listops_close) ++count;
            depth += opens ? 1 : token == listops_close ? -1 : 0;
        }
        return count;
    }
};

void expect_mean(double sum, double squares, double n, double published, double published_error,
                 const std::string& name) {
    const double mean = sum / n;
    const double error = std::sqrt((squares / n - mean * mean) / n);
    EXPECT_NEAR(mean, published, 3 * std::hypot(error, published_error)) << name;
}

TEST(ListOpsGolden, distribution_is_that_of_the_published_generator) {
    ELM_OPEN_GOLDEN_TASKS(golden);
    const std::string group = "/listops/stats";
    const ListOpsGenerator generator;
    ListOpsStatistics ours;
    ListOpsSample sample;
    constexpr int n = 40000;
    for (std::uint64_t index = 0; index < n; ++index) {
        generator.draw(1, index, sample);
        ours.add(sample);
    }
    const auto theirs = [&](const char* name) { return golden.read<double>(group + "/" + name); };
    expect_same_distribution(ours.label, theirs("label_hist"), "labels");
    expect_same_distribution(ours.root, theirs("root_operator_hist_MIN_MAX_MED_SM"), "operators");
    expect_same_distribution(ours.arguments, theirs("root_arguments_hist_0_to_10"), "arguments");
    expect_same_distribution(ours.label_by_root, theirs("label_by_root_operator"), "labels, root");
    expect_same_distribution(ours.length, theirs("length_hist_501_to_1999"), "lengths");
    const auto figure = [&](const char* name) { return golden.number_attribute(group, name); };
    expect_mean(ours.length_sum, ours.length_squares, n, figure("length_mean"),
                figure("length_mean_se"), "length");
    expect_mean(ours.operators, ours.operator_squares, n, figure("operators_mean"),
                figure("operators_mean_se"), "operators");
    expect_mean(ours.digits, ours.digit_squares, n, figure("digits_fraction_mean"),
                figure("digits_fraction_mean_se"), "digits");
    const double draws = n + ours.too_short + ours.too_long;
    const double accepted = n / draws;
    EXPECT_NEAR(accepted, figure("accepted_fraction"),
                3 * std::hypot(figure("accepted_se"), std::sqrt(accepted / draws)));
    EXPECT_NEAR(ours.too_long / draws, figure("too_long_fraction"),
                3 * std::sqrt(0.0112 / draws + 0.0112 / figure("draws")));
}

}  // namespace
}  // namespace elm
