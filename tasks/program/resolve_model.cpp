#include "tasks/program/resolve_model.h"

#include <algorithm>
#include <filesystem>

#include <fmt/core.h>

#include "baselines/model_file.h"
#include "kernels/core/support/check.h"
#include "kernels/io/toml_config.h"
#include "network/neurons/population_neuron.h"
#include "neuron/elm/elm_builtin.h"
#include "tasks/networks/step_of_fit.h"
#include "tasks/program/arguments.h"
#include "tasks/program/run_context.h"

namespace elm {
namespace {

FittedModel load_named(RunContext& context, const std::string& name, double time_step_ms) {
    if (const BuiltinModel* builtin = find_builtin(name)) {
        ElmModel model = builtin->make(time_step_ms == 0 ? 1.0 : time_step_ms);
        if (network::is_fit(model)) {
            const ElmOptions& options = model.options;
            warn_of_other_step(name, options.version, options.time_step_ms, 1.0);
        }
        FittedModel fitted = make_model(model);
        allocate(context.stream(), fitted, context.precision(), {});
        return fitted;
    }
    std::error_code status;
    const bool looks_like_path = name.find_first_of("./") != std::string::npos;
    if (looks_like_path || std::filesystem::exists(name, status)) {
        return load_model(context.stream(), name, context.precision());
    }
    std::vector<std::string> names;
    for (const ModelEntry& kind : all_models()) {
        ELM_CHECK(kind.name != name,
                  "--model {}: this is a kind of model, whose parameters must be fitted first: "
                  "elmsim fit --model {} --data FILE --out fit.h5. Then give --model fit.h5.",
                  name, name);
    }
    for (const BuiltinModel& model : builtin_models()) names.push_back(model.name);
    throw Error(ErrorKind::invalid,
                fmt::format("--model {}: there is no such file and no model of that name.{} See "
                            "elmsim list models.",
                            name, nearest_hint(name, names)));
}

}  // namespace

FittedModel resolve_model(const Arguments& arguments, RunContext& context, const std::string& name,
                          double time_step_ms) {
    FittedModel fitted = load_named(context, name, time_step_ms);
    const Values changed = arguments.component(fitted.spec.model);
    if (!changed.empty()) {
        fitted = with_context("--set and --config for " + name, [&] {
            return with_options(context.stream(), std::move(fitted), changed);
        });
    }
    if (time_step_ms == 0) return fitted;
    const double fit_step_ms = fitted.spec.time_step_ms;
    FittedModel stepped = with_context("--dt-ms", [&] {
        return with_time_step(context.stream(), std::move(fitted), time_step_ms);
    });
    if (stepped.spec.model == "elm") {  // of version 1 none is taken in other steps
        warn_of_other_step(name, ElmVersion::v2, time_step_ms, fit_step_ms);
    }
    return stepped;
}

}  // namespace elm
