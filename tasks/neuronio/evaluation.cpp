#include "tasks/neuronio/evaluation.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <memory>
#include <typeindex>

#include <fmt/core.h>

#include "kernels/core/support/check.h"
#include "kernels/io/toml_config.h"
#include "tasks/neuronio/neuronio_output.h"

namespace elm {
namespace {

// Source of all: the evaluation of Spieler et al. 2024, arXiv 2306.16922.
constexpr std::int64_t window_steps = 500, window_advance = 350;
constexpr std::int64_t window_overlap = window_steps - window_advance;

constexpr std::int64_t rows_at_once = 65536;  // samples x steps of one run: bounds the memory
constexpr std::int64_t chunk_steps = 500;

/// A stretch of one simulation that is run from zero state. Its first `n_dropped` steps are thrown
/// away.
struct Window {
    std::int64_t simulation, begin, n_dropped;
};

std::vector<Window> windows_of(Protocol protocol, std::int64_t n_simulations,
                               std::int64_t n_steps) {
    std::vector<Window> windows;
    for (std::int64_t simulation = 0; simulation < n_simulations; ++simulation) {
        windows.push_back({simulation, 0, 0});
        if (protocol == Protocol::continuous) continue;
        for (std::int64_t begin = window_advance; begin + window_overlap < n_steps;
             begin += window_advance) {
            windows.push_back({simulation, begin, window_overlap});
        }
    }
    return windows;
}

/// Takes over what one neuron said about steps [first, first + n) of some windows.
void take_over(const Tensor& output, std::span<const Window> windows, std::int64_t first,
               std::int64_t n_steps, NeuronIoPrediction& prediction) {
    Stream host{Device{}};
    const Tensor values = output.to(host);
    const std::int64_t n_chunk = values.shape()[1];
    visit_real(values.dtype(), [&]<class Real>(Real) {
        const auto y = view<const Real, 3>(values);
        for (std::size_t w = 0; w < windows.size(); ++w) {
            const Window& window = windows[w];
            for (std::int64_t k = 0; k < n_chunk; ++k) {
                const std::int64_t step = window.begin + first + k;
                if (first + k < window.n_dropped || step >= n_steps) continue;
                const Real logit = y(w, k, 0), voltage = y(w, k, 1);
                if (!std::isfinite(logit) || !std::isfinite(voltage)) {
                    throw Error(ErrorKind::numeric,
                                fmt::format("the output of the model is not finite at step {} of "
                                            "simulation {}",
                                            step, window.simulation));
                }
                const auto at = static_cast<std::size_t>(window.simulation * n_steps + step);
                prediction.spike_logit[at] = static_cast<double>(logit);
                prediction.spike_probability[at] = spike_probability(logit);
                prediction.voltage_mV[at] = voltage_above_bias(voltage);
            }
        }
    });
}

/// Models that run on the same samples: those of one kind together.
class RunningModels {
public:
    RunningModels(Stream& stream, std::span<const FittedModel* const> models) : stream_(stream) {
        for (const FittedModel* model : models) {
            runners_.push_back(model->model->runner(stream));
            const SequenceRunner& runner = *runners_.back();
            kinds_[typeid(runner)].push_back(runners_.size() - 1);
        }
    }

    void start(std::int64_t n_samples) {
        for (const auto& runner : runners_) runner->start(stream_, n_samples);
    }

    /// Calls take(model, output) for each model, with what it says about these steps.
    template <class Take>
    void advance(const SpikeTrain& spikes, const Take& take) {
        for (const auto& [type, models] : kinds_) {
            std::vector<SequenceRunner*> together;
            for (const std::size_t model : models) together.push_back(runners_[model].get());
            const auto traces = together.front()->advance_together(stream_, together, spikes);
            for (std::size_t k = 0; k < models.size(); ++k) take(models[k], traces[k].output);
        }
    }

private:
    Stream& stream_;
    std::vector<std::unique_ptr<SequenceRunner>> runners_;
    std::map<std::type_index, std::vector<std::size_t>> kinds_;
};

double loss_of_bin(double logit, bool spikes, double voltage_error_mV) {
    const double cross_entropy =
        std::log1p(std::exp(-std::abs(logit))) + std::max(logit, 0.0) - (spikes ? logit : 0.0);
    const double error = voltage_error_mV / voltage_scale_mV;
    return 0.5 * (cross_entropy + error * error);
}

void require_fitting(const ModelSpec& model, std::int64_t n_channels) {
    ELM_CHECK(
        model.shape.n_input == n_channels && model.shape.n_output == 2 && model.time_step_ms == 1,
        "a model of {} inputs, {} outputs and steps of {} ms cannot be evaluated on this "
        "data: expected {} inputs, 2 outputs (spike logit, voltage) and steps of 1 ms.",
        model.shape.n_input, model.shape.n_output, model.time_step_ms, n_channels);
}

}  // namespace

std::string_view name_of(Protocol protocol) noexcept {
    return protocol == Protocol::published ? "published" : "continuous";
}

Protocol parse_protocol(std::string_view name) {
    for (const Protocol protocol : {Protocol::published, Protocol::continuous}) {
        if (name == name_of(protocol)) return protocol;
    }
    throw Error(ErrorKind::invalid,
                fmt::format("there is no protocol {}: expected published or continuous.{}", name,
                            nearest_hint(name, {"published", "continuous"})));
}

std::vector<NeuronIoPrediction> predict(
    Stream& stream, std::span<const FittedModel* const> models,
    std::span<const NeuronIoSimulation> simulations, Protocol protocol,
    const std::function<void(std::int64_t, std::int64_t)>& progress) {
    ELM_CHECK(!simulations.empty(), "there are no simulations to evaluate on");
    const std::int64_t n_steps = simulations.front().input.n_steps;
    for (const FittedModel* model : models) {
        require_fitting(model->spec, simulations.front().input.n_units);
    }
    const auto n_bins = simulations.size() * static_cast<std::size_t>(n_steps);
    std::vector<NeuronIoPrediction> predictions(models.size());
    for (NeuronIoPrediction& prediction : predictions) {
        prediction.spike_logit.resize(n_bins);
        prediction.spike_probability.resize(n_bins);
        prediction.voltage_mV.resize(n_bins);
    }
    const auto windows =
        windows_of(protocol, static_cast<std::int64_t>(simulations.size()), n_steps);
    const std::int64_t length = protocol == Protocol::published ? window_steps : n_steps;
    const auto total = static_cast<std::int64_t>(windows.size() * models.size()) * length;
    std::int64_t done = 0;
    constexpr auto batch = static_cast<std::size_t>(rows_at_once / chunk_steps);
    RunningModels running(stream, models);
    for (std::size_t at = 0; at < windows.size(); at += batch) {
        const auto group = std::span(windows).subspan(at, std::min(batch, windows.size() - at));
        const auto n_samples = static_cast<std::int64_t>(group.size());
        running.start(n_samples);
        for (std::int64_t first = 0; first < length; first += chunk_steps) {
            const std::int64_t count = std::min(chunk_steps, length - first);
            std::vector<SpikeTrain> parts;
            for (const Window& window : group) {
                const auto& input = simulations[static_cast<std::size_t>(window.simulation)].input;
                parts.push_back(slice_steps(input, window.begin + first, count));
            }
            running.advance(stack_samples(parts), [&](std::size_t model, const Tensor& output) {
                take_over(output, group, first, n_steps, predictions[model]);
                done += n_samples * count;
                progress(done, total);
            });
        }
    }
    return predictions;
}

NeuronIoScores score(std::span<const NeuronIoSimulation> simulations,
                     const NeuronIoPrediction& prediction, Protocol protocol) {
    std::vector<double> target;
    for (const NeuronIoSimulation& simulation : simulations) {
        for (const double voltage : simulation.soma_voltage_mV) {
            target.push_back(target_above_bias(voltage));
        }
    }
    std::vector<double> voltage = prediction.voltage_mV;
    if (protocol == Protocol::published) {
        const Moments wanted = moments(target), found = moments(voltage);
        const double scale = wanted.standard_deviation / found.standard_deviation;
        for (double& value : voltage) value = (value - found.mean) * scale + wanted.mean;
    }

    NeuronIoScores scores;
    double loss = 0;
    std::vector<double> kept_probability, kept_voltage, kept_target;
    std::vector<std::uint8_t> kept_spike;
    std::size_t begin = 0;
    for (const NeuronIoSimulation& simulation : simulations) {
        const auto n_steps = static_cast<std::size_t>(simulation.input.n_steps);
        const auto bins = spike_bins(simulation);
        const std::size_t first = begin + std::min<std::size_t>(ignored_neuronio_steps, n_steps);
        const std::size_t end = begin + n_steps;
        if (std::count(bins.begin(), bins.end(), 1) <= most_scored_spikes) {
            const auto keep = [&](auto& kept, const auto& all, std::size_t offset) {
                kept.insert(kept.end(), all.begin() + static_cast<std::ptrdiff_t>(first - offset),
                            all.begin() + static_cast<std::ptrdiff_t>(end - offset));
            };
            keep(kept_probability, prediction.spike_probability, 0);
            keep(kept_voltage, voltage, 0);
            keep(kept_target, target, 0);
            keep(kept_spike, bins, begin);
            for (std::size_t at = first; at < end; ++at) {
                loss += loss_of_bin(prediction.spike_logit[at], bins[at - begin] != 0,
                                    prediction.voltage_mV[at] - target[at]);
            }
            ++scores.n_simulations;
        }
        begin = end;
    }
    if (kept_target.empty()) {
        throw Error(ErrorKind::data,
                    fmt::format("nothing is left to score: every simulation has more than {} "
                                "spikes or is not longer than {} ms",
                                most_scored_spikes, ignored_neuronio_steps));
    }
    scores.n_bins = static_cast<std::int64_t>(kept_target.size());
    scores.loss = loss / static_cast<double>(scores.n_bins);
    scores.roc = roc_curve(kept_probability, kept_spike);
    scores.auc = area_under(scores.roc);
    scores.tpr_at_fpr_0_0025 = true_positive_rate_at(scores.roc, 0.0025);
    scores.tpr_at_fpr_0_01 = true_positive_rate_at(scores.roc, 0.01);
    scores.mean_tpr_below_fpr_0_0025 = mean_true_positive_rate(scores.roc, 50);
    scores.mean_tpr_below_fpr_0_01 = mean_true_positive_rate(scores.roc, 200);
    scores.voltage = fit_quality(kept_target, kept_voltage);
    return scores;
}

NeuronIoScores evaluate(Stream& stream, const FittedModel& model,
                        std::span<const NeuronIoSimulation> simulations, Protocol protocol) {
    const std::array<const FittedModel*, 1> models{&model};
    return score(simulations,
                 predict(stream, models, simulations, protocol, [](auto, auto) {}).front(),
                 protocol);
}

}  // namespace elm
