#pragma once

#include "kernels/core/kernel.h"
#include "kernels/core/random/random_key.h"
#include "kernels/core/view.h"

namespace elm {

class Tensor;

/// values[i] = the i-th number of `key`: uniform in [first, second), or normal with mean `first`
/// and standard deviation `second`.
template <class Real>
struct RandomFillArgs {
    View<Real, 1> values;
    RandomKey key;
    double first;
    double second;
};
struct BernoulliFillArgs {
    View<std::uint8_t, 1> values;
    RandomKey key;
    double probability;
};

template <class Backend, class Real>
void run_fill_uniform(Stream& stream, const RandomFillArgs<Real>& args);
template <class Backend, class Real>
void run_fill_normal(Stream& stream, const RandomFillArgs<Real>& args);
template <class Backend>
void run_fill_bernoulli(Stream& stream, const BernoulliFillArgs& args);

template <class Real>
inline constexpr Kernel<RandomFillArgs<Real>> fill_uniform_kernel{
    "fill_uniform", &run_fill_uniform<Cpu, Real>, ELM_IF_CUDA((&run_fill_uniform<Cuda, Real>))};
template <class Real>
inline constexpr Kernel<RandomFillArgs<Real>> fill_normal_kernel{
    "fill_normal", &run_fill_normal<Cpu, Real>, ELM_IF_CUDA((&run_fill_normal<Cuda, Real>))};
inline constexpr Kernel<BernoulliFillArgs> fill_bernoulli_kernel{
    "fill_bernoulli", &run_fill_bernoulli<Cpu>, ELM_IF_CUDA(&run_fill_bernoulli<Cuda>)};

/// Fills a real tensor with numbers from [low, high). Equal bits on every device.
/// Throws Error{invalid} for low > high or more than 2^34 elements.
void fill_uniform(Stream& stream, const Tensor& values, const RandomKey& key, double low,
                  double high);

/// Fills a real tensor with normal numbers by the method of Box & Muller 1958,
/// doi:10.1214/aoms/1177706645, in float64; up to 6.7 standard deviations from the mean. Devices
/// differ at most in the last bit. Throws Error{invalid} for a negative deviation.
void fill_normal(Stream& stream, const Tensor& values, const RandomKey& key, double mean,
                 double standard_deviation);

/// Fills a u8 tensor with ones, each with `probability`, and zeros. Equal on every device.
/// Throws Error{invalid} for a probability outside [0, 1].
void fill_bernoulli(Stream& stream, const Tensor& values, const RandomKey& key, double probability);

}  // namespace elm
