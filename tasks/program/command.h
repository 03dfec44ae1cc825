#pragma once

#include <string>
#include <vector>

namespace elm {

class Arguments;

/// One flag of a command: what parsing, --help, completion and the written configuration share.
struct Flag {
    std::string name;        // without the two dashes
    std::string value = {};  // what stands for its value, e.g. "FILE"; empty: a switch
    std::string help = {};
    std::string default_value = {};         // where none is given; empty: none
    bool repeatable = false;                // several values, and may be given several times
    std::vector<std::string> choices = {};  // empty: any value
};

/// A command of the program.
struct Command {
    std::string name;
    std::string summary;
    std::vector<std::string> examples = {};
    std::string words = {};  // what may follow the name without a flag, e.g. "FILE"
    std::vector<std::string> word_choices = {};
    std::vector<std::string> shared = {};  // names of shared options it takes, see shared_option
    std::vector<Flag> options = {};        // its own
    bool needs_arguments = true;           // alone, it prints its short help
    /// Where only some first words know --resume: those.
    std::vector<std::string> resumable = {};
    std::string notes = {};                  // at the end of its long help
    int (*run)(const Arguments&) = nullptr;  // returns the exit code

    /// Its own options, the shared ones it takes, and those of every command.
    std::vector<Flag> all_options() const;
};

/// All commands, in the order of commands.def.
const std::vector<Command>& all_commands();

/// Throws Error{invalid} with the nearest name if there is no such command.
const Command& find_command(const std::string& name);

/// The list of commands, for `elmsim` and `elmsim --help`.
std::string program_help();
/// Usage, examples and flags of one command. The short form leaves out the flags of every command.
std::string command_help(const Command& command, bool full);

}  // namespace elm
