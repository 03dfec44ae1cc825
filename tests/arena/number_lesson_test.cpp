// Lessons of numbers: worked examples, central differences in float64, the loss of fits, and rows
// that reach the loss with the lesson of their sample.

#include "tasks/arena/learning/number_lesson.h"

#include <cmath>

#include <gtest/gtest.h>

#include "tasks/arena/learning/lesson_task.h"
#include "tests/arena/small_neuronio.h"
#include "tests/support/error_message.h"
#include "tests/support/temporary_directory.h"

namespace elm {
namespace {

using Numbers = std::vector<double>;

/// Three steps of a logit and a number.
const NumberForm mixed{.columns = {OutputColumn::logit, OutputColumn::number}, .weights = {3, 0.7}};
const Numbers at{0.4, -0.3, -1.2, 0.8, 0.1, 0.2}, asked{1, 0.1, 0, 0.5, 1, -0.4},
    before{-0.5, 0, -1, 0.6, 0.3, 0.1}, winner{2, 0.05, -3, 0.6, 1, -0.3};
const LessonSettings settings{.distillation = {.share = 0.4, .temperature = 2},
                              .preference = {.beta = 0.7, .noise = 0.1},
                              .label_share = 0.3,
                              .variances = {1, 0.2}};

Lesson lesson_of(LessonKind kind) {
    return {.kind = kind,
            .outputs = kind == LessonKind::distillation ? winner : before,
            .lost = before};
}

TEST(NumberLesson, has_the_gradient_of_differences) {
    for (const LessonKind kind :
         {LessonKind::label, LessonKind::distillation, LessonKind::preference}) {
        const Lesson lesson = lesson_of(kind);
        const Numbers gradient = loss_of_number_lesson(lesson, at, asked, mixed, settings).gradient;
        constexpr double step = 1e-6;
        for (std::size_t k = 0; k < at.size(); ++k) {
            Numbers above = at, below = at;
            above[k] += step;
            below[k] -= step;
            const double difference =
                loss_of_number_lesson(lesson, above, asked, mixed, settings).loss -
                loss_of_number_lesson(lesson, below, asked, mixed, settings).loss;
            // Rounding of losses of about 1 leaves 1e-10.
            EXPECT_NEAR(gradient[k], difference / (2 * step), 1e-8);
        }
    }
}

/// 2 (1 - share) (mu - y) + 2 share (mu - mu_winner), and of a logit what two classes give.
TEST(NumberLesson, of_a_distillation_pulls_towards_the_winner) {
    const NumberForm number{.columns = {OutputColumn::number}, .weights = {1}};
    const Lesson lesson{.kind = LessonKind::distillation, .outputs = {0.5}};
    const LossWithGradient loss =
        loss_of_number_lesson(lesson, Numbers{1}, Numbers{-1}, number, settings);
    EXPECT_DOUBLE_EQ(loss.loss, 0.6 * 4 + 0.4 * 0.25);
    EXPECT_DOUBLE_EQ(loss.gradient[0], 2 * 0.6 * 2 + 2 * 0.4 * 0.5);

    const NumberForm logit{.columns = {OutputColumn::logit}, .weights = {1}};
    const LossWithGradient of_logit =
        loss_of_number_lesson(lesson, Numbers{1}, Numbers{1}, logit, settings);
    const LossWithGradient of_classes =
        distillation_loss(Numbers{1, 0}, 0, Numbers{0.5, 0}, settings.distillation);
    EXPECT_NEAR(of_logit.loss, of_classes.loss, 1e-14);
    EXPECT_NEAR(of_logit.gradient[0], of_classes.gradient[0], 1e-14);
}

/// The worked example of normal numbers in preference_losses_test.cpp, as one step of two columns.
TEST(NumberLesson, of_a_preference_follows_a_worked_example) {
    const NumberForm two{.columns = {OutputColumn::number, OutputColumn::number},
                         .weights = {1, 1}};
    const Lesson lesson{.kind = LessonKind::preference, .outputs = {0.1, 0}, .lost = {0.1, 0}};
    LessonSettings own{.preference = {.beta = 0.3}, .label_share = 0, .variances = {0.25, 0.25}};
    const LossWithGradient loss =
        loss_of_number_lesson(lesson, Numbers{0.2, -0.1}, Numbers{0.5, 0.3}, two, own);
    EXPECT_NEAR(loss.loss, 0.687165, 5e-7);
    EXPECT_NEAR(loss.gradient[0], -0.238560, 5e-7);
    EXPECT_NEAR(loss.gradient[1], -0.178920, 5e-7);
    // The anchor: gradient 2 gamma (mu - y).
    own.label_share = 0.5;
    EXPECT_NEAR(
        loss_of_number_lesson(lesson, Numbers{0.2, -0.1}, Numbers{0.5, 0.3}, two, own).gradient[0],
        -0.238560 - 0.3, 5e-7);
}

TEST(NumberLesson, that_is_exchanged_pushes_the_other_way) {
    LessonSettings own = settings;
    own.label_share = own.preference.noise = 0;
    Lesson lesson = lesson_of(LessonKind::preference);
    const double right = loss_of_number_lesson(lesson, at, asked, mixed, own).loss;
    lesson.exchanged = true;
    const double wrong = loss_of_number_lesson(lesson, at, asked, mixed, own).loss;
    // softplus(-x) and softplus(x) of one x: e to their sum is 2 + e^x + e^-x.
    const double x = wrong - right;
    EXPECT_NEAR(std::exp(right + wrong), 2 + std::exp(x) + std::exp(-x), 1e-12);
    EXPECT_GT(x, 0);  // at is nearer to what is asked than before
    // Nothing differs: ln 2 and no gradient.
    Lesson same = lesson;
    same.lost = {5, 0.1, -5, 0.5, 5, -0.4};
    const LossWithGradient none = loss_of_number_lesson(same, at, asked, mixed, own);
    EXPECT_DOUBLE_EQ(none.loss, std::log(2));
    for (const double one : none.gradient) EXPECT_EQ(one, 0);
}

TEST(NumberLesson, refuses_what_does_not_fit) {
    const auto message = [](const Lesson& lesson, const Numbers& wanted) {
        return test::message_of(
            [&] { loss_of_number_lesson(lesson, at, wanted, mixed, settings); });
    };
    EXPECT_NE(message({.kind = LessonKind::reward}, asked).find("numbers cannot"),
              std::string::npos);
    EXPECT_NE(message(lesson_of(LessonKind::label), {1}).find("given 1 that are asked for"),
              std::string::npos);
    EXPECT_NE(message({.kind = LessonKind::preference, .outputs = before}, asked)
                  .find("given 0 of whoever lost"),
              std::string::npos);
}

TEST(NumberLessonTask, teaches_each_window_its_own_lesson) {
    const test::TemporaryDirectory folder;
    const std::unique_ptr<ArenaPool> pool = open_pool(test::small_neuronio(folder / "set.h5"));
    const std::int64_t steps = pool->spec().n_steps;
    const auto n = static_cast<std::size_t>(2 * steps);
    LessonPlan plan{.schedule = {{7, -1}, {3, 0}}, .lessons = {}, .settings = settings};
    plan.lessons.push_back(
        {.kind = LessonKind::preference, .outputs = Numbers(n, -0.1), .lost = Numbers(n, 0.1)});
    const auto task = lesson_task(*pool, plan, {1, 2});
    Batch batch;
    task->fill({.split = Split::train, .size = 2, .count = 2, .dtype = DType::f64}, batch);
    Stream host{Device{}};
    const Tensor output = Tensor::zeros(host, {2, steps, 2}, DType::f64);
    const Tensor gradient = Tensor::zeros(host, {2, steps, 2}, DType::f64);
    for (std::size_t k = 0; k < 2 * n; ++k) {
        output.host<double>()[k] = std::sin(static_cast<double>(k));
    }
    const NumberForm form = number_form_of(*pool);
    for (std::int64_t sample = 0; sample < 2; ++sample) {
        const LossSums sums = task->loss(batch, output, sample, gradient);
        const auto all = output.host<double>().subspan(static_cast<std::size_t>(sample) * n, n);
        const Lesson lesson = sample == 0 ? Lesson{.kind = LessonKind::label} : plan.lessons[0];
        // The label's loss is that of fits, which is written apart (neuronio_loss.h).
        const LossWithGradient expected =
            loss_of_number_lesson(lesson, Numbers(all.begin(), all.end()),
                                  asked_numbers(batch, sample, DType::f64, 2), form, settings);
        // Sums of 2 times 150 terms.
        EXPECT_NEAR(sums.mean(task->spec()), expected.loss, 1e-12 * expected.loss);
        for (std::size_t k = 0; k < n; ++k) {
            EXPECT_NEAR(gradient.host<double>()[static_cast<std::size_t>(sample) * n + k],
                        expected.gradient[k] / 2, 1e-13);
        }
    }
    task->fill({.split = Split::validation, .size = 2, .count = 2, .dtype = DType::f64}, batch);
    EXPECT_EQ(batch.targets.size(), 2u);
}

}  // namespace
}  // namespace elm
