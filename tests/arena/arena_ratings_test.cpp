// Ratings from files of predictions: what they say, and what is refused.

#include "tasks/arena/battle/arena_ratings.h"

#include <cmath>
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "tasks/arena/battle/battle.h"
#include "tasks/arena/flywheel/flywheel_measures.h"
#include "tests/arena/small_arena.h"
#include "tests/support/error_message.h"
#include "tests/support/temporary_directory.h"

namespace elm {
namespace {

/// A model of this ability on ARENA-TEST and TEST, 300 samples each: it is right with the
/// probability that the difficulty of a sample leaves. All are equally sure of what they say, else
/// probabilities would tell the wary from the bold, and not the able from the others.
Predictions model_of(const std::string& name, double ability, std::uint64_t seed = 0) {
    Predictions model{.task = "made up",
                      .model = name,
                      .seed = seed,
                      .temperature = 1,
                      .arena_fingerprint = "arena",
                      .model_fingerprint = name,
                      .parts = {}};
    RandomKey key = RandomKey{seed}.for_purpose(name);
    for (const char* const part : {"arena-test", "test"}) {
        key = key.for_purpose(part);
        std::vector<std::vector<double>> outputs;
        for (std::int64_t k = 0; k < 300; ++k) {
            const double p = 1 / (1 + std::exp(static_cast<double>(k % 7) / 2 - ability));
            std::vector<double> z(3, 0);
            const bool right = draw_bernoulli(random_word(key, k), p);
            z[static_cast<std::size_t>(right ? k % 3 : (k + 1) % 3)] = 2;
            outputs.push_back(z);
        }
        PartAnswers answers = test::answers(outputs);
        answers.part = part;
        for (std::int64_t k = 0; k < 300; ++k) {
            answers.difficulty.push_back(static_cast<double>(k % 7));
        }
        model.parts.push_back(std::move(answers));
    }
    return model;
}

ArenaRatingOptions quick() { return {.rating = {.rounds = 40, .key = RandomKey{1}}}; }

std::vector<Predictions> three_models() {
    return {model_of("good", 3), model_of("middling", 1.5), model_of("bad", 0)};
}

TEST(ArenaRatings, rank_models_by_every_judge_and_by_difficulty) {
    const ArenaRatings ratings(three_models(), quick());
    ASSERT_EQ(ratings.judged().size(), 4u);
    for (const JudgedRatings& one : ratings.judged()) {
        EXPECT_GT(one.ratings.rows[0].elo, one.ratings.rows[1].elo);
        EXPECT_GT(one.ratings.rows[1].elo, one.ratings.rows[2].elo);
        EXPECT_TRUE(one.agreement.same_best);
        EXPECT_EQ(one.agreement.opposed_pairs, 0);
    }
    EXPECT_EQ(ratings.thirds().to_records().size(), 9u);
    // By L wins are differences of accuracy, which has no circles to test for.
    const std::string transitivity = ratings.transitivity_table().to_csv();
    EXPECT_EQ(ratings.transitivity_table().to_records().size(), 3u);
    EXPECT_EQ(transitivity.find("\nL,"), std::string::npos) << transitivity;
    EXPECT_NE(transitivity.find("\nLC,"), std::string::npos) << transitivity;
    EXPECT_FALSE(ratings.to_record().to_json().empty());
}

TEST(ArenaRatings, take_runs_of_several_seeds_as_one_model) {
    std::vector<Predictions> all = three_models();
    for (const char* const name : {"bad", "good", "middling"}) {
        all.push_back(model_of(name, name == std::string("bad") ? 0 : 2, 1));
    }
    const ArenaRatings ratings(all, quick());
    EXPECT_EQ(ratings.models(), 3u);
    EXPECT_FALSE(std::isnan(ratings.judged().front().ratings.rows.front().of_model.low));
}

TEST(ArenaRatings, refuse_what_does_not_meet) {
    const auto message = [](const std::vector<Predictions>& all,
                            const ArenaRatingOptions& options = quick()) {
        return test::message_of([&] { const ArenaRatings ratings(all, options); });
    };
    EXPECT_NE(message({model_of("alone", 1)}).find("meets nobody"), std::string::npos);
    EXPECT_NE(message({}).find("take files of predictions"), std::string::npos);
    std::vector<Predictions> all = three_models();
    all[1].arena_fingerprint = "another";
    EXPECT_NE(message(all).find("answered other samples"), std::string::npos);
    all = three_models();
    all.push_back(model_of("good", 3));
    EXPECT_NE(message(all).find("seed 0 of good is given twice"), std::string::npos);
    all.back().seed = 4;
    EXPECT_NE(message(all).find("take the same seeds of all"), std::string::npos);
    ArenaRatingOptions options = quick();
    options.part = "nowhere";
    EXPECT_NE(message(three_models(), options).find("have no part nowhere"), std::string::npos);
}

/// A model that always wins has no strength without the prior.
TEST(ArenaRatings, of_a_disconnected_tournament_take_the_prior_or_throw) {
    std::vector<Predictions> all{model_of("best", 60), model_of("bad", -60)};
    ArenaRatingOptions options = quick();
    const ArenaRatings with_prior(all, options);
    EXPECT_TRUE(with_prior.judged().front().ratings.with_prior);
    options.allows_prior = false;
    EXPECT_NE(test::message_of([&] {
                  const ArenaRatings ratings(all, options);
              }).find("never wins, or never loses"),
              std::string::npos);
}

TEST(Transitivity, of_a_circle_is_refused_and_of_one_strength_each_is_not) {
    std::vector<Contestant> circle(3), line(3);
    for (int i = 0; i < 300; ++i) {
        for (std::size_t m = 0; m < 3; ++m) {
            for (auto* const all : {&circle, &line}) {
                Contestant& one = (*all)[m];
                if (one.runs.empty()) one.runs.resize(1);
                // a beats b beats c beats a on two thirds of the samples.
                const double in_circle = 1 + static_cast<double>((static_cast<int>(m) + i) % 3);
                const double random = 10 * unit_uniform<double>(random_word(RandomKey{m + 1}, i));
                one.runs.front().score.push_back(all == &circle ? in_circle : random);
                one.runs.front().raw_score.push_back(1);
            }
        }
    }
    const RatingOptions options{.rounds = 200, .key = RandomKey{1}};
    EXPECT_LT(transitivity(circle, Judge::calibrated, options).p, 0.02);
    EXPECT_GT(transitivity(line, Judge::calibrated, options).p, 0.02);
}

TEST(Predictions, are_read_as_they_were_written_and_damaged_ones_refused) {
    const test::TemporaryDirectory folder;
    const std::string path = folder / "predictions.h5";
    const Predictions model = model_of("good", 2, 5);
    write_predictions(path, model, false);
    EXPECT_THROW(write_predictions(path, model, false), Error);
    const Predictions found = read_predictions(path);
    EXPECT_EQ(found.seed, 5u);
    EXPECT_EQ(run_name(found), "good-seed5");
    const PartAnswers &a = model.part("test"), &b = found.part("test");
    EXPECT_EQ(a.loss, b.loss);
    EXPECT_EQ(a.outputs, b.outputs);
    EXPECT_EQ(a.label, b.label);
    EXPECT_EQ(a.difficulty, b.difficulty);
    Predictions empty = model;
    empty.parts.clear();
    write_predictions(path, empty, true);
    EXPECT_NE(test::message_of([&] { read_predictions(path); }).find("without predictions"),
              std::string::npos);
    Predictions uneven = model;
    uneven.parts.front().right.pop_back();
    write_predictions(path, uneven, true);
    EXPECT_NE(test::message_of([&] { read_predictions(path); }).find("expected 300"),
              std::string::npos);
    std::ofstream(folder / "text.h5") << "no predictions";
    EXPECT_THROW(read_predictions(folder / "text.h5"), Error);
}

/// Bins of equal counts: confidences of 0.9 that are right 9 times in 10 leave nothing.
TEST(CalibrationError, is_what_confidence_and_share_of_right_answers_differ_by) {
    std::vector<std::vector<double>> outputs;
    for (std::size_t k = 0; k < 300; ++k) {
        std::vector<double> z(3, 0);
        z[(k / 3) % 10 == 0 ? (k + 1) % 3 : k % 3] = std::log(18);  // 18/20 of two others' 1/20
        outputs.push_back(z);
    }
    const PartAnswers part = test::answers(outputs);
    EXPECT_NEAR(expected_calibration_error(part, 1, 1), 0, 1e-6);
    EXPECT_NEAR(expected_calibration_error(part, 1e-3, 1), 0.1, 1e-6);  // sure of everything
}

}  // namespace
}  // namespace elm
