#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace elm {

/// Insertions, deletions, replacements and swaps of neighbours that turn one word into the other
/// (optimal string alignment; Damerau 1964, doi:10.1145/363958.363994).
inline std::size_t edit_distance(std::string_view from, std::string_view to) {
    const std::size_t width = to.size() + 1;
    std::vector<std::size_t> table((from.size() + 1) * width);
    const auto at = [&](std::size_t i, std::size_t k) -> std::size_t& {
        return table[i * width + k];
    };
    for (std::size_t i = 0; i <= from.size(); ++i) at(i, 0) = i;
    for (std::size_t k = 0; k <= to.size(); ++k) at(0, k) = k;
    for (std::size_t i = 1; i <= from.size(); ++i) {
        for (std::size_t k = 1; k <= to.size(); ++k) {
            const std::size_t replaced = at(i - 1, k - 1) + (from[i - 1] == to[k - 1] ? 0 : 1);
            at(i, k) = std::min({at(i - 1, k) + 1, at(i, k - 1) + 1, replaced});
            if (i > 1 && k > 1 && from[i - 1] == to[k - 2] && from[i - 2] == to[k - 1]) {
                at(i, k) = std::min(at(i, k), at(i - 2, k - 2) + 1);
            }
        }
    }
    return at(from.size(), to.size());
}

/// The name that the writer of `word` most likely meant: the first of the closest, if at most half
/// of its letters (and at least two) are wrong; else empty. A name that only goes on where a word
/// of three letters or more ends is close, however long.
template <class Names>
std::string nearest_name(std::string_view word, const Names& names) {
    std::string nearest;
    std::size_t smallest = std::max<std::size_t>(2, word.size() / 2) + 1;
    for (const auto& name : names) {
        const bool begins = word.size() >= 3 && std::string_view(name).starts_with(word);
        const std::size_t distance = begins ? 1 : edit_distance(word, name);
        if (distance < smallest) {
            smallest = distance;
            nearest = name;
        }
    }
    return nearest;
}

}  // namespace elm
