#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "neuron/cable/shape/morphology.h"
#include "neuron/cable/shape/morphology_text.h"

namespace elm::cable {

enum class SwcColumn : std::uint8_t { id, type, x, y, z, radius, parent };
inline constexpr std::size_t swc_columns = 7;

/// A line of an SWC text.
struct SwcRow {
    std::int64_t id = 0;
    std::int64_t type = 0;
    Region region = Region::soma;
    MorphologyPoint point;
    std::size_t parent = 0;  // index of a row; of itself for the root
    std::size_t line = 0;
    std::array<std::uint32_t, swc_columns> columns{};  // where its numbers begin, from 1

    TextPlace place(SwcColumn column) const {
        return {line, columns[static_cast<std::size_t>(column)]};
    }
};

/// The lines of an SWC text as one tree. Row 0 is its root, and parents stand before children: in
/// the order of the ids, or depth first where that is not so.
struct SwcRows {
    std::vector<SwcRow> rows;
    std::vector<std::size_t> child_begin;  // (rows + 1)
    std::vector<std::size_t> children;     // rising
    std::vector<std::string> notes;        // what was assumed

    std::span<const std::size_t> children_of(std::size_t row) const {
        return std::span(children).subspan(child_begin[row],
                                           child_begin[row + 1] - child_begin[row]);
    }
};

/// Throws Error{data}, as read_swc does.
SwcRows read_swc_rows(std::string_view text, const std::string& origin);

}  // namespace elm::cable
