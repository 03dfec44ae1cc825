// The Expressive Leaky Memory neuron among the sequence models: equations in
// kernels/ops/elm/scan.h, options in the words of the published code (neuron/elm/elm_options.h).

#include "baselines/fitted_model.h"
#include "baselines/model_registry.h"
#include "kernels/core/support/check.h"
#include "kernels/io/option_set.h"
#include "neuron/elm/elm_model_file.h"
#include "neuron/elm/elm_module.h"

namespace elm {
namespace {

constexpr const char* time_step_name = "delta_t";

/// An option beside its default, which is that of ElmOptions.
struct Described {
    const char* name;
    const char* help;
    const char* unit = "";
    std::vector<std::string> choices = {};
    double lowest = 0;
};

std::vector<Described> described() {
    return {
        {"elm_version", "1 or 2: how the time step enters", "", {}, 1},
        {"num_input", "inputs; that of the data, whatever the default says", "", {}, 1},
        {"num_output", "outputs; that of the task, whatever the default says", "", {}, 1},
        {"num_memory", "memory units, d_m", "", {}, 1},
        {"num_branch", "branches; 0: as many as inputs"},
        {"num_synapse_per_branch", "synapses of a branch", "", {}, 1},
        {"input_to_synapse_routing",
         "which input feeds which synapse",
         "",
         {"none", "random_routing", "neuronio_routing"}},
        {"mlp_num_layers", "hidden layers; 0: one linear map"},
        {"mlp_hidden_size", "units of a hidden layer; 0: 2 d_m"},
        {"mlp_activation",
         "of the hidden layers; relu2: max(0, z)^2",
         "",
         {"relu", "relu2", "silu"}},
        {"lambda_value", "gain of the memory's update"},
        {"w_s_value", "first value of all synaptic weights; positive"},
        {"tau_s_value", "time constant of the synapses (version 1)", "ms"},
        {"tau_b_value", "time constant of the branches (version 2)", "ms"},
        {"memory_tau_min", "shortest time constant of the memory", "ms"},
        {"memory_tau_max", "longest time constant of the memory", "ms"},
        {"learn_memory_tau", "train the time constants of the memory"},
        {time_step_name, "time step", "ms"},
    };
}

OptionSet options() {
    Values defaults = to_values(ElmOptions{.version = ElmVersion::v1});
    defaults.merge(to_values(ElmOptions{.version = ElmVersion::v2}));
    defaults["elm_version"] = to_values(ElmOptions{}).at("elm_version");
    OptionSet options;
    for (const Described& one : described()) {
        Option option{.name = one.name,
                      .value = false,
                      .help = one.help,
                      .unit = one.unit,
                      .choices = one.choices,
                      .lowest = one.lowest};
        std::visit([&](const auto& value) { option.value = value; }, defaults.at(one.name));
        options.declare(std::move(option));
    }
    return options;
}

/// The time constant that this version does not have must stay as it is.
ElmOptions elm_options(const OptionSet& chosen, const SequenceShape& shape) {
    const OptionSet plain = options();
    Values values = to_values(chosen);
    const bool is_first = chosen.get<std::int64_t>("elm_version") == 1;
    const char* const other = is_first ? "tau_b_value" : "tau_s_value";
    ELM_CHECK(chosen.text(other) == plain.text(other), "{} is no option of version {}: expected {}",
              other, is_first ? 1 : 2, is_first ? "tau_s_value" : "tau_b_value");
    values.erase(other);
    ElmOptions result = with_values({}, values);
    result.n_input = shape.n_input;
    result.n_output = shape.n_output;
    return result;
}

}  // namespace

ModelEntry elm_entry() {
    return {
        .name = "elm",
        .summary = "expressive leaky memory neuron",
        .source = "Spieler et al. 2024, arXiv 2306.16922",
        .options = options,
        .make = [](const OptionSet& chosen, const SequenceShape& shape,
                   std::uint64_t seed) -> std::unique_ptr<SequenceModel> {
            return std::make_unique<ElmModule>(make_elm_model(elm_options(chosen, shape), seed));
        },
        .written_options =
            [](const OptionSet& chosen, const SequenceShape& shape) {
                return to_values(elm_options(chosen, shape));
            },
        .restore = [](const OptionSet& chosen, const SequenceShape& shape,
                      std::vector<NamedArray> arrays) -> std::unique_ptr<SequenceModel> {
            return std::make_unique<ElmModule>(
                elm_model_of(std::move(arrays), elm_options(chosen, shape), ""));
        },
        .options_change = true,
        .time_step_option = time_step_name,
        .time_step_changes =
            [](const OptionSet& chosen) { return chosen.get<std::int64_t>("elm_version") == 2; }};
}

FittedModel make_model(const ElmModel& model) {
    return {.spec = {.model = "elm",
                     .options = to_values(model.options),
                     .shape = {model.options.n_input, model.options.n_output},
                     .time_step_ms = model.options.time_step_ms,
                     .source = model.source},
            .model = std::make_unique<ElmModule>(model)};
}

}  // namespace elm
