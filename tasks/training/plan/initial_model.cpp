#include "tasks/training/plan/initial_model.h"

#include <utility>
#include <variant>
#include <vector>

#include <fmt/format.h>

#include "baselines/front_end.h"
#include "baselines/model_file.h"
#include "baselines/pairs/two_towers.h"
#include "kernels/core/support/check.h"

namespace elm {
namespace {

/// What a model stands between, for people. What is dropped in training is no part of it.
std::string surroundings(const ModelSpec& spec) {
    std::vector<std::string> words;
    for (const auto& [section, values] :
         {std::pair(front_end_section, spec.front_end), {towers_section, spec.towers}}) {
        for (const auto& [name, value] : values) {
            if (name == input_dropout_option) continue;
            words.push_back(fmt::format("{}.{}={}", section, name, to_text(value)));
        }
    }
    return words.empty() ? "no front end" : fmt::format("{}", fmt::join(words, " "));
}

double input_dropout(const ModelSpec& spec) {
    const auto found = spec.front_end.find(input_dropout_option);
    return found == spec.front_end.end() ? 0 : std::get<double>(found->second);
}

}  // namespace

FittedModel initial_model(const PlanOptions& options, const ModelSpec& wanted,
                          const std::string& path) {
    Stream host{Device{}};
    FittedModel fitted = load_model(host, path, options.precision);
    const ModelSpec& found = fitted.spec;
    ELM_CHECK(found.model == wanted.model && found.shape.n_input == wanted.shape.n_input &&
                  found.shape.n_output == wanted.shape.n_output,
              "{} is a model {} of {} inputs and {} outputs, expected {} of {} and {}.", path,
              found.model, found.shape.n_input, found.shape.n_output, wanted.model,
              wanted.shape.n_input, wanted.shape.n_output);
    const ModelSpec complete = make_model(wanted).spec;
    const std::string around = surroundings(found), expected = surroundings(complete);
    ELM_CHECK(around == expected, "{} has {}, and the options ask for {}.", path, around, expected);
    if (!options.memory_sizes.empty()) {
        const Value &size = wanted.options.at(memory_option),
                    &own = found.options.at(memory_option);
        ELM_CHECK(own == size, "{} has {} memory units, and {} are asked for.", path, to_text(own),
                  to_text(size));
    }
    fitted.spec.front_end = complete.front_end;
    fitted.model->drop_inputs(input_dropout(complete));
    const auto changed = options.init_changes.find(wanted.model);
    const Values changes = changed == options.init_changes.end() ? Values{} : changed->second;
    fitted = with_context(path, [&] { return with_options(host, std::move(fitted), changes); });
    keep_parameters(*fitted.model);
    return fitted;
}

}  // namespace elm
