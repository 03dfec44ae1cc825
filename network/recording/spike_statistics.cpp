#include "network/recording/spike_statistics.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace elm::network {
namespace {

constexpr double none = std::numeric_limits<double>::quiet_NaN();

/// Mean and variance (of n, not n - 1) of numbers, one at a time.
/// Source: Welford 1962, doi:10.1080/00401706.1962.10490022.
struct Moments {
    std::int64_t count = 0;
    double mean = 0, squares = 0;

    void add(double value) {
        ++count;
        const double difference = value - mean;
        mean += difference / static_cast<double>(count);
        squares += difference * (value - mean);
    }
    double variance() const { return count == 0 ? none : squares / static_cast<double>(count); }
};

/// Whether neuron `index` of `n` is one of `most` that are evenly spread: those at which
/// index * most / n rises.
bool is_chosen(std::int64_t index, std::int64_t n, std::int64_t most) {
    return n <= most || (index + 1) * most / n != index * most / n;
}

/// Counts z of a neuron, less their mean and over their deviation, have a correlation of z_a z_b /
/// bins; of all pairs it is the square of the sum of z over the neurons, less the squares.
double mean_correlation(const SpikeTrainOf& spikes, const std::vector<std::int64_t>& counts,
                        double from_ms, double to_ms) {
    constexpr double bin_ms = 2;
    constexpr std::int64_t most = 250;
    const auto n_bins = static_cast<std::int64_t>(std::floor((to_ms - from_ms) / bin_ms + 1e-9));
    if (n_bins < 2) return none;
    const std::int64_t n_active =
        std::count_if(counts.begin(), counts.end(), [](std::int64_t count) { return count > 0; });
    std::vector<std::int64_t> row_of(counts.size(), -1);
    std::int64_t active = 0, n_rows = 0;
    for (std::size_t neuron = 0; neuron < counts.size(); ++neuron) {
        if (counts[neuron] == 0) continue;
        if (is_chosen(active++, n_active, most)) row_of[neuron] = n_rows++;
    }
    std::vector<float> table(static_cast<std::size_t>(n_rows * n_bins));
    for (std::size_t i = 0; i < spikes.times_ms.size(); ++i) {
        const std::int64_t row = row_of[spikes.neurons[i]];
        const double time = spikes.times_ms[i] - from_ms;
        if (row < 0 || time <= 0) continue;
        const auto bin = static_cast<std::int64_t>(std::ceil(time / bin_ms - 1e-9)) - 1;
        if (bin < n_bins) table[static_cast<std::size_t>(row * n_bins + bin)] += 1;
    }
    std::vector<double> sums(static_cast<std::size_t>(n_bins));
    std::int64_t n_used = 0;
    for (std::int64_t row = 0; row < n_rows; ++row) {
        const float* const own = table.data() + row * n_bins;
        Moments moments;
        for (std::int64_t bin = 0; bin < n_bins; ++bin) moments.add(double{own[bin]});
        if (!(moments.variance() > 0)) continue;
        ++n_used;
        const double scale = 1 / std::sqrt(moments.variance());
        for (std::int64_t bin = 0; bin < n_bins; ++bin) {
            sums[static_cast<std::size_t>(bin)] += scale * (double{own[bin]} - moments.mean);
        }
    }
    if (n_used < 2) return none;
    double squares = 0;
    for (const double sum : sums) squares += sum * sum / static_cast<double>(n_bins);
    const auto used = static_cast<double>(n_used);
    return (squares - used) / (used * (used - 1));
}

/// Variance / mean of the counts in whole bins of the window, of the neurons that `takes`.
template <class Takes>
double fano(const SpikeTrainOf& spikes, double from_ms, double to_ms, double bin_ms,
            const Takes& takes) {
    const auto n_bins = static_cast<std::int64_t>(std::floor((to_ms - from_ms) / bin_ms + 1e-9));
    if (n_bins < 2) return none;
    std::vector<std::int64_t> counts(static_cast<std::size_t>(n_bins));
    for (std::size_t i = 0; i < spikes.times_ms.size(); ++i) {
        const double time = spikes.times_ms[i] - from_ms;
        if (time <= 0 || !takes(spikes.neurons[i])) continue;
        // A bin holds its right end, as steps do.
        const auto bin = static_cast<std::int64_t>(std::ceil(time / bin_ms - 1e-9)) - 1;
        if (bin >= 0 && bin < n_bins) ++counts[static_cast<std::size_t>(bin)];
    }
    Moments moments;
    for (const std::int64_t count : counts) moments.add(static_cast<double>(count));
    return moments.mean > 0 ? moments.variance() / moments.mean : none;
}

}  // namespace

SpikeStatistics spike_statistics(const SpikeTrainOf& spikes, std::int64_t n_neurons, double from_ms,
                                 double to_ms, std::int64_t least_intervals) {
    SpikeStatistics result;
    result.n_neurons = n_neurons;
    const auto n = static_cast<std::size_t>(n_neurons);
    std::vector<std::int64_t> counts(n);
    std::vector<double> last(n, -1);
    std::vector<Moments> intervals(n);
    for (std::size_t i = 0; i < spikes.times_ms.size(); ++i) {
        const double time = spikes.times_ms[i];
        if (time <= from_ms || time > to_ms) continue;
        const std::size_t neuron = spikes.neurons[i];
        ++result.n_spikes;
        ++counts[neuron];
        if (last[neuron] >= 0) intervals[neuron].add(time - last[neuron]);
        last[neuron] = time;
    }
    const double seconds = (to_ms - from_ms) / 1000;
    Moments rates, cvs;
    for (const std::int64_t count : counts) rates.add(static_cast<double>(count) / seconds);
    for (const Moments& of_neuron : intervals) {
        if (of_neuron.count < least_intervals) continue;
        cvs.add(std::sqrt(of_neuron.variance()) / of_neuron.mean);
    }
    result.rate_hz = seconds > 0 ? rates.mean : none;
    result.rate_sd_hz = seconds > 0 ? std::sqrt(rates.variance()) : none;
    result.n_cv = cvs.count;
    result.cv_isi = cvs.count > 0 ? cvs.mean : none;
    result.fano_5ms = fano(spikes, from_ms, to_ms, 5, [](std::uint32_t) { return true; });
    constexpr std::int64_t most = 1000;
    result.synchrony = fano(spikes, from_ms, to_ms, 3, [&](std::uint32_t neuron) {
        return is_chosen(neuron, n_neurons, most);
    });
    result.correlation = mean_correlation(spikes, counts, from_ms, to_ms);
    return result;
}

std::vector<double> population_rate(const SpikeTrainOf& spikes, std::int64_t n_neurons,
                                    double duration_ms, double bin_ms) {
    const auto n_bins = static_cast<std::int64_t>(std::ceil(duration_ms / bin_ms - 1e-9));
    std::vector<double> rates(static_cast<std::size_t>(std::max<std::int64_t>(0, n_bins)));
    const double each = 1000 / bin_ms / static_cast<double>(n_neurons);
    for (const double time : spikes.times_ms) {
        const auto bin = static_cast<std::int64_t>(std::ceil(time / bin_ms - 1e-9)) - 1;
        if (bin >= 0 && bin < n_bins) rates[static_cast<std::size_t>(bin)] += each;
    }
    return rates;
}

}  // namespace elm::network
