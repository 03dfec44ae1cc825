#pragma once

#include <string_view>
#include <vector>

#include "encoders/encoder.h"

namespace elm {

/// All of them, in the order of encoders.def.
const std::vector<EncoderEntry>& all_encoders();

/// Throws Error{invalid} with the nearest name if there is no such encoder.
const EncoderEntry& find_encoder(std::string_view name);

}  // namespace elm
