#include "tasks/program/command.h"

#include <fmt/format.h>

#include <algorithm>

#include "kernels/core/support/error.h"
#include "kernels/io/toml_config.h"

namespace elm {

#define ELM_ENTRY(id) Command id##_command();
#include "tasks/program/commands/commands.def"
#undef ELM_ENTRY

namespace {

/// Flags that mean the same in every command that takes them.
const std::vector<Flag>& shared_options() {
    static const std::vector<Flag> options{
        {"model", "FILE|NAME", "model file, published state dict, or built-in name", "", true},
        {"data", "FILE", "data files; a folder means every data file in it", "", true},
        {"out", "PATH", "where results go; an existing PATH is refused"},
        {"force", "", "replace an existing output"},
        {"plot", "FILE", "draw to .png, .svg or .pdf; - draws in the terminal"},
        {"device", "DEVICE", "cpu, cuda, cuda:N, or auto: the first CUDA device, else the CPU",
         "auto"},
        {"precision", "TYPE", "arithmetic", "f32", false, {"f32", "f64", "tf32", "bf16"}},
        {"threads", "N", "CPU threads; all where not given"},
        {"seed", "S", "every random draw follows from it", "0"},
    };
    return options;
}

const std::vector<Flag>& options_of_every_command() {
    static const std::vector<Flag> options{
        {"config", "FILE",
         "TOML file with the same options by section, or the HDF5 output of a run"},
        {"set", "SECTION.KEY=VALUE", "any option without a flag of its own", "", true},
        {"json", "", "one JSON object on stdout"},
        {"quiet", "", "errors only on stderr"},
        {"verbose", "", "more on stderr"},
        {"log-file", "FILE", "write the log there too"},
        {"help", "", "this help"},
        {"version", "", "version of the program"},
    };
    return options;
}

std::string option_lines(const std::vector<Flag>& options) {
    std::vector<std::string> heads;
    std::size_t width = 0;
    for (const Flag& option : options) {
        heads.push_back(
            fmt::format("--{}{}{}", option.name, option.value.empty() ? "" : " ", option.value));
        width = std::max(width, heads.back().size());
    }
    std::string text;
    for (std::size_t at = 0; at < options.size(); ++at) {
        const Flag& option = options[at];
        text += fmt::format("  {:<{}}  {}", heads[at], width, option.help);
        if (!option.choices.empty()) {
            text += fmt::format("{} {}", option.help.empty() ? "" : ":",
                                fmt::join(option.choices, ", "));
        }
        if (!option.default_value.empty()) text += fmt::format(" [{}]", option.default_value);
        if (option.repeatable) text += " (repeatable)";
        text += '\n';
    }
    return text;
}

}  // namespace

std::vector<Flag> Command::all_options() const {
    std::vector<Flag> all = options;
    for (const Flag& option : shared_options()) {
        if (std::find(shared.begin(), shared.end(), option.name) != shared.end()) {
            all.push_back(option);
        }
    }
    const auto& common = options_of_every_command();
    all.insert(all.end(), common.begin(), common.end());
    return all;
}

const std::vector<Command>& all_commands() {
    static const std::vector<Command> commands{
#define ELM_ENTRY(id) id##_command(),
#include "tasks/program/commands/commands.def"
#undef ELM_ENTRY
    };
    return commands;
}

const Command& find_command(const std::string& name) {
    std::vector<std::string> names;
    for (const Command& command : all_commands()) {
        if (command.name == name) return command;
        names.push_back(command.name);
    }
    throw Error(ErrorKind::invalid, fmt::format("'{}' is not a command.{} See elmsim --help.", name,
                                                nearest_hint(name, names)));
}

std::string program_help() {
    std::string text =
        "elmsim: simulate, fit and compare expressive neurons\n\nusage: elmsim COMMAND [flags]\n\n";
    for (const Command& command : all_commands()) {
        text += fmt::format("  {:<12}{}\n", command.name, command.summary);
    }
    return text + "\nelmsim COMMAND --help tells more.\n";
}

std::string command_help(const Command& command, bool full) {
    std::string text =
        fmt::format("elmsim {}: {}\n\nusage: elmsim {} {}[flags]\n", command.name, command.summary,
                    command.name, command.words.empty() ? "" : command.words + " ");
    if (!command.word_choices.empty()) {
        text += fmt::format("  {}: {}\n", command.words, fmt::join(command.word_choices, ", "));
    }
    for (const std::string& example : command.examples) text += fmt::format("\n  {}", example);
    if (!command.examples.empty()) text += '\n';
    if (full) {
        text += fmt::format("\n{}", option_lines(command.all_options()));
        if (!command.notes.empty()) text += '\n' + command.notes;
    } else {
        if (!command.options.empty()) text += fmt::format("\n{}", option_lines(command.options));
        text += fmt::format("\nelmsim {} --help lists every flag.\n", command.name);
    }
    return text;
}

}  // namespace elm
