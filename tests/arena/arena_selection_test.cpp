// What battles choose, on answers small enough to choose by hand.

#include "tasks/arena/flywheel/arena_selection.h"

#include <cmath>
#include <map>

#include <gtest/gtest.h>

#include "tests/arena/small_arena.h"

namespace elm {
namespace {

/// Labels are 0, 1, 2, 0, 1.
class Selection : public testing::Test {
protected:
    const PartAnswers target_ = test::answers({{0, 4, 0},    // lost: says 1
                                               {0, 4, 0},    // won
                                               {4, 0, 0},    // lost by all
                                               {1, 0.9, 0},  // right, but unsure
                                               {0, 0, 1}});  // lost
    const PartAnswers sure_ =
        test::answers({{4, 0, 0}, {4, 0, 0}, {4, 0, 0}, {6, 0, 0}, {0, 3, 0}});
    const PartAnswers weak_ =
        test::answers({{0, 0.5, 0}, {0, 0, 5}, {0, 5, 0}, {0, 5, 0}, {0.5, 0, 0}});
    const PartBattle battle_{.target = &target_, .opponents = {&sure_, &weak_}};
};

TEST_F(Selection, takes_what_somebody_answers_rightly_and_the_target_does_not) {
    const Selected lost = select_lost(battle_, 3);
    EXPECT_EQ(lost.places, (SampleNumbers{0, 3, 4}));
    EXPECT_EQ(lost.threshold, 3);
    EXPECT_EQ(select_lost(battle_, 3, false).places, (SampleNumbers{0, 2, 3, 4}));
    EXPECT_GT(battle_.gap(0), 7);
    EXPECT_LT(battle_.gap(1), -7);
    EXPECT_EQ(battle_.best_opponent(0), 0u);
    EXPECT_EQ(battle_.worst_opponent(0), 1u);
}

TEST_F(Selection, lowers_a_threshold_that_nothing_passes) {
    EXPECT_DOUBLE_EQ(select_lost(battle_, 8.9).threshold, 7.9);
    const PartBattle alone{.target = &sure_, .opponents = {&sure_}};
    const Selected none = select_lost(alone, 2.5);
    EXPECT_TRUE(none.places.empty());
    EXPECT_EQ(none.threshold, 0);
}

TEST_F(Selection, pairs_the_label_with_what_whoever_lost_said) {
    const std::vector<SelectedPair> pairs = select_pairs(battle_, 3);
    ASSERT_EQ(pairs.size(), 4u);
    const std::map<std::int64_t, std::pair<int, int>> expected{
        {0, {0, 1}},  // the target's own answer
        {1, {1, 2}},  // the target is best: that of the worst opponent (0 of sure, 2 of weak)
        {3, {0, 1}},  // right, but unsure: its strongest wrong class
        {4, {1, 2}}};
    for (const SelectedPair& pair : pairs) {
        const auto [chosen, rejected] = expected.at(pair.place);
        EXPECT_EQ(pair.loser->label[static_cast<std::size_t>(pair.place)], chosen) << pair.place;
        EXPECT_EQ(answer_to_reject(*pair.loser, pair.place), rejected) << pair.place;
    }
}

TEST_F(Selection, ranks_the_losses_of_the_target) {
    EXPECT_EQ(hardest_of_own(target_, 2), (SampleNumbers{0, 2}));
    EXPECT_EQ(hardest_of_own(target_, 99).size(), 5u);
    EXPECT_EQ(strongest_wrong(target_, 3), 1);
}

/// Answers of numbers with these losses.
PartAnswers numbers(const std::vector<double>& losses) {
    PartAnswers part{.part = "d1", .loss = losses};
    for (std::size_t k = 0; k < losses.size(); ++k) {
        part.samples.push_back(static_cast<std::int64_t>(k));
    }
    return part;
}

/// With a usual loss of 1 a loss of 0.1 scores 9.1, one of 0.9 scores 4.7, one of 2 scores 2.2.
TEST(SelectionOfNumbers, is_by_losses_against_the_usual_one) {
    const PartAnswers target = numbers({2, 0.1, 2, 0.9, 4}), good = numbers({0.1, 2, 1.5, 0.1, 4}),
                      bad = numbers({3, 3, 3, 3, 4});
    const PartBattle battle{.target = &target, .opponents = {&good, &bad}, .usual = 1};
    EXPECT_NEAR(battle.target_score(1), 1 + 9 * std::exp(-0.1), 1e-12);
    EXPECT_NEAR(battle.difficulty(4), 10 * (1 - std::exp(-4.0)), 1e-12);
    // Sample 2 is lost, but the winner's loss is more than usual; sample 4 is a tie.
    EXPECT_EQ(select_lost(battle, 3).places, (SampleNumbers{0, 3}));
    EXPECT_EQ(select_lost(battle, 0.5).places, (SampleNumbers{0, 3}));
    EXPECT_EQ(select_lost(battle, 0.5, false).places, (SampleNumbers{0, 2, 3, 4}));
    const std::vector<SelectedPair> pairs = select_pairs(battle, 3);
    ASSERT_EQ(pairs.size(), 3u);
    EXPECT_EQ(pairs[0].loser, &target);
    EXPECT_EQ(pairs[1].loser, &bad);  // the target is best
    EXPECT_EQ(pairs[2].loser, &target);
    EXPECT_EQ(classes_of(target), std::vector<std::int32_t>(5, 0));
    // Where more is usual, the winner of sample 2 is right.
    const PartBattle lenient{.target = &target, .opponents = {&good, &bad}, .usual = 2};
    EXPECT_EQ(select_lost(lenient, 0.5).places, (SampleNumbers{0, 2, 3}));
}

TEST_F(Selection, draws_random_samples_of_the_same_classes) {
    std::vector<std::int32_t> labels;
    for (int k = 0; k < 300; ++k) labels.push_back(k % 3);
    const SampleNumbers like{0, 3, 6, 1};
    const SampleNumbers drawn = random_like(labels, like, RandomKey{1});
    ASSERT_EQ(drawn.size(), 4u);
    std::map<std::int32_t, int> counts;
    for (const std::int64_t place : drawn) ++counts[labels[static_cast<std::size_t>(place)]];
    EXPECT_EQ(counts, (std::map<std::int32_t, int>{{0, 3}, {1, 1}}));
    EXPECT_NE(drawn, random_like(labels, like, RandomKey{2}));
}

}  // namespace
}  // namespace elm
