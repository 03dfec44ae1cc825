#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "kernels/io/toml_config.h"
#include "tasks/comparison/sample_scores.h"
#include "tasks/task.h"
#include "tasks/training/training.h"

/// What a cell of a comparison leaves: one model, one seed, one task, trained and measured. As an
/// HDF5 file:
///
///   /                 format = "comparison-cell", format_version, and the figures below by name
///   /config           the configuration of the run, as TOML
///   /curve            update, METRIC: validations in their order
///   /samples          count, PART of the loss, calibrated_loss: a number for each scored sample
namespace elm {

enum class CellState : std::uint8_t {
    done,
    diverged,   // numbers were not finite
    no_memory,  // a pass over one sample is larger than the memory
};
std::string_view name_of(CellState state) noexcept;

struct CellResult {
    static constexpr double unknown = std::numeric_limits<double>::quiet_NaN();

    std::string model;
    std::uint64_t seed = 0;
    CellState state = CellState::done;
    std::string message = {};  // why it is not done
    std::string device = {}, precision = {};
    std::int64_t threads = 0;

    std::int64_t parameters = 0;
    std::int64_t updates = 0, samples = 0;  // trained on
    std::int64_t best_update = 0;
    double flops = 0;             // of the training
    double flops_per_update = 0;  // of it; of stages, their sum: each may leave so much
    double flops_per_sample = 0;  // forward, of the longest sample
    double training_seconds = 0, validation_seconds = 0;
    double training_rate = unknown, inference_rate = unknown;  // samples per second
    double peak_memory_bytes = unknown;                        // of a training pass
    double joules = unknown;                                   // of the training, all processors
    double gpu_joules = unknown;                               // of the GPU beside them
    std::vector<double> validation = {};                       // metrics of the best model
    std::vector<double> scores = {};  // the same on the test split, where there is one
    std::vector<Validation> curve = {};
    SampleScores on_samples = {};  // of the scored split
    Config config = {};

    bool done() const noexcept { return state == CellState::done; }
};

/// The split that models are compared on.
Split scored_split(const TaskSpec& task);

/// Throws Error{exists} if `path` is there and `force` is false, Error{write}.
void write_cell_result(const std::string& path, const CellResult& result, const TaskSpec& task,
                       bool force);

/// Throws Error{data} for a file that is none or of another task.
CellResult read_cell_result(const std::string& path, const TaskSpec& task);

}  // namespace elm
