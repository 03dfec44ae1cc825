#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "kernels/modules/sequence_model.h"

namespace elm {

class OptionSet;

/// A sequence model that is known by name: what its file in this room says about it.
struct ModelEntry {
    std::string name;
    std::string summary;
    std::string source;  // authors, year, DOI or arXiv id
    bool of_point_neurons = false;
    /// The options that it takes, with their defaults.
    OptionSet (*options)();
    /// The model without numbers: allocate_parameters() draws them. Throws Error{invalid} for
    /// options that do not go together.
    std::unique_ptr<SequenceModel> (*make)(const OptionSet& options, const SequenceShape& shape);
};

/// All of them, in the order of models.def.
const std::vector<ModelEntry>& all_models();

/// Throws Error{invalid} with the nearest name if there is no such model.
const ModelEntry& find_model(std::string_view name);

}  // namespace elm
