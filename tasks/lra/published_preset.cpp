#include "tasks/lra/published_preset.h"

#include <utility>

#include <fmt/format.h>

namespace elm {

std::string training_section(const PublishedTraining& of, const char* schedule, const char* more) {
    return fmt::format(R"([training]
optimizer = "adamw"
batch = {}
budget = "{}u"
schedule = "{}"
warmup_steps = {}
learning_rate = {:.5g}
weight_decay = {}
{})",
                       of.batch, of.updates, schedule, of.warmup, of.learning_rate, of.weight_decay,
                       more);
}

std::string published_split(LraTask task, const std::string& section) {
    if (section == "image-syn") return "train_samples = 45000\nheld_out = 5000\n";
    switch (task) {
        case LraTask::listops:
            return "train_samples = 96000\nheld_out = 2000\n";
        case LraTask::pathfinder:
            return "size = 32\ndifficulty = \"hard\"\ntrain_samples = 160000\nheld_out = 20000\n";
        case LraTask::path_x:
            return "train_samples = 160000\nheld_out = 20000\n";
        default:
            return "";
    }
}

Preset published_preset(const std::string& model, const char* source, std::string toml) {
    return {.name = "paper-" + model,
            .summary = fmt::format("{} ({})", model, source),
            .toml = std::move(toml)};
}

}  // namespace elm
