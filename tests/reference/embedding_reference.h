#pragma once

#include <cstddef>
#include <vector>

namespace elm::reference {

/// The rows of `table` (entries, columns) that `indices` name.
inline std::vector<double> gather_rows(const std::vector<double>& table,
                                       const std::vector<double>& indices, std::size_t columns) {
    std::vector<double> result;
    for (const double index : indices) {
        for (std::size_t column = 0; column < columns; ++column) {
            result.push_back(table[static_cast<std::size_t>(index) * columns + column]);
        }
    }
    return result;
}

}  // namespace elm::reference
