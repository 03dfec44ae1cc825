#pragma once

#include <array>
#include <cstddef>
#include <vector>

namespace elm::reference {

using Index = std::array<std::size_t, 4>;

/// Builds a tensor of rank 4 element by element: result[index] = element(index).
template <class Element>
std::vector<double> build(const Index& shape, Element element) {
    std::vector<double> result;
    for (std::size_t a = 0; a < shape[0]; ++a) {
        for (std::size_t b = 0; b < shape[1]; ++b) {
            for (std::size_t c = 0; c < shape[2]; ++c) {
                for (std::size_t d = 0; d < shape[3]; ++d)
                    result.push_back(element(Index{a, b, c, d}));
            }
        }
    }
    return result;
}

inline double at(const std::vector<double>& values, const Index& shape, const Index& index) {
    std::size_t offset = 0;
    for (std::size_t axis = 0; axis < 4; ++axis) offset = offset * shape[axis] + index[axis];
    return values[offset];
}

}  // namespace elm::reference
