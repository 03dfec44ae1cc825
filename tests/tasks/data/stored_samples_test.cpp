// Tasks that learn from files: they hold the samples that the files hold, and say clearly what they
// cannot learn from.

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tasks/data/batch_prefetcher.h"
#include "tasks/data/file_bytes.h"
#include "tasks/samples/open_samples.h"
#include "tasks/samples/sample_encoding.h"
#include "tasks/sets/set_folder.h"
#include "tests/support/error_message.h"
#include "tests/tasks/data/stored_samples.h"

namespace elm {
namespace {

namespace fs = std::filesystem;
using test::expect_part;
using test::Options;
using test::StoredSamples;

/// Samples of a file are those that the same task draws, so validation sample k of a folder is
/// number first + n_train + k of its seed.
TEST_F(StoredSamples, of_a_set_are_those_that_the_task_draws) {
    for (const TaskEntry* const entry : drawn_tasks()) {
        Options options;
        if (entry->name == "listops") options = {{"least_length", "20"}, {"most_length", "90"}};
        if (entry->name == "copying") options = {{"variable_length", "true"}};
        make(entry->name, 50, options, "set/");
        const Opened stored = open(entry->name, {"set/"});
        EXPECT_EQ(stored.task->count(Split::train), 40) << entry->name;
        EXPECT_EQ(stored.task->count(Split::validation), 5);
        EXPECT_EQ(stored.task->count(Split::test), 5);
        EXPECT_TRUE(stored.task->spec().has_test);
        OptionSet fresh = entry->options();
        for (const auto& [name, value] : options) fresh.set(name, value);
        const auto drawn = entry->make(fresh, {});
        EXPECT_EQ(stored.task->spec().n_steps, drawn->spec().n_steps) << entry->name;
        for (std::int64_t k = 0; k < 5; ++k) {
            const Batch a = batch_of(
                *stored.task,
                {.split = Split::validation, .seed = 1, .size = 5, .first = k, .count = 1});
            const Batch b = batch_of(*drawn, {.seed = 7, .index = 3 + 40 + k, .size = 1});
            ASSERT_EQ(units_of(a, 0), units_of(b, 0)) << entry->name;
            const Tensor &target = a.targets.front(), &other = b.targets.front();
            // Rows beyond the longest sample of the batch are left out.
            ASSERT_LE(target.bytes(), other.bytes());
            EXPECT_TRUE(std::equal(target.data(), target.data() + target.bytes(), other.data()))
                << entry->name;
            if (!a.dense.defined()) continue;
            ASSERT_EQ(a.dense.bytes(), b.dense.bytes());
            EXPECT_TRUE(
                std::equal(a.dense.data(), a.dense.data() + a.dense.bytes(), b.dense.data()));
        }
    }
}

TEST_F(StoredSamples, are_gone_through_once_in_each_epoch_whoever_reads_ahead) {
    make("recall", 100, {}, "set/");
    const Opened stored = open("recall", {"set/"});
    const auto fill = [&](std::int64_t index, Batch& batch) {
        stored.task->fill({.seed = 1, .index = index, .size = 8, .count = 8}, batch);
    };
    std::vector<std::vector<std::int32_t>> alone;
    std::set<std::vector<std::int32_t>> samples;
    for (std::int64_t index = 0; index < 10; ++index) {
        Batch batch;
        fill(index, batch);
        alone.push_back(batch.spikes.units);
        for (std::int64_t k = 0; k < 8; ++k) samples.insert(units_of(batch, k));
    }
    EXPECT_EQ(samples.size(), 80u);
    for (const int threads : {1, 3}) {
        BatchPrefetcher ahead(fill, 4, 4, threads);
        for (std::size_t index = 4; index < 10; ++index) {
            EXPECT_EQ(ahead.next().spikes.units, alone[index]);
        }
    }
}

TEST_F(StoredSamples, of_several_lengths_are_padded_to_the_longest_of_a_batch) {
    make("listops", 400, {{"least_length", "5"}, {"most_length", "300"}, {"most_depth", "6"}},
         "set/");
    const Opened stored = open("listops", {"set/"});
    EXPECT_EQ(stored.task->spec().n_steps, 300);
    std::set<std::int64_t> steps;
    std::int64_t total = 0, padded = 0;
    for (std::int64_t index = 0; index < 40; ++index) {
        const Batch batch =
            batch_of(*stored.task, {.seed = 2, .index = index, .size = 8, .count = 8});
        const auto lengths = batch.lengths.host<std::int32_t>();
        const std::int32_t longest = *std::max_element(lengths.begin(), lengths.end());
        EXPECT_EQ(batch.spikes.n_steps, std::min<std::int64_t>(300, (longest + 63) / 64 * 64));
        for (std::int64_t k = 0; k < 8; ++k) {
            EXPECT_EQ(std::ssize(units_of(batch, k)), lengths[static_cast<std::size_t>(k)]);
            total += lengths[static_cast<std::size_t>(k)];
        }
        padded += 8 * batch.spikes.n_steps;
        steps.insert(batch.spikes.n_steps);
        // A part of a batch has the room of the whole.
        EXPECT_EQ(
            batch_of(*stored.task, {.seed = 2, .index = index, .size = 8, .first = 4, .count = 4})
                .spikes.n_steps,
            batch.spikes.n_steps);
    }
    EXPECT_GT(steps.size(), 2u);
    EXPECT_LT(padded, 2 * total);
}

TEST_F(StoredSamples, tell_the_options_of_the_task) {
    make("pathfinder", 10, {{"size", "64"}, {"difficulty", "easy"}}, "set/");
    const Opened stored = open("pathfinder", {"set/"});
    EXPECT_EQ(stored.options.get<std::int64_t>("size"), 64);
    EXPECT_EQ(stored.options.get<std::string>("difficulty"), "easy");
    EXPECT_EQ(stored.options.get<std::int64_t>("train_samples"), 8);
    EXPECT_EQ(stored.options.get<std::int64_t>("held_out"), 1);
    EXPECT_EQ(stored.task->spec().n_steps, 4096);
    expect_part(stored.task->summary(), path("set/"));
    EXPECT_EQ(stored.task->about().at("data"), Value(path("set/")));
    // What was chosen must be so.
    EXPECT_NO_THROW(open("pathfinder", {"set/"}, {{"size", "64"}, {"train_samples", "8"}}));
    expect_part(refusal("pathfinder", {"set/"}, {{"size", "32"}}),
                "size is 64 in " + path("set/") + ", and 32 in the options");
    expect_part(refusal("pathfinder-x", {"set/"}), "and hard in the task pathfinder-x");
    expect_part(refusal("pathfinder", {"set/"}, {{"train_samples", "9"}}),
                "train_samples is 9, and " + path("set/") + " has 8");
    EXPECT_EQ(open("pathfinder", {"set/"}, {{"train_samples", "3"}}).task->count(Split::train), 3);
    // Path-X is Pathfinder of 128 px.
    make("pathfinder-x", 10, {}, "x/");
    EXPECT_EQ(open("pathfinder", {"x/"}).task->spec().n_steps, 16384);
    EXPECT_EQ(open("pathfinder-x", {"x/"}).task->spec().n_steps, 16384);
}

TEST_F(StoredSamples, of_one_file_are_divided_by_the_published_rule_or_by_selections) {
    make("parity", 50, {{"steps", "9"}}, "all.h5");
    const Opened stored = open("parity", {"all.h5"});
    EXPECT_EQ(stored.task->count(Split::train), 40);
    EXPECT_EQ(stored.task->count(Split::test), 5);
    const Opened selected = open("parity", {"all.h5"}, {}, "0:20", "30:40");
    EXPECT_EQ(selected.task->count(Split::train), 20);
    EXPECT_EQ(selected.task->count(Split::validation), 10);
    EXPECT_FALSE(selected.task->spec().has_test);
    OptionSet fresh = find_task("parity").options();
    fresh.set("steps", "9");
    const auto drawn = find_task("parity").make(fresh, {});
    EXPECT_EQ(labels_of(batch_of(*selected.task, {.split = Split::validation, .size = 5})),
              labels_of(batch_of(*drawn, {.seed = 7, .index = 33, .size = 1})));
    EXPECT_NE(selected.task->facts().at("data"), stored.task->facts().at("data"));
    // Several files are one list.
    make("parity", 30, {{"steps", "9"}}, "more.h5", published_split, 53);
    EXPECT_EQ(open("parity", {"all.h5", "more.h5"}).task->count(Split::train), 64);
    make("parity", 50, {{"steps", "9"}}, "set/");
    expect_part(refusal("parity", {"set/"}, {}, "0:20"), "is divided already");
    expect_part(refusal("parity", {"set/", "all.h5"}), "is divided already");
    make("parity", 2, {{"steps", "9"}}, "few.h5");
    expect_part(refusal("parity", {"few.h5"}), "none for the validation split");
}

TEST_F(StoredSamples, of_older_programs_are_understood) {
    make("adding", 50, {{"steps", "30"}}, "new.h5");
    {
        const GeneratedSet set = GeneratedSet::open(path("new.h5"));
        Hdf5File old = Hdf5File::create(path("old.h5"));
        const Hdf5File source = Hdf5File::open(path("new.h5"));
        for (const SetField& field : set.fields()) old.copy_from(source, field.name);
        for (auto [name, value] : source.attributes("/")) {
            old.set_attribute("/", name == "option.steps" ? "option.length" : name, value);
        }
        old.close();
    }
    const Opened stored = open("adding", {"old.h5"});
    EXPECT_EQ(stored.options.get<std::int64_t>("steps"), 30);
    EXPECT_EQ(find_samples(path("old.h5")).second.options.at("steps"), Value(std::int64_t{30}));
}

TEST_F(StoredSamples, that_changed_have_other_facts) {
    make("parity", 50, {}, "set/");
    const Values before = open("parity", {"set/"}).task->facts();
    EXPECT_EQ(open("parity", {"set/"}).task->facts(), before);
    make("parity", 50, {}, "set/", published_split, 4);
    EXPECT_NE(open("parity", {"set/"}).task->facts(), before);
}

TEST_F(StoredSamples, that_cannot_be_learnt_from_are_refused) {
    make("parity", 50, {}, "set/");
    expect_part(refusal("recall", {"set/"}), "is a set of the task parity; expected one of recall");
    expect_part(refusal("parity", {"nothing/"}), "is not there");
    fs::create_directory(path("empty"));
    expect_part(refusal("parity", {"empty"}),
                "holds no samples of the task parity; expected a "
                "file (.h5) or folder that elmsim generate parity");
    expect_part(refusal("image", {"empty"}), "data_batch_1.bin");
    expect_part(
        test::message_of([&] { find_task("image").make(find_task("image").options(), {}); }),
        "learns from files");
    const std::string whole = read_file_bytes(path("set/train.h5"), "a set");
    write("set/train.h5", whole.substr(0, whole.size() / 2));
    expect_part(refusal("parity", {"set/"}), "train.h5");
    fs::remove(path("set/validation.h5"));
    expect_part(refusal("parity", {"set/"}), "has no validation.h5");
    // Made with other options.
    make("parity", 50, {}, "set/");
    make("parity", 10, {{"steps", "9"}}, "set/test.h5");
    expect_part(refusal("parity", {"set/"}), "test.h5 was made with other options");
    // A set without a test split is one without a test.
    make("parity", 50, {}, "two/", {90, 10, 0});
    EXPECT_FALSE(open("parity", {"two/"}).task->spec().has_test);
}

TEST_F(StoredSamples, with_labels_or_tokens_out_of_range_are_refused) {
    const auto make_file = [&](const std::string& name, std::uint8_t pixel_rows,
                               std::uint8_t label) {
        Hdf5File file = Hdf5File::create(path(name));
        file.set_attribute("/", "format", std::string(set_format));
        file.set_attribute("/", "format_version", std::int64_t{1});
        file.set_attribute("/", "task", std::string("image-syn"));
        file.set_attribute("/", "seed", std::int64_t{1});
        file.set_attribute("/", "first", std::int64_t{0});
        file.set_attribute("/", "count", std::int64_t{10});
        file.set_attribute("/", "fields", std::string("image label"));
        const std::vector<std::uint8_t> image(std::size_t{10} * pixel_rows * 32), labels(10, label);
        file.write<std::uint8_t>("image", {10, pixel_rows, 32}, image, FileType::u8);
        file.write<std::uint8_t>("label", {10}, labels, FileType::u8);
        file.close();
    };
    make_file("odd.h5", 32, 10);
    const Opened odd = open("image-syn", {"odd.h5"});
    const std::string message =
        test::message_of([&] { batch_of(*odd.task, {.split = Split::validation, .size = 1}); });
    expect_part(message, "the label 10; expected 0 to 9");
    expect_part(message, "validation sample 0 of " + path("odd.h5"));
    make_file("flat.h5", 16, 3);
    expect_part(refusal("image-syn", {"flat.h5"}), "512 steps; expected 1024");
    // Ids beyond the vocabulary that the file says.
    Batch batch;
    SetColumn tokens({.name = "tokens", .type = SetType::i16, .row = {2}});
    tokens.add<std::int32_t>(std::vector<std::int32_t>{1, 5});
    begin_input(one_hot(5), tokens, 1, 2, DType::f32, batch);
    expect_part(test::message_of([&] { add_input(one_hot(5), tokens, 0, 0, batch); }),
                "token 5; expected 0 to 4");
    SetColumn nothing({.name = "tokens", .type = SetType::i16, .ragged = true});
    nothing.add<std::int32_t>(std::vector<std::int32_t>{});
    begin_input(one_hot(5), nothing, 1, 2, DType::f32, batch);
    expect_part(test::message_of([&] { add_input(one_hot(5), nothing, 0, 0, batch); }),
                "a sample without steps");
    // A grey level that is no byte.
    const InputEncoding grey{
        .name = "grey", .kind = InputKind::dense, .values = std::vector<double>(256)};
    SetColumn bright({.name = "image", .type = SetType::i16, .row = {2}});
    bright.add<std::int32_t>(std::vector<std::int32_t>{1, 256});
    begin_input(grey, bright, 1, 2, DType::f32, batch);
    expect_part(test::message_of([&] { add_input(grey, bright, 0, 0, batch); }),
                "value 256; expected 0 to 255");
}
}  // namespace
}  // namespace elm
