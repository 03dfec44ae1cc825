#include "baselines/mixers/mixer_registry.h"

#include "baselines/expected_names.h"
#include "kernels/io/option_set.h"

namespace elm {

#define ELM_MIXER(family, id) MixerEntry id##_mixer();
#include "baselines/mixers/mixers.def"
#undef ELM_MIXER

const std::vector<MixerEntry>& all_mixers() {
    static const std::vector<MixerEntry> entries{
#define ELM_MIXER(family, id) id##_mixer(),
#include "baselines/mixers/mixers.def"
#undef ELM_MIXER
    };
    return entries;
}

const MixerEntry& find_mixer(std::string_view name) {
    return find_listed(all_mixers(), name, "sequence mixer", "elmsim list models --patterns");
}

}  // namespace elm
