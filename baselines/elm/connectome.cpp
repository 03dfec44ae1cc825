#include "baselines/elm/connectome.h"

namespace elm {

RandomKey connectome_key(std::uint64_t seed, std::uint32_t layer) {
    return RandomKey{seed}.for_purpose("elm network").for_part(layer);
}

Connectome draw_connectome(const ElmLayerShape& shape, std::int64_t inputs, std::int64_t synapses,
                           double recurrent_share, const RandomKey& key) {
    Connectome drawn;
    std::int64_t draw = 0;
    const auto index_below = [&](std::int64_t count) {
        const double unit = unit_uniform<double>(random_word(key, draw++));
        return static_cast<std::int32_t>(unit * static_cast<double>(count));
    };
    for (std::int64_t row = 0; row < shape.branches * shape.neurons; ++row) {
        for (std::int64_t k = 0; k < synapses; ++k) {
            const bool recurrent = draw_bernoulli(random_word(key, draw++), recurrent_share);
            Wires& wires = recurrent ? drawn.recurrent : drawn.outer;
            wires.source.push_back(index_below(recurrent ? shape.neurons : inputs));
            wires.row.push_back(static_cast<std::int32_t>(row));
        }
    }
    return drawn;
}

}  // namespace elm
