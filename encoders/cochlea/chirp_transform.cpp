#include "encoders/cochlea/chirp_transform.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "kernels/core/support/check.h"

namespace elm {

template <class Real>
ChirpTransform<Real>::ChirpTransform(std::int64_t length, std::int64_t first, std::int64_t last)
    : length_(length),
      first_(first),
      last_(last),
      longer_(Fourier<Real>::smooth_length(length + last - first)) {
    ELM_ASSERT(length > 0 && first <= last && last - first < length);
    // m^2 is taken modulo 2 n, which is exact.
    const auto angle = [length](std::int64_t m) {
        return std::numbers::pi * static_cast<double>(m * m % (2 * length)) /
               static_cast<double>(length);
    };
    for (std::int64_t m = first; m <= last; ++m) {
        in_real_.push_back(static_cast<Real>(std::cos(angle(m))));
        in_imaginary_.push_back(static_cast<Real>(std::sin(angle(m))));
    }
    for (std::int64_t k = 0; k < length; ++k) {
        out_real_.push_back(static_cast<Real>(std::cos(angle(k))));
        out_imaginary_.push_back(static_cast<Real>(std::sin(angle(k))));
    }
    // Input m stands at m - first, output k at k: entry j of the kernel is that of k - m = j +
    // first, as far as that goes, and behind it come those below.
    const std::int64_t longer = longer_.length();
    kernel_real_.assign(static_cast<std::size_t>(longer), 0);
    kernel_imaginary_.assign(static_cast<std::size_t>(longer), 0);
    const double share = 1 / static_cast<double>(longer);
    for (std::int64_t difference = -last; difference < length - first; ++difference) {
        const auto at = static_cast<std::size_t>((difference + first + longer) % longer);
        kernel_real_[at] = static_cast<Real>(std::cos(angle(difference)) * share);
        kernel_imaginary_[at] = static_cast<Real>(-std::sin(angle(difference)) * share);
    }
    typename Fourier<Real>::Workspace workspace;
    longer_.transform(kernel_real_.data(), kernel_imaginary_.data(), kernel_real_.data(),
                      kernel_imaginary_.data(), workspace);
}

template <class Real>
void ChirpTransform<Real>::transform(const Real* real, const Real* imaginary, Real* out_real,
                                     Real* out_imaginary,
                                     typename Fourier<Real>::Workspace& workspace) const {
    const std::int64_t columns = longer_.columns_.length, n_inputs = inputs();
    const std::int64_t n_rows = (n_inputs + columns - 1) / columns,
                       n_wanted = (length_ + columns - 1) / columns;
    const std::int64_t room = std::max(n_rows, n_wanted) * columns;
    lanes::make_room(workspace.real, room);
    lanes::make_room(workspace.imaginary, room);
    Real* const re = workspace.real.data();
    Real* const im = workspace.imaginary.data();
    const Real* chirp_re = in_real_.data();
    const Real* chirp_im = in_imaginary_.data();
#pragma omp simd
    for (std::int64_t m = 0; m < n_inputs; ++m) {
        re[m] = real[m] * chirp_re[m] - imaginary[m] * chirp_im[m];
        im[m] = real[m] * chirp_im[m] + imaginary[m] * chirp_re[m];
    }
    std::fill(re + n_inputs, re + n_rows * columns, Real(0));
    std::fill(im + n_inputs, im + n_rows * columns, Real(0));
    longer_.convolve(n_rows, n_wanted, kernel_real_.data(), kernel_imaginary_.data(), workspace);
    chirp_re = out_real_.data();
    chirp_im = out_imaginary_.data();
#pragma omp simd
    for (std::int64_t k = 0; k < length_; ++k) {
        const Real product = re[k] * chirp_re[k] - im[k] * chirp_im[k];
        out_imaginary[k] = re[k] * chirp_im[k] + im[k] * chirp_re[k];
        out_real[k] = product;
    }
}

template class ChirpTransform<float>;
template class ChirpTransform<double>;

}  // namespace elm
