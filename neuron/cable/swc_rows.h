#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "neuron/cable/morphology.h"

namespace elm::cable {

enum class SwcColumn : std::uint8_t { id, type, x, y, z, radius, parent };
inline constexpr std::size_t swc_columns = 7;

/// A line of an SWC text.
struct SwcRow {
    std::int64_t id = 0;
    Region region = Region::soma;
    MorphologyPoint point;
    std::size_t parent = 0;  // index of a row; of itself for the root
    std::size_t line = 0;
    std::array<std::uint32_t, swc_columns> columns{};  // where its numbers begin, from 1
};

/// The lines of an SWC text, which are one tree that begins with a soma: every soma point but the
/// root hangs on a soma point.
struct SwcRows {
    std::string origin;
    std::vector<SwcRow> rows;
    std::size_t root = 0;
    std::vector<std::size_t> child_begin;  // (rows + 1)
    std::vector<std::size_t> children;     // in order of the file

    std::span<const std::size_t> children_of(std::size_t row) const {
        return std::span(children).subspan(child_begin[row],
                                           child_begin[row + 1] - child_begin[row]);
    }
    /// Throws Error{data} at a number of a row.
    [[noreturn]] void fail(std::size_t row, SwcColumn column, std::string_view message) const;
};

/// Throws Error{data}, as read_swc does.
SwcRows read_swc_rows(std::string_view text, const std::string& origin);

}  // namespace elm::cable
