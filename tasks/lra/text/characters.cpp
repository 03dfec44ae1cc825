#include "tasks/lra/text/characters.h"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace elm {
namespace {

constexpr std::size_t ascii_count = 128;

/// Calls visit(code point) for each character; visit says whether to go on.
template <class Visit>
void visit_characters(std::span<const std::uint8_t> text, const Visit& visit) {
    for (std::size_t at = 0; at < text.size();) {
        const std::uint8_t lead = text[at];
        // Bytes of the character, by the ones in front of the first; 0: none begins here.
        const std::size_t length = lead < 0x80   ? 1
                                   : lead < 0xC2 ? 0
                                   : lead < 0xE0 ? 2
                                   : lead < 0xF0 ? 3
                                   : lead < 0xF5 ? 4
                                                 : 0;
        if (length == 0 || at + length > text.size()) {
            ++at;
            continue;
        }
        char32_t point = length == 1 ? lead : lead & (0x7FU >> length);
        const bool is_whole = std::all_of(text.begin() + static_cast<std::ptrdiff_t>(at + 1),
                                          text.begin() + static_cast<std::ptrdiff_t>(at + length),
                                          [&point](std::uint8_t byte) {
                                              point = point << 6 | (byte & 0x3FU);
                                              return (byte & 0xC0) == 0x80;
                                          });
        at += is_whole ? length : 1;
        if (is_whole && !visit(point)) return;
    }
}

}  // namespace

void count_characters(std::span<const std::uint8_t> text, std::int64_t most,
                      CharacterCounts& counts) {
    if (most < 1) return;
    visit_characters(text, [&](char32_t point) {
        ++counts[point];
        return --most > 0;
    });
}

CharacterVocabulary::CharacterVocabulary(const CharacterCounts& counts, std::int64_t least_count)
    : ascii_(ascii_count, unknown) {
    std::vector<std::pair<std::int64_t, char32_t>> order;  // count below 0: the most frequent first
    for (const auto& [point, count] : counts) {
        if (count >= least_count) order.emplace_back(-count, point);
    }
    std::sort(order.begin(), order.end());
    for (const auto& [count, point] : order) {
        const std::int32_t id = size();
        ids_.emplace(point, id);
        if (point < ascii_count) ascii_[point] = id;
    }
}

void CharacterVocabulary::append(std::span<const std::uint8_t> text,
                                 std::vector<std::int32_t>& ids) const {
    visit_characters(text, [&](char32_t point) {
        if (point < ascii_count) {
            ids.push_back(ascii_[point]);
        } else {
            const auto found = ids_.find(point);
            ids.push_back(found == ids_.end() ? unknown : found->second);
        }
        return true;
    });
}

}  // namespace elm
