#include "tasks/comparison/search.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "baselines/model_registry.h"
#include "kernels/core/support/check.h"

namespace elm {
namespace {

void add(const std::string& section, const Option& option, const SearchRange& range,
         std::vector<SearchedOption>& all) {
    const bool whole = std::holds_alternative<std::int64_t>(option.value);
    ELM_CHECK(whole || std::holds_alternative<double>(option.value),
              "the option {}.{} has a range to search and is no number", section, option.name);
    ELM_CHECK(!range.logarithmic || range.low > 0,
              "the range to search of {}.{} begins at {}: expected more than 0 where it is "
              "logarithmic",
              section, option.name, range.low);
    all.push_back({section, option.name, whole, range});
}

Value draw(const SearchedOption& option, double share) {
    const auto [low, high, logarithmic] = option.range;
    const double exact =
        logarithmic ? low * std::pow(high / low, share) : low + share * (high - low);
    if (option.whole) return static_cast<std::int64_t>(std::llround(exact));
    const Value rounded = parse_value(fmt::format("{:.2e}", exact));
    return std::clamp(std::get<double>(rounded), low, high);
}

}  // namespace

std::vector<SearchedOption> searched_options(const std::string& model, const OptionSet& recipe) {
    const ModelEntry& entry = find_model(model);
    std::vector<SearchedOption> all;
    for (const Option& option : recipe.options()) {
        SearchRange range = option.search;
        for (const ModelEntry::TrainingSearch& own : entry.training_search) {
            if (own.option == option.name) range = own.range;
        }
        if (range.given()) add("training", option, range, all);
    }
    for (const ModelEntry::TrainingSearch& own : entry.training_search) {
        const bool known = std::any_of(all.begin(), all.end(),
                                       [&](const auto& one) { return one.name == own.option; });
        ELM_CHECK(known, "the model {} states a range for training.{}, which is no such option",
                  model, own.option);
    }
    const OptionSet options = entry.options();
    for (const Option& option : options.options()) {
        if (option.search.given()) add(model, option, option.search, all);
    }
    return all;
}

Config candidate(const std::string& model, const std::vector<SearchedOption>& searched,
                 std::int64_t index, const RandomKey& key) {
    Config config;
    for (const SearchedOption& option : searched) {
        const RandomKey own = key.for_purpose("candidate " + model)
                                  .for_purpose(option.section + "." + option.name)
                                  .at_step(static_cast<std::uint64_t>(index));
        config.sections[option.section][option.name] =
            draw(option, unit_uniform<double>(random_word(own, 0)));
    }
    return config;
}

}  // namespace elm
