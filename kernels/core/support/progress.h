#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace elm {

/// Progress of long work on stderr: one line that is rewritten on a terminal, one log line every
/// ten seconds otherwise. Shows share, rate and time left.
class Progress {
public:
    /// `total` in `unit` (e.g. "neuron-steps"); 0 if unknown.
    Progress(std::string label, std::int64_t total, std::string unit);
    ~Progress();
    Progress(const Progress&) = delete;
    Progress& operator=(const Progress&) = delete;

    /// Where `done` begins: the rate is of what comes after it.
    void start_at(std::int64_t done) { done_before_ = done; }
    void set_total(std::int64_t total) { total_ = total; }
    /// `done` of `total`; `note` is appended, for example a real-time factor.
    void update(std::int64_t done, const std::string& note = {});
    /// Ends the line. The destructor does the same.
    void finish();

    /// Takes the progress line off the terminal so that a log line can be written.
    static void clear_line();
    /// No progress at all (--quiet).
    static void set_enabled(bool enabled);

private:
    using Clock = std::chrono::steady_clock;
    std::string label_, unit_;
    std::int64_t total_, done_before_ = 0;
    Clock::time_point start_, last_;
    bool on_terminal_;
};

/// "1.2 G", "34.5 M", "6.7 k": a rate or count for people.
std::string human_count(double value);

}  // namespace elm
