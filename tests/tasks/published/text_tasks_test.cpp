// Tasks on texts: what is read of published files, what is made up, and what a model is given.

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "kernels/core/support/error.h"
#include "tasks/language/byte_windows.h"
#include "tasks/lra/text/characters.h"
#include "tasks/lra/text/made_up_text.h"
#include "tasks/lra/text/paper_pairs.h"
#include "tasks/lra/text/review_folder.h"
#include "tasks/samples/open_samples.h"
#include "tests/support/error_message.h"
#include "tests/support/temporary_directory.h"
#include "tests/tasks/data/golden_tasks.h"

namespace elm {
namespace {

namespace fs = std::filesystem;
using test::expect_part;

void write(const std::string& path, const std::string& text) {
    fs::create_directories(fs::path(path).parent_path());
    std::ofstream(path, std::ios::binary) << text;
}

/// A task on these files.
std::unique_ptr<Task> task_on(const std::string& name, const std::string& path,
                              const Values& chosen = {}) {
    const TaskEntry& entry = find_task(name);
    OptionSet options = entry.options();
    for (const auto& [option, value] : chosen) options.set(option, to_text(value));
    TaskInput input{.files = {path}};
    input.samples = open_samples(entry, options, chosen, input);
    return entry.make(options, input);
}

/// The units of the spikes of one sequence, each in a step of its own, of which there are `length`.
std::vector<std::int32_t> ids_of(const Batch& batch, std::int64_t sequence) {
    std::vector<std::int32_t> ids;
    for (std::int64_t step = 0; step < batch.spikes.n_steps; ++step) {
        const auto row = batch.spikes.row(sequence, step);
        if (row.empty()) continue;
        EXPECT_EQ(row.size(), 1u);
        EXPECT_EQ(static_cast<std::int64_t>(ids.size()), step) << "no gap";
        ids.push_back(row.front());
    }
    const std::int64_t length =
        batch.lengths.defined()
            ? batch.lengths.host<std::int32_t>()[static_cast<std::size_t>(sequence)]
            : batch.spikes.n_steps;
    EXPECT_EQ(length, std::ssize(ids));
    return ids;
}

std::vector<std::int32_t> ids_of(const std::string& text) {
    std::vector<std::int32_t> ids;
    for (const char letter : text) ids.push_back(static_cast<unsigned char>(letter) + 1);
    return ids;
}

Batch batch_of(const Task& task, Split split, std::int64_t count) {
    Batch batch;
    task.fill({.split = split, .size = count, .count = count}, batch);
    return batch;
}

class TextTasks : public testing::Test {
protected:
    /// `count` reviews of each class and split, "SPLIT CLASS NUMBER".
    std::string reviews(int count) const {
        for (const char* const split : {"train", "test"}) {
            for (const char* const name : {"neg", "pos"}) {
                for (int k = 0; k < count; ++k) {
                    write(fmt::format("{}/{}/{}/{}_7.txt", (folder_ / "aclImdb").string(), split,
                                      name, k),
                          fmt::format("{} {} {}", split, name, k));
                }
            }
        }
        return folder_ / "aclImdb";
    }

    test::TemporaryDirectory folder_;
};

TEST_F(TextTasks, reviews_are_read_with_the_last_fifth_of_each_class_held_out) {
    const auto task = task_on("text", reviews(12));
    EXPECT_EQ(task->count(Split::train), 20);
    EXPECT_EQ(task->count(Split::validation), 4);
    EXPECT_EQ(task->count(Split::test), 24);
    EXPECT_EQ(task->spec().shape.n_input, 257);
    EXPECT_EQ(task->spec().n_steps, 4096);
    // Number 2 comes before number 10.
    const Batch held_out = batch_of(*task, Split::validation, 4);
    const std::array expected{"train neg 10", "train neg 11", "train pos 10", "train pos 11"};
    for (std::size_t k = 0; k < 4; ++k) {
        EXPECT_EQ(ids_of(held_out, static_cast<std::int64_t>(k)), ids_of(expected[k]));
        EXPECT_EQ(held_out.targets[0].host<std::int32_t>()[k], k < 2 ? 0 : 1);
    }
    const Batch test = batch_of(*task, Split::test, 24);
    EXPECT_EQ(ids_of(test, 0), ids_of("test neg 0"));
    EXPECT_EQ(ids_of(test, 12), ids_of("test pos 0"));
}

TEST_F(TextTasks, ids_are_those_of_long_range_arena) {
    ELM_OPEN_GOLDEN_TASKS(golden);
    reviews(5);
    for (int number = 1; number < 8; ++number) {
        const std::string group = fmt::format("/text_image/byte_encoder/case_{}/", number);
        const auto bytes = golden.read<std::uint8_t>(group + "bytes");
        const auto padded = golden.read<std::int32_t>(group + "ids_padded_1000");
        write(folder_ / "aclImdb/train/neg/4_7.txt", {bytes.begin(), bytes.end()});
        const auto task =
            task_on("text", folder_ / "aclImdb", {{"most_length", std::int64_t{1000}}});
        std::vector<std::int32_t> ids(padded.begin(), padded.end());
        std::erase(ids, 0);
        EXPECT_EQ(ids_of(batch_of(*task, Split::validation, 1), 0), ids) << number;
    }
}

TEST_F(TextTasks, characters_have_the_ids_of_the_s4_pipeline) {
    ELM_OPEN_GOLDEN_TASKS(golden);
    // The golden file's documents, whose vocabulary is made of the whole texts.
    const std::array<std::string, 3> documents{
        "the cat sat on the mat.<br />", "a na\xC3\xAFve caf\xC3\xA9, the end!", "THE THE the..."};
    const auto bytes_of = [](const std::string& text) {
        return std::span(reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
    };
    CharacterCounts counts;
    for (const std::string& text : documents) count_characters(bytes_of(text), 1000, counts);
    for (const int least : {1, 2, 3}) {
        const std::string group = fmt::format("/text_image/s4_characters/min_freq_{}/", least);
        const auto batch = golden.read<std::int32_t>(group + "batch_l_max_20");
        const auto lengths = golden.read<std::int32_t>(group + "lengths");
        const CharacterVocabulary vocabulary(counts, least);
        EXPECT_EQ(vocabulary.size(), golden.shape(group + "vocab")[0]);
        for (std::size_t k = 0; k < documents.size(); ++k) {
            std::vector<std::int32_t> ids;
            vocabulary.append(bytes_of(documents[k]), ids);
            ids.resize(std::min<std::size_t>(ids.size(), 19));
            ids.push_back(CharacterVocabulary::end);
            EXPECT_EQ(std::ssize(ids), lengths[k]);
            ids.resize(20, 0);
            const auto row = batch.begin() + static_cast<std::ptrdiff_t>(20 * k);
            EXPECT_EQ(ids, std::vector<std::int32_t>(row, row + 20)) << least << " " << k;
        }
    }
}

TEST_F(TextTasks, bytes_that_are_no_character_are_left_out) {
    // A byte that goes on where nothing began, an overlong form, a lead without its rest, a cut.
    const std::string text =
        "a\x80"
        "b\xC0\x80"
        "c\xE2\x28"
        "d\xF0\x9F\x98";
    CharacterCounts counts;
    const std::span bytes(reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
    count_characters(bytes, 100, counts);
    EXPECT_EQ(counts, (CharacterCounts{{'a', 1}, {'b', 1}, {'c', 1}, {'(', 1}, {'d', 1}}));
    count_characters(bytes, 2, counts);
    EXPECT_EQ(counts.at('b'), 2);
    EXPECT_EQ(counts.at('c'), 1);
}

TEST_F(TextTasks, reviews_are_read_by_characters_with_an_end) {
    reviews(5);
    const std::string held_out = "\xC3\xA9 " + std::string(200, 'n');
    write(folder_ / "aclImdb/train/neg/4_7.txt", held_out);
    const auto task = task_on("text", folder_ / "aclImdb",
                              {{"most_length", std::int64_t{100}},
                               {"vocabulary", std::string("characters")},
                               {"least_count", std::int64_t{8}}});
    // Of "train neg 0" to "train pos 3", eight each: n 12, blank 16, and a, e, i, r, t, of 8, 4, 8,
    // 8 and 8.
    EXPECT_EQ(task->spec().shape.n_input, 3 + 6);
    EXPECT_EQ(task->spec().n_steps, 100);
    const std::vector<std::int32_t> ids = ids_of(batch_of(*task, Split::validation, 1), 0);
    ASSERT_EQ(ids.size(), 100u);
    EXPECT_EQ(ids[0], CharacterVocabulary::unknown);
    EXPECT_EQ(ids[1], 3);  // a blank, the most frequent
    EXPECT_EQ(ids[2], 4);  // n
    EXPECT_EQ(ids[98], 4);
    EXPECT_EQ(ids[99], CharacterVocabulary::end);
    EXPECT_EQ(to_text(task->about().at("encoding")), "characters, one-hot of 9");
}

TEST_F(TextTasks, pairs_are_read_by_characters) {
    write(folder_ / "aan/new_aan_pairs.train.tsv", "1.0\tA\tB\tabba\tac\n");
    write(folder_ / "aan/new_aan_pairs.eval.tsv", "0.0\tC\tD\tcab\td\n");
    write(folder_ / "aan/new_aan_pairs.test.tsv", "1.0\tE\tF\ty\tz\n");
    const auto task =
        task_on("retrieval", folder_ / "aan", {{"vocabulary", std::string("characters")}});
    EXPECT_EQ(task->spec().shape.n_input, 6);
    const Batch batch = batch_of(*task, Split::validation, 1);
    EXPECT_EQ(ids_of(batch, 0), (std::vector<std::int32_t>{5, 3, 4, 2}));
    EXPECT_EQ(ids_of(batch, 1), (std::vector<std::int32_t>{1, 2}));
}

TEST_F(TextTasks, folders_of_reviews_that_are_not_whole_are_refused) {
    const auto message = [&] {
        return test::message_of([&] { open_review_folder(folder_ / "aclImdb", 100); });
    };
    EXPECT_FALSE(open_review_folder(folder_ / "aclImdb", 100));
    write(folder_ / "aclImdb/train/neg/0_1.txt", "no");
    expect_part(message(), "train/pos has no reviews (.txt)");
    write(folder_ / "aclImdb/train/pos/0_1.txt", "yes");
    expect_part(message(), "test/neg has no reviews");
    write(folder_ / "aclImdb/test/neg/0_1.txt", "no");
    write(folder_ / "aclImdb/test/pos/0_1.txt", "");
    expect_part(message(), "0_1.txt is empty");
}

TEST_F(TextTasks, pairs_of_papers_are_two_sequences_each) {
    write(folder_ / "aan/new_aan_pairs.train.tsv",
          "1.0\tA\tB\tfirst \"text\tsecond\n0.0\tC\tD\tthird\tfourth\r\n");
    write(folder_ / "aan/new_aan_pairs.eval.tsv", "0.0\tC\tD\tabcdef\tx\n");
    write(folder_ / "aan/new_aan_pairs.test.tsv", "1.0\tE\tF\ty\tz\n");
    const auto task = task_on("retrieval", folder_ / "aan");
    EXPECT_EQ(task->count(Split::train), 2);
    EXPECT_EQ(sequences_per_sample(task->spec()), 2);
    const Batch held_out = batch_of(*task, Split::validation, 1);
    EXPECT_EQ(held_out.spikes.n_samples, 2);
    EXPECT_EQ(ids_of(held_out, 0), ids_of("abcdef"));
    EXPECT_EQ(ids_of(held_out, 1), ids_of("x"));
    EXPECT_EQ(held_out.targets[0].host<std::int32_t>()[0], 0);
    std::vector<std::string> texts;
    std::istringstream table("1.0\tA\tB\tfirst \"text\tsecond\n0.0\tC\tD\tthird\tfourth\r\n");
    read_paper_pairs(table, "t.tsv", [&](const DocumentPair& pair) {
        texts.push_back(fmt::format("{} {} {}", pair.first, pair.second, pair.label));
    });
    EXPECT_EQ(texts, (std::vector<std::string>{"first \"text second 1", "third fourth 0"}));
}

TEST_F(TextTasks, tables_of_pairs_that_are_none_are_refused_by_line) {
    const auto message = [](const std::string& text) {
        return test::message_of([&] {
            std::istringstream table("1.0\tA\tB\tfirst\tsecond\n" + text);
            read_paper_pairs(table, "t.tsv", [](const DocumentPair&) {});
        });
    };
    expect_part(message("1.0\tA\tB\tfirst\n"), "t.tsv, line 2");
    expect_part(message("1.0\tA\tB\tfirst\n"), "4 columns between tabs; expected 5");
    expect_part(message("1.0\tA\tB\ta\tb\tc\n"), "6 columns");
    expect_part(message("2.0\tA\tB\ta\tb\n"), "the label is \"2.0\"; expected 0.0 or 1.0");
    expect_part(message("1.0\tA\tB\ta\t\n"), "a text is empty");
    expect_part(message(std::string("1.0\tA\tB\ta\tb\0c\n", 14)), "holds a byte 0");
    write(folder_ / "aan/new_aan_pairs.train.tsv", "1.0\tA\tB\tfirst\tsecond\n");
    expect_part(test::message_of([&] { open_paper_pairs(folder_ / "aan", 100); }),
                "new_aan_pairs.eval.tsv cannot be opened");
    write(folder_ / "empty.tsv", "");
    expect_part(test::message_of([&] { open_paper_pairs(folder_ / "empty.tsv", 100); }),
                "has no pairs");
    EXPECT_FALSE(open_paper_pairs(folder_ / "none", 100));
}

TEST_F(TextTasks, a_text_is_cut_into_windows_that_ask_for_the_next_byte) {
    std::string text;
    for (int k = 0; k < 1000; ++k) text += static_cast<char>(1 + k % 250);
    write(folder_ / "text", text);
    const auto task = task_on("byte-language", folder_ / "text", {{"steps", std::int64_t{10}}});
    // 900, 50 and 50 bytes: (900 - 1) / 10, (50 - 1) / 10.
    EXPECT_EQ(task->count(Split::train), 89);
    EXPECT_EQ(task->count(Split::validation), 4);
    EXPECT_EQ(task->count(Split::test), 4);
    for (const auto& [split, begin] : {std::pair(Split::validation, 900), {Split::test, 950}}) {
        const Batch batch = batch_of(*task, split, 4);
        for (std::int64_t window = 0; window < 4; ++window) {
            for (std::int64_t step = 0; step < 10; ++step) {
                const std::int64_t at = begin + 10 * window + step;
                EXPECT_EQ(batch.spikes.row(window, step).front(), 1 + at % 250);
                EXPECT_EQ(batch.targets[0]
                              .host<std::int32_t>()[static_cast<std::size_t>(10 * window + step)],
                          1 + (at + 1) % 250);
            }
        }
    }
    const auto message = test::message_of([&] { open_byte_windows(folder_ / "text", 50); });
    expect_part(message, "too few for windows of 50: expected at least 1040");
    EXPECT_THROW(open_byte_windows(folder_ / "none", 10), Error);
    write(folder_ / "picture", "\x89PNG" + std::string(2000, '\0'));
    const auto refused = test::message_of([&] { task_on("byte-language", folder_ / "picture"); });
    expect_part(refused, "holds no samples of the task byte-language");
}

TEST_F(TextTasks, symbols_of_a_text_are_those_of_the_published_reader) {
    ELM_OPEN_GOLDEN_TASKS(golden);
    const auto bytes = [&](const std::string& name) {
        const auto values = golden.read<std::uint8_t>("/enwik8/" + name);
        return std::string(values.begin(), values.end());
    };
    const std::string train = bytes("raw_train.txt"), validation = bytes("raw_valid.txt"),
                      test = bytes("raw_test.txt");
    ASSERT_EQ(train + validation + test, bytes("bytes"));
    const TextSymbols symbols = published_symbols({train, validation, test});
    EXPECT_EQ(symbols.vocabulary, bytes("vocabulary_byte_values"));
    EXPECT_EQ(symbols.kinds(), 34);
    const char* const names[] = {"ids_train", "ids_valid", "ids_test"};
    for (std::size_t part = 0; part < 3; ++part) {
        EXPECT_EQ(symbols.parts[part], bytes(names[part])) << names[part];
    }
}

TEST_F(TextTasks, a_text_that_is_read_as_published_has_no_newlines_and_says_so) {
    std::string text;
    for (int k = 0; k < 400; ++k) text += "aab\n";
    write(folder_ / "text", text);
    const auto task = task_on("byte-language", folder_ / "text",
                              {{"steps", std::int64_t{10}}, {"reader", std::string("published")}});
    // 1440, 80 and 80 bytes, of which a quarter is lost.
    EXPECT_EQ(task->count(Split::train), 107);
    EXPECT_EQ(task->count(Split::test), 5);
    EXPECT_EQ(task->spec().shape.n_input, 2);
    EXPECT_EQ(task->spec().shape.n_output, 2);
    EXPECT_EQ(to_text(task->about().at("encoding")), "one-hot of 2 symbols, newlines left out");
    const Batch batch = batch_of(*task, Split::test, 1);
    EXPECT_EQ(ids_of(batch, 0), (std::vector<std::int32_t>{0, 0, 1, 0, 0, 1, 0, 0, 1, 0}));
    const auto whole = task_on("byte-language", folder_ / "text", {{"steps", std::int64_t{10}}});
    EXPECT_EQ(to_text(whole->about().at("encoding")), "one-hot of bytes, newlines kept");
}

/// Bits per character of equal odds for 256 bytes: 8.
TEST_F(TextTasks, scores_of_a_language_are_bits_per_character) {
    write(folder_ / "text", std::string(1000, 'x'));
    const auto task = task_on("byte-language", folder_ / "text", {{"steps", std::int64_t{10}}});
    Stream host{Device{}};
    FittedModel model = make_model({.model = "lstm", .shape = task->spec().shape});
    allocate(host, model, DType::f64, {1});
    for (const auto& [name, parameter] : model.model->parameters()) parameter->value.clear(host);
    const Scores scores = task->score(host, model, Split::test, 0);
    ASSERT_EQ(task->spec().metrics.front().name, "bits_per_character");
    EXPECT_NEAR(scores.values.front(), 8, 1e-12);
    // The same in every window.
    EXPECT_EQ(scores.samples, task->count(Split::test));
    EXPECT_NEAR(scores.standard_errors.front(), 0, 1e-12);
    EXPECT_TRUE(task->spec().metrics.front().has_interval);
}

/// What is said of things, counted from the words alone.
TEST_F(TextTasks, made_up_reviews_say_more_for_their_label_than_against_it) {
    const std::vector<std::string> good{"good",     "wonderful", "clever", "moving",
                                        "charming", "brilliant", "warm",   "memorable"};
    std::string text, again;
    int ones = 0;
    double length = 0;
    constexpr int count = 400;
    for (std::uint64_t index = 0; index < count; ++index) {
        const int label = draw_review(3, index, 200, 4096, text);
        EXPECT_EQ(draw_review(3, index, 200, 4096, again), label);
        EXPECT_EQ(text, again);
        EXPECT_LE(text.size(), 4096u);
        EXPECT_GE(text.size(), 80u);
        int balance = 0;
        std::istringstream sentences(text);
        for (std::string sentence; std::getline(sentences, sentence, '.');) {
            const std::size_t was = sentence.find(" was "), seemed = sentence.find(" seemed ");
            const std::size_t at = std::min(was, seemed);
            if (at == std::string::npos || sentence.find("The film") != std::string::npos) continue;
            const bool is_good =
                std::ranges::find(good, sentence.substr(sentence.rfind(' ') + 1)) != good.end();
            const bool is_turned = sentence.find(" not ") != std::string::npos;
            balance += is_good != is_turned ? 1 : -1;
        }
        EXPECT_EQ(balance > 0, label == 1) << text;
        EXPECT_NE(balance, 0);
        ones += label;
        length += static_cast<double>(text.size()) / count;
    }
    EXPECT_NEAR(ones, count / 2, 4.5 * std::sqrt(count / 4.0));
    EXPECT_NEAR(length, (200 + 4096) / 2.0 - 20, 4.5 * 4096 / std::sqrt(12.0 * count));
}

TEST_F(TextTasks, made_up_documents_share_words_where_their_label_is_1) {
    int ones = 0;
    constexpr int count = 200;
    std::string first, second;
    for (std::uint64_t index = 0; index < count; ++index) {
        const int label = draw_documents(3, index, 1000, 4000, first, second);
        EXPECT_TRUE(first.size() >= 1000 && first.size() <= 4000);
        // Words of six letters of the syllables, which no common word has.
        std::set<std::string> seen;
        const auto topic_words = [&](const std::string& text) {
            std::set<std::string> words;
            std::istringstream stream(text.substr(0, text.rfind(' ')));
            for (std::string word; stream >> word;) {
                std::erase(word, '.');
                if (word.size() == 6 && word.find_first_of("aeiou") == 1 &&
                    std::string("aeiou").find(word[3]) != std::string::npos &&
                    std::string("aeiou").find(word[5]) != std::string::npos) {
                    words.insert(word);
                }
            }
            return words;
        };
        const auto a = topic_words(first), b = topic_words(second);
        std::vector<std::string> shared;
        std::ranges::set_intersection(a, b, std::back_inserter(shared));
        EXPECT_EQ(shared.size() >= 3, label == 1) << first << "\n" << second;
        ones += label;
    }
    EXPECT_NEAR(ones, count / 2, 4.5 * std::sqrt(count / 4.0));
}

}  // namespace
}  // namespace elm
