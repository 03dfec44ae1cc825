#include "tasks/lra/text/made_up_text.h"

#include <array>
#include <string_view>

#include "tasks/data/sample_random.h"

namespace elm {
namespace {

constexpr std::array<std::string_view, 12> things{"plot",   "acting",   "music",  "ending",
                                                  "camera", "dialogue", "story",  "cast",
                                                  "script", "pace",     "humour", "first scene"};
constexpr std::array<std::string_view, 8> good_words{
    "good", "wonderful", "clever", "moving", "charming", "brilliant", "warm", "memorable"};
constexpr std::array<std::string_view, 8> bad_words{"bad",     "dull",  "clumsy",    "cold",
                                                    "tedious", "awful", "pointless", "shallow"};
constexpr std::array<std::string_view, 8> fillers{
    "I saw it on a rainy evening with my brother.",
    "It runs for about two hours.",
    "The film was made a few years ago.",
    "Some of it takes place in a small town by the sea.",
    "My neighbour had told me of it.",
    "There is a scene with a train.<br /><br />",
    "It is based on a book.",
    "We talked about it on the way home."};
constexpr std::array<std::string_view, 32> common{
    "the",  "of",    "and",     "we",       "to",      "in",      "a",       "model",
    "is",   "that",  "for",     "method",   "results", "with",    "on",      "are",
    "data", "which", "show",    "propose",  "this",    "paper",   "based",   "using",
    "can",  "large", "further", "compared", "set",     "between", "problem", "approach"};
constexpr std::array<std::string_view, 16> syllables{
    "ba", "ke", "ri", "mo", "tu", "sa", "ne", "li", "do", "vu", "ga", "fe", "zi", "po", "hu", "wa"};
constexpr int n_topics = 16, words_per_topic = 10;

template <std::size_t Count>
std::string_view one_of(SampleRandom& random, const std::array<std::string_view, Count>& words) {
    return words[static_cast<std::size_t>(random.below(static_cast<int>(Count)))];
}

/// A length from least to most.
std::size_t draw_length(SampleRandom& random, std::int64_t least, std::int64_t most) {
    return static_cast<std::size_t>(least + random.below(static_cast<int>(most - least + 1)));
}

/// A sentence that speaks for `is_good`, or against it.
void say(SampleRandom& random, bool is_good, std::string& text) {
    const bool is_turned = random.uniform() < 0.3;
    text += "The ";
    text += one_of(random, things);
    text += random.uniform() < 0.5 ? " was " : " seemed ";
    if (is_turned) text += "not ";
    text += is_good != is_turned ? one_of(random, good_words) : one_of(random, bad_words);
    text += ". ";
}

/// Word `number` of a topic: three syllables that no other word has.
void add_topic_word(int topic, int number, std::string& text) {
    const int word = (topic * words_per_topic + number) * 23 % (16 * 16 * 16);
    for (const int place : {word / 256, word / 16 % 16, word % 16}) {
        text += syllables[static_cast<std::size_t>(place)];
    }
}

void write_document(SampleRandom& random, int topic, std::size_t length, std::string& text) {
    text.clear();
    while (text.size() < length) {
        if (random.below(7) == 0) {
            add_topic_word(topic, random.below(words_per_topic), text);
        } else {
            text += one_of(random, common);
        }
        text += random.below(12) == 0 ? ". " : " ";
    }
    text.resize(length);
}

}  // namespace

int draw_review(std::uint64_t seed, std::uint64_t index, std::int64_t least_length,
                std::int64_t most_length, std::string& text) {
    SampleRandom random(seed, index, "review");
    const int label = random.below(2);
    const std::size_t length = draw_length(random, least_length, most_length);
    for (int balance = 0; balance <= 0;) {  // what is said for the label less what is said against
        text.clear();
        balance = 0;
        while (true) {
            const bool says_nothing = random.uniform() < 0.4, agrees = random.uniform() < 2.0 / 3;
            const std::size_t before = text.size();
            if (says_nothing) {
                text += one_of(random, fillers);
                text += ' ';
            } else {
                say(random, agrees == (label == 1), text);
            }
            if (text.size() > length && before > 0) {
                text.resize(before);  // whole sentences
                break;
            }
            if (!says_nothing) balance += agrees ? 1 : -1;
        }
    }
    return label;
}

int draw_documents(std::uint64_t seed, std::uint64_t index, std::int64_t least_length,
                   std::int64_t most_length, std::string& first, std::string& second) {
    SampleRandom random(seed, index, "documents");
    const int label = random.below(2), topic = random.below(n_topics);
    const int other = (topic + 1 + random.below(n_topics - 1)) % n_topics;
    write_document(random, topic, draw_length(random, least_length, most_length), first);
    write_document(random, label == 1 ? topic : other,
                   draw_length(random, least_length, most_length), second);
    return label;
}

}  // namespace elm
