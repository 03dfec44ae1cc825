#include "neuron/cable/channels/channel.h"

#include <string>

#include "kernels/core/support/check.h"
#include "kernels/io/toml_config.h"

namespace elm::cable {

#define ELM_ENTRY(id) Channel id##_channel();
#include "neuron/cable/channels/channels.def"
#undef ELM_ENTRY

const std::vector<Channel>& all_channels() {
    static const std::vector<Channel> channels = {
#define ELM_ENTRY(id) id##_channel(),
#include "neuron/cable/channels/channels.def"
#undef ELM_ENTRY
    };
    return channels;
}

int find_channel(std::string_view name) {
    const auto& channels = all_channels();
    for (std::size_t i = 0; i < channels.size(); ++i) {
        if (name == channels[i].name) return static_cast<int>(i);
    }
    std::vector<std::string> names;
    for (const Channel& channel : channels) names.emplace_back(channel.name);
    throw Error(ErrorKind::invalid,
                fmt::format("there is no channel '{}'.{}", name, nearest_hint(name, names)));
}

}  // namespace elm::cable
