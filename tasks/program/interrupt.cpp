#include "tasks/program/interrupt.h"

#include <csignal>

#include "kernels/io/output_file.h"

namespace elm {
namespace {

volatile std::sig_atomic_t received = 0;

extern "C" void note_signal(int signal) {
    if (received == 0) {
        received = signal;
        return;
    }
    remove_temporary_files();
    std::signal(signal, SIG_DFL);
    std::raise(signal);
}

}  // namespace

void watch_signals() {
    std::signal(SIGINT, note_signal);
    std::signal(SIGTERM, note_signal);
    // A terminal that closes; under nohup it may.
    if (std::signal(SIGHUP, note_signal) == SIG_IGN) std::signal(SIGHUP, SIG_IGN);
    // A file size limit shows as a failed write, not as the end of the program.
    std::signal(SIGXFSZ, SIG_IGN);
}

bool interrupted() { return received != 0; }

void throw_if_interrupted() {
    if (received != 0) throw Interrupted{static_cast<int>(received)};
}

}  // namespace elm
