#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "baselines/mixers/mixer_registry.h"
#include "kernels/modules/sequence_model.h"

namespace elm {

/// Makes the mixer of one place.
using MakeMixer = std::function<std::unique_ptr<SequenceMixer>(const MixerPlace& place)>;

/// A backbone that is known by name: a model but for its mixers.
struct BackboneEntry {
    std::string name;
    std::string summary;
    std::string source;  // authors, year, DOI or arXiv id
    /// The options that it takes, with their defaults; their names differ from those of mixers.
    OptionSet (*options)();
    /// Options may hold more than those above. Throws Error{invalid} for some that do not go
    /// together.
    std::unique_ptr<SequenceModel> (*make)(const OptionSet& options, const SequenceShape& shape,
                                           const MakeMixer& make_mixer, std::uint64_t seed);
};

/// BackboneEntry::make of a model that is constructed from all of them.
template <class Model>
std::unique_ptr<SequenceModel> make_backbone_of(const OptionSet& options,
                                                const SequenceShape& shape,
                                                const MakeMixer& make_mixer, std::uint64_t seed) {
    return std::make_unique<Model>(options, shape, make_mixer, seed);
}

/// Those of backbones.def in its order.
const std::vector<BackboneEntry>& all_backbones();

/// Throws Error{invalid} with the nearest name if there is no such backbone.
const BackboneEntry& find_backbone(std::string_view name);

}  // namespace elm
