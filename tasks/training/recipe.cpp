#include "tasks/training/recipe.h"

#include <array>

#include "kernels/modules/learning_rate.h"
#include "kernels/modules/optimizer.h"

namespace elm {

OptionSet training_options() {
    OptionSet options;
    options.declare({.name = "batch",
                     .value = std::int64_t{8},
                     .help = "samples in one batch",
                     .lowest = 1,
                     .highest = 1e6});
    options.declare({.name = "accumulation_steps",
                     .value = std::int64_t{1},
                     .help = "batches whose gradients are summed before an update",
                     .lowest = 1,
                     .highest = 1e6});
    options.declare({.name = "memory_limit",
                     .value = 0.0,
                     .help = "memory that a pass may take; 0: three quarters of what is free",
                     .unit = "GB",
                     .lowest = 0});
    options.declare(
        {.name = "budget",
         .value = std::string("8000u"),
         .help =
             "how long to train: 10m, 200s, 2h, 5000u (updates), 80000n (samples), 1e15f (FLOPs)"});
    options.declare({.name = "label_smoothing",
                     .value = 0.0,
                     .help = "of classes: share of each label that all classes have alike",
                     .lowest = 0,
                     .highest = 0.99});
    declare_optimizer(options);
    declare_learning_rate(options);
    // What did best on 48 simulations of 6 s, which the published recipes learn by heart.
    options.set("schedule", "cosine");
    options.set("learning_rate", "0.001");
    options.set("optimizer", "adamw");
    options.set("weight_decay", "0.1");
    return options;
}

void set_options(OptionSet& options, const Values& values) {
    for (const auto& [key, value] : values) options.set(key, to_text(value));
}

TrainingSettings settings_of(const OptionSet& recipe, DType precision, std::int64_t updates,
                             std::uint64_t seed) {
    TrainingSettings settings;
    settings.updates = updates;
    settings.batch = recipe.get<std::int64_t>("batch");
    settings.accumulation_steps = recipe.get<std::int64_t>("accumulation_steps");
    settings.seed = seed;
    settings.optimizer = optimizer_settings_of(recipe);
    settings.learning_rate = learning_rate_of(recipe, updates);
    settings.precision = precision;
    settings.label_smoothing = recipe.get<double>("label_smoothing");
    return settings;
}

void bring_up_to_date(Config& config) {
    struct Moved {
        const char *old_section, *old_key, *section, *key;
    };
    constexpr std::array all{
        Moved{"training", "passes", "training", "accumulation_steps"},
        Moved{"training", "window_steps", "neuronio", "window_steps"},
        Moved{"training", "first_step", "neuronio", "first_step"},
    };
    for (const auto& [old_section, old_key, section, key] : all) {
        const auto found = config.sections.find(old_section);
        if (found == config.sections.end()) continue;
        if (auto moved = found->second.extract(old_key); !moved.empty()) {
            moved.key() = key;
            config.sections[section].insert(std::move(moved));
        }
    }
}

}  // namespace elm
