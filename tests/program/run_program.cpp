#include "tests/program/run_program.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include "tests/support/temporary_directory.h"

namespace elm {
namespace {

[[noreturn]] void become_program(const std::vector<std::string>& arguments,
                                 const RunOptions& options, const std::string& out,
                                 const std::string& err) {
    const int mode = O_WRONLY | O_CREAT | O_TRUNC;
    dup2(open(options.close_stdout ? "/dev/full" : out.c_str(), mode, 0600), STDOUT_FILENO);
    dup2(open(err.c_str(), mode, 0600), STDERR_FILENO);
    for (const std::string& variable : options.environment) {
        putenv(const_cast<char*>(variable.c_str()));
    }
    if (options.file_size_limit > 0) {
        const auto limit = static_cast<rlim_t>(options.file_size_limit);
        const rlimit limits{limit, limit};
        setrlimit(RLIMIT_FSIZE, &limits);
    }
    std::vector<char*> words{const_cast<char*>(ELMSIM_PATH)};
    for (const std::string& argument : arguments)
        words.push_back(const_cast<char*>(argument.c_str()));
    words.push_back(nullptr);
    execv(ELMSIM_PATH, words.data());
    _exit(126);
}

}  // namespace

std::string contents(const std::string& path) {
    std::stringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
}

std::string metrics_without_time(const std::string& path) {
    std::istringstream lines(contents(path));
    std::string kept;
    for (std::string line; std::getline(lines, line);) {
        const std::size_t at = line.find("\"seconds\":");
        kept += line.substr(0, at) + line.substr(line.find(',', at)) + '\n';
    }
    return kept;
}

int launch(const std::string& launcher, const std::vector<std::string>& arguments,
           const std::string& log) {
    // Root, and more processes than cores, are refused by Open MPI unless told otherwise.
    std::string command =
        "OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 "
        "OMPI_MCA_rmaps_base_oversubscribe=1 ASAN_OPTIONS=detect_leaks=0 " +
        launcher + " " + ELMSIM_PATH;
    for (const std::string& word : arguments) command += " '" + word + "'";
    command += " > " + log + " 2>&1";
    return std::system(command.c_str());
}

std::string ProgramResult::error() const {
    const std::string start = "error: ";
    const std::size_t at = err.rfind(start);
    if (at == std::string::npos) return "no error line";
    return err.substr(at + start.size(), err.find('\n', at) - at - start.size());
}

ProgramResult run_program(const std::vector<std::string>& arguments, const RunOptions& options) {
    const test::TemporaryDirectory folder;
    const std::string out = folder / "out", err = folder / "err";
    const pid_t child = fork();
    if (child == 0) become_program(arguments, options, out, err);
    if (options.signal != 0) {
        usleep(static_cast<useconds_t>(options.signal_after_ms) * 1000);
        kill(child, options.signal);
    }
    int status = 0;
    waitpid(child, &status, 0);
    return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), contents(out),
            contents(err)};
}

void expect_error(const std::vector<std::string>& arguments, int exit_code,
                  const std::string& part) {
    const ProgramResult result = run_program(arguments);
    EXPECT_EQ(result.exit_code, exit_code) << result.err;
    EXPECT_NE(result.error().find(part), std::string::npos)
        << "expected: " << part << "\nstderr: " << result.err;
}

}  // namespace elm
