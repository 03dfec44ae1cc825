#include "network/neurons/channel.h"

#include <string_view>

namespace elm::network {

Channel channel_of(const NeuronModel& model, const std::string& name, bool negative) {
    if (!name.empty()) return {NeuronModel::index_of(model.inputs, name), false};
    const bool second = negative && model.inputs.size() > 1 &&
                        std::string_view(model.inputs[1].name) == "inhibitory";
    const std::size_t input = second ? 1 : 0;
    return {input, negative && model.inputs[input].lowest >= 0};
}

}  // namespace elm::network
