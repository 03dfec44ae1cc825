#pragma once

#include "kernels/core/tensor.h"

namespace elm {

/// The view of a tensor; one without data where it is undefined.
template <class T, int Rank>
View<T, Rank> view_or_none(const Tensor& tensor) {
    if (!tensor.defined()) return {nullptr, {}};
    return view<T, Rank>(tensor);
}

}  // namespace elm
