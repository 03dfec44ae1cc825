#pragma once

#include <cstdint>
#include <string>

/// Made-up English-like texts of our own, of the form of the published text tasks: they need no
/// data, and scores on them say nothing about those.
namespace elm {

/// A review of `least_length` to `most_length` bytes: sentences in which things are or are not
/// (a "not" turns it round) good or bad, among others that say nothing. Two thirds of what is said
/// agrees with the label, 1 for good, so a model has to count, and to see what a "not" belongs to.
/// Returns the label. It follows from seed and index alone.
int draw_review(std::uint64_t seed, std::uint64_t index, std::int64_t least_length,
                std::int64_t most_length, std::string& text);

/// Two documents of `least_length` to `most_length` bytes each, of words that all have and, one in
/// seven, of words of their topic. The label is 1 where both have the same of 16 topics. Returns
/// it. It follows from seed and index alone.
int draw_documents(std::uint64_t seed, std::uint64_t index, std::int64_t least_length,
                   std::int64_t most_length, std::string& first, std::string& second);

}  // namespace elm
