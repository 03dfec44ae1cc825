#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "tasks/arena/learning/lesson.h"

namespace elm {

/// A sample in its turn.
struct ScheduledLesson {
    std::int64_t sample = 0;   // of the pool
    std::int64_t lesson = -1;  // of LessonPlan::lessons; below 0: the label
};

/// All that a stage trains on, sample after sample.
struct LessonPlan {
    std::vector<ScheduledLesson> schedule = {};
    std::vector<Lesson> lessons = {};
    LessonSettings settings = {};
};

/// The loss of classes by a lesson, with its gradient; of numbers: loss_of_number_lesson(). Throws
/// what the losses throw.
LossWithGradient loss_of_lesson(const Lesson& lesson, std::span<const double> output,
                                std::int64_t label, const LessonSettings& settings);

/// The task whose training samples are those of a plan, in its order, each with its lesson.
/// Validated on samples `held_out` of the pool by the label alone. Throws Error{invalid} as
/// answer_kind_of(), unless no lesson is more than the label.
std::unique_ptr<Task> lesson_task(const ArenaPool& pool, LessonPlan plan, SampleNumbers held_out);

}  // namespace elm
