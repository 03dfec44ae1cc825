#include "tasks/training/plan/curriculum.h"

#include <algorithm>
#include <cmath>
#include <string_view>

#include <fmt/format.h>

#include "kernels/core/support/check.h"
#include "kernels/io/list_text.h"

namespace elm {
namespace {

constexpr const char* share_option = "budget_share";

void set_share(Stage& stage, const std::string& text) {
    const Value value = parse_value(text);
    const auto* const whole = std::get_if<std::int64_t>(&value);
    const auto* const real = std::get_if<double>(&value);
    stage.budget_share = whole != nullptr  ? static_cast<double>(*whole)
                         : real != nullptr ? *real
                                           : NAN;
    ELM_CHECK(std::isfinite(stage.budget_share) && stage.budget_share > 0,
              "{}.{}: '{}' is no share of a budget: expected a number above 0.", curriculum_section,
              share_option, text);
}

}  // namespace

std::vector<Stage> stages_of(const Values& section) {
    std::vector<Stage> stages;
    for (const auto& [name, list] : section) {
        const std::vector<std::string> items = split_list(to_text(list));
        if (stages.empty()) stages.resize(items.size());
        ELM_CHECK(items.size() == stages.size(),
                  "{}.{} has {} values and {} stages: expected a value for each stage.",
                  curriculum_section, name, items.size(), stages.size());
        const std::size_t dot = name.find('.');
        ELM_CHECK(name == share_option || (dot != std::string::npos && dot > 0),
                  "{}.{}: expected SECTION.OPTION, for example \"adding.steps\", or {}.",
                  curriculum_section, name, share_option);
        for (std::size_t k = 0; k < stages.size(); ++k) {
            if (name == share_option) {
                set_share(stages[k], items[k]);
                continue;
            }
            stages[k].options.sections[name.substr(0, dot)][name.substr(dot + 1)] =
                parse_value(items[k]);
            stages[k].name +=
                fmt::format("{}{}={}", stages[k].name.empty() ? "" : ", ", name, items[k]);
        }
    }
    if (stages.empty()) stages.resize(1);
    double sum = 0;
    for (const Stage& stage : stages) sum += stage.budget_share;
    for (Stage& stage : stages) stage.budget_share /= sum;
    return stages;
}

std::string share_of(const Budget& budget, double share) {
    const double amount = budget.amount * share;
    switch (budget.unit) {
        case Budget::Unit::updates:
            return fmt::format("{:.0f}u", std::max(1.0, std::round(amount)));
        case Budget::Unit::samples:
            return fmt::format("{:.0f}n", std::max(1.0, std::round(amount)));
        case Budget::Unit::flops:
            return fmt::format("{}f", amount);
        case Budget::Unit::seconds:
            break;
    }
    return fmt::format("{}s", amount);
}

}  // namespace elm
