#include "baselines/model_registry.h"

#include <utility>

#include "baselines/backbones/mixed_model.h"
#include "baselines/expected_names.h"
#include "kernels/io/option_set.h"
#include "kernels/io/registry.h"

namespace elm {

#define ELM_MODEL(family, id) ModelEntry id##_entry();
#define ELM_MIXED(...)
#include "baselines/models.def"
#undef ELM_MODEL
#undef ELM_MIXED

namespace {

std::vector<ModelEntry>& entries() {
    static std::vector<ModelEntry> entries{
#define ELM_MODEL(family, id) id##_entry(),
#define ELM_MIXED(id, backbone, mixer, ...)                                                     \
    mixed_entry(                                                                                \
        #id, #backbone, #mixer, [] { return mixed_options(#backbone, #mixer, {__VA_ARGS__}); }, \
        [](const OptionSet& options, const SequenceShape& shape, std::uint64_t seed) {          \
            return make_mixed(#backbone, #mixer, options, shape, seed);                         \
        }),
#include "baselines/models.def"
#undef ELM_MODEL
#undef ELM_MIXED
    };
    return entries;
}

}  // namespace

const std::vector<ModelEntry>& all_models() { return entries(); }

void add_model(ModelEntry entry) { add_entry(entries(), std::move(entry), "model"); }

const ModelEntry& find_model(std::string_view name) {
    return find_listed(entries(), name, "sequence model", "elmsim list models");
}

}  // namespace elm
