#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "baselines/model_file.h"
#include "tasks/arena/sets/arena_pool.h"

namespace elm {

/// What a model made of each sample of one part of an arena.
struct PartAnswers {
    std::string part;                // "arena-test"
    SampleNumbers samples = {};      // of the pool
    std::vector<double> loss = {};   // of each sample, as it is trained
    std::vector<double> terms = {};  // (samples, terms): what the loss is the sum of; of numbers
    SampleNumbers group = {};        // of each sample; empty: each stands alone
    std::vector<double> right = {};  // share of right answers; empty: the answers are no classes
    std::vector<double> calibrated = {};   // loss after calibration(); as `right`
    std::vector<std::int32_t> label = {};  // where a sample has one class; else empty
    /// (samples, classes), as `label`; of numbers (samples, steps and columns), where they were
    /// kept.
    std::vector<float> outputs = {};
    std::vector<double> difficulty = {};  // 0 to 10, by the committee; empty: not known

    std::int64_t size() const noexcept { return std::ssize(loss); }
    std::int64_t n_outputs() const { return loss.empty() ? 0 : std::ssize(outputs) / size(); }
    std::int64_t n_terms() const { return loss.empty() ? 0 : std::ssize(terms) / size(); }
    /// Outputs of one sample, where there are such.
    std::vector<double> output(std::int64_t sample) const;
};

/// A file of predictions: one model on some parts of an arena.
///
///   /                 format = "arena-predictions", format_version, task, model, seed,
///                     temperature, arena and model (fingerprints of both)
///   /PART/sample, group   (samples) int64
///   /PART/loss, right, calibrated, difficulty   (samples) float64
///   /PART/label       (samples) int32
///   /PART/outputs     (samples, classes, or steps and columns) float32
///   /PART/terms       (samples, terms) float64
struct Predictions {
    std::string task, model;
    std::uint64_t seed = 0;
    double temperature = 1;
    std::string arena_fingerprint;
    std::string model_fingerprint;  // of its file; the name of a model that is of none
    std::vector<PartAnswers> parts;

    /// Throws Error{data} for a part that is not there.
    const PartAnswers& part(const std::string& name) const;
};

/// Names that tell files of models apart and are names of files themselves.
std::vector<std::string> names_of_files(const std::vector<std::string>& paths);
/// Throws Error{invalid} where two models, `of` their files or kinds, would have the same name and
/// so leave their predictions in one place.
void require_distinct(const std::vector<std::string>& names, const std::vector<std::string>& of);

void write_predictions(const std::string& path, const Predictions& predictions, bool force);
/// Throws Error{data} for another file, and for parts that do not agree in themselves.
Predictions read_predictions(const std::string& path);

/// Temperature of a model's classes on these samples, as calibration(); 1 for other tasks.
double temperature_on(Stream& stream, const ArenaPool& pool, const FittedModel& model,
                      const SampleNumbers& samples);

/// Whether all outputs of a model are kept of a task without classes, as lessons need them.
enum class NumberOutputs : std::uint8_t { left_out, kept };

/// Throws Error{numeric} for outputs that are not finite, Error{invalid} for a task whose metrics
/// are no means over samples.
PartAnswers answer(Stream& stream, const ArenaPool& pool, const FittedModel& model,
                   const std::string& part, const SampleNumbers& samples, double temperature,
                   NumberOutputs numbers = NumberOutputs::left_out);

}  // namespace elm
