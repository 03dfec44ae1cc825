#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <istream>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tasks/lra/listops/listops.h"

namespace elm {

/// Expressions in the published layout of files: a line "Source<tab>Target", then an expression
/// with its parentheses, a tab and its value in each line, which ends in a carriage return and a
/// newline.
inline constexpr std::string_view listops_header = "Source\tTarget\r\n";
std::string listops_line(std::span<const std::uint8_t> tokens, int label);

struct ListOpsExample {
    std::vector<std::uint8_t> tokens;
    int label = 0;
};

/// Calls `take` for each line. Lines may end in a newline alone. Throws Error{data} naming `path`
/// and the line for a header that is not there, a line without its tab, a word that is no token, an
/// expression that is none, a label that is no digit or not the value of its expression.
void read_listops(std::istream& input, const std::string& path,
                  const std::function<void(const ListOpsExample&)>& take);
/// The same of a file; throws Error{data} if it cannot be opened.
std::vector<ListOpsExample> read_listops_file(const std::string& path);
/// Samples first .. first + count - 1 of a seed. Throws as OutputFile does.
void write_listops_file(const std::string& path, bool force, const ListOpsGenerator& generator,
                        std::uint64_t seed, std::uint64_t first, std::int64_t count);

/// Numbers that a pipeline gives to tokens.
struct ListOpsVocabulary {
    std::array<std::int32_t, listops_token_kinds> id{};
    std::int32_t padding = 0, unknown = 0;
    std::int32_t end = -1;  // appended to each expression; below 0: none
    std::int32_t size = 0;  // distinct ids
};

/// Long Range Arena: padding 0, the 15 words sorted by their letters (] is written X) 1 .. 15,
/// unknown words 16. The published order is that of a hash set and not reproducible.
ListOpsVocabulary listops_release_vocabulary();
/// The state-space models' (S4) pipeline: padding 0, unknown words 1, end of the sequence 2, then
/// the words of a training set by falling count, those of equal count by their letters. Source: Gu,
/// Goel & Re 2022, arXiv 2111.00396, its public repository.
ListOpsVocabulary listops_s4_vocabulary(
    const std::array<std::int64_t, listops_token_kinds>& token_counts);

/// Writes ids, cut to the span and padded at its end. Returns how many are no padding.
std::int64_t encode_listops(std::span<const std::uint8_t> tokens,
                            const ListOpsVocabulary& vocabulary, std::span<std::int32_t> ids);

}  // namespace elm
