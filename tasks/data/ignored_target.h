#pragma once

#include <cstdint>

namespace elm {

/// Target of a step that does not count.
inline constexpr std::int32_t ignored_target = -100;

}  // namespace elm
