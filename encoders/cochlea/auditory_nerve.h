#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "encoders/cochlea/basilar_membrane.h"
#include "kernels/core/random/random_key.h"
#include "kernels/core/spike_train.h"

namespace elm::cochlea {

/// Spikes of the bushy cells of all channels for a clip of membrane.n_samples(), of which the first
/// `n_steps` steps of the output count: hair cell, release sites and bushy cell of each channel.
/// Sorted by group of channels, step and channel. Draw `step` of a channel is word step % 4 of a
/// block of its own, so results depend on neither threads nor vectors.
std::vector<SpikeEvent> hear(const BasilarMembrane& membrane, std::span<const double> clip,
                             std::int64_t n_steps, const RandomKey& key);

}  // namespace elm::cochlea
