#include "kernels/core/axis.h"

#include "kernels/core/support/check.h"

namespace elm {

int require_axis(const Shape& shape, int axis, std::string_view what) {
    const int counted = axis < 0 ? axis + shape.rank() : axis;
    ELM_CHECK(counted >= 0 && counted < shape.rank(), "{}: shape {} has no axis {}", what,
              to_string(shape), axis);
    return counted;
}

Shape around_axis(const Shape& shape, int axis) {
    std::int64_t groups = 1, columns = 1;
    for (int k = 0; k < axis; ++k) groups *= shape[k];
    for (int k = axis + 1; k < shape.rank(); ++k) columns *= shape[k];
    return {groups, shape[axis], columns};
}

}  // namespace elm
