#include "kernels/core/random/random.h"

#include "kernels/core/random/random_body.h"
#include "kernels/core/support/check.h"
#include "kernels/core/support/parallel.h"
#include "kernels/core/tensor.h"

namespace elm {

template void run_fill_uniform<Cpu, float>(Stream&, const RandomFillArgs<float>&);
template void run_fill_uniform<Cpu, double>(Stream&, const RandomFillArgs<double>&);
template void run_fill_normal<Cpu, float>(Stream&, const RandomFillArgs<float>&);
template void run_fill_normal<Cpu, double>(Stream&, const RandomFillArgs<double>&);
template void run_fill_bernoulli<Cpu>(Stream&, const BernoulliFillArgs&);

namespace {

/// All elements in one row, if the stream of a key is long enough for them.
Tensor flat(const Tensor& values) {
    const std::int64_t count = values.shape().size();
    const std::int64_t most = draws_per_block << 32;
    ELM_CHECK(count <= most, "a random key has {} numbers, a tensor of shape {} needs more", most,
              to_string(values.shape()));
    return values.reshape({count});
}

}  // namespace

void fill_uniform(Stream& stream, const Tensor& values, const RandomKey& key, double low,
                  double high) {
    ELM_CHECK(low <= high, "uniform numbers need low <= high (got {} and {})", low, high);
    visit_real(values.dtype(), [&]<class Real>(Real) {
        fill_uniform_kernel<Real>(stream, {view<Real, 1>(flat(values)), key, low, high});
    });
}

void fill_normal(Stream& stream, const Tensor& values, const RandomKey& key, double mean,
                 double standard_deviation) {
    ELM_CHECK(standard_deviation >= 0, "a standard deviation must not be negative (got {})",
              standard_deviation);
    visit_real(values.dtype(), [&]<class Real>(Real) {
        fill_normal_kernel<Real>(stream,
                                 {view<Real, 1>(flat(values)), key, mean, standard_deviation});
    });
}

void fill_bernoulli(Stream& stream, const Tensor& values, const RandomKey& key,
                    double probability) {
    ELM_CHECK(probability >= 0 && probability <= 1, "a probability must be in [0, 1] (got {})",
              probability);
    fill_bernoulli_kernel(stream, {view<std::uint8_t, 1>(flat(values)), key, probability});
}

}  // namespace elm
