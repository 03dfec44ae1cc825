#include "tasks/training/plan/plan_options.h"

#include "baselines/front_end.h"

namespace elm {

Config configuration_of(const PlanOptions& options) {
    Config config = options.config;
    Values& training = config.sections["training"];
    for (const auto& option : options.recipe.options()) {
        training[option.name] = parse_value(options.recipe.text(option.name));
    }
    if (!options.front_end.empty()) config.sections[front_end_section] = options.front_end;
    for (const auto& [model, values] : options.model_options) {
        if (!values.empty()) config.sections[model] = values;
    }
    return config;
}

}  // namespace elm
