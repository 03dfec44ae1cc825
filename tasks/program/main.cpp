#include <algorithm>
#include <exception>
#include <new>
#include <string>
#include <vector>

#include "kernels/core/buffer.h"
#include "kernels/core/build_info.h"
#include "kernels/core/support/error.h"
#include "kernels/core/support/log.h"
#include "kernels/core/support/progress.h"
#include "tasks/program/command.h"
#include "tasks/program/command_line.h"
#include "tasks/program/interrupt.h"
#include "tasks/program/run_context.h"

namespace {

using namespace elm;

void set_up_log(const Arguments& arguments) {
    if (arguments.has("quiet")) {
        log::set_level(log::Level::error);
        Progress::set_enabled(false);
    } else if (arguments.has("verbose")) {
        log::set_level(log::Level::debug);
    }
    if (!arguments.has("log-file")) return;
    with_flag("--log-file", [&] { log::set_file(arguments.text("log-file")); });
}

bool among(const std::vector<std::string>& words, const char* word) {
    return std::find(words.begin(), words.end(), word) != words.end();
}

/// "x exists. Choose another name, or let it be replaced (--force)."
std::string with_way_on(const Command& command, const std::vector<std::string>& words,
                        std::string message) {
    const std::vector<Flag> flags = command.all_options();
    const auto& able = command.resumable;
    const bool resumes = std::any_of(flags.begin(), flags.end(),
                                     [](const Flag& flag) { return flag.name == "resume"; }) &&
                         (able.empty() || (!words.empty() && among(able, words[0].c_str())));
    if (message.ends_with('.')) message.pop_back();
    return message + (resumes ? " (--resume goes on, --force replaces it)." : " (--force).");
}

int run(const std::vector<std::string>& words) {
    const std::string version = "elmsim " + std::string(build_info::version);
    if (words.empty()) {
        print_result(program_help());
        return exit_code(ErrorKind::invalid);
    }
    if (words[0] == "--help" || words[0] == "-h" || words[0] == "help") {
        print_result(words.size() > 1 ? command_help(find_command(words[1]), true)
                                      : program_help());
        return 0;
    }
    if (words[0] == "--version") {
        print_result(version);
        return 0;
    }
    const Command& command = find_command(words[0]);
    const std::vector<std::string> rest(words.begin() + 1, words.end());
    if (among(rest, "--help") || among(rest, "-h")) {
        print_result(command_help(command, true));
        return 0;
    }
    if (among(rest, "--version")) {
        print_result(version);
        return 0;
    }
    if (rest.empty() && command.needs_arguments) {
        print_result(command_help(command, false));
        return exit_code(ErrorKind::invalid);
    }
    const Arguments arguments = parse_command_line(command, rest);
    arguments.check_outputs();
    set_up_log(arguments);
    try {
        return command.run(arguments);
    } catch (const Error& error) {
        if (error.kind() != ErrorKind::exists) throw;
        throw Error(error.kind(), with_way_on(command, arguments.words(), error.message()),
                    error.site());
    }
}

}  // namespace

int main(int argument_count, char** arguments) {
    elm::keep_freed_memory();
    watch_signals();
    try {
        return run({arguments + 1, arguments + argument_count});
    } catch (const Interrupted& interrupted) {
        log::warn("interrupted");
        return interrupted.exit_code();
    } catch (const Error& error) {
        log::error("{}", error.message());
        log::debug("raised at {}:{}", error.site().file, error.site().line);
        return exit_code(error.kind());
    } catch (const std::bad_alloc&) {
        log::error(
            "out of memory. Do less at once (a shorter run, fewer samples, models or recorded "
            "values), or use a machine with more memory.");
        return exit_code(ErrorKind::memory);
    } catch (const std::exception& error) {
        log::error("a bug in elmsim: {}", error.what());
        return 1;
    }
}
