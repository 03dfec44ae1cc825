#pragma once

#include <cstddef>
#include <vector>

namespace elm::reference {

/// result[group][column] = combine over rows, from `start`, of values[group][row][column].
template <class Combine>
std::vector<double> reduce(const std::vector<double>& values, std::size_t groups, std::size_t rows,
                           std::size_t columns, double start, Combine combine) {
    std::vector<double> result(groups * columns, start);
    for (std::size_t group = 0; group < groups; ++group) {
        for (std::size_t row = 0; row < rows; ++row) {
            for (std::size_t column = 0; column < columns; ++column) {
                double& total = result[group * columns + column];
                total = combine(total, values[(group * rows + row) * columns + column]);
            }
        }
    }
    return result;
}

}  // namespace elm::reference
