// Sets on disk: the same bytes on any number of threads and after any cut, and clear refusals.

#include "tasks/data/sets/generated_set.h"

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "kernels/core/support/parallel.h"
#include "tasks/data/file_bytes.h"
#include "tasks/lra/listops/listops_table.h"
#include "tasks/sets/set_folder.h"
#include "tasks/sets/set_source.h"
#include "tests/support/error_message.h"
#include "tests/support/temporary_directory.h"

namespace elm {
namespace {

namespace fs = std::filesystem;

std::string bytes_of(const std::string& path) { return read_file_bytes(path, "a file"); }
void write_bytes(const std::string& path, const std::string& bytes) {
    std::ofstream(path, std::ios::binary) << bytes;
}
bool goes_on(std::int64_t) { return true; }

class GeneratedSets : public testing::Test {
protected:
    ~GeneratedSets() override { set_thread_count(0); }
    std::string path(const std::string& name = "set.h5") const { return folder_ / name; }

    SetPlan plan(const std::string& task, std::int64_t count,
                 const std::vector<std::pair<std::string, std::string>>& options = {}) const {
        const SampleKind& kind = *find_task(task).samples;
        OptionSet values = open_options(kind);
        for (const auto& [name, value] : options) values.set(name, value);
        SetPlan plan;
        plan.generator = make_generator(kind, all_options(kind, values));
        plan.path = path();
        plan.seed = 7;
        plan.first = 3;
        plan.count = count;
        return plan;
    }
    static void make(const SetPlan& plan) {
        SetMaker maker(plan);
        ASSERT_TRUE(maker.make(goes_on));
    }
    /// Short expressions, so that there are many blocks.
    SetPlan listops(std::int64_t count) const {
        return plan("listops", count, {{"least_length", "5"}, {"most_length", "60"}});
    }

    test::TemporaryDirectory folder_;
};

TEST_F(GeneratedSets, have_the_same_bytes_on_any_number_of_threads) {
    using Case = std::pair<const char*, std::int64_t>;
    for (const auto& [task, count] :
         {Case{"pathfinder", 600}, Case{"listops", 700}, Case{"adding", 90}, Case{"recall", 700}}) {
        std::string expected;
        for (const int threads : {1, 2, 4}) {
            set_thread_count(threads);
            SetPlan one = std::string(task) == "listops" ? listops(count) : plan(task, count);
            one.force = true;
            make(one);
            if (expected.empty()) expected = bytes_of(path());
            EXPECT_EQ(bytes_of(path()), expected) << task << " on " << threads << " threads";
            EXPECT_FALSE(fs::exists(path() + ".part"));
        }
    }
}

TEST_F(GeneratedSets, hold_what_their_generator_draws) {
    for (const TaskEntry* const task : drawn_tasks()) {
        const bool is_slow = task->samples->family == "pathfinder";
        SetPlan one = plan(task->name, is_slow ? 40 : 300);
        if (task->name == "listops") one = listops(300);
        one.force = true;
        make(one);
        const GeneratedSet set = GeneratedSet::open(path());
        EXPECT_EQ(set.fields(), one.generator.fields) << task->name;
        EXPECT_EQ(
            set.origin().facts(),
            (SetOrigin{task->samples->family, one.generator.options, 7, 3, one.count}.facts()));
        using Range = std::pair<std::int64_t, std::int64_t>;
        for (const auto& [first, count] :
             {Range{0, one.count}, Range{17, 9}, Range{one.count - 1, 1}, Range{5, 0}}) {
            const SetColumns read = set.read(first, count, set.fields());
            SetColumns drawn = empty_columns(one.generator.fields);
            for (std::int64_t k = first; k < first + count; ++k) {
                one.generator.draw(7, static_cast<std::uint64_t>(3 + k), drawn);
            }
            for (std::size_t k = 0; k < drawn.size(); ++k) {
                EXPECT_EQ(read[k].values, drawn[k].values) << task->name << " field " << k;
                EXPECT_EQ(read[k].offsets, drawn[k].offsets) << task->name << " field " << k;
            }
        }
    }
}

TEST_F(GeneratedSets, go_on_after_a_cut_at_any_byte_to_the_same_bytes) {
    for (const bool is_ragged : {false, true}) {
        SetPlan one = is_ragged ? listops(1100) : plan("recall", 1100);
        one.force = true;
        make(one);
        const std::string expected = bytes_of(path());
        fs::remove(path());
        {
            SetMaker maker(one);
            ASSERT_FALSE(maker.make([](std::int64_t made) { return made < 1000; }));
            EXPECT_GE(maker.made(), 1000);
        }
        const std::string journal = bytes_of(path() + ".part");
        one.force = false;
        one.resume = true;
        std::int64_t kept = 0;
        for (const double share : {0.0, 0.0005, 0.003, 0.3, 0.5, 0.77, 0.9999, 1.0}) {
            write_bytes(path() + ".part",
                        journal.substr(0, static_cast<std::size_t>(
                                              share * static_cast<double>(journal.size()))));
            SetMaker maker(one);
            EXPECT_GE(one.count - maker.missing(), kept) << share;
            kept = one.count - maker.missing();
            ASSERT_TRUE(maker.make(goes_on));
            EXPECT_EQ(bytes_of(path()), expected) << share;
            EXPECT_FALSE(fs::exists(path() + ".part"));
            fs::remove(path());
        }
        EXPECT_GE(kept, 1000);
        // A flipped byte is as good as a cut there.
        std::string damaged = journal;
        damaged[journal.size() / 2] ^= 4;
        write_bytes(path() + ".part", damaged);
        make(one);
        EXPECT_EQ(bytes_of(path()), expected);
        // What is whole is left alone.
        SetMaker again(one);
        EXPECT_EQ(again.missing(), 0);
        EXPECT_TRUE(again.make(goes_on));
        EXPECT_EQ(bytes_of(path()), expected);
        fs::remove(path());
    }
}

TEST_F(GeneratedSets, of_another_recipe_or_another_maker_are_refused) {
    SetPlan one = plan("recall", 600);
    {
        SetMaker maker(one);
        EXPECT_NE(test::message_of([&] { SetMaker second(one); }).find("another run"),
                  std::string::npos);
        ASSERT_FALSE(maker.make([](std::int64_t) { return false; }));
    }
    EXPECT_NE(test::message_of([&] { SetMaker again(one); }).find("did not end"),
              std::string::npos);
    one.resume = true;
    one.seed = 8;
    const std::string other = test::message_of([&] { SetMaker again(one); });
    EXPECT_NE(other.find("seed: 7 there, 8 asked for"), std::string::npos) << other;
    one.seed = 7;
    make(one);
    one.count = 601;
    const std::string more = test::message_of([&] { SetMaker again(one); });
    EXPECT_NE(more.find("count: 600 there, 601 asked for"), std::string::npos) << more;
}

TEST_F(GeneratedSets, that_are_cut_foreign_or_newer_are_refused) {
    make(plan("image-syn", 30));
    const std::string whole = bytes_of(path());
    EXPECT_TRUE(is_generated_set(path()));
    write_bytes(path("cut.h5"), whole.substr(0, whole.size() / 2));
    write_bytes(path("text.h5"), "no set");
    Hdf5File::create(path("foreign.h5")).close();
    EXPECT_FALSE(is_generated_set(path("foreign.h5")));
    for (const char* name : {"cut.h5", "text.h5", "foreign.h5", "missing.h5"}) {
        const std::string message = test::message_of([&] { GeneratedSet::open(path(name)); });
        EXPECT_NE(message.find(name), std::string::npos) << message;
    }
    EXPECT_NE(test::message_of([&] {
                  GeneratedSet::open(path("foreign.h5"));
              }).find("not a generated set"),
              std::string::npos);
    // Attributes of a set, one of them changed; its fields are not there.
    const auto with = [&](const std::string& name, const Value& value) {
        Hdf5File file = Hdf5File::create(path("odd.h5"));
        Values attributes{{"format", std::string(set_format)}, {"format_version", std::int64_t{1}},
                          {"task", std::string("recall")},     {"seed", std::int64_t{1}},
                          {"first", std::int64_t{0}},          {"count", std::int64_t{4}},
                          {"fields", std::string("tokens")}};
        attributes[name] = value;
        for (const auto& [key, set] : attributes) file.set_attribute("/", key, set);
        file.close();
        return test::message_of([&] { GeneratedSet::open(path("odd.h5")); });
    };
    EXPECT_NE(with("format_version", std::int64_t{2}).find("version 2"), std::string::npos);
    EXPECT_NE(with("count", std::string("many")).find("attribute count"), std::string::npos);
    EXPECT_NE(with("count", std::int64_t{0}).find("without samples"), std::string::npos);
    EXPECT_NE(with("task", std::string("x")).find("field tokens is not there"), std::string::npos);
    // A chunk that is not what its checksum says.
    std::string damaged = whole;
    const std::string packed = Hdf5File::open(path()).read_chunk("image", 0);
    const std::size_t at = damaged.find(packed);
    ASSERT_NE(at, std::string::npos);
    damaged[at + packed.size() - 1] ^= 1;
    write_bytes(path("damaged.h5"), damaged);
    EXPECT_NE(test::message_of([&] {
                  const GeneratedSet bad = GeneratedSet::open(path("damaged.h5"));
                  bad.read(0, 30, bad.fields());
              }).find("field image, sample 0: a chunk does not hold"),
              std::string::npos);
    const GeneratedSet set = GeneratedSet::open(path());
    EXPECT_NE(test::message_of([&] { set.read(29, 2, set.fields()); }).find("it holds 30"),
              std::string::npos);
}

TEST_F(GeneratedSets, of_a_folder_are_split_by_ranges) {
    SetPlan whole = plan("parity", 95);
    whole.path = path("parts/");
    SetFolderMaker maker(split_plans(whole, published_split), {});
    EXPECT_EQ(maker.missing(), 95);
    ASSERT_TRUE(maker.make(goes_on));
    std::int64_t next = whole.first;
    using Part = std::pair<const char*, std::int64_t>;
    for (const auto& [name, count] :
         {Part{"train.h5", 76}, Part{"validation.h5", 10}, Part{"test.h5", 9}}) {
        const GeneratedSet part = GeneratedSet::open(path("parts/") + name);
        EXPECT_EQ(part.origin().first, next) << name;
        EXPECT_EQ(part.origin().count, count) << name;
        next += part.origin().count;
    }
    EXPECT_NE(test::message_of([&] {
                  split_plans(whole, {50, 50, 1});
              }).find("100 together"),
              std::string::npos);
}

TEST_F(GeneratedSets, of_listops_are_tables_too) {
    SetPlan one = plan("listops", 300);
    one.path = path("own.tsv");
    std::int64_t made = 0;
    ASSERT_TRUE(write_listops_table(one, [&](std::int64_t now) {
        made = now;
        return true;
    }));
    EXPECT_EQ(made, 300);
    write_listops_file(path("other.tsv"), false, ListOpsGenerator(), 7, 3, 300);
    EXPECT_EQ(bytes_of(one.path), bytes_of(path("other.tsv")));
    one.path = path("none.tsv");
    EXPECT_FALSE(write_listops_table(one, [](std::int64_t) { return false; }));
    EXPECT_FALSE(fs::exists(one.path));
}

TEST(SetStatistics, of_generated_samples_meet_their_references) {
    using Options = std::vector<std::pair<std::string, std::string>>;
    std::vector<std::pair<std::string, Options>> cases{
        {"copying", {{"kind", "lag"}, {"memorised", "30"}}},
        {"copying", {{"variable_length", "true"}}},
        {"parity", {{"cumulative", "true"}}}};
    for (const TaskEntry* const task : drawn_tasks()) cases.push_back({task->name, {}});
    for (const auto& [name, values] : cases) {
        const TaskEntry& task = find_task(name);
        OptionSet options = open_options(*task.samples);
        for (const auto& [option, value] : values) options.set(option, value);
        const std::int64_t count = task.samples->family == "pathfinder" ? 400 : 1000;
        const ShownSet shown = draw_set(task, options, 3, 0, count);
        const SetStatistics statistics = shown.kind().statistics(shown.options, shown.samples);
        EXPECT_GT(statistics.compared(), 0) << name;
        EXPECT_EQ(statistics.far(), 0) << name << "\n" << statistics.table().to_text();
        EXPECT_FALSE(shown.kind().picture(shown.options, shown.samples).rows.empty()) << name;
    }
}

TEST(SetStatistics, tell_that_samples_are_wrong) {
    const TaskEntry& task = find_task("pathfinder");
    ShownSet shown = draw_set(task, open_options(*task.samples), 3, 0, 400);
    for (std::uint8_t& pixel : std::get<std::vector<std::uint8_t>>(shown.samples[0].values)) {
        pixel = static_cast<std::uint8_t>(pixel * 0.95);
    }
    const SetStatistics statistics = shown.kind().statistics(shown.options, shown.samples);
    EXPECT_GE(statistics.far(), 3) << statistics.table().to_text();
    // Values 1, 2, 3: mean 2, SD 1, standard error 1 / sqrt(3).
    SetStatistics closed;
    closed.add("x", {1, 2, 3}, {.mean = 1, .standard_error = 1});
    EXPECT_DOUBLE_EQ(closed.row("x").standard_error, 1 / std::sqrt(3.0));
    EXPECT_DOUBLE_EQ(closed.row("x").deviation(), 1 / std::sqrt(1 + 1.0 / 3));
}

}  // namespace
}  // namespace elm
