#include "tasks/arena/learning/arena_training.h"

#include <utility>

#include <fmt/format.h>

#include "kernels/core/support/check.h"
#include "tasks/data/keyed_permutation.h"
#include "tasks/training/recipe.h"
#include "tasks/training/training.h"

namespace elm {
namespace {

bool has_option(const std::string& model, const std::string& name) {
    const OptionSet options = find_model(model).options();
    for (const Option& option : options.options()) {
        if (option.name == name) return true;
    }
    return false;
}

}  // namespace

ModelSpec arena_model(const TaskSpec& task, const Task& suited, const std::string& model,
                      const Values& chosen) {
    ModelSpec spec{
        .model = model, .shape = task.shape, .time_step_ms = task.step_ms, .towers = task.towers};
    if (task.pooling == Pooling::cls) spec.front_end["class_token"] = true;
    for (const auto& [name, value] : suited.suited_options()) {
        if (has_option(model, name)) spec.options[name] = value;
    }
    for (const auto& [name, value] : chosen) spec.options[name] = value;
    return spec;
}

std::vector<ScheduledLesson> epochs_of(const SampleNumbers& samples, std::int64_t count,
                                       std::uint64_t seed) {
    ELM_CHECK(!samples.empty(), "there are no samples to train on.");
    const RandomKey key = RandomKey{seed}.for_purpose("order of lessons");
    const std::int64_t size = std::ssize(samples);
    std::vector<ScheduledLesson> schedule;
    for (std::int64_t place = 0; place < count; ++place) {
        const auto epoch = static_cast<std::uint64_t>(place / size);
        const std::uint64_t at = permuted(key.at_step(epoch), static_cast<std::uint64_t>(size),
                                          static_cast<std::uint64_t>(place % size));
        schedule.push_back({.sample = samples[at]});
    }
    return schedule;
}

std::int64_t updates_of(const LessonPlan& plan, const OptionSet& training) {
    const TrainingSettings settings = settings_of(training, DType::f32, 1, 0);
    return std::ssize(plan.schedule) / settings.samples_per_update();
}

void train_on_plan(Stream& stream, const ArenaPool& pool, FittedModel model, LessonPlan plan,
                   const SampleNumbers& held_out, const ArenaRecipe& recipe,
                   const std::string& path, const std::function<void()>& poll) {
    const std::int64_t updates = updates_of(plan, recipe.training);
    ELM_CHECK(updates > 0, "{} samples are fewer than those of one update: choose a smaller batch.",
              plan.schedule.size());
    const bool is_new = !model.parameters.values.defined();
    const std::unique_ptr<Task> task = lesson_task(pool, std::move(plan), held_out);
    TrainingSettings settings =
        settings_of(recipe.training, recipe.precision, updates, recipe.seed);
    settings.learning_rate.peak *= recipe.rate_share;
    if (is_new) {
        settings.readout_bias = task->readout_bias();
    } else {
        keep_parameters(*model.model);
    }
    Communicator alone;
    Training training(stream, std::move(model), settings, *task, alone);
    training.poll_with(poll);
    constexpr double without_end = 1e7;  // seconds
    while (!training.done()) training.advance(updates, without_end);
    training.save_model(
        path, fmt::format("elmsim arena, task {}, {} updates", task->spec().name, updates), true);
}

Config EpochTraining::description(const ArenaPool& pool, const SampleNumbers& learnt) const {
    Config config;
    if (!options.empty()) config.sections[model] = options;
    config.sections["training"] = to_values(recipe.training);
    Values& own = config.sections["made"];
    own["task"] = pool.spec().name;
    own["samples"] = pool.fingerprint(learnt);
    own["model"] = model;
    own["updates"] = updates;
    own["seed"] = std::to_string(recipe.seed);
    own["rate_share"] = recipe.rate_share;
    own["precision"] = std::string(name_of(recipe.precision));
    return config;
}

void EpochTraining::run(Stream& stream, const ArenaPool& pool, const SampleNumbers& learnt,
                        const SampleNumbers& held_out, const std::string& path,
                        const std::function<void()>& poll) const {
    const std::unique_ptr<Task> suited =
        pool.task_of({.train = learnt, .validation = learnt, .test = learnt});
    const TrainingSettings settings =
        settings_of(recipe.training, recipe.precision, updates, recipe.seed);
    LessonPlan plan{.schedule =
                        epochs_of(learnt, updates * settings.samples_per_update(), recipe.seed)};
    train_on_plan(stream, pool,
                  make_model(arena_model(pool.spec(), *suited, model, options), recipe.seed),
                  std::move(plan), held_out, recipe, path, poll);
}

Values options_for(const std::map<std::string, Values>& chosen, const std::string& model) {
    const auto found = chosen.find(model);
    return found == chosen.end() ? Values{} : found->second;
}

}  // namespace elm
