#include "tasks/training/plan/resume_point.h"

#include <variant>

#include "baselines/model_registry.h"
#include "kernels/core/support/check.h"
#include "kernels/io/hdf5_file.h"
#include "kernels/io/option_set.h"
#include "tasks/training/plan/checkpoint_match.h"
#include "tasks/training/recipe.h"

namespace elm {
namespace {

/// The configuration in a checkpoint. Throws Error{data} if it is damaged.
Config checkpoint_configuration(const std::string& path) {
    const std::string text = Hdf5File::open(path).read_string("/config");
    try {
        return Config::parse(text, path + ":/config");
    } catch (const Error& error) {
        throw Error(ErrorKind::data, error.message());
    }
}

/// Takes it out of a checkpoint's configuration; 1 of older programs.
std::int64_t take_batch_parts(Config& config) {
    const auto found = config.sections[data_section].extract("batch_parts");
    return found.empty() || !std::holds_alternative<std::int64_t>(found.mapped())
               ? 1
               : std::get<std::int64_t>(found.mapped());
}

}  // namespace

void add_new_options(Config& before, const Config& now) {
    const auto add = [&](const std::string& section, const OptionSet& options) {
        const auto old = before.sections.find(section);
        const auto wanted = now.sections.find(section);
        if (old == before.sections.end() || wanted == now.sections.end()) return;
        for (const auto& [name, value] : to_values(options)) {
            if (wanted->second.contains(name)) old->second.try_emplace(name, value);
        }
    };
    add("training", training_options());
    for (const ModelEntry& model : all_models()) add(model.name, model.options());
}

ResumePoint resume_point(const std::string& checkpoint, const Config& config,
                         const std::string& free) {
    Config before = checkpoint_configuration(checkpoint);
    bring_up_to_date(before);
    add_new_options(before, config);
    // How a batch passes is no part of what is computed.
    before.sections["training"]["memory_limit"] = config.sections.at("training").at("memory_limit");
    const ResumePoint point{.pace = take_pace(before),
                            .batch_parts = take_batch_parts(before),
                            .scored = take_scored_samples(before)};
    const std::string found = differences(before, config, free);
    ELM_CHECK(found.empty(),
              "{} is of another run: {}. Resume with the options it was started with, or begin "
              "anew.",
              checkpoint, found);
    return point;
}

}  // namespace elm
