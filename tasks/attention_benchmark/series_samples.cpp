#include "tasks/attention_benchmark/series_samples.h"

#include <array>
#include <cmath>
#include <numbers>

#include "kernels/core/support/check.h"
#include "tasks/attention_benchmark/sample_draws.h"

namespace elm {
namespace {

constexpr double coupling = 0.4, memory = 0.8, dwell_hours = 500, low_day = 0.3;
constexpr double innovation = 0.3;  // deviation of what is new in the noise
constexpr double all_hours = 17420;
constexpr std::array<double, 3> periods{24, 168, 8766};
constexpr std::size_t n = n_series;

struct Channel {
    std::array<double, periods.size()> height{}, phase{};
    double trend = 0;  // over all hours
    std::size_t other = 0;
    double lag_share = 0;
};

std::array<Channel, n> draw_channels() {
    SampleDraws draws(0, 0, "lstf-syn channels 1");
    std::array<Channel, n> all;
    for (std::size_t d = 0; d < n; ++d) {
        Channel& channel = all[d];
        constexpr std::array<double, periods.size()> least{0.6, 0.3, 0.2}, most{1.2, 0.7, 0.6};
        for (std::size_t k = 0; k < periods.size(); ++k) {
            channel.height[k] = draws.uniform(least[k], most[k]);
            channel.phase[k] = draws.uniform(0, 2 * std::numbers::pi);
        }
        channel.trend = draws.uniform(-0.5, 0.5);
        channel.other = (d + 1 + static_cast<std::size_t>(draws.below(n_series - 1))) % n;
        channel.lag_share = draws.uniform();
    }
    return all;
}

const std::array<Channel, n>& channels() {
    static const std::array<Channel, n> all = draw_channels();
    return all;
}

/// Waves and trend of a channel; `day`: how high the daily wave is.
double regular(const Channel& channel, double hour, double day) {
    double sum = channel.trend * (hour / all_hours - 0.5);
    for (std::size_t k = 0; k < periods.size(); ++k) {
        sum += (k == 0 ? day : 1) * channel.height[k] *
               std::sin(2 * std::numbers::pi * hour / periods[k] + channel.phase[k]);
    }
    return sum;
}

/// Variance in the long run: waves, the trend, and noise; the daily wave is high half of the time.
double variance(const Channel& channel) {
    double sum =
        innovation * innovation / (1 - memory * memory) + channel.trend * channel.trend / 12;
    for (std::size_t k = 0; k < periods.size(); ++k) {
        sum +=
            (k == 0 ? (1 + low_day * low_day) / 2 : 1) * channel.height[k] * channel.height[k] / 2;
    }
    return sum;
}

std::int64_t lag_of(const SeriesOptions& options, const Channel& channel) {
    const auto range = static_cast<double>(options.longest_lag - options.shortest_lag);
    return options.shortest_lag + std::llround(channel.lag_share * range);
}

/// Covariance in the long run of b_d(t) and b_c(t - lag): of waves of one period, and the trend.
double covariance(const Channel& channel, const Channel& other, double lag) {
    // The daily wave of both is high or low at once; a lag later mostly still so.
    const double stays = (1 + std::pow(1 - 2 / dwell_hours, lag)) / 2;
    const double of_day = stays * (1 + low_day * low_day) / 2 + (1 - stays) * low_day;
    double sum = channel.trend * other.trend / 12;
    for (std::size_t k = 0; k < periods.size(); ++k) {
        const double shift =
            channel.phase[k] - other.phase[k] + 2 * std::numbers::pi * lag / periods[k];
        sum += (k == 0 ? of_day : 1) * channel.height[k] * other.height[k] * std::cos(shift) / 2;
    }
    return sum;
}

double deviation(const SeriesOptions& options, const Channel& channel) {
    const Channel& other = channels()[channel.other];
    const auto lag = static_cast<double>(lag_of(options, channel));
    return std::sqrt(variance(channel) + coupling * coupling * variance(other) +
                     2 * coupling * covariance(channel, other, lag));
}

void add_calendar(double hour, std::vector<double>& into) {
    const double day = std::floor(hour / 24);
    into.push_back(std::fmod(hour, 24) / 23 - 0.5);
    into.push_back(std::fmod(day, 7) / 6 - 0.5);
    into.push_back(std::fmod(day, 30) / 30 - 0.5);
    into.push_back(std::fmod(day, 365) / 365 - 0.5);
}

}  // namespace

SeriesWindow make_window(const SeriesOptions& options, std::uint64_t seed, std::uint64_t index) {
    ELM_CHECK(options.past >= 2 && options.future >= 1 && options.shortest_lag >= 1 &&
                  options.longest_lag >= options.shortest_lag,
              "a window of {} hours before and {} behind, lags {} to {}: expected 2 and 1 or more, "
              "and lags of 1 or more.",
              options.past, options.future, options.shortest_lag, options.longest_lag);
    SampleDraws draws(seed, index, "lstf-syn 1");
    const std::int64_t before = options.longest_lag, rows = before + options.past + options.future;
    const double start = std::floor(draws.uniform(0, all_hours));
    std::vector<double> own,
        known;  // (rows, n): b_d, and what is known of it at the last past hour
    std::array<double, n> noise{}, last{};
    for (double& value : noise) {
        value = draws.normal() * innovation / std::sqrt(1 - memory * memory);
    }
    bool high = draws.with_probability(0.5);
    for (std::int64_t row = 0; row < rows; ++row) {
        if (draws.with_probability(1 / dwell_hours)) high = !high;
        const double hour = start + static_cast<double>(row);
        const std::int64_t ahead = row - (before + options.past - 1);
        for (std::size_t d = 0; d < n; ++d) {
            noise[d] = memory * noise[d] + innovation * draws.normal();
            if (ahead <= 0) last[d] = noise[d];
            const double wave = regular(channels()[d], hour, high ? 1 : low_day);
            own.push_back(wave + noise[d]);
            known.push_back(wave + (ahead <= 0
                                        ? noise[d]
                                        : last[d] * std::pow(memory, static_cast<double>(ahead))));
        }
    }
    SeriesWindow window;
    for (std::int64_t row = before; row < rows; ++row) {
        add_calendar(start + static_cast<double>(row), window.calendar);
        for (std::size_t d = 0; d < n; ++d) {
            const Channel& channel = channels()[d];
            const auto at = static_cast<std::size_t>(row) * n,
                       then = static_cast<std::size_t>(row - lag_of(options, channel)) * n;
            const double scale = 1 / deviation(options, channel);
            window.values.push_back(scale * (own[at + d] + coupling * own[then + channel.other]));
            window.expected.push_back(scale *
                                      (known[at + d] + coupling * known[then + channel.other]));
        }
    }
    return window;
}

}  // namespace elm
