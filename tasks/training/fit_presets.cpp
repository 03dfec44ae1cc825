#include "tasks/training/fit_presets.h"

#include "kernels/core/check.h"
#include "kernels/modules/learning_rate.h"
#include "kernels/modules/optimizer.h"

namespace elm {

namespace {

/// What the published recipes share. Source: Spieler et al. 2024, arXiv 2306.16922, and its public
/// implementation.
constexpr const char* published = R"(
    [training]
    batch = 8
    window_steps = 500
    first_step = 500
    budget = "350000u"
    optimizer = "adam"
    weight_decay = 0.0
    learning_rate = 5e-4
    schedule = "cosine"
    [elm]
    elm_version = 1
    mlp_activation = "relu"
    lambda_value = 5.0
)";

}  // namespace

const std::vector<FitPreset>& fit_presets() {
    static const std::vector<FitPreset> presets{
        {"neuronio", "35 epochs of 10,000 batches of 8 windows; ReLU", ""},
        {"neuronio-best", "100 epochs of 2,500 batches of 32 windows; 100 memory units, SiLU", R"(
            [training]
            batch = 32
            budget = "250000u"
            [elm]
            mlp_activation = "silu"
            num_memory = 100
         )"},
    };
    return presets;
}

Config find_fit_preset(const std::string& name) {
    std::vector<std::string> names;
    for (const FitPreset& preset : fit_presets()) {
        names.push_back(preset.name);
        if (preset.name != name) continue;
        Config config = Config::parse(published, "presets");
        const Config own = Config::parse(preset.toml, "preset " + name);
        for (const auto& [section, values] : own.sections) {
            for (const auto& [key, value] : values) config.sections[section][key] = value;
        }
        return config;
    }
    throw Error(ErrorKind::invalid, fmt::format("--preset {}: there is no such preset.{} See "
                                                "elmsim list presets.",
                                                name, nearest_hint(name, names)));
}

OptionSet training_options() {
    OptionSet options;
    options.declare({.name = "batch",
                     .value = std::int64_t{8},
                     .help = "windows in one batch",
                     .lowest = 1,
                     .highest = 1e6});
    options.declare({.name = "window_steps",
                     .value = std::int64_t{500},
                     .help = "length of a window",
                     .unit = "steps",
                     .lowest = 1});
    options.declare({.name = "first_step",
                     .value = std::int64_t{500},
                     .help = "windows begin here or later in a simulation",
                     .unit = "steps",
                     .lowest = 0});
    options.declare({.name = "passes",
                     .value = std::int64_t{1},
                     .help = "batches whose gradients are summed before an update",
                     .lowest = 1,
                     .highest = 1e6});
    options.declare({.name = "budget",
                     .value = std::string("8000u"),
                     .help = "how long to train: 10m, 200s, 2h, 5000u (updates), 1e15f (FLOPs)"});
    declare_optimizer(options);
    declare_learning_rate(options);
    // What did best on 48 simulations of 6 s, which the published recipes learn by heart.
    options.set("schedule", "cosine");
    options.set("learning_rate", "0.001");
    options.set("optimizer", "adamw");
    options.set("weight_decay", "0.1");
    return options;
}

}  // namespace elm
