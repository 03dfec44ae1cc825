#pragma once

#include "tests/reference/elementwise_reference.h"

namespace elm::reference {

/// A hidden unit of an ELM: its value and its slope at z, from their definitions.
struct HiddenUnit {
    double (*value)(double);
    double (*slope)(double);
};
inline constexpr HiddenUnit relu_unit{relu, [](double z) { return z > 0 ? 1.0 : 0.0; }};
inline constexpr HiddenUnit relu2_unit{relu2, [](double z) { return 2 * relu(z); }};
inline constexpr HiddenUnit silu_unit{silu, [](double z) {
                                          const double share = sigmoid(z);
                                          return share + z * share * (1 - share);
                                      }};

}  // namespace elm::reference
