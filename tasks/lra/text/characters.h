#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <vector>

namespace elm {

/// How often each character occurs, by its code point.
using CharacterCounts = std::map<char32_t, std::int64_t>;

/// Counts the first `most` characters of a text in UTF-8. Bytes that are no character, and one
/// that is cut off at the end of the text, are left out.
void count_characters(std::span<const std::uint8_t> text, std::int64_t most,
                      CharacterCounts& counts);

/// Characters as the pipeline of the state-space models (S4) numbers them: padding 0, unknown ones
/// 1, the end of a text 2, then those that occur at least `least_count` times by falling count, of
/// equal counts by their code points. Source: Gu, Goel & Re 2022, arXiv 2111.00396, its public
/// repository.
class CharacterVocabulary {
public:
    static constexpr std::int32_t unknown = 1, end = 2, first = 3;

    CharacterVocabulary(const CharacterCounts& counts, std::int64_t least_count);

    std::int32_t size() const { return first + static_cast<std::int32_t>(ids_.size()); }
    /// Appends the number of each character of a text in UTF-8, without an end.
    void append(std::span<const std::uint8_t> text, std::vector<std::int32_t>& ids) const;

private:
    std::map<char32_t, std::int32_t> ids_;
    std::vector<std::int32_t> ascii_;  // of the first 128 code points
};

}  // namespace elm
