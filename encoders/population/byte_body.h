#pragma once

#include "encoders/law/law.h"

namespace elm {

/// byte.cpp has the equation.
struct ByteLaw {
    std::int64_t steps_each = 1, units_each = 257;

    template <class Emit>
    ELM_HD void operator()(const ChannelValue& value, const Emit& emit) const {
        emit(0, static_cast<std::int64_t>(value.now()) + 1);
    }
};

}  // namespace elm
