#pragma once

#include <cstdint>
#include <string_view>

/// How much a summary has in common with a reference, as ROUGE counts it. Sentences end with a
/// point, words with white space. F = 2 P R / (P + R + 1e-8), P of the summary, R of the reference;
/// a text without the n-grams asked for has 0.
/// Source: Lin 2004, ROUGE: a package for automatic evaluation of summaries, aclanthology W04-1013.
namespace elm {

/// What is counted.
enum class RougeVersion : std::uint8_t {
    sets,    // distinct n-grams and words, as the public Python package "rouge" does
    counts,  // n-grams as often as they occur, as the original does
};

struct RougeScore {
    double precision = 0, recall = 0, f = 0;
};

/// Common n-grams of `n` words (1 or more), over all sentences as one.
RougeScore rouge_n(std::string_view summary, std::string_view reference, int n,
                   RougeVersion version);

/// Of the whole text: for each sentence of the reference the union of the longest common
/// subsequences with all sentences of the summary. In the version of sets, distinct words of the
/// unions over distinct words of either text.
RougeScore rouge_l(std::string_view summary, std::string_view reference, RougeVersion version);

}  // namespace elm
