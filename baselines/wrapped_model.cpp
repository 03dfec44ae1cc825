#include "baselines/wrapped_model.h"

#include <string>
#include <utility>

namespace elm {

ModelTraits WrappedModel::traits() const {
    ModelTraits traits = inner_.traits();
    traits.inhibitory_half = false;
    traits.n_memory = traits.n_branch = 0;
    return traits;
}

double WrappedModel::flops_per_step(std::int64_t steps) {
    const std::int64_t around = products_per_step(*this) - products_per_step(inner_);
    return inner_.flops_per_step(steps) + 2 * static_cast<double>(around);
}

std::vector<NamedArray> WrappedModel::arrays() {
    std::vector<NamedArray> all = SequenceModel::arrays();
    std::erase_if(all, [](const NamedArray& array) { return array.name.starts_with(prefix); });
    for (NamedArray& array : inner_.arrays()) {
        array.name.insert(0, prefix);
        all.push_back(std::move(array));
    }
    return all;
}

}  // namespace elm
