#pragma once

#include <cstdint>
#include <string>
#include <vector>

/// Made-up stories in several documents, and what most of them agree on. A story is a list of
/// facts, an entity, an attribute and a value each; every document states each of them with
/// probability one half (one fact is in all of them), in an order and with one of three words for
/// the attribute of its own, among facts that it alone has and filler. The summary states the facts
/// of at least max(2, half) of the documents, in the order in which they come first: to find them
/// takes counting across documents. Stands for the task of Zhang et al. 2023, arXiv 2210.07661.
namespace elm {

struct StoryOptions {
    std::int64_t source = 256, target = 48;  // tokens
    int facts = 10, entities = 40, attributes = 10, values = 60, fillers = 20;
    int most_documents = 4;  // of 2 or more

    int vocabulary() const { return 4 + entities + 3 * attributes + values + fillers; }
};

/// Tokens that are no words.
inline constexpr std::int32_t story_blank = 0, story_separator = 1, story_end = 2, story_ask = 3;

struct Story {
    std::vector<std::int32_t> source;  // options.source, blanks behind the last document
    std::vector<std::int32_t>
        summary;  // three tokens for each fact, then story_end; at most target
};

/// Throws Error{invalid} for lengths without room.
Story make_story(const StoryOptions& options, std::uint64_t seed, std::uint64_t index);

/// Words up to the end, a sentence of three each, as metrics take them.
std::string story_text(const std::vector<std::int32_t>& tokens);

/// A summary of facts of the source, drawn at random: others for every seed and index.
std::vector<std::int32_t> random_facts(const StoryOptions& options, const Story& story,
                                       std::uint64_t seed, std::uint64_t index);

}  // namespace elm
