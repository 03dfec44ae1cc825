#include "tasks/attention_benchmark/story_samples.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "kernels/core/support/check.h"
#include "tasks/attention_benchmark/sample_draws.h"

namespace elm {
namespace {

constexpr int first_word = 4, n_templates = 3;
constexpr std::int64_t words_of_fact = 3;

struct Fact {
    int entity = 0, attribute = 0, value = 0;

    bool operator==(const Fact&) const = default;
};
using Sentence = std::vector<std::int32_t>;

Fact draw_fact(const StoryOptions& options, SampleDraws& draws) {
    return {draws.below(options.entities), draws.below(options.attributes),
            draws.below(options.values)};
}

Sentence stated(const StoryOptions& options, const Fact& fact, int wording) {
    const int attributes = first_word + options.entities,
              values = attributes + n_templates * options.attributes;
    return {first_word + fact.entity, attributes + n_templates * fact.attribute + wording,
            values + fact.value};
}

Sentence filler(const StoryOptions& options, SampleDraws& draws) {
    const int first = options.vocabulary() - options.fillers;
    Sentence words;
    for (int k = draws.between(3, 6); k > 0; --k) {
        words.push_back(first + draws.below(options.fillers));
    }
    return words;
}

/// Facts that no two of have entity and attribute in common.
std::vector<Fact> draw_facts(const StoryOptions& options, SampleDraws& draws) {
    std::vector<Fact> facts;
    while (std::ssize(facts) < options.facts) {
        const Fact fact = draw_fact(options, draws);
        const bool is_there = std::any_of(facts.begin(), facts.end(), [&](const Fact& other) {
            return other.entity == fact.entity && other.attribute == fact.attribute;
        });
        if (!is_there) facts.push_back(fact);
    }
    return facts;
}

/// What a document states: its facts of the story, shuffled, then sentences of its own.
struct Document {
    std::vector<Sentence> sentences;
    std::vector<int> facts;  // of each sentence, or -1
};

Document draw_document(const StoryOptions& options, const std::vector<Fact>& facts,
                       std::int64_t length, SampleDraws& draws) {
    std::vector<int> order;
    for (int k = 0; k < options.facts; ++k) {
        if (draws.with_probability(0.5) || k == 0) order.push_back(k);  // one is in all of them
    }
    std::int64_t left = length - words_of_fact * std::ssize(order);
    for (; left >= 6; left -= 6) order.push_back(-1 - draws.below(2));  // a place for others
    draws.shuffle(std::span(order));
    Document document;
    std::int64_t used = 0;
    for (const int fact : order) {
        Sentence words =
            fact >= 0
                ? stated(options, facts[static_cast<std::size_t>(fact)], draws.below(n_templates))
            : fact == -1 ? stated(options, draw_fact(options, draws), draws.below(n_templates))
                         : filler(options, draws);
        if (used + std::ssize(words) > length) break;
        used += std::ssize(words);
        document.sentences.push_back(std::move(words));
        document.facts.push_back(std::max(fact, -1));
    }
    return document;
}

}  // namespace

Story make_story(const StoryOptions& options, std::uint64_t seed, std::uint64_t index) {
    ELM_CHECK(options.source >= 8 * options.most_documents && options.target >= 4,
              "a story of {} tokens and a summary of {}: expected at least {} and 4.",
              options.source, options.target, 8 * options.most_documents);
    ELM_CHECK(
        options.most_documents >= 2 && options.facts <= options.entities * options.attributes / 2,
        "a story of {} facts in up to {} documents: expected at most {} facts and 2 or more "
        "documents.",
        options.facts, options.most_documents, options.entities * options.attributes / 2);
    SampleDraws draws(seed, index, "sum-syn 1");
    const std::vector<Fact> facts = draw_facts(options, draws);
    const int documents = draws.between(2, options.most_documents);
    const int needed = std::max(2, (documents + 1) / 2);
    const std::int64_t length = options.source / documents - 1;  // and a separator
    Story story;
    std::vector<int> found(facts.size(), 0), order;
    for (int k = 0; k < documents; ++k) {
        const Document document = draw_document(options, facts, length, draws);
        for (std::size_t at = 0; at < document.sentences.size(); ++at) {
            const Sentence& words = document.sentences[at];
            story.source.insert(story.source.end(), words.begin(), words.end());
            const int fact = document.facts[at];
            if (fact >= 0 && found[static_cast<std::size_t>(fact)]++ == 0) order.push_back(fact);
        }
        story.source.push_back(story_separator);
    }
    story.source.resize(static_cast<std::size_t>(options.source), story_blank);
    for (const int fact : order) {
        if (found[static_cast<std::size_t>(fact)] < needed ||
            std::ssize(story.summary) + words_of_fact > options.target - 1) {
            continue;
        }
        const Sentence words = stated(options, facts[static_cast<std::size_t>(fact)], 0);
        story.summary.insert(story.summary.end(), words.begin(), words.end());
    }
    story.summary.push_back(story_end);
    return story;
}

std::string story_text(const std::vector<std::int32_t>& tokens) {
    std::string text;
    std::int64_t words = 0;
    for (const std::int32_t token : tokens) {
        if (token == story_end) break;
        if (token < first_word) continue;
        text += fmt::format("{} ", token);
        if (++words % words_of_fact == 0) text += ". ";
    }
    return text;
}

std::vector<std::int32_t> random_facts(const StoryOptions& options, const Story& story,
                                       std::uint64_t seed, std::uint64_t index) {
    SampleDraws draws(seed, index, "sum-syn facts");
    std::vector<std::int32_t> summary;
    const int attributes = first_word + options.entities,
              values = attributes + n_templates * options.attributes;
    for (std::size_t k = 0; k + 2 < story.source.size(); ++k) {
        const std::int32_t entity = story.source[k], attribute = story.source[k + 1];
        const bool is_fact = entity >= first_word && entity < attributes &&
                             attribute >= attributes && attribute < values;
        if (!is_fact || !draws.with_probability(0.5)) continue;
        if (std::ssize(summary) + words_of_fact > options.target - 1) break;
        summary.insert(summary.end(),
                       {entity, attributes + (attribute - attributes) / n_templates * n_templates,
                        story.source[k + 2]});
    }
    summary.push_back(story_end);
    return summary;
}

}  // namespace elm
