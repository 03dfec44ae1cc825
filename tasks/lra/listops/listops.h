#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace elm {

/// Tokens of ListOps expressions: digits 0 .. 9 are themselves.
enum ListOpsToken : std::uint8_t {
    listops_minimum = 10,
    listops_maximum = 11,
    listops_median = 12,
    listops_sum_modulo = 13,
    listops_close = 14,
};
inline constexpr int listops_token_kinds = 15;

/// Nested list operations on digits, whose value is a digit.
///
///   gen(depth)  a uniform digit, with probability 3/4, and always at the largest depth; else one
///   of
///               MIN, MAX, MED, SM with 2 .. most_arguments arguments, each gen(depth + 1). It
///               begins with gen(1)
///   length      tokens with closing brackets: a digit has 1, an operator 2 more than its arguments
///   value       MED is the median, that of an even number of arguments the mean of the middle two
///               without its fraction; SM is the sum modulo 10
///
/// Trees of another length than asked for are drawn anew. Source: Nangia & Bowman 2018, "ListOps",
/// arXiv 1804.06028; lengths and the tree distribution of Tay et al. 2021, "Long Range Arena",
/// arXiv 2011.04006, whose generator also drops duplicates: there are none at these lengths.
struct ListOpsOptions {
    int most_depth = 10;
    int most_arguments = 10;  // 2 .. 15
    int least_length = 501, most_length = 1999;
};

/// An operator of a tree that is being drawn.
struct ListOpsOperator {
    int node = 0, arguments = 0;
    std::uint8_t token = 0;
};
/// A node of it: its length, later the place of its first token.
struct ListOpsNode {
    int extent = 0;
    std::uint8_t value = 0, token = 0;
};

struct ListOpsSample {
    std::vector<std::uint8_t> tokens;          // in the order of printing, without parentheses
    int label = 0;                             // 0 .. 9
    std::int64_t too_short = 0, too_long = 0;  // trees that were dropped before this one
    // memory that is used from draw to draw
    std::vector<ListOpsOperator> operators = {};
    std::vector<ListOpsNode> nodes = {};
};

class ListOpsGenerator {
public:
    /// Throws Error{invalid} for options that no tree can meet.
    explicit ListOpsGenerator(const ListOpsOptions& options = {});

    /// Sample `index` of `seed`: the same bits whatever else is drawn. Allocates nothing once the
    /// sample has held a long tree. Throws Error{numeric} if ten million trees have another length.
    void draw(std::uint64_t seed, std::uint64_t index, ListOpsSample& sample) const;

private:
    ListOpsOptions options_;
};

/// Value of an expression. Throws Error{data} saying which token is wrong: a bracket or an operand
/// too many, an operator without operands or without its bracket, or with more than 15.
int evaluate_listops(std::span<const std::uint8_t> tokens);

/// The published form: operators and arguments as a binary tree that leans left, with "( a b )"
/// around every inner node. The tokens must be an expression.
std::string print_listops(std::span<const std::uint8_t> tokens);

/// Reads an expression with or without parentheses. Throws Error{data} naming the word that is no
/// token.
std::vector<std::uint8_t> parse_listops(std::string_view text);

/// Word of a token: "[MIN", "7", "]".
std::string_view listops_word(std::uint8_t token);

}  // namespace elm
