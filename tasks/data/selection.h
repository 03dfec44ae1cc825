#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace elm {

/// Indices of a list of `size` things, in the order given: "0:48", "48:", "0,3,7:20" (ranges leave
/// out their end). An empty text selects all.
/// Throws Error{data} naming the part that is malformed, negative, empty, falling, out of range or
/// selected twice.
std::vector<std::int64_t> parse_selection(std::string_view text, std::int64_t size);

}  // namespace elm
