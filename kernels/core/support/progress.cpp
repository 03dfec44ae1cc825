#include "kernels/core/support/progress.h"

#include <fmt/core.h>
#include <unistd.h>

#include <cstdio>

#include "kernels/core/support/log.h"

namespace elm {
namespace {

bool enabled = true;
bool line_shown = false;

std::string human_seconds(double seconds) {
    if (seconds < 60) return fmt::format("{:.0f} s", seconds);
    if (seconds < 3600)
        return fmt::format("{:.0f} min {:02.0f} s", seconds / 60 - 0.5,
                           seconds - 60 * static_cast<int>(seconds / 60));
    return fmt::format("{:.1f} h", seconds / 3600);
}

}  // namespace

std::string human_count(double value) {
    if (value >= 1e9) return fmt::format("{:.2f} G", value / 1e9);
    if (value >= 1e6) return fmt::format("{:.2f} M", value / 1e6);
    if (value >= 1e3) return fmt::format("{:.2f} k", value / 1e3);
    return fmt::format("{:.2f} ", value);
}

Progress::Progress(std::string label, std::int64_t total, std::string unit)
    : label_(std::move(label)),
      unit_(std::move(unit)),
      total_(total),
      start_(Clock::now()),
      last_(start_),
      on_terminal_(isatty(STDERR_FILENO) != 0) {}

Progress::~Progress() { finish(); }

void Progress::update(std::int64_t done, const std::string& note) {
    if (!enabled) return;
    const auto now = Clock::now();
    const std::chrono::duration<double> since_last = now - last_;
    if (since_last.count() < (on_terminal_ ? 0.1 : 10.0)) return;
    last_ = now;
    const double seconds = std::chrono::duration<double>(now - start_).count();
    const double rate = static_cast<double>(done - done_before_) / seconds;
    std::string line = fmt::format("{}: ", label_);
    if (total_ > 0) {
        line += fmt::format("{:.0f} %, ",
                            100.0 * static_cast<double>(done) / static_cast<double>(total_));
    }
    line += fmt::format("{}{}/s", human_count(rate), unit_);
    if (total_ > 0 && rate > 0) {
        line += fmt::format(", {} left", human_seconds(static_cast<double>(total_ - done) / rate));
    }
    if (!note.empty()) line += ", " + note;
    if (on_terminal_) {
        std::fprintf(stderr, "\r\033[K%s", line.c_str());
        std::fflush(stderr);
        line_shown = true;
    } else {
        log::info("{}", line);
    }
}

void Progress::finish() { clear_line(); }

void Progress::clear_line() {
    if (!line_shown) return;
    std::fputs("\r\033[K", stderr);
    std::fflush(stderr);
    line_shown = false;
}

void Progress::set_enabled(bool on) { enabled = on; }

}  // namespace elm
