#include "baselines/model_registry.h"

#include <fmt/format.h>

#include "kernels/core/check.h"
#include "kernels/io/option_set.h"
#include "kernels/io/toml_config.h"

namespace elm {

#define ELM_ENTRY(id) ModelEntry id##_entry();
#include "baselines/models.def"
#undef ELM_ENTRY

const std::vector<ModelEntry>& all_models() {
    static const std::vector<ModelEntry> entries{
#define ELM_ENTRY(id) id##_entry(),
#include "baselines/models.def"
#undef ELM_ENTRY
    };
    return entries;
}

const ModelEntry& find_model(std::string_view name) {
    std::vector<std::string> names;
    for (const ModelEntry& entry : all_models()) {
        if (entry.name == name) return entry;
        names.push_back(entry.name);
    }
    throw Error(ErrorKind::invalid,
                fmt::format("there is no sequence model {}, expected one of {}.{}", name,
                            fmt::join(names, ", "), nearest_hint(name, names)));
}

}  // namespace elm
