#pragma once

#include <cstdint>
#include <vector>

#include "tasks/arena/sets/arena_pool.h"
#include "tasks/preference_losses.h"

namespace elm {

/// What a sample of a stage teaches.
enum class LessonKind : std::uint8_t {
    label,         // what is asked, as ever
    distillation,  // the winner's outputs, beside what is asked
    preference,    // one answer rather than another, beside what is asked
    reward,        // of classes: 1 for the right one, reward_objective()
};

/// A lesson that is more than the label.
struct Lesson {
    LessonKind kind = LessonKind::distillation;
    std::int32_t chosen = 0, rejected = 0;  // classes, of a preference
    /// (classes), or (steps, columns) of numbers: the winner's outputs of a distillation, else
    /// those of the model as it was when the stage began.
    std::vector<double> outputs = {};
    /// Of a preference between numbers: the outputs of whoever lost, against what is asked.
    std::vector<double> lost = {};
    bool exchanged = false;  // of numbers: what is asked is rejected, and what was lost chosen
};

/// How lessons are weighed.
struct LessonSettings {
    DistillationSettings distillation = {};
    PreferenceSettings preference = {};
    double label_share = 0.5;            // of what is asked, beside a preference
    double reward_kappa = 0.4;           // of the divergence from the model as it was
    std::vector<double> variances = {};  // of a preference between numbers: NumberScale
};

}  // namespace elm
