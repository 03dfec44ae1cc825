// Parts of an arena: apart from each other, without what a test sample is too like, and those that
// a file of another pool is refused for.

#include "tasks/arena/sets/arena_division.h"

#include <algorithm>
#include <filesystem>
#include <set>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "kernels/io/output_file.h"
#include "tasks/arena/sets/arena_set.h"
#include "tasks/arena/sets/build_arena.h"
#include "tasks/arena/sets/sample_embedding.h"
#include "tasks/arena/sets/test_sets.h"
#include "tests/arena/small_arena.h"
#include "tests/support/error_message.h"
#include "tests/support/temporary_directory.h"

namespace elm {
namespace {

TEST(ArenaDivision, gives_each_sample_and_each_input_to_one_part_alone) {
    const std::unique_ptr<ArenaPool> opened = open_pool(test::small_task());
    const ArenaPool& pool = *opened;
    const ArenaParts parts = divide_pool(pool, test::small_sizes(), 7);
    std::set<std::string> seen;
    std::size_t distinct = 0, left = 0;
    for (const auto& [name, samples] : parts) {
        const std::vector<std::string> all = pool.contents(samples);
        const std::set<std::string> own(all.begin(), all.end());
        distinct += own.size();
        seen.insert(own.begin(), own.end());
        left += samples.size();
    }
    EXPECT_EQ(distinct, seen.size());
    EXPECT_LT(left, static_cast<std::size_t>(test::small_sizes().total()));  // there were some
    EXPECT_EQ(parts.at(part::test).size(), 160u);                            // test samples stay
    require_disjoint(parts);
    EXPECT_EQ(divide_pool(pool, test::small_sizes(), 7), parts);
    EXPECT_NE(divide_pool(pool, test::small_sizes(), 8), parts);
}

TEST(ArenaDivision, refuses_parts_that_overlap_or_ask_for_too_much) {
    EXPECT_NE(test::message_of([] {
                  require_disjoint({{"d1", {1, 2}}, {"test", {2, 3}}});
              }).find("sample 2 stands in both parts d1 and test"),
              std::string::npos);
    const std::unique_ptr<ArenaPool> opened = open_pool(test::small_task());
    const ArenaPool& pool = *opened;
    EXPECT_NE(
        test::message_of([&] { divide_pool(pool, ArenaSizes{}, 1); }).find("and there are 1500"),
        std::string::npos);
    EXPECT_EQ(test::small_sizes().scaled_to(750).target, 50);
    EXPECT_THROW(test::small_sizes().scaled_to(10), Error);
}

TEST(ArenaDivision, says_which_parts_are_left_without_a_sample) {
    ArenaTask task = test::small_task();
    task.options["vocabulary"] = std::int64_t{6};  // 16 inputs, all of them in TEST
    const std::unique_ptr<ArenaPool> opened = open_pool(task);
    const ArenaPool& pool = *opened;
    const std::string message = test::message_of(
        [&] { require_filled(divide_pool(pool, test::small_sizes(), 7), "it is a test"); });
    EXPECT_NE(message.find("no sample is left for the parts cal, committee, d0, d1"),
              std::string::npos);
    EXPECT_NE(message.find("it is a test"), std::string::npos);
    require_filled(divide_pool(*open_pool(test::small_task()), test::small_sizes(), 7), "");
}

/// Leak guard: planted copies of tested samples are found, and nothing far from them.
TEST(NearCopies, of_tokens_are_found_by_the_runs_that_they_share) {
    std::string tested, other;
    for (int k = 0; k < 60; ++k) {
        tested += {static_cast<char>(k * 7 % 31), 0};
        other += {static_cast<char>(k * k % 29), 1};
    }
    std::string almost = tested;
    almost[20] = 99;  // 5 of 56 runs of 5 symbols differ
    std::string half = tested.substr(0, 60) + other.substr(60);
    EXPECT_EQ(near_copies({tested}, {other, tested, almost, half}, 2), (SampleNumbers{1, 2}));
    EXPECT_TRUE(near_copies(std::vector<std::string>{}, {other}, 2).empty());
}

TEST(NearCopies, of_numbers_are_found_by_the_angle_of_their_embeddings) {
    const PointSet tested{.dimensions = 2, .values = {1, 0}};
    const PointSet others{.dimensions = 2, .values = {2, 0.1, 0, 1, 1, 1, -1, 0}};
    EXPECT_EQ(near_copies(tested, others), (SampleNumbers{0}));
}

TEST(NearCopies, of_one_test_sample_are_its_five_nearest_at_most) {
    const PointSet tested{.dimensions = 1, .values = {1}};
    const PointSet others{.dimensions = 1, .values = std::vector<double>(9, 2)};
    EXPECT_EQ(near_copies(tested, others), (SampleNumbers{0, 1, 2, 3, 4}));
}

TEST(TestSet, has_two_of_each_cluster_and_as_many_of_the_hardest) {
    Clusters clusters;
    std::vector<double> difficulty;
    SampleNumbers half;
    for (std::int64_t k = 0; k < 60; ++k) {
        clusters.of_point.push_back(k % 6);
        difficulty.push_back(static_cast<double>(k));
        if (k % 2 == 0) half.push_back(k);
    }
    const TestSet set = choose_test_set(half, clusters, difficulty, RandomKey{1});
    EXPECT_EQ(set.diverse.size(), 6u);  // even places are in clusters 0, 2, 4
    EXPECT_EQ(set.hard, (SampleNumbers{48, 50, 52, 54, 56, 58}));
    for (const std::int64_t place : set.mixed) EXPECT_EQ(place % 2, 0);
    EXPECT_TRUE(
        std::includes(set.mixed.begin(), set.mixed.end(), set.hard.begin(), set.hard.end()));
}

TEST(TestSet, halves_share_every_cluster_alike) {
    Clusters clusters;
    for (std::int64_t k = 0; k < 50; ++k) clusters.of_point.push_back(k % 5);
    const auto [first, second] = halves_of(clusters, RandomKey{3});
    EXPECT_EQ(first.size(), 25u);
    EXPECT_EQ(second.size(), 25u);
    for (const SampleNumbers& half : {first, second}) {
        for (std::int64_t c = 0; c < 5; ++c) {
            EXPECT_EQ(std::count_if(half.begin(), half.end(), [&](auto k) { return k % 5 == c; }),
                      5);
        }
    }
}

BuildOptions small_build(const std::string& out) {
    BuildOptions options{.task = test::small_task(), .sizes = test::small_sizes()};
    options.committee_size = 3;
    options.committee_updates = 20;
    options.recipe = {.training = arena_training_options(), .seed = 3};
    options.seed = 3;
    options.out = out;
    return options;
}

TEST(BuildArena, leaves_an_arena_that_is_read_again_and_whose_samples_are_checked) {
    const test::TemporaryDirectory folder;
    Stream stream{Device{}};
    const BuildOptions options = small_build(folder / "arena");
    const ArenaSet built = build_arena(stream, options, [] {});
    const ArenaSet arena = read_arena(options.out);
    EXPECT_EQ(arena.parts, built.parts);
    EXPECT_EQ(arena.fingerprint(), built.fingerprint());
    EXPECT_EQ(arena.committee.size(), 3u);
    EXPECT_FALSE(arena.parts.contains(part::source));
    const SampleNumbers &dev = arena.part(part::dev), &test = arena.part(part::arena);
    EXPECT_GT(dev.size(), 40u);
    EXPECT_EQ(arena.difficulty.at(part::arena).size(), test.size());
    for (const double d : arena.difficulty.at(part::arena)) {
        EXPECT_GE(d, 0);
        EXPECT_LE(d, 10);
    }
    EXPECT_NE(test::message_of([&] { build_arena(stream, options, [] {}); }).find("exists"),
              std::string::npos);
    open_pool(arena);
    ArenaTask other = arena.task;
    other.options["vocabulary"] = std::int64_t{18};
    EXPECT_NE(test::message_of([&] {
                  require_same_samples(arena, *open_pool(other));
              }).find("are not those that the arena was built from"),
              std::string::npos);
    EXPECT_NE(test::message_of([&] { arena.part("d10"); }).find("has no part d10"),
              std::string::npos);
    EXPECT_THROW(read_arena(folder / "nowhere"), Error);
}

/// Lists of 14 lists of three digits and a digit, each of them twice but for that last digit.
void write_lists_with_copies(const std::string& path) {
    std::string lines = "Source\tTarget\n";
    for (std::int64_t line = 0; line < 1400; ++line) {
        const std::int64_t k = line % 700;
        std::string list = "[MAX";
        std::int64_t most = 0;
        for (std::int64_t place = 0; place < 42; ++place) {
            const std::int64_t digit = random_word(RandomKey{5}, 42 * k + place) % 10;
            most = std::max(most, digit);
            list += fmt::format("{} {}{}", place % 3 == 0 ? " [MAX" : "", digit,
                                place % 3 == 2 ? " ]" : "");
        }
        lines += fmt::format("{} {} ]\t{}\n", list, line / 700, most);
    }
    write_text_file(path, false, lines);
}

/// Samples of D1 to D9 that begin as a tested one does, which no two lists do by chance.
std::int64_t copies_in_lessons(const ArenaPool& pool, const ArenaParts& parts,
                               const std::vector<const char*>& tested) {
    const auto start_of = [&](const std::string& input) {
        return input.substr(0, static_cast<std::size_t>(30 * pool.input_bytes()));
    };
    std::set<std::string> known;
    for (const char* const name : tested) {
        for (const std::string& input : pool.contents(parts.at(name))) {
            known.insert(start_of(input));
        }
    }
    std::int64_t count = 0;
    for (int k = 1; k <= n_lesson_parts; ++k) {
        for (const std::string& input : pool.contents(parts.at(part::lessons(k)))) {
            count += known.contains(start_of(input)) ? 1 : 0;
        }
    }
    return count;
}

TEST(BuildArena, keeps_no_lesson_that_is_too_like_a_test_sample) {
    const test::TemporaryDirectory folder;
    Stream stream{Device{}};
    write_lists_with_copies(folder / "lists.tsv");
    BuildOptions options = small_build(folder / "arena");
    options.task = {.name = "listops", .options = {}, .files = {folder / "lists.tsv"}, .drawn = 0};
    options.committee_updates = 1;
    const std::unique_ptr<ArenaPool> opened = open_pool(options.task);
    const ArenaPool& pool = *opened;
    const ArenaSizes sizes = options.sizes.total() > pool.first_own_test()
                                 ? options.sizes.scaled_to(pool.first_own_test())
                                 : options.sizes;
    EXPECT_GT(copies_in_lessons(pool, divide_pool(pool, sizes, options.seed), {part::test}), 20);
    const ArenaSet arena = build_arena(stream, options, [] {});
    EXPECT_GT(arena.near_copies, 20);
    EXPECT_EQ(copies_in_lessons(pool, arena.parts, {part::test, part::arena, part::dev}), 0);
}

TEST(BuildArena, keeps_members_of_a_committee_that_would_be_made_alike_and_no_others) {
    const test::TemporaryDirectory folder;
    Stream stream{Device{}};
    BuildOptions options = small_build(folder / "cut");
    const auto cut_and_go_on = [&] {
        std::filesystem::remove(folder / "cut/arena.h5");
        return build_arena(stream, options, [] {});
    };
    const ArenaSet before = build_arena(stream, options, [] {});
    const auto time = [&] {
        return std::filesystem::last_write_time(folder / "cut/committee/lstm-0.h5");
    };
    const auto first = time();
    EXPECT_EQ(cut_and_go_on().fingerprint(), before.fingerprint());
    EXPECT_EQ(time(), first);
    options.committee_updates = 25;
    options.seed = 4;
    const ArenaSet changed = cut_and_go_on();
    options.out = folder / "fresh";
    EXPECT_EQ(changed.committee, build_arena(stream, options, [] {}).committee);
    EXPECT_NE(changed.committee, before.committee);
}

TEST(ArenaPool, refuses_tasks_that_do_not_hold_their_samples) {
    EXPECT_NE(test::message_of([] {
                  open_pool(ArenaTask{.name = "neuronio", .drawn = 10});
              }).find("the task neuronio learns from files"),
              std::string::npos);
    EXPECT_NE(test::message_of([] {
                  answer_kind_of(*open_pool(ArenaTask{.name = "copying", .drawn = 10}));
              }).find("asks for a class at each step"),
              std::string::npos);
    EXPECT_EQ(answer_kind_of(*open_pool(ArenaTask{.name = "adding", .drawn = 10})),
              AnswerKind::numbers);
    EXPECT_EQ(answer_kind_of(*open_pool(test::small_task())), AnswerKind::one_class);
}

}  // namespace
}  // namespace elm
