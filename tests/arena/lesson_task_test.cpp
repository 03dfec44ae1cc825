// Lessons: gradients by central differences in float64, and rows that reach the loss with the
// lesson of their sample.

#include "tasks/arena/learning/lesson_task.h"

#include <cmath>

#include <gtest/gtest.h>

#include "tasks/arena/sets/arena_set.h"
#include "tests/arena/small_arena.h"

namespace elm {
namespace {

using Numbers = std::vector<double>;

const Numbers at{1, 0.5, -0.2};

std::vector<Lesson> all_lessons() {
    return {
        {.kind = LessonKind::label},
        {.kind = LessonKind::distillation, .outputs = {2, 0.1, -1}},
        {.kind = LessonKind::preference, .chosen = 1, .rejected = 0, .outputs = {0.8, 0.7, -0.1}},
        {.kind = LessonKind::reward, .outputs = {0.8, 0.7, -0.1}}};
}

TEST(Lesson, has_the_gradient_of_differences) {
    for (const PreferenceForm form :
         {PreferenceForm::logistic, PreferenceForm::squared, PreferenceForm::hinge}) {
        const LessonSettings settings{.preference = {.form = form, .beta = 0.7, .noise = 0.1}};
        for (const Lesson& lesson : all_lessons()) {
            const Numbers gradient = loss_of_lesson(lesson, at, 1, settings).gradient;
            constexpr double step = 1e-6;
            for (std::size_t k = 0; k < at.size(); ++k) {
                Numbers above = at, below = at;
                above[k] += step;
                below[k] -= step;
                const double difference = loss_of_lesson(lesson, above, 1, settings).loss -
                                          loss_of_lesson(lesson, below, 1, settings).loss;
                // Rounding of losses of about 1 leaves 1e-10.
                EXPECT_NEAR(gradient[k], difference / (2 * step), 1e-8);
            }
        }
    }
}

TEST(Lesson, of_a_reward_falls_where_the_right_class_gains) {
    const Lesson reward = all_lessons().back();
    const LossWithGradient loss = loss_of_lesson(reward, at, 1, {.reward_kappa = 0.4});
    EXPECT_NEAR(loss.loss, -0.310971, 5e-7);  // the worked example of reward_objective()
    EXPECT_NEAR(loss.gradient[1], -0.245525, 5e-7);
}

TEST(LessonTask, teaches_each_sample_its_own_lesson) {
    const std::unique_ptr<ArenaPool> opened = open_pool(test::small_task());
    const ArenaPool& pool = *opened;
    LessonPlan plan{.schedule = {{7, -1}, {3, 0}, {9, -1}, {3, 0}}, .lessons = {}, .settings = {}};
    Lesson lesson{.kind = LessonKind::distillation, .outputs = Numbers(16, 0)};
    lesson.outputs[5] = 4;
    plan.lessons.push_back(lesson);
    const LessonSettings settings = plan.settings;
    const auto task = lesson_task(pool, plan, {1, 2});
    Batch batch;
    task->fill({.split = Split::train, .index = 1, .size = 2, .count = 2, .dtype = DType::f64},
               batch);  // samples 9 and 3
    Stream host{Device{}};
    const std::int64_t n = pool.spec().shape.n_output;
    const Tensor output = Tensor::zeros(host, {2, 1, n}, DType::f64);
    const Tensor gradient = Tensor::zeros(host, {2, 1, n}, DType::f64);
    for (std::int64_t k = 0; k < 2 * n; ++k) {
        output.host<double>()[static_cast<std::size_t>(k)] = std::sin(static_cast<double>(k));
    }
    const LossSums by_label = task->loss(batch, output, 0, gradient),
                   by_lesson = task->loss(batch, output, 1, gradient);
    const auto z = output.host<double>();
    double sum = 0;
    for (std::int64_t k = 0; k < n; ++k) sum += std::exp(z[static_cast<std::size_t>(k)]);
    const auto labels = batch.targets.front().host<std::int32_t>();
    // A sum of 16 terms, each to an ulp.
    EXPECT_NEAR(by_label.parts[0], std::log(sum) - z[static_cast<std::size_t>(labels[0])], 1e-13);
    const Numbers row(z.begin() + n, z.end());
    const LossWithGradient expected = loss_of_lesson(lesson, row, labels[1], settings);
    EXPECT_DOUBLE_EQ(by_lesson.parts[0], expected.loss);
    EXPECT_EQ(by_lesson.count, 1);
    for (std::int64_t k = 0; k < n; ++k) {
        EXPECT_DOUBLE_EQ(gradient.host<double>()[static_cast<std::size_t>(n + k)],
                         expected.gradient[static_cast<std::size_t>(k)] / 2);
    }
    // Held-out samples are judged by the label, in memory that lessons were in.
    task->fill({.split = Split::validation, .size = 2, .count = 2, .dtype = DType::f64}, batch);
    EXPECT_EQ(batch.targets.size(), 1u);
}

}  // namespace
}  // namespace elm
