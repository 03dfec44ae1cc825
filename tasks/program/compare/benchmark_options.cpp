#include "tasks/program/compare/benchmark_options.h"

#include <vector>

#include <fmt/format.h>

#include "kernels/core/support/error.h"
#include "tasks/program/arguments.h"
#include "tasks/training/plan/checkpoint_match.h"

namespace elm {

Values given_options(const Arguments& arguments, const BenchmarkCell& cell,
                     const MixerChoice& choice) {
    Values values = arguments.component(benchmark_mixers().front().model);
    const Values own =
        arguments.component(cell.seat == Seat::blocks ? choice.model : two_stack_model);
    for (const auto& [name, value] : own) values[name] = value;
    return values;
}

Config common_settings(const Arguments& arguments) {
    Config settings;
    const std::string& command = arguments.command().name;
    const Config given = arguments.effective();
    const Values& flags = given.sections.at(command);
    for (const char* const kept :
         {"tier", "budget", "seed", "seeds", "tune", "validate-every", "width", "precision"}) {
        if (const auto found = flags.find(kept); found != flags.end()) {
            settings.sections[command][kept] = found->second;
        }
    }
    std::vector<std::string> sections{"training", benchmark_mixers().front().model,
                                      two_stack_model};
    for (const BenchmarkCell& cell : benchmark_cells()) sections.push_back(cell.task);
    for (const std::string& section : sections) {
        const Values own = arguments.component(section);
        if (!own.empty()) settings.sections[section] = own;
    }
    return settings;
}

void require_same_settings(const Config& frozen, const Config& now, const std::string& path) {
    const std::string found = differences(frozen, now, "");
    if (found.empty()) return;
    throw Error(ErrorKind::exists,
                fmt::format("--resume: {} holds constants of other settings: {}. Give what was "
                            "given then, or another --out, or begin anew with --force.",
                            path, found));
}

}  // namespace elm
