#pragma once

#include <cstdint>
#include <vector>

/// Made-up hourly series of several channels:
///
///   x_d(t) = b_d(t) + 0.4 b_c(t - lag),   b_d = trend + daily, weekly and yearly wave + AR(1)
///   noise
///
/// where c is another channel of d's own, and the daily wave is high or low, changing once in 500
/// hours in the mean. What another channel did tells of the future of each. The recipe of the
/// channels is drawn once for all; a sample is a window of a series of its own. Stands for ETT,
/// ECL and Weather in Zhang et al. 2023, arXiv 2210.07661.
namespace elm {

inline constexpr std::int64_t n_series = 7, n_calendar = 4;

struct SeriesOptions {
    std::int64_t past = 48, future = 24;  // hours
    std::int64_t shortest_lag = 24, longest_lag = 48;
};

/// Each (past + future) rows; values have mean 0 and deviation 1 in the long run.
struct SeriesWindow {
    std::vector<double> values;    // (rows, n_series)
    std::vector<double> expected;  // of the future: what follows from waves, regime and past noise
    std::vector<double> calendar;  // (rows, n_calendar) in -0.5 .. 0.5: hour, weekday, day, yearday
};

/// Throws Error{invalid} for fewer than 2 hours of past or 1 of future.
SeriesWindow make_window(const SeriesOptions& options, std::uint64_t seed, std::uint64_t index);

}  // namespace elm
