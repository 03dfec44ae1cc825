#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "baselines/model_file.h"
#include "kernels/io/option_set.h"
#include "kernels/io/toml_config.h"
#include "tasks/arena/learning/lesson_task.h"

namespace elm {

/// A registered model as it suits a task, with options that somebody chose.
ModelSpec arena_model(const TaskSpec& task, const Task& suited, const std::string& model,
                      const Values& chosen);

/// How a training of an arena goes.
struct ArenaRecipe {
    OptionSet training = {};  // training_options(), without their budget
    double rate_share = 1;    // of the learning rate
    std::uint64_t seed = 0;
    DType precision = DType::f32;
};

/// Epochs of some samples, each in an order of its own: `count` in all, with the label each.
std::vector<ScheduledLesson> epochs_of(const SampleNumbers& samples, std::int64_t count,
                                       std::uint64_t seed);

/// Updates of the recipe's batch that a plan has; what fills no batch is left out.
std::int64_t updates_of(const LessonPlan& plan, const OptionSet& training);

/// Trains a model, new or fitted, on a plan from beginning to end and writes it, with its last
/// weights, to `path`, which may be there. They follow from model, plan and recipe alone, whatever
/// the number of threads. `poll` is called between pieces of an update, from several threads, and
/// may throw: nothing is written then. Throws Error{numeric} as Training::advance, Error{invalid}
/// for a plan without a whole batch.
void train_on_plan(Stream& stream, const ArenaPool& pool, FittedModel model, LessonPlan plan,
                   const SampleNumbers& held_out, const ArenaRecipe& recipe,
                   const std::string& path, const std::function<void()>& poll);

/// A new model that learns samples in epochs.
struct EpochTraining {
    std::string model;    // registered
    Values options = {};  // that somebody chose
    std::int64_t updates = 0;
    ArenaRecipe recipe = {};  // its seed is that of the first weights, too

    /// All that the weights follow from, to be compared by whoever goes on.
    Config description(const ArenaPool& pool, const SampleNumbers& learnt) const;
    /// As train_on_plan().
    void run(Stream& stream, const ArenaPool& pool, const SampleNumbers& learnt,
             const SampleNumbers& held_out, const std::string& path,
             const std::function<void()>& poll) const;
};

/// What somebody chose for a model, by model.
Values options_for(const std::map<std::string, Values>& chosen, const std::string& model);

}  // namespace elm
