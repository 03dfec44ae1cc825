#include "tasks/lra/listops/listops.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "kernels/core/support/check.h"
#include "tasks/data/sample_random.h"

namespace elm {
namespace {

constexpr int digit_kinds = 10, operator_kinds = 4;
constexpr int least_arguments = 2, argument_limit = 15;
constexpr int deepest = 64;
constexpr std::int64_t most_trees = 10'000'000;

constexpr std::array<std::string_view, listops_token_kinds> words = {
    "0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "[MIN", "[MAX", "[MED", "[SM", "]"};

/// Operands of an operator: how many there are of each digit, in four bits each, and their sum.
class Operands {
public:
    void add(int digit) {
        counts_ += std::uint64_t{1} << (4 * (digit & 15));  // 0 to 9
        sum_ += digit;
        ++count_;
    }
    int count() const { return count_; }

    int value(std::uint8_t operation) const {
        switch (operation) {
            case listops_minimum:
                return std::countr_zero(counts_) / 4;
            case listops_maximum:
                return (63 - std::countl_zero(counts_)) / 4;
            case listops_median:
                return (ranked((count_ - 1) / 2) + ranked(count_ / 2)) / 2;
            default:
                return sum_ % digit_kinds;
        }
    }

private:
    /// Operand of a rank, counted from the lowest.
    int ranked(int rank) const {
        int digit = 0, below = static_cast<int>(counts_ & 15);
        while (below <= rank && digit + 1 < digit_kinds)
            below += static_cast<int>(counts_ >> (4 * ++digit) & 15);
        return digit;
    }

    std::uint64_t counts_ = 0;
    int sum_ = 0, count_ = 0;
};

/// Choices of few, several of them from one word: what a choice leaves of a uniform fraction is one
/// again, of log2(count) bits less.
class Choices {
public:
    /// `per_word`: such that count to this power is far below 2^32.
    Choices(SampleRandom& random, std::uint32_t count, int per_word)
        : random_(random), count_(count), per_word_(per_word) {}

    std::uint32_t next() {
        if (left_ == 0) {
            fraction_ = random_.word();
            left_ = per_word_;
        }
        --left_;
        const std::uint64_t product = std::uint64_t{fraction_} * count_;
        fraction_ = static_cast<std::uint32_t>(product);
        return static_cast<std::uint32_t>(product >> 32);
    }

private:
    SampleRandom& random_;
    std::uint32_t count_;
    int per_word_;
    std::uint32_t fraction_ = 0;
    int left_ = 0;
};

/// Draws the shape of a tree, depth by depth: which nodes are operators, with how many arguments.
/// Returns its length, or more than `most_length` if it was given up. Nodes are numbered by depth,
/// and the arguments of operators follow each other in the order of these.
int draw_operators(SampleRandom& random, const ListOpsOptions& options,
                   std::vector<ListOpsOperator>& operators) {
    constexpr int flags_per_word = 32, operators_per_word = 3;
    const auto argument_choices = static_cast<std::uint32_t>(options.most_arguments - 1);
    Choices choices(random, argument_choices * operator_kinds, operators_per_word);
    operators.clear();
    int begin = 0, end = 1, length = 1;  // nodes of this depth, tokens of all up to it
    for (int depth = 1; depth < options.most_depth && begin < end; ++depth) {
        int next_end = end;
        for (int node = begin; node < end; node += flags_per_word) {
            std::uint32_t flags = random.word() & random.word();  // one in four
            if (end - node < flags_per_word) flags &= (std::uint32_t{1} << (end - node)) - 1;
            for (; flags != 0; flags &= flags - 1) {
                const std::uint32_t choice = choices.next();
                const int arguments = least_arguments + static_cast<int>(choice / operator_kinds);
                operators.push_back({.node = node + std::countr_zero(flags),
                                     .arguments = arguments,
                                     .token = static_cast<std::uint8_t>(listops_minimum +
                                                                        choice % operator_kinds)});
                next_end += arguments;
                length += arguments + 1;  // with the bracket
                if (length > options.most_length) return length;
            }
        }
        begin = std::exchange(end, next_end);
    }
    return length;
}

/// Gives digits to the nodes that are no operators, and writes the tokens in the order of printing.
/// Returns the value of the tree.
int write_tree(SampleRandom& random, ListOpsSample& sample) {
    constexpr int digits_per_word = 5;
    Choices digits(random, digit_kinds, digits_per_word);
    std::vector<ListOpsNode>& nodes = sample.nodes;
    for (ListOpsNode& node : nodes) {
        node = {.extent = 1, .value = static_cast<std::uint8_t>(digits.next()), .token = 0};
        node.token = node.value;
    }
    // Values and lengths from the deepest operator on, then places from the first one on.
    std::size_t argument = nodes.size();
    for (auto at = sample.operators.rbegin(); at != sample.operators.rend(); ++at) {
        Operands operands;
        int extent = 2;
        for (int k = 0; k < at->arguments; ++k) {
            const ListOpsNode& node = nodes[--argument];
            operands.add(node.value);
            extent += node.extent;
        }
        nodes[static_cast<std::size_t>(at->node)] = {
            .extent = extent,
            .value = static_cast<std::uint8_t>(operands.value(at->token)),
            .token = at->token};
    }
    std::uint8_t* const out = sample.tokens.data();
    const auto place = [out](ListOpsNode& node, int first) {
        const int end = first + std::exchange(node.extent, first);
        out[end - 1] = listops_close;
        out[first] = node.token;
        return end;
    };
    place(nodes[0], 0);
    argument = 1;
    for (const ListOpsOperator& one : sample.operators) {
        int next = nodes[static_cast<std::size_t>(one.node)].extent + 1;
        for (int k = 0; k < one.arguments; ++k) next = place(nodes[argument++], next);
    }
    return nodes[0].value;
}

[[noreturn]] void fail(std::size_t at, std::string_view what) {
    throw Error(ErrorKind::data, fmt::format("token {} of the expression: {}", at + 1, what));
}

}  // namespace

ListOpsGenerator::ListOpsGenerator(const ListOpsOptions& options) : options_(options) {
    ELM_CHECK(options.most_depth >= 1 && options.most_depth <= deepest,
              "ListOps of depth {}: expected 1 to {}.", options.most_depth, deepest);
    ELM_CHECK(options.most_arguments >= least_arguments && options.most_arguments <= argument_limit,
              "ListOps with up to {} arguments: expected {} to {}.", options.most_arguments,
              least_arguments, argument_limit);
    ELM_CHECK(options.least_length >= 1 && options.most_length >= options.least_length,
              "ListOps of {} to {} tokens: expected 1 or more, and the larger one last.",
              options.least_length, options.most_length);
    // A single digit has 1 token, the smallest operation 4, then there is every length up to the
    // largest tree: all operators with all arguments.
    double largest = 1;
    for (int depth = 1; depth < options.most_depth && largest < options.least_length; ++depth) {
        largest = 2 + options.most_arguments * largest;
    }
    ELM_CHECK(
        largest >= options.least_length && (options.least_length <= 1 || options.most_length >= 4),
        "no ListOps tree of depth {} and {} arguments has {} to {} tokens.", options.most_depth,
        options.most_arguments, options.least_length, options.most_length);
}

void ListOpsGenerator::draw(std::uint64_t seed, std::uint64_t index, ListOpsSample& sample) const {
    SampleRandom random(seed, index, "listops");
    sample.too_short = sample.too_long = 0;
    while (true) {
        const int length = draw_operators(random, options_, sample.operators);
        if (length > options_.most_length) {
            ++sample.too_long;
        } else if (length < options_.least_length) {
            ++sample.too_short;
        } else {
            sample.tokens.resize(static_cast<std::size_t>(length));
            // An operator has a second token, its bracket.
            sample.nodes.resize(sample.tokens.size() - sample.operators.size());
            break;
        }
        if (sample.too_short + sample.too_long >= most_trees) {
            throw Error(ErrorKind::numeric,
                        fmt::format("{} ListOps trees, and none has {} to {} tokens. Allow other "
                                    "lengths, or more depth and arguments.",
                                    most_trees, options_.least_length, options_.most_length));
        }
    }
    sample.label = write_tree(random, sample);
}

int evaluate_listops(std::span<const std::uint8_t> tokens) {
    struct Open {
        Operands operands;
        std::uint8_t operation;
    };
    std::array<Open, deepest + 1> open;
    std::size_t depth = 0;
    for (std::size_t at = 0; at < tokens.size(); ++at) {
        const std::uint8_t token = tokens[at];
        int value = token;
        if (token >= listops_minimum && token < listops_close) {
            if (depth == deepest) fail(at, "more than 64 nested operators.");
            open[depth++] = {{}, token};
            continue;
        }
        if (token == listops_close) {
            if (depth == 0) fail(at, "a bracket closes and no operator is open.");
            const Open& last = open[--depth];
            if (last.operands.count() == 0) fail(at, "an operator without operands.");
            value = last.operands.value(last.operation);
        } else if (token > listops_close) {
            fail(at, fmt::format("code {}, expected 0 to {}.", token, listops_close));
        }
        if (depth == 0) {
            if (at + 1 != tokens.size()) fail(at + 1, "something follows the whole expression.");
            return value;
        }
        Operands& operands = open[depth - 1].operands;
        if (operands.count() == argument_limit) fail(at, "more than 15 operands.");
        operands.add(value);
    }
    fail(tokens.size(), "the expression ends before its last bracket.");
}

std::string_view listops_word(std::uint8_t token) {
    ELM_CHECK(token < words.size(), "ListOps token {}: expected 0 to {}.", token, words.size() - 1);
    return words[token];
}

std::string print_listops(std::span<const std::uint8_t> tokens) {
    // Inner nodes that begin at an operator: one for each argument and one for the bracket.
    std::vector<int> inner(tokens.size(), 0);
    std::vector<std::size_t> open;
    for (std::size_t at = 0; at < tokens.size(); ++at) {
        const std::uint8_t token = tokens[at];
        if (token == listops_close) {
            ++inner[open.back()];
            open.pop_back();
        }
        if (token >= listops_minimum && token < listops_close) {
            open.push_back(at);
        } else if (!open.empty()) {
            ++inner[open.back()];
        }
    }
    std::string text;
    text.reserve(tokens.size() * 6);
    std::size_t depth = 0;
    for (std::size_t at = 0; at < tokens.size(); ++at) {
        const std::uint8_t token = tokens[at];
        if (at > 0) text += ' ';
        const bool opens = token >= listops_minimum && token < listops_close;
        if (opens) {
            for (int k = 0; k < inner[at]; ++k) text += "( ";
            ++depth;
        }
        text += listops_word(token);
        if (token == listops_close) {
            text += " )";
            --depth;
        }
        if (!opens && depth > 0) text += " )";
    }
    return text;
}

std::vector<std::uint8_t> parse_listops(std::string_view text) {
    std::vector<std::uint8_t> tokens;
    constexpr std::string_view blanks = " \t()";
    while (true) {
        const std::size_t begin = text.find_first_not_of(blanks);
        if (begin == std::string_view::npos) return tokens;
        text.remove_prefix(begin);
        const std::string_view word = text.substr(0, text.find_first_of(blanks));
        const auto found = std::find(words.begin(), words.end(), word);
        if (found == words.end()) {
            throw Error(ErrorKind::data,
                        fmt::format("\"{}\" is no ListOps token; expected a digit, [MIN, [MAX, "
                                    "[MED, [SM or ].",
                                    word.substr(0, 40)));
        }
        tokens.push_back(static_cast<std::uint8_t>(found - words.begin()));
        text.remove_prefix(word.size());
    }
}

}  // namespace elm
