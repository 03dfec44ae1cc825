#pragma once

#include <string>
#include <vector>

namespace elm {

/// How the program is run.
struct RunOptions {
    long file_size_limit = 0;  // bytes that one file may have; 0: no limit
    int signal = 0;            // sent after `signal_after_ms`
    int signal_after_ms = 0;
    bool close_stdout = false;                  // stdout is a full device
    std::vector<std::string> environment = {};  // NAME=VALUE, added to that of the test
};

struct ProgramResult {
    int exit_code = -1;  // 128 + signal where a signal ended it
    std::string out, err;

    /// The last line on stderr that starts with "error: ".
    std::string error() const;
};

/// Runs elmsim with these arguments and waits for its end.
ProgramResult run_program(const std::vector<std::string>& arguments,
                          const RunOptions& options = {});

/// A file as text.
std::string contents(const std::string& path);

/// The metrics of a training without the wall time.
std::string metrics_without_time(const std::string& path);

/// Runs elmsim with these arguments in two processes of an MPI launcher. Returns the exit status;
/// `log` is a file that gets what they say.
int launch(const std::string& launcher, const std::vector<std::string>& arguments,
           const std::string& log);

/// Expects a run to end with this exit code and its error line to say `part`.
void expect_error(const std::vector<std::string>& arguments, int exit_code,
                  const std::string& part);

}  // namespace elm
