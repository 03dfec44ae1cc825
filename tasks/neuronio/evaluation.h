#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include "baselines/fitted_model.h"
#include "tasks/metrics.h"
#include "tasks/neuronio/neuronio_file.h"

namespace elm {

/// How a fitted neuron is scored on NeuronIO ground truth (Beniaguev et al. 2021, Spieler et al.
/// 2024).
/// published: windows of 500 ms advanced by 350 ms, each from zero state, the first 150 ms of all
/// but the first window thrown away; then the predicted voltage is shifted and scaled to the mean
/// and standard deviation of the target over the whole file.
/// continuous: one run from t = 0, no alignment.
enum class Protocol { published, continuous };
std::string_view name_of(Protocol protocol) noexcept;
Protocol parse_protocol(std::string_view name);  // throws Error{invalid}

/// Steps of every simulation that are not scored, at its start, and spikes beyond which a
/// simulation is left out. Source: the evaluation of Spieler et al. 2024, arXiv 2306.16922.
inline constexpr std::int64_t ignored_neuronio_steps = 500, most_scored_spikes = 24;

/// Prediction of a model for every bin of every simulation, simulation after simulation.
struct NeuronIoPrediction {
    std::vector<double> spike_logit;
    std::vector<double> spike_probability;  // in the precision of the model
    std::vector<double> voltage_mV;         // above -67.7 mV, not aligned
};

/// Runs all models on all simulations, which agree in length. Prediction k belongs to model k.
/// Models of one precision; those of a kind that gains from it run together. `progress(done,
/// total)` is called between pieces of work, in neuron-steps; it may throw. Throws Error{invalid}
/// for a model that does not fit the data and Error{numeric} for an output that is not finite.
std::vector<NeuronIoPrediction> predict(
    Stream& stream, std::span<const FittedModel* const> models,
    std::span<const NeuronIoSimulation> simulations, Protocol protocol,
    const std::function<void(std::int64_t, std::int64_t)>& progress);

struct NeuronIoScores {
    double loss = 0;  // of training (tasks/training/neuronio_loss.h), the voltage not aligned
    RocCurve roc;
    double auc = 0;
    double tpr_at_fpr_0_0025 = 0, tpr_at_fpr_0_01 = 0;
    double mean_tpr_below_fpr_0_0025 = 0, mean_tpr_below_fpr_0_01 = 0;
    FitQuality voltage{};  // mV
    std::int64_t n_simulations = 0, n_bins = 0;
};

/// Scores one prediction. Left out are simulations of more than 24 spike bins and the first 500 ms
/// of the others; the spike bin of time t is floor(t - 0.5), the target voltage min(V, -55).
NeuronIoScores score(std::span<const NeuronIoSimulation> simulations,
                     const NeuronIoPrediction& prediction, Protocol protocol);

/// predict() and score() for one model.
NeuronIoScores evaluate(Stream& stream, const FittedModel& model,
                        std::span<const NeuronIoSimulation> simulations, Protocol protocol);

}  // namespace elm
