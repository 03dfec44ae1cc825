#include "tasks/neuronio/neuronio_statistics.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <optional>
#include <stdexcept>

#include <fmt/format.h>

#include "kernels/io/hdf5_file.h"
#include "tasks/neuronio/neuronio_file.h"
#include "tasks/neuronio/neuronio_output.h"

namespace elm {
namespace {

constexpr double plateau_mV = -40;  // of the nexus: a calcium event
constexpr std::int64_t window_ms = 50;

double mean_of(const std::vector<double>& values) {
    return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

double covariance(const std::vector<double>& a, const std::vector<double>& b) {
    const double mean_a = mean_of(a), mean_b = mean_of(b);
    double sum = 0;
    for (std::size_t k = 0; k < a.size(); ++k) sum += (a[k] - mean_a) * (b[k] - mean_b);
    return sum / static_cast<double>(a.size());
}

double deviation(const std::vector<double>& values) {
    return std::sqrt(covariance(values, values));
}

double share_above(const std::vector<double>& values, double level) {
    const auto above =
        std::count_if(values.begin(), values.end(), [&](double value) { return value > level; });
    return static_cast<double>(above) / static_cast<double>(values.size());
}

/// Values of one quantity, one per simulation that has it, in the order of first use.
class Collector {
public:
    void add(const std::string& name, const std::string& unit, double value) {
        if (!std::isfinite(value)) return;
        if (!values_.contains(name)) order_.emplace_back(name, unit);
        values_[name].push_back(value);
    }

    std::vector<StatisticRow> rows() const {
        std::vector<StatisticRow> rows;
        for (const auto& [name, unit] : order_) {
            std::vector<double> values = values_.at(name);
            std::sort(values.begin(), values.end());
            const std::size_t n = values.size();
            StatisticRow row{name, unit, static_cast<std::int64_t>(n)};
            row.mean = mean_of(values);
            // Of the population that the simulations are drawn from.
            row.standard_deviation =
                n < 2 ? 0
                      : deviation(values) *
                            std::sqrt(static_cast<double>(n) / static_cast<double>(n - 1));
            row.standard_error = row.standard_deviation / std::sqrt(static_cast<double>(n));
            row.lowest = values.front();
            row.median = 0.5 * (values[(n - 1) / 2] + values[n / 2]);
            row.highest = values.back();
            rows.push_back(row);
        }
        return rows;
    }

private:
    std::vector<std::pair<std::string, std::string>> order_;
    std::map<std::string, std::vector<double>> values_;
};

void add_output(Collector& collect, const NeuronIoSimulation& simulation) {
    const std::vector<double>& times = simulation.output_spike_times_ms;
    const double seconds = static_cast<double>(simulation.input.n_steps) / 1000;
    collect.add("output rate", "Hz", static_cast<double>(times.size()) / seconds);
    if (times.size() < 3) return;
    std::vector<double> intervals;
    for (std::size_t k = 1; k < times.size(); ++k) intervals.push_back(times[k] - times[k - 1]);
    collect.add("output ISI CV", "-", deviation(intervals) / mean_of(intervals));
}

void add_soma(Collector& collect, const std::vector<double>& soma) {
    std::vector<double> cut;
    for (const double voltage : soma) cut.push_back(std::min(voltage, voltage_clip_mV));
    collect.add("soma voltage mean", "mV", mean_of(soma));
    collect.add("soma voltage SD", "mV", deviation(soma));
    collect.add("soma voltage mean, cut at -55", "mV", mean_of(cut));
    collect.add("soma voltage SD, cut at -55", "mV", deviation(cut));
    collect.add("soma above -55", "share", share_above(soma, voltage_clip_mV));
}

void add_input(Collector& collect, const SpikeTrain& input, const std::vector<double>& apical) {
    const std::int64_t n_sites = input.n_units / 2;
    double kinds[2] = {0, 0}, trees[2][2] = {{0, 0}, {0, 0}};
    std::vector<double> windows[2];
    for (auto& window : windows) {
        window.assign(static_cast<std::size_t>((input.n_steps + window_ms - 1) / window_ms), 0);
    }
    std::int64_t dead = 0;
    for (std::int64_t step = 0; step < input.n_steps; ++step) {
        for (std::int64_t at = input.row_begin[static_cast<std::size_t>(step)];
             at < input.row_begin[static_cast<std::size_t>(step) + 1]; ++at) {
            const std::int64_t unit = input.units[static_cast<std::size_t>(at)];
            const int kind = unit < n_sites ? 0 : 1;
            kinds[kind] += 1;
            windows[kind][static_cast<std::size_t>(step / window_ms)] += 1;
            dead += step == 0 ? 1 : 0;
            if (apical.empty()) continue;
            trees[kind][apical[static_cast<std::size_t>(unit % n_sites)] != 0 ? 1 : 0] += 1;
        }
    }
    const double seconds = static_cast<double>(input.n_steps) / 1000;
    const char* const names[2] = {"exc", "inh"};
    for (int kind = 0; kind < 2; ++kind) {
        collect.add(fmt::format("{} input", names[kind]), "events/s", kinds[kind] / seconds);
    }
    for (int kind = 0; kind < 2 && !apical.empty(); ++kind) {
        for (int tree = 0; tree < 2; ++tree) {
            collect.add(fmt::format("{} {}", names[kind], tree == 0 ? "basal" : "apical"),
                        "per 100 ms", trees[kind][tree] / seconds / 10);
        }
    }
    collect.add("exc-inh correlation, 50 ms windows", "-",
                covariance(windows[0], windows[1]) / deviation(windows[0]) / deviation(windows[1]));
    collect.add("synapses with an event at 0 ms", "-", static_cast<double>(dead));
}

}  // namespace

const StatisticRow& NeuronIoStatistics::row(const std::string& name) const {
    for (const StatisticRow& candidate : rows) {
        if (candidate.name == name) return candidate;
    }
    throw std::out_of_range(name);
}

NeuronIoStatistics neuronio_statistics(const std::string& path, void (*tick)()) {
    const NeuronIoFile file(path);
    const Hdf5File raw = Hdf5File::open(path);
    const std::vector<double> apical = raw.has("/segment_is_apical")
                                           ? raw.read<double>("/segment_is_apical")
                                           : std::vector<double>{};
    NeuronIoStatistics statistics;
    statistics.simulations = file.size();
    Collector collect;
    for (std::int64_t index = 0; index < file.size(); ++index) {
        if (tick != nullptr) tick();
        const NeuronIoSimulation simulation = file.read(index);
        const auto spikes = std::ssize(simulation.output_spike_times_ms);
        statistics.output_spikes += spikes;
        statistics.silent += spikes == 0 ? 1 : 0;
        statistics.rates_hz.push_back(static_cast<double>(spikes) * 1000 /
                                      static_cast<double>(file.n_steps()));
        add_output(collect, simulation);
        add_soma(collect, simulation.soma_voltage_mV);
        const std::string nexus = fmt::format("/{}/nexus_voltage_mV", simulation.name);
        if (raw.has(nexus)) {
            const std::vector<double> voltage = raw.read<double>(nexus);
            collect.add("nexus voltage mean", "mV", mean_of(voltage));
            collect.add("nexus voltage SD", "mV", deviation(voltage));
            collect.add("nexus above -40", "share", share_above(voltage, plateau_mV));
        }
        add_input(collect, simulation.input, apical);
    }
    statistics.rows = collect.rows();
    return statistics;
}

}  // namespace elm
