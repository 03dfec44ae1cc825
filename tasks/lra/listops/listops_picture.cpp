#include "tasks/lra/listops/listops_picture.h"

#include <algorithm>
#include <array>
#include <limits>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "tasks/lra/listops/listops.h"

namespace elm {
namespace {

constexpr std::size_t readable_tokens = 60;
constexpr std::array operator_colour = {colour::hue::blue, colour::hue::vermilion,
                                        colour::hue::green, colour::hue::purple};

struct Node {
    std::uint8_t token = 0;
    int parent = -1;
    int depth = 0;
    std::size_t begin = 0, end = 0;  // its tokens
    double x = 0;
};

/// Nodes in the order of their tokens; leaves stand side by side, operators above the middle of
/// their arguments.
std::vector<Node> tree_of(std::span<const std::uint8_t> tokens) {
    std::vector<Node> nodes;
    std::vector<int> open;
    double next = 0;
    for (std::size_t at = 0; at < tokens.size(); ++at) {
        if (tokens[at] == listops_close) {
            if (open.empty()) break;
            nodes[static_cast<std::size_t>(open.back())].end = at + 1;
            open.pop_back();
            continue;
        }
        nodes.push_back({tokens[at], open.empty() ? -1 : open.back(), static_cast<int>(open.size()),
                         at, at + 1, next});
        if (tokens[at] < listops_minimum) {
            ++next;
        } else {
            open.push_back(static_cast<int>(nodes.size()) - 1);
        }
    }
    std::vector<double> low(nodes.size(), std::numeric_limits<double>::infinity());
    std::vector<double> high(nodes.size(), -std::numeric_limits<double>::infinity());
    for (std::size_t at = nodes.size(); at-- > 0;) {
        Node& node = nodes[at];
        if (low[at] <= high[at]) node.x = (low[at] + high[at]) / 2;
        if (node.parent < 0) continue;
        const auto parent = static_cast<std::size_t>(node.parent);
        low[parent] = std::min(low[parent], node.x);
        high[parent] = std::max(high[parent], node.x);
    }
    return nodes;
}

Tile tree_tile(std::span<const std::uint8_t> tokens, bool has_words) {
    const std::vector<Node> nodes = tree_of(tokens);
    Tile tile;
    Curve edges{.mark = Mark::line, .colour = has_words ? colour::hue::grey : "#CCCCCC"};
    std::array<Curve, 5> dots;
    for (std::size_t kind = 0; kind < 4; ++kind) {
        const auto token = static_cast<std::uint8_t>(listops_minimum + kind);
        dots[kind] = {.title = std::string(listops_word(token).substr(1)),
                      .mark = Mark::dots,
                      .colour = operator_colour[kind]};
    }
    for (const Node& node : nodes) {
        if (node.parent >= 0) {
            const Node& parent = nodes[static_cast<std::size_t>(node.parent)];
            for (const Node* const end : {&parent, &node}) {
                edges.x.push_back(end->x);
                edges.y.push_back(-end->depth);
            }
            edges.x.push_back(node.x);
            edges.y.push_back(std::numeric_limits<double>::quiet_NaN());
        }
        const bool is_digit = node.token < listops_minimum;
        if (has_words) {
            const std::string_view word = listops_word(node.token);
            tile.labels.push_back(
                {node.x, -node.depth - (is_digit ? 0.15 : -0.15),
                 std::string(is_digit ? word : word.substr(1)),
                 is_digit
                     ? colour::plain
                     : operator_colour[static_cast<std::size_t>(node.token - listops_minimum)]});
        } else if (!is_digit) {
            Curve& own = dots[static_cast<std::size_t>(node.token - listops_minimum)];
            own.x.push_back(node.x);
            own.y.push_back(-node.depth);
        }
    }
    tile.curves.push_back(std::move(edges));
    if (!has_words) {
        for (std::size_t kind = 0; kind < 4; ++kind) tile.curves.push_back(std::move(dots[kind]));
    }
    return tile;
}

/// Tokens of the largest part that can be read.
std::span<const std::uint8_t> readable_part(std::span<const std::uint8_t> tokens) {
    std::span<const std::uint8_t> best = tokens.first(1);
    for (const Node& node : tree_of(tokens)) {
        const std::size_t size = node.end - node.begin;
        if (size <= readable_tokens && size > best.size()) best = tokens.subspan(node.begin, size);
    }
    return best;
}

}  // namespace

TileFigure listops_figure(std::span<const std::uint8_t> tokens, int value) {
    TileFigure figure{.title = "ListOps: what is the value?", .width_px = 1500, .height_px = 1000};
    Tile whole = tree_tile(tokens, false);
    whole.title = fmt::format(
        "an expression of {} tokens, worth {}: its operators, and edges to "
        "their arguments",
        tokens.size(), value);
    const auto part = readable_part(tokens);
    Tile readable = tree_tile(part, true);
    readable.title = fmt::format("a part of it, worth {}", evaluate_listops(part));
    figure.rows.push_back({std::move(whole)});
    figure.rows.push_back({std::move(readable)});
    return figure;
}

}  // namespace elm
