// Arms of a flywheel: what each trains on, and that all of them cost the same.

#include "tasks/arena/flywheel/flywheel_arm.h"

#include <algorithm>
#include <cmath>
#include <map>

#include <gtest/gtest.h>

#include "tasks/arena/flywheel/stage_plan.h"
#include "tests/arena/small_arena.h"
#include "tests/support/error_message.h"

namespace elm {
namespace {

TEST(ComputeLedger, charges_all_arms_the_same_within_one_percent) {
    for (const std::int64_t part : {80, 997, 1000, 5000}) {
        for (const std::int64_t batch : {8, 32, 60}) {
            ComputeLedger with_pass, without;
            for (int stage = 0; stage < 9; ++stage) {
                EXPECT_EQ(with_pass.charge(60, batch, part, true), 60);
                EXPECT_GE(without.charge(60, batch, part, false), 60);
            }
            EXPECT_NEAR(without.spent / with_pass.spent, 1, 0.01);
            EXPECT_LE(without.spent, with_pass.spent);
        }
    }
}

TEST(Arm, is_known_by_name) {
    for (int k = 0; k < n_arms; ++k) {
        const Arm arm = static_cast<Arm>(k);
        EXPECT_EQ(arm_called(name_of(arm)), arm);
        EXPECT_FALSE(question_of(arm).empty());
    }
    EXPECT_NE(test::message_of([] { arm_called("C9"); }).find("there is no arm C9"),
              std::string::npos);
    EXPECT_NE(test::message_of([] { stage_kind_called("replai"); }).find("Did you mean replay"),
              std::string::npos);
}

class Arms : public testing::Test {
protected:
    Arms() {
        std::vector<std::vector<double>> weak, strong;
        for (std::size_t k = 0; k < 300; ++k) {
            std::vector<double> right(3, 0), wrong(3, 0);
            right[k % 3] = 5;
            wrong[(k + 1) % 3] = 5;
            weak.push_back(k % 4 == 0 ? right : wrong);
            strong.push_back(k % 10 == 9 ? wrong : right);
        }
        target_ = test::answers(weak);
        opponent_ = test::answers(strong);
        knowledge_.battle = {.target = &target_, .opponents = {&opponent_}};
        knowledge_.chosen_by_f = choose(Arm::flywheel, StageKind::replay, knowledge_).places;
        knowledge_.of_another = {0, 1, 2};
        knowledge_.key = RandomKey{3};
    }
    PartAnswers target_, opponent_;
    ArmKnowledge knowledge_;
};

TEST_F(Arms, choose_as_many_as_the_flywheel_where_they_should) {
    const auto n = knowledge_.chosen_by_f.size();
    EXPECT_EQ(choose(Arm::everything, StageKind::replay, knowledge_).places.size(), 300u);
    EXPECT_EQ(choose(Arm::random_subset, StageKind::replay, knowledge_).places.size(), n);
    EXPECT_EQ(choose(Arm::own_losses, StageKind::replay, knowledge_).places.size(), n);
    EXPECT_EQ(choose(Arm::another_target, StageKind::replay, knowledge_).places,
              (SampleNumbers{0, 1, 2}));
    EXPECT_GT(choose(Arm::lost_by_all, StageKind::replay, knowledge_).places.size(), n);
    const ArmChoice taught = choose(Arm::teacher_random, StageKind::replay, knowledge_);
    EXPECT_EQ(taught.places.size(), n);
    EXPECT_TRUE(std::any_of(taught.lessons.begin(), taught.lessons.end(),
                            [](const auto& one) { return one.kind == LessonKind::distillation; }));
}

TEST_F(Arms, teach_what_the_stage_is_for) {
    EXPECT_TRUE(choose(Arm::flywheel, StageKind::replay, knowledge_).lessons.empty());
    const std::vector<std::pair<StageKind, LessonKind>> kinds{
        {StageKind::distillation, LessonKind::distillation},
        {StageKind::preference, LessonKind::preference},
        {StageKind::reward, LessonKind::reward}};
    for (const auto& [stage, lesson] : kinds) {
        const ArmChoice choice = choose(Arm::flywheel, stage, knowledge_);
        ASSERT_EQ(choice.lessons.size(), choice.places.size());
        for (const Lesson& one : choice.lessons) EXPECT_EQ(one.kind, lesson);
    }
}

TEST_F(Arms, exchange_about_half_of_the_shuffled_pairs) {
    const ArmChoice pairs = choose(Arm::flywheel, StageKind::preference, knowledge_),
                    shuffled = choose(Arm::shuffled_pairs, StageKind::preference, knowledge_);
    ASSERT_EQ(pairs.places, shuffled.places);
    int exchanged = 0;
    for (std::size_t k = 0; k < pairs.lessons.size(); ++k) {
        const bool swapped = shuffled.lessons[k].chosen == pairs.lessons[k].rejected;
        exchanged += swapped ? 1 : 0;
        EXPECT_EQ(shuffled.lessons[k].rejected,
                  swapped ? pairs.lessons[k].chosen : pairs.lessons[k].rejected);
    }
    // Binomial: four standard deviations.
    const auto n = static_cast<double>(pairs.lessons.size());
    EXPECT_NEAR(exchanged, n / 2, 4 * std::sqrt(n) / 2);
}

TEST(StagePlan, mixes_what_was_chosen_with_what_is_old) {
    const ArmChoice choice{.places = {1, 3}, .lessons = {{}, {}}, .threshold = 0};
    const LessonPlan plan = plan_stage(choice, {10, 11, 12, 13}, {20, 21, 22},
                                       {.updates = 5, .batch = 8, .old_share = 0.25}, {});
    ASSERT_EQ(plan.schedule.size(), 40u);
    std::map<std::int64_t, int> times;
    for (std::size_t k = 0; k < plan.schedule.size(); ++k) {
        const ScheduledLesson& one = plan.schedule[k];
        ++times[one.sample];
        const bool is_old = k % 8 >= 6;
        EXPECT_EQ(one.sample >= 20, is_old);
        EXPECT_EQ(one.lesson, is_old ? -1 : one.sample == 11 ? 0 : 1);
    }
    EXPECT_EQ(times[11], 15);  // epochs: each as often as the other
    EXPECT_EQ(times[13], 15);
    EXPECT_NEAR(times[20], 10.0 / 3, 0.7);
}

TEST(StagePlan, takes_the_best_opponents_that_are_better_than_the_target) {
    std::vector<Predictions> all(3);
    const double heights[] = {1, 5, 3};
    for (std::size_t m = 0; m < all.size(); ++m) {
        std::vector<std::vector<double>> outputs;
        for (std::size_t k = 0; k < 30; ++k) {
            outputs.emplace_back(3, 0);
            outputs.back()[k % 3] = heights[m];
        }
        all[m].model = std::string(1, static_cast<char>('a' + m));
        all[m].parts = {test::answers(outputs)};
    }
    const double middle = mean_score(all[2], "d1");
    const OpponentChoice one = choose_opponents(all, "d1", middle - 0.1, 1);
    ASSERT_EQ(one.chosen.size(), 1u);
    EXPECT_EQ(one.chosen.front().model, "b");
    EXPECT_EQ(choose_opponents(all, "d1", middle - 0.1, 3).chosen.size(), 2u);
    EXPECT_NE(test::message_of([&] {
                  choose_opponents(all, "d1", 9.9, 3);
              }).find("no opponent is better than the target on d1"),
              std::string::npos);
    EXPECT_NEAR(preference_beta(all[1].parts.front()), 0.2, 1e-6);
}

}  // namespace
}  // namespace elm
