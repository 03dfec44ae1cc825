#pragma once

#include <cmath>
#include <cstdint>

#include "encoders/law/encode_by_law.h"
#include "encoders/timing/binary_phases_body.h"
#include "kernels/core/support/check.h"

namespace elm {

/// "bits" and the step.
inline OptionSet binary_phases_options() {
    OptionSet options;
    options.declare({.name = "bits",
                     .value = std::int64_t{8},
                     .help = "phases of a period",
                     .lowest = 1,
                     .highest = 24});
    declare_step(options);
    return options;
}

/// Throws Error{invalid} where a value lasts no whole number of periods.
template <class LevelOf>
BinaryPhasesLaw<LevelOf> binary_phases_law(const OptionSet& options, double value_ms) {
    const auto bits = options.get<std::int64_t>("bits");
    const std::int64_t each = steps_per_value(options, value_ms, bits);
    ELM_CHECK(
        each % bits == 0,
        "a value lasts {} steps, which is no multiple of {} bits: choose bits that divide it, "
        "or values that last longer",
        each, bits);
    return {.steps_each = each,
            .bits = bits,
            .level_of = {.levels = std::exp2(static_cast<double>(bits))}};
}

}  // namespace elm
