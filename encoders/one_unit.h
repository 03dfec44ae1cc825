#pragma once

#include "encoders/encoder.h"

namespace elm {

/// One spike a value, of the unit that it stands for, or none where `unit_of` gives -1.
template <class UnitOf>
Encoding encode_one_unit(const Signal& signal, std::int64_t units, const UnitOf& unit_of) {
    Encoding encoding = empty_encoding_like(signal, units);
    for_each_value(signal, [&](std::int64_t step, std::int64_t channel, float x) {
        const std::int64_t unit = unit_of(x);
        if (unit < 0) return;
        encoding.spikes.push_back({step, static_cast<std::int32_t>(channel * units + unit)});
    });
    return encoding;
}

}  // namespace elm
