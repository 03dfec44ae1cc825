#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "baselines/mixers/sequence_mixer.h"
#include "kernels/io/option_set.h"

namespace elm {

/// Where a mixer stands in a model.
struct MixerPlace {
    std::int64_t width = 1;
    bool causal = true;      // the pattern that the model will ask for
    std::int64_t layer = 0;  // from the first one
    std::uint64_t seed = 0;  // of what is drawn when a model is made
};

/// A mixer that is known by name: what its file says about it.
struct MixerEntry {
    std::string name;
    std::string summary;
    std::string source;  // authors, year, DOI or arXiv id
    /// The options that it takes, with their defaults; their names differ from those of backbones.
    OptionSet (*options)();
    /// Options may hold more than those above. Throws Error{invalid} for some that do not go
    /// together.
    std::unique_ptr<SequenceMixer> (*make)(const OptionSet& options, const MixerPlace& place);
    /// Learning rates that a random search draws for models with it; none: the usual ones.
    SearchRange learning_rate = {};
};

/// MixerEntry::make of a mixer that is constructed from both.
template <class Mixer>
std::unique_ptr<SequenceMixer> make_mixer_of(const OptionSet& options, const MixerPlace& place) {
    return std::make_unique<Mixer>(options, place);
}

/// Those of mixers.def in its order.
const std::vector<MixerEntry>& all_mixers();

/// Throws Error{invalid} with the nearest name if there is no such mixer.
const MixerEntry& find_mixer(std::string_view name);

}  // namespace elm
