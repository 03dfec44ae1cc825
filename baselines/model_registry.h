#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "kernels/io/option_set.h"
#include "kernels/modules/sequence_model.h"

namespace elm {

/// A sequence model that is known by name: what its file in this room says about it.
struct ModelEntry {
    std::string name;
    std::string summary;
    std::string source;  // authors, year, DOI or arXiv id
    bool of_point_neurons = false;
    /// The options that it takes, with their defaults.
    OptionSet (*options)();
    /// The model without values of its parameters: allocate_parameters() draws them. `seed`: of
    /// what a model draws when it is made, as which input feeds which synapse. Throws
    /// Error{invalid} for options that do not go together.
    std::unique_ptr<SequenceModel> (*make)(const OptionSet& options, const SequenceShape& shape,
                                           std::uint64_t seed);

    // --- for models that are more than their parameters
    /// The options as a file holds them; null: all, as they are.
    Values (*written_options)(const OptionSet& options, const SequenceShape& shape) = nullptr;
    /// The model whose SequenceModel::arrays() these are; null: made, then its parameters set.
    std::unique_ptr<SequenceModel> (*restore)(const OptionSet& options, const SequenceShape& shape,
                                              std::vector<NamedArray> arrays) = nullptr;
    /// Whether a fitted model takes other options, where its arrays still fit.
    bool options_change = false;
    /// The option that is the time step in ms; empty: there is none.
    std::string time_step_option = {};
    /// Whether a fitted model with these options keeps its meaning under another time step.
    bool (*time_step_changes)(const OptionSet& options) = nullptr;

    // --- for random searches
    /// An option of training, and the range that suits this model where it is not the usual one.
    /// Its own options say theirs themselves (Option::search).
    struct TrainingSearch {
        std::string option;
        SearchRange range;
    };
    std::vector<TrainingSearch> training_search = {};
};

/// All of them: those of models.def in its order, then those that were added.
const std::vector<ModelEntry>& all_models();

/// Adds a model that a program brings with it. Not beside other threads. Throws Error{invalid} for
/// a name that is taken.
void add_model(ModelEntry entry);

/// Throws Error{invalid} with the nearest name if there is no such model.
const ModelEntry& find_model(std::string_view name);

}  // namespace elm
