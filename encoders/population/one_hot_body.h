#pragma once

#include "encoders/law/law.h"

namespace elm {

/// The unit whose number is the value; -1 has none.
struct OneHotLaw {
    std::int64_t steps_each = 1, units_each = 1;

    template <class Emit>
    ELM_HD void operator()(const ChannelValue& value, const Emit& emit) const {
        if (value.now() >= 0) emit(0, static_cast<std::int64_t>(value.now()));
    }

    ELM_HD bool takes(float x) const { return x < static_cast<float>(units_each); }
    [[noreturn]] void refuse(float x) const;
};

}  // namespace elm
