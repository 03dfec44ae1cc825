#pragma once

#include <cstdint>
#include <span>

/// How near an image is to another one. Images are rows of pixels of `channels` values, 0 .. 255.
namespace elm {

struct ImageSize {
    std::int64_t height = 1, width = 1, channels = 1;

    std::int64_t values() const { return height * width * channels; }
};

/// The grey level of a value in [-1, 1], which others are cut to: round(255 (x + 1) / 2).
double grey_level(double value);

/// Peak signal to noise ratio in decibel, 20 log10(255 / sqrt(mean squared difference)); infinite
/// for equal images. Throws Error{invalid} for sizes that differ.
double peak_signal_to_noise(std::span<const double> image, std::span<const double> truth);

/// Structural similarity: windows of 11 x 11 weighted by a Gaussian of 1.5 pixels, those that lie
/// wholly inside; mean over windows and channels. Throws Error{invalid} for images that do not
/// have this size and for sides below 11. Source: Wang et al. 2004, doi:10.1109/TIP.2003.819861.
double structural_similarity(std::span<const double> image, std::span<const double> truth,
                             const ImageSize& size);

}  // namespace elm
