#include "baselines/model_registry.h"

#include <utility>

#include <fmt/format.h>

#include "kernels/core/check.h"
#include "kernels/io/option_set.h"
#include "kernels/io/toml_config.h"

namespace elm {

#define ELM_ENTRY(id) ModelEntry id##_entry();
#include "baselines/models.def"
#undef ELM_ENTRY

namespace {

std::vector<ModelEntry>& entries() {
    static std::vector<ModelEntry> entries{
#define ELM_ENTRY(id) id##_entry(),
#include "baselines/models.def"
#undef ELM_ENTRY
    };
    return entries;
}

}  // namespace

const std::vector<ModelEntry>& all_models() { return entries(); }

void add_model(ModelEntry entry) {
    for (const ModelEntry& other : entries()) {
        ELM_CHECK(other.name != entry.name, "there is a model {} already", entry.name);
    }
    entries().push_back(std::move(entry));
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
