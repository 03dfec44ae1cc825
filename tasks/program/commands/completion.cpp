// elmsim completion: a script that completes commands, flags and values in bash.

#include <fmt/format.h>

#include "kernels/core/support/check.h"
#include "tasks/program/arguments.h"
#include "tasks/program/command.h"
#include "tasks/program/run_context.h"

namespace elm {
namespace {

std::string bash_script() {
    std::vector<std::string> names;
    std::string flags, values;
    for (const Command& command : all_commands()) {
        names.push_back(command.name);
        std::vector<std::string> words = command.word_choices;
        for (const Flag& option : command.all_options()) {
            words.push_back("--" + option.name);
            if (!option.choices.empty()) {
                values += fmt::format("        {}:--{}) words='{}' ;;\n", command.name, option.name,
                                      fmt::join(option.choices, " "));
            } else if (!option.value.empty()) {
                values += fmt::format("        {}:--{}) words='' ;;\n", command.name, option.name);
            }
        }
        flags += fmt::format("        {}) words='{}' ;;\n", command.name, fmt::join(words, " "));
    }
    return fmt::format(
        "# bash completion for elmsim. Use: source <(elmsim completion bash)\n"
        "_elmsim() {{\n"
        "    local current=\"${{COMP_WORDS[COMP_CWORD]}}\" command=\"${{COMP_WORDS[1]}}\" "
        "words=''\n"
        "    local previous=\"${{COMP_WORDS[COMP_CWORD-1]}}\"\n"
        "    COMPREPLY=()\n"
        "    if [ \"$COMP_CWORD\" -eq 1 ]; then\n"
        "        COMPREPLY=($(compgen -W '{}' -- \"$current\"))\n"
        "        return\n"
        "    fi\n"
        "    case \"$command:$previous\" in\n{}"
        "    *) case \"$command\" in\n{}        esac ;;\n"
        "    esac\n"
        "    COMPREPLY=($(compgen -W \"$words\" -- \"$current\"))\n"
        "}}\n"
        "complete -o default -F _elmsim elmsim\n",
        fmt::join(names, " "), values, flags);
}

int run(const Arguments& arguments) {
    ELM_CHECK(arguments.words() == std::vector<std::string>{"bash"},
              "elmsim completion: expected the name of a shell: bash.");
    print_result(bash_script());
    return 0;
}

}  // namespace

Command completion_command() {
    return {.name = "completion",
            .summary = "prints a script that completes commands and flags in a shell",
            .examples = {"source <(elmsim completion bash)"},
            .words = "SHELL",
            .word_choices = {"bash"},
            .run = run};
}

}  // namespace elm
