#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string_view>
#include <utility>

#include "baselines/model_registry.h"
#include "kernels/io/option_set.h"

/// Models that are a backbone with a mixer: one line of models.def each.
namespace elm {

/// A default that a model has in place of that of its backbone or mixer, as OptionSet::set takes
/// it.
using PublishedOption = std::pair<std::string_view, std::string_view>;

/// Options of the backbone, then of the mixer, with the model's own defaults.
OptionSet mixed_options(std::string_view backbone, std::string_view mixer,
                        std::initializer_list<PublishedOption> published);

std::unique_ptr<SequenceModel> make_mixed(std::string_view backbone, std::string_view mixer,
                                          const OptionSet& options, const SequenceShape& shape,
                                          std::uint64_t seed);

/// What the registry of models knows of such a model; the two functions are those above.
ModelEntry mixed_entry(std::string_view name, std::string_view backbone, std::string_view mixer,
                       OptionSet (*options)(),
                       std::unique_ptr<SequenceModel> (*make)(const OptionSet&,
                                                              const SequenceShape&, std::uint64_t));

}  // namespace elm
