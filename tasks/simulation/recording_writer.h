#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "baselines/fitted_model.h"
#include "kernels/io/hdf5_file.h"

namespace elm {

/// Parts of each sample that a simulation keeps.
struct RecordingChoice {
    bool output = false;    // spike_probability, or all outputs of a model that is no NeuronIO fit
    bool voltage = false;   // voltage_mV
    bool memory = false;    // memory (steps, d_m)
    bool branches = false;  // branches (steps, d_b): traces
};

/// Reads "output", "voltage", "memory", "branches". Throws Error{invalid} for another word, with
/// the nearest, and for what the model does not have.
RecordingChoice parse_recording(const std::vector<std::string>& words, const FittedModel& model);

/// True for a model whose two outputs are spike logit and scaled soma voltage.
bool has_neuronio_outputs(const ModelSpec& model);

/// Bytes that a recording takes for each step of a sample.
double bytes_of_step(const FittedModel& model, const RecordingChoice& choice);

/// Writes what a model did, chunk by chunk: one group per sample, datasets that grow with time.
/// Entry k of a dataset is the state at the end of step first_step + k.
class RecordingWriter {
public:
    /// Creates the file. `first_step`: the first step that is kept.
    RecordingWriter(const std::string& path, const FittedModel& model, RecordingChoice choice,
                    const std::string& model_name, const std::string& config,
                    std::int64_t first_step);

    /// Makes the group of a sample. `chunk_steps`: steps that append() is given at a time.
    void add_sample(const std::string& name, std::int64_t chunk_steps);

    /// Adds steps [begin, end) of sample `index` of a chunk; tensors are on the CPU.
    void append(const std::string& name, const SequenceTrace& trace, std::int64_t index,
                std::int64_t begin, std::int64_t end);

    void close() { file_.close(); }

private:
    Hdf5File file_;
    ModelSpec model_;
    ModelTraits traits_;
    RecordingChoice choice_;
    FileType type_;
};

}  // namespace elm
