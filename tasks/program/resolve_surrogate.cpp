#include "tasks/program/resolve_surrogate.h"

#include <algorithm>

#include <fmt/core.h>

#include "baselines/model_registry.h"
#include "kernels/core/check.h"
#include "kernels/io/option_set.h"
#include "kernels/io/toml_config.h"
#include "tasks/program/arguments.h"
#include "tasks/program/run_context.h"

namespace elm {
namespace {

/// The options of a fitted model decide which arrays it has. A configuration may repeat them.
void require_same_options(const SurrogateInfo& model, const Values& given,
                          const std::string& name) {
    for (const auto& [option, value] : given) {
        const Values wanted = to_values(model_options(model.kind, {{option, value}}));
        ELM_CHECK(wanted.at(option) == model.options.at(option),
                  "--set {}.{}={}: {} was fitted with {}, and a fitted model keeps its options.",
                  model.kind, option, to_text(value), name, to_text(model.options.at(option)));
    }
}

}  // namespace

std::unique_ptr<Surrogate> resolve_surrogate(const Arguments& arguments, RunContext& context,
                                             const std::string& name, double time_step_ms) {
    if (is_model_file(name) && is_sequence_model(name)) {
        auto model = load_surrogate(context.stream(), name, context.precision());
        require_same_options(model->info(), arguments.component(model->info().kind), name);
        ELM_CHECK(time_step_ms == 0 || time_step_ms == model->info().time_step_ms,
                  "--dt-ms {}: {} was fitted to steps of {} ms and takes no others. Leave --dt-ms "
                  "out.",
                  time_step_ms, name, model->info().time_step_ms);
        return model;
    }
    const auto& kinds = all_models();
    const bool is_kind = std::any_of(kinds.begin(), kinds.end(),
                                     [&](const ModelEntry& entry) { return entry.name == name; });
    ELM_CHECK(!is_kind,
              "--model {}: this is a kind of model, whose numbers must be fitted first: elmsim fit "
              "--model {} --data FILE --out fit.h5. Then give --model fit.h5.",
              name, name);
    return elm_surrogate(context.stream(), resolve_model(arguments, name, time_step_ms),
                         context.precision());
}

}  // namespace elm
