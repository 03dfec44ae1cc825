#pragma once

#include <cstdint>

#include "kernels/core/host_device.h"

namespace elm {

/// Array as a kernel sees it: pointer and extents, trivially copyable, row-major.
template <class T, int Rank>
struct View {
    T* data;
    std::int64_t extent[Rank];

    template <class... Index>
    ELM_HD T& operator()(Index... index) const {
        static_assert(sizeof...(Index) == Rank);
        std::int64_t at = 0;
        int axis = 0;
        ((at = at * extent[axis++] + static_cast<std::int64_t>(index)), ...);
        return data[at];
    }

    ELM_HD std::int64_t size() const {
        std::int64_t product = 1;
        for (int axis = 0; axis < Rank; ++axis) product *= extent[axis];
        return product;
    }
};

}  // namespace elm
