#include "baselines/backbones/backbone_registry.h"

#include "kernels/io/option_set.h"
#include "kernels/io/registry.h"

namespace elm {

#define ELM_ENTRY(id) BackboneEntry id##_backbone();
#include "baselines/backbones/backbones.def"
#undef ELM_ENTRY

const std::vector<BackboneEntry>& all_backbones() {
    static const std::vector<BackboneEntry> entries{
#define ELM_ENTRY(id) id##_backbone(),
#include "baselines/backbones/backbones.def"
#undef ELM_ENTRY
    };
    return entries;
}

const BackboneEntry& find_backbone(std::string_view name) {
    return find_entry(all_backbones(), name, "backbone");
}

}  // namespace elm
