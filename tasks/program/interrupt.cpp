#include "tasks/program/interrupt.h"

#include <csignal>

namespace elm {
namespace {

volatile std::sig_atomic_t received = 0;

extern "C" void note_signal(int signal) {
    received = signal;
    std::signal(signal, SIG_DFL);
}

}  // namespace

void watch_signals() {
    std::signal(SIGINT, note_signal);
    std::signal(SIGTERM, note_signal);
    // A file size limit shows as a failed write, not as the end of the program.
    std::signal(SIGXFSZ, SIG_IGN);
}

bool interrupted() { return received != 0; }

void throw_if_interrupted() {
    if (received != 0) throw Interrupted{static_cast<int>(received)};
}

}  // namespace elm
