#include "baselines/backbones/mixed_model.h"

#include <string>

#include <fmt/format.h>

#include "baselines/backbones/backbone_registry.h"

namespace elm {

OptionSet mixed_options(std::string_view backbone, std::string_view mixer,
                        std::initializer_list<PublishedOption> published) {
    OptionSet options = find_backbone(backbone).options();
    const OptionSet of_mixer = find_mixer(mixer).options();
    for (const Option& option : of_mixer.options()) options.declare(option);
    for (const auto& [name, text] : published) options.set(name, text);
    return options;
}

std::unique_ptr<SequenceModel> make_mixed(std::string_view backbone, std::string_view mixer,
                                          const OptionSet& options, const SequenceShape& shape,
                                          std::uint64_t seed) {
    const MixerEntry& part = find_mixer(mixer);
    return find_backbone(backbone).make(
        options, shape, [&](const MixerPlace& place) { return part.make(options, place); }, seed);
}

namespace {

/// Of a model that differs from its mixer in that.
std::string own_chunk(const OptionSet& model, const OptionSet& mixer) {
    constexpr const char* name = "chunk";
    for (const Option& option : mixer.options()) {
        if (option.name != name || model.text(name) == mixer.text(name)) continue;
        return fmt::format(", within chunks of {} steps", model.text(name));
    }
    return {};
}

}  // namespace

ModelEntry mixed_entry(std::string_view name, std::string_view backbone, std::string_view mixer,
                       OptionSet (*options)(),
                       std::unique_ptr<SequenceModel> (*make)(const OptionSet&,
                                                              const SequenceShape&,
                                                              std::uint64_t)) {
    const BackboneEntry& whole = find_backbone(backbone);
    const MixerEntry& part = find_mixer(mixer);
    ModelEntry entry{.name = std::string(name),
                     .summary = fmt::format("{} with {}{}", whole.summary, part.summary,
                                            own_chunk(options(), part.options())),
                     .source = part.source,
                     .options = options,
                     .make = make};
    if (part.learning_rate.given()) {
        entry.training_search = {{"learning_rate", part.learning_rate}};
    }
    return entry;
}

}  // namespace elm
