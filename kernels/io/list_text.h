#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace elm {

/// Items of a list that stands in one text, separated by commas; an empty text is one empty item.
inline std::vector<std::string> split_list(std::string_view text) {
    std::vector<std::string> items;
    while (true) {
        const std::size_t comma = text.find(',');
        items.emplace_back(text.substr(0, comma));
        if (comma == std::string_view::npos) return items;
        text.remove_prefix(comma + 1);
    }
}

}  // namespace elm
