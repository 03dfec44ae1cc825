#include "tasks/lra/pathfinder/pathfinder_reference.h"

#include <algorithm>
#include <array>

namespace elm {
namespace {

struct Measured {
    int size;
    std::string_view difficulty;
    std::array<ReferenceValue, 7> values;  // in the order of PathfinderReference
};

// clang-format off
constexpr Measured measured[] = {
    {32, "hard", {{{20.202, 0.071}, {50.98, 0.09}, {0.3420, 0.0013}, {0.0851, 0.0003}, {0.00216, 0.00005}, {1.172, 0.032}, {12.92, 0.18}}}},
    {64, "hard", {{{13.428, 0.096}, {41.31, 0.13}, {0.2611, 0.0020}, {0.0462, 0.0004}, {0.00249, 0.00001}, {2.647, 0.077}, {31.15, 0.71}}}},
    {128, "hard", {{{7.907, 0.032}, {35.66, 0.08}, {0.1372, 0.0005}, {0.0303, 0.0001}, {0.00073, 0}, {7.687, 0.050}, {76.21, 1.78}}}},
    {256, "hard", {{{2.949, 0.003}, {24.13, 0.02}, {0.0388, 0.0001}, {0.0112, 0}, {0.00339, 0.00001}, {6.980, 0.010}, {126.06, 1.49}}}},
    {32, "intermediate", {{{15.571, 0.084}, {46.18, 0.13}, {0.2679, 0.0016}, {0.0643, 0.0004}, {0.00190, 0.00005}, {1.841, 0.047}, {13.76, 0.20}}}},
    {32, "easy", {{{12.978, 0.062}, {42.97, 0.10}, {0.2275, 0.0012}, {0.0521, 0.0003}, {0.00167, 0.00004}, {3.266, 0.051}, {14.63, 0.12}}}},
    {64, "intermediate", {{{11.487, 0.093}, {38.96, 0.13}, {0.2211, 0.0020}, {0.0403, 0.0004}, {0.00260, 0.00002}, {4.636, 0.101}, {40.25, 0.66}}}},
    {64, "easy", {{{10.318, 0.044}, {37.35, 0.07}, {0.1998, 0.0010}, {0.0360, 0.0002}, {0.00253, 0.00001}, {8.008, 0.073}, {34.38, 0.30}}}},
    {128, "intermediate", {{{6.941, 0.014}, {33.62, 0.04}, {0.1206, 0.0003}, {0.0267, 0.0001}, {0.00073, 0}, {10.945, 0.016}, {72.61, 0.94}}}},
    {128, "easy", {{{6.297, 0.011}, {32.12, 0.03}, {0.1097, 0.0002}, {0.0243, 0.0001}, {0.00073, 0}, {16.995, 0.005}, {53.07, 0.68}}}},
    {256, "intermediate", {{{2.605, 0.004}, {22.77, 0.02}, {0.0338, 0.0001}, {0.0099, 0}, {0.00304, 0.00001}, {10.000, 0}, {87.74, 1.70}}}},
    {256, "easy", {{{2.345, 0.003}, {21.68, 0.02}, {0.0300, 0.0001}, {0.0089, 0}, {0.00280, 0.00001}, {15.000, 0}, {59.25, 1.21}}}},
};
// clang-format on

/// Last digits of the figures above: an error below half of one is not known.
constexpr std::array last_digit = {1e-3, 1e-2, 1e-4, 1e-4, 1e-5, 1e-3, 1e-2};

}  // namespace

std::optional<PathfinderReference> pathfinder_reference(int size, std::string_view difficulty) {
    for (const Measured& set : measured) {
        if (set.size != size || set.difficulty != difficulty) continue;
        auto values = set.values;
        for (std::size_t k = 0; k < values.size(); ++k) {
            values[k].standard_error = std::max(values[k].standard_error, last_digit[k] / 2);
        }
        return PathfinderReference{values[0], values[1], values[2], values[3],
                                   values[4], values[5], values[6]};
    }
    return std::nullopt;
}

}  // namespace elm
