#pragma once

#include <cstdint>

#include "network/description/network_description.h"

namespace elm::network {

/// Slices of a network in each of so many processes: as many as there are threads, or fewer where a
/// window of so many steps is too little work for them.
int slices_for(const NetworkDescription& network, std::int64_t window, int processes);

}  // namespace elm::network
