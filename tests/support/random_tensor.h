#pragma once

#include <cmath>
#include <cstdint>
#include <vector>

#include "kernels/core/random/random_key.h"
#include "kernels/core/tensor.h"

namespace elm::test {

/// Numbers in [low, high), each exact in float32, so that a case has the same inputs in every
/// precision; at least `kink_distance` away from each of `kinks`.
inline std::vector<double> random_values(std::int64_t count, double low, double high,
                                         const RandomKey& key,
                                         const std::vector<double>& kinks = {}) {
    constexpr double kink_distance = 1e-2;
    std::vector<double> values;
    for (std::int64_t i = 0; i < count; ++i) {
        const double unit = unit_uniform<double>(random_word(key, i));
        double value = low + (high - low) * unit;
        for (const double kink : kinks) {
            const double side = value < kink ? -1 : 1;
            if (std::abs(value - kink) < kink_distance) value = kink + 2 * side * kink_distance;
        }
        values.push_back(static_cast<double>(static_cast<float>(value)));
    }
    return values;
}

/// The values as a tensor of any type.
inline Tensor tensor_of(Stream& stream, const Shape& shape, DType dtype,
                        const std::vector<double>& values) {
    const auto convert = [&]<class T>(T) {
        std::vector<T> converted;
        for (const double value : values) converted.push_back(static_cast<T>(value));
        return Tensor::from<T>(stream, shape, converted);
    };
    if (dtype == DType::i32) return convert(std::int32_t{});
    if (dtype == DType::u8) return convert(std::uint8_t{});
    return visit_real(dtype, convert);
}

}  // namespace elm::test
