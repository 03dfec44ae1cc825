#include "neuron/elm/elm_builtin.h"

#include <algorithm>

namespace elm {

#define ELM_ENTRY(id) BuiltinModel id##_model();
#include "neuron/elm/builtin_models.def"
#undef ELM_ENTRY

std::vector<BuiltinModel> builtin_models() {
    return {
#define ELM_ENTRY(id) id##_model(),
#include "neuron/elm/builtin_models.def"
#undef ELM_ENTRY
    };
}

const BuiltinModel* find_builtin(std::string_view name) {
    static const std::vector<BuiltinModel> models = builtin_models();
    const auto found = std::find_if(models.begin(), models.end(),
                                    [&](const BuiltinModel& model) { return model.name == name; });
    return found == models.end() ? nullptr : &*found;
}

}  // namespace elm
