#pragma once

#include <concepts>
#include <string>
#include <string_view>

#include <fmt/format.h>

namespace elm {

/// "1 branch", "3 branches".
std::string counted(std::integral auto count, std::string_view one, std::string_view several) {
    return fmt::format("{} {}", count, count == 1 ? one : several);
}

}  // namespace elm
