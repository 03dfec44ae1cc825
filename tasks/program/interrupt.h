#pragma once

namespace elm {

/// Thrown by throw_if_interrupted(). Not an Error: nothing went wrong.
struct Interrupted {
    int signal;
    /// 130 for Ctrl-C, 143 for SIGTERM, 129 for a terminal that closed.
    int exit_code() const noexcept { return 128 + signal; }
};

/// From now on SIGINT, SIGTERM and SIGHUP set a mark; a second one of them ends the program at
/// once.
void watch_signals();

/// True once a signal came: for callbacks that must not throw.
bool interrupted();

/// Throws Interrupted once a signal came. Long loops call it between pieces of work.
void throw_if_interrupted();

}  // namespace elm
