#include "tasks/program/set_flags.h"

#include <algorithm>

#include <fmt/format.h>

#include "kernels/core/support/check.h"
#include "tasks/program/arguments.h"

namespace elm {
namespace {

std::string flag_of(std::string option) {
    std::replace(option.begin(), option.end(), '_', '-');
    return option;
}

const char* word_for_value(const Option& option) {
    return std::holds_alternative<std::string>(option.value) ? "NAME" : "N";
}

}  // namespace

std::vector<Flag> set_option_flags() {
    std::vector<Flag> flags;
    std::vector<std::string> takers;
    const auto add = [&](Flag flag, const std::string& taker) {
        const auto known = std::find_if(flags.begin(), flags.end(),
                                        [&](const Flag& other) { return other.name == flag.name; });
        if (known != flags.end()) {
            takers[static_cast<std::size_t>(known - flags.begin())] += ", " + taker;
            return;
        }
        flags.push_back(std::move(flag));
        takers.push_back(taker);
    };
    for (const TaskEntry* const task : drawn_tasks()) {
        const OptionSet options = open_options(*task->samples);
        for (const Option& option : options.options()) {
            add({.name = flag_of(option.name),
                 .value = word_for_value(option),
                 .help = option.help,
                 .choices = option.choices},
                fmt::format("{} [{}]", task->name, options.text(option.name)));
        }
    }
    for (const TaskEntry* const task : drawn_tasks()) {
        for (const auto& [older, present] : task->samples->older_names) {
            add({.name = flag_of(older),
                 .value = "N",
                 .help = fmt::format("older name of --{}", flag_of(present))},
                task->name);
        }
    }
    for (std::size_t k = 0; k < flags.size(); ++k) {
        flags[k].help += fmt::format("; for {}", takers[k]);
    }
    return flags;
}

OptionSet read_set_options(const Arguments& arguments, const TaskEntry& task) {
    OptionSet options = open_options(*task.samples);
    std::vector<Flag> others = set_option_flags();
    const auto take = [&](const std::string& name, const std::string& option) {
        const std::string flag = flag_of(name);
        std::erase_if(others, [&](const Flag& other) { return other.name == flag; });
        if (!arguments.has(flag)) return;
        with_flag("--" + flag, [&] { options.set(option, arguments.text(flag)); });
    };
    for (const auto& [older, present] : task.samples->older_names) take(older, present);
    for (const auto& [name, value] : to_values(options)) take(name, name);
    refuse_flags(arguments, others, task.name);
    return options;
}

void refuse_flags(const Arguments& arguments, const std::vector<Flag>& flags,
                  const std::string& taker) {
    for (const Flag& flag : flags) {
        const bool is_given =
            arguments.has(flag.name) &&
            (flag.default_value.empty() || arguments.text(flag.name) != flag.default_value);
        ELM_CHECK(!is_given, "--{} does not go with {}. See elmsim {} --help.", flag.name, taker,
                  arguments.command().name);
    }
}

}  // namespace elm
