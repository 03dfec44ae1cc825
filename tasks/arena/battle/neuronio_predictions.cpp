#include "tasks/arena/battle/neuronio_predictions.h"

#include <algorithm>
#include <cmath>
#include <filesystem>

#include <fmt/format.h>

#include "kernels/core/support/error.h"
#include "kernels/io/fingerprint.h"
#include "tasks/arena/sets/arena_division.h"
#include "tasks/neuronio/neuronio_output.h"
#include "tasks/neuronio/usual_errors.h"

namespace elm {
namespace {

/// Scored steps of a simulation that counts.
struct ScoredSimulation {
    std::int64_t number = 0;
    std::size_t begin = 0;  // of its first scored step, among the steps of all simulations
    std::vector<std::uint8_t> spikes = {};
    std::vector<double> voltage = {};  // above the bias, mV
};

std::vector<ScoredSimulation> scored(std::span<const NeuronIoSimulation> simulations) {
    std::vector<ScoredSimulation> all;
    std::size_t begin = 0;
    for (std::size_t k = 0; k < simulations.size(); ++k) {
        const NeuronIoSimulation& simulation = simulations[k];
        const auto n = static_cast<std::size_t>(simulation.input.n_steps);
        const auto bins = spike_bins(simulation);
        const std::size_t first = std::min<std::size_t>(ignored_neuronio_steps, n);
        if (std::count(bins.begin(), bins.end(), 1) <= most_scored_spikes && first < n) {
            ScoredSimulation one{.number = static_cast<std::int64_t>(k), .begin = begin + first};
            for (std::size_t step = first; step < n; ++step) {
                one.spikes.push_back(bins[step] != 0 ? 1 : 0);
                one.voltage.push_back(target_above_bias(simulation.soma_voltage_mV[step]));
            }
            all.push_back(std::move(one));
        }
        begin += n;
    }
    constexpr std::size_t fewest = 2;  // one of either part
    if (all.size() < fewest) {
        throw Error(ErrorKind::data, fmt::format("{} of {} simulations count: a battle takes two "
                                                 "at least.",
                                                 all.size(), simulations.size()));
    }
    return all;
}

UsualErrors usual_errors(const std::vector<ScoredSimulation>& all) {
    UsualErrors usual;
    for (const ScoredSimulation& one : all) {
        for (std::size_t k = 0; k < one.spikes.size(); ++k) {
            usual.add(one.spikes[k] != 0, one.voltage[k]);
        }
    }
    return usual;
}

double loss_of(const ScoredSimulation& one, const NeuronIoPrediction& prediction,
               const UsualErrors& usual) {
    double cross_entropy = 0, squares = 0;
    for (std::size_t k = 0; k < one.spikes.size(); ++k) {
        const double z = prediction.spike_logit[one.begin + k];
        const double error = prediction.voltage_mV[one.begin + k] - one.voltage[k];
        cross_entropy +=
            std::max(z, 0.0) + std::log1p(std::exp(-std::abs(z))) - (one.spikes[k] != 0 ? z : 0);
        squares += error * error;
    }
    const auto n = static_cast<double>(one.spikes.size());
    return cross_entropy / n / usual.cross_entropy() + squares / n / usual.variance();
}

/// Of the file that a model is of, or its name where it is of none.
std::string fingerprint_of_model(const std::string& name) {
    return std::filesystem::is_regular_file(name) ? fingerprint_of_file(name) : name;
}

std::string fingerprint_of(const std::vector<ScoredSimulation>& all) {
    Fingerprint digits;
    for (const ScoredSimulation& one : all) {
        digits.add(one.number);
        digits.add(one.voltage);
    }
    return digits.text();
}

}  // namespace

std::vector<Predictions> neuronio_predictions(Stream& stream, std::span<const NamedModel> models,
                                              std::span<const NeuronIoSimulation> simulations,
                                              const std::function<void()>& poll) {
    const std::vector<ScoredSimulation> kept = scored(simulations);
    const UsualErrors usual = usual_errors(kept);
    std::vector<const FittedModel*> fitted;
    std::vector<std::string> paths;
    for (const NamedModel& model : models) {
        fitted.push_back(&model.model);
        paths.push_back(model.name);
    }
    const std::vector<std::string> names = names_of_files(paths);
    require_distinct(names, paths);
    const std::vector<NeuronIoPrediction> predicted =
        predict(stream, fitted, simulations, Protocol::continuous, [&](auto, auto) { poll(); });
    std::vector<Predictions> all;
    for (std::size_t m = 0; m < models.size(); ++m) {
        Predictions& one =
            all.emplace_back(Predictions{.task = "neuronio",
                                         .model = names[m],
                                         .seed = 0,
                                         .temperature = 1,
                                         .arena_fingerprint = fingerprint_of(kept),
                                         .model_fingerprint = fingerprint_of_model(paths[m]),
                                         .parts = {}});
        PartAnswers arena{.part = part::arena}, test{.part = part::test};
        for (std::size_t k = 0; k < kept.size(); ++k) {
            PartAnswers& part = k % 2 == 0 ? arena : test;
            part.samples.push_back(kept[k].number);
            part.loss.push_back(loss_of(kept[k], predicted[m], usual));
        }
        one.parts = {std::move(arena), std::move(test)};
    }
    return all;
}

}  // namespace elm
