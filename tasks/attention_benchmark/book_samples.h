#pragma once

#include <cstdint>
#include <vector>

#include "tasks/attention_benchmark/tier.h"

/// Made-up books. Of each token one of three things is true:
///
///   it is copied     with probability 0.01 a span of tokens from distance D begins
///   it is a name     with probability 0.15: a new one of the name tokens with probability 0.1 (as
///                    long as the book has slots left), else the last name at distance D or more
///   it is ordinary   a rank r with P(r) ~ 1 / (r + 1), counted from where the state of a hidden
///                    Markov chain and one of the book's topics begin in the vocabulary
///
/// with P(D) ~ D^-1.2 up to all of the past. The hidden states, what is a name, and spans are known
/// to the oracle, which so has the least loss that there can be. Stands for PG-19 in Zhang et al.
/// 2023, arXiv 2210.07661.
namespace elm {

struct BookOptions {
    std::int64_t tokens = 256;
    std::int64_t vocabulary = 256;  // 1 mask, then names, then ordinary tokens
    std::int64_t names = 64, slots = 8;
    std::int64_t states = 16, topics = 10, topics_of_book = 3;
    std::int64_t shortest_span = 8, longest_span = 16;
};
BookOptions book_options(Tier tier, std::int64_t tokens);

struct Book {
    std::vector<std::int32_t> tokens;
    std::vector<double> surprise;         // -ln P(token), knowing what the oracle knows
    std::vector<std::int64_t> distances;  // of names to the last of its kind, of copies D; else 0
};

/// Throws Error{invalid} for sizes that do not go together. `purpose` tells books of one task from
/// those of another.
Book make_book(const BookOptions& options, std::uint64_t seed, std::uint64_t index,
               const char* purpose);

}  // namespace elm
