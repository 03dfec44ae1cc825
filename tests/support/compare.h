#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "kernels/core/tensor.h"

namespace elm::test {

/// How far a result may be from its reference:
///   condition * epsilon * sqrt(terms) * max|reference|
/// with the epsilon of the type that the result was computed in.
struct Tolerance {
    double condition = 8;
    std::int64_t terms = 1;  // additions in the longest sum
};

/// Unit in the last place of 1.
double epsilon_of(DType dtype);

/// Elements of a tensor on any device, as float64.
std::vector<double> values_of(const Tensor& tensor);

template <class T>
std::vector<double> values_of(const std::vector<T>& values) {
    return {values.begin(), values.end()};
}

inline DType precision_of(const Tensor& tensor) { return tensor.dtype(); }
template <class T>
DType precision_of(const std::vector<T>&) {
    return dtype_of<T>;
}

/// Empty if `result` is as close to `reference` as an error of `allowed` permits; else what
/// differs most and where. A number that is not finite must be the same in both; NaN never fits.
std::string difference_above(std::span<const double> result, std::span<const double> reference,
                             double allowed);

/// The same with the error that `tolerance` allows for results of type `precision`.
std::string difference(std::span<const double> result, std::span<const double> reference,
                       DType precision, const Tolerance& tolerance);

template <class Result, class Reference>
std::string difference(const Result& result, const Reference& reference,
                       const Tolerance& tolerance) {
    return difference(values_of(result), values_of(reference), precision_of(result), tolerance);
}

}  // namespace elm::test

/// EXPECT_CLOSE(result, reference, {.condition = 8, .terms = n_inputs}); each argument is a Tensor
/// or a std::vector of numbers. The precision is that of `result`.
#define EXPECT_CLOSE(result, reference, ...) \
    EXPECT_EQ(::elm::test::difference(result, reference, ::elm::test::Tolerance __VA_ARGS__), "")
