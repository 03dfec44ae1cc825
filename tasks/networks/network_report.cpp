#include "tasks/networks/network_report.h"

#include <cmath>

#include <fmt/format.h>

#include "kernels/core/support/progress.h"
#include "kernels/io/counted.h"

namespace elm {
namespace {

/// A statistic of a population by its name in benchmark.h.
double statistic_of(const network::SpikeStatistics& statistics, const std::string& name) {
    if (name == "rate_hz") return statistics.rate_hz;
    if (name == "cv_isi") return statistics.cv_isi;
    if (name == "fano_5ms") return statistics.fano_5ms;
    return std::nan("");
}

}  // namespace

Table network_table(const NetworkPlan& plan, const NetworkResult& result) {
    Table table({"population", "neurons", "spikes", "rate (Hz)", "SD of rates", "CV of intervals",
                 "neurons with CV", "Fano 5 ms", "synchrony 3 ms", "correlation 2 ms", "peak (Hz)",
                 "power there"});
    for (std::size_t p = 0; p < result.statistics.size(); ++p) {
        const network::SpikeStatistics& s = result.statistics[p];
        table.add({plan.network.populations[p].name, fmt::format("{}", s.n_neurons),
                   fmt::format("{}", s.n_spikes), fmt::format("{:.4g}", s.rate_hz),
                   fmt::format("{:.3g}", s.rate_sd_hz), fmt::format("{:.3f}", s.cv_isi),
                   fmt::format("{}", s.n_cv), fmt::format("{:.3g}", s.fano_5ms),
                   fmt::format("{:.3g}", s.synchrony), fmt::format("{:.2g}", s.correlation),
                   fmt::format("{:g}", result.spectra[p].peak_hz()),
                   fmt::format("{:.3g}", result.spectra[p].peak())});
    }
    return table;
}

std::string network_report_notes(const NetworkPlan& plan) {
    return fmt::format(
        "From {:g} to {:g} ms. SD of rates: over neurons. CV: standard deviation / mean of a "
        "neuron's intervals, mean over neurons with at least {}. Fano: variance / mean of the "
        "spikes of all neurons in bins of 5 ms. Synchrony: the same of at most 1000 neurons in "
        "bins of 3 ms. Correlation: of the counts in bins of 2 ms, mean over pairs of at most 250 "
        "neurons that spike. Peak, power: of the spectrum of the counts of all neurons in bins of "
        "1 ms, windows of 500 ms; 1 for Poisson trains.\n",
        plan.network.discard_ms, plan.network.duration_ms, plan.least_intervals);
}

Table reference_table(const NetworkPlan& plan, const NetworkResult& result,
                      const network::Benchmark& benchmark) {
    Table table({"population", "statistic", "here", "reference", "SD", "runs", "difference / SD"});
    for (const network::ReferenceValue& value : benchmark.values) {
        for (std::size_t p = 0; p < result.statistics.size(); ++p) {
            if (plan.network.populations[p].name != value.population) continue;
            const double here = statistic_of(result.statistics[p], value.statistic);
            const bool known = value.deviation > 0;
            const double error = value.deviation * std::sqrt(1 + 1.0 / value.runs);
            table.add({value.population, value.statistic, fmt::format("{:.4g}", here),
                       fmt::format("{:g}", value.mean),
                       known ? fmt::format("{:g}", value.deviation) : "",
                       fmt::format("{}", value.runs),
                       known ? fmt::format("{:.1f}", (here - value.mean) / error) : ""});
        }
    }
    return table;
}

Record network_record(const NetworkPlan& plan, const NetworkResult& result) {
    Record rates, cvs, fanos, synchronies, correlations, peaks;
    for (std::size_t p = 0; p < result.statistics.size(); ++p) {
        const std::string& name = plan.network.populations[p].name;
        rates.set(name, result.statistics[p].rate_hz);
        cvs.set(name, result.statistics[p].cv_isi);
        fanos.set(name, result.statistics[p].fano_5ms);
        synchronies.set(name, result.statistics[p].synchrony);
        correlations.set(name, result.statistics[p].correlation);
        peaks.set(name, result.spectra[p].peak_hz());
    }
    Record record;
    record.set("neurons", plan.network.n_neurons())
        .set("synapses", result.engine->n_synapses())
        .set("synapse_bytes", result.engine->synapse_bytes())
        .set("engine_threads", std::int64_t{result.engine->n_threads()})
        .set("synaptic_events", result.engine->n_events())
        .set("received_bytes", result.engine->received_bytes())
        .set("exchanges", result.engine->n_exchanges())
        .set("build_seconds", result.build_seconds)
        .set("simulate_seconds", result.simulate_seconds)
        .set("real_time_factor", result.real_time_factor())
        .set("rates_hz", rates)
        .set("cv_isi", cvs)
        .set("fano_5ms", fanos)
        .set("synchrony_3ms", synchronies)
        .set("correlation_2ms", correlations)
        .set("peak_hz", peaks);
    return record;
}

std::string network_summary(const NetworkPlan& plan, const NetworkResult& result) {
    const network::Engine& engine = *result.engine;
    return fmt::format(
        "{}: {} neurons, {} synapses ({:.3g} GB), {}, {}, {}\n"
        "built in {:.3g} s; {:g} ms in {:.3g} s: real-time factor {:.3g}, {} synaptic events/s\n",
        plan.network.name, plan.network.n_neurons(), engine.n_synapses(),
        static_cast<double>(engine.synapse_bytes()) / 1e9,
        plan.engine == NetworkEngine::time_stepped
            ? fmt::format("steps of {:g} ms", plan.network.time_step_ms)
            : "event-driven",
        plan.engine == NetworkEngine::time_stepped ? name_of(plan.precision) : "f64",
        plan.device.kind == DeviceKind::cpu ? counted(engine.n_threads(), "thread", "threads")
                                            : describe(plan.device),
        result.build_seconds, result.duration_ms, result.simulate_seconds,
        result.real_time_factor(),
        human_count(static_cast<double>(engine.n_events()) / result.simulate_seconds));
}

}  // namespace elm
