#pragma once

#include <cstdint>
#include <vector>

#include "encoders/cochlea/fourier.h"

namespace elm {

/// Discrete Fourier transform of any length of the inputs of a band, first <= m <= last, where the
/// others are zero:
///   out_k = sum_m in_m exp(2 pi i m k / n),   k = 0 .. n - 1
/// as a convolution with a chirp, m k = (m^2 + k^2 - (k - m)^2) / 2, by transforms of a smooth
/// length of at least n + last - first: the narrower the band, the faster. Source: Bluestein 1970,
/// doi:10.1109/TAU.1970.1162132.
template <class Real>
class ChirpTransform {
public:
    /// `first` may be negative; last - first < length.
    ChirpTransform(std::int64_t length, std::int64_t first, std::int64_t last);

    std::int64_t first() const noexcept { return first_; }
    std::int64_t inputs() const noexcept { return last_ - first_ + 1; }
    /// Element 0 of the input is in_first. Input and output may be the same arrays if these have
    /// room for both.
    void transform(const Real* real, const Real* imaginary, Real* out_real, Real* out_imaginary,
                   typename Fourier<Real>::Workspace& workspace) const;

private:
    std::int64_t length_, first_, last_;
    Fourier<Real> longer_;
    // e^(pi i m^2 / n) of inputs and of outputs; the transform of its inverse
    std::vector<Real> in_real_, in_imaginary_, out_real_, out_imaginary_;
    std::vector<Real> kernel_real_, kernel_imaginary_;
};

}  // namespace elm
