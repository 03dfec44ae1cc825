#include "tasks/networks/network_picture.h"

#include <algorithm>

#include <fmt/format.h>

namespace elm {
namespace {

constexpr double longest_ms = 1000;
constexpr std::int64_t most_rows = 400;
constexpr double bin_ms = 5;

/// Rows of the raster that a population has: its share, and 20 at least where it has them.
std::int64_t rows_of(std::int64_t size, std::int64_t all) {
    return std::min(size,
                    std::max<std::int64_t>(20, size * most_rows / std::max<std::int64_t>(1, all)));
}

/// Axes say what is left out: neurons of the raster, and the time before it.
void label_what_is_shown(Panel& raster, Panel& rates, std::int64_t rows, std::int64_t all,
                         double begin_ms, double end_ms) {
    if (rows < all) raster.y_label = fmt::format("{} of {} neurons", rows, all);
    if (begin_ms > 0) {
        rates.x_label = fmt::format("time (s), the last {:g} s of {:g} s",
                                    (end_ms - begin_ms) / 1000, end_ms / 1000);
    }
}

}  // namespace

Figure network_figure(const NetworkPlan& plan, const NetworkResult& result) {
    const network::NetworkDescription& network = plan.network;
    const double end = result.duration_ms, begin = std::max(0.0, end - longest_ms);
    std::int64_t all = 0;
    for (const network::Population& population : network.populations) all += population.size;
    Panel raster{.y_label = "neuron", .x_range = {{begin / 1000, end / 1000}}};
    Panel rates{.x_label = "time (s)",
                .y_label = "rate (Hz)",
                .x_range = {{begin / 1000, end / 1000}},
                .height = 0.4,
                .key = key_above};
    raster.show_x_numbers = false;
    raster.key = raster_key;
    const std::size_t n = network.populations.size();
    std::int64_t first_row = 0;
    double highest_rate = 1;
    for (std::size_t p = 0; p < n; ++p) {
        const network::Population& population = network.populations[p];
        const network::SpikeTrainOf& spikes = result.engine->spikes()[p];
        const std::int64_t rows = rows_of(population.size, all);
        Curve dots{.title = population.name, .mark = Mark::dots, .colour = colour::of_series(p, n)};
        for (std::size_t i = 0; i < spikes.times_ms.size(); ++i) {
            if (spikes.times_ms[i] <= begin) continue;
            // Neurons evenly spread, one a row.
            const std::int64_t row = spikes.neurons[i] * rows / population.size;
            const bool is_first =
                spikes.neurons[i] == 0 || (spikes.neurons[i] - 1) * rows / population.size != row;
            if (!is_first) continue;
            dots.x.push_back(spikes.times_ms[i] / 1000);
            dots.y.push_back(static_cast<double>(first_row + row));
        }
        first_row += rows;
        raster.curves.push_back(std::move(dots));
        Curve line{.title = n > 4 ? "" : population.name, .colour = colour::of_series(p, n)};
        const auto rate = network::population_rate(spikes, population.size, end, bin_ms);
        for (std::size_t bin = 0; bin < rate.size(); ++bin) {
            const double time = (static_cast<double>(bin) + 0.5) * bin_ms;
            if (time < begin) continue;
            line.x.push_back(time / 1000);
            line.y.push_back(rate[bin]);
            highest_rate = std::max(highest_rate, rate[bin]);
        }
        rates.curves.push_back(std::move(line));
    }
    label_what_is_shown(raster, rates, first_row, all, begin, end);
    raster.y_range = {{-1, static_cast<double>(first_row)}};
    rates.y_range = {{0, 1.05 * highest_rate}};
    return {.title = fmt::format("{}: {} neurons, {} synapses", network.name, network.n_neurons(),
                                 result.engine->n_synapses()),
            .panels = {std::move(raster), std::move(rates)}};
}

}  // namespace elm
