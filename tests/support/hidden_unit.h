#pragma once

#include "kernels/ops/elm/structure.h"
#include "tests/reference/hidden_unit_reference.h"

namespace elm::test {

inline reference::HiddenUnit reference_of(HiddenUnit unit) {
    if (unit == HiddenUnit::silu) return reference::silu_unit;
    return unit == HiddenUnit::relu2 ? reference::relu2_unit : reference::relu_unit;
}

}  // namespace elm::test
