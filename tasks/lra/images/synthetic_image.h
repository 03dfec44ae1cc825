#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

namespace elm {

/// Grey images of shapes, read row by row: a sequence of the form of grey CIFAR-10 (1024 steps, 256
/// levels, 10 classes) that needs no data. Its scores say nothing about CIFAR-10.
///
///   shape       one of ten, turned by any angle, somewhere in the image as a whole, of an area
///               U(110, 200) px^2 whatever the shape
///   grey        background U(70, 185), the shape brighter or darker by U(50, 110) as the range
///               allows; both with stripes of their own (wavelength U(3, 9) px, amplitude U(0,
///               12)), the background with a slope U(0, 1) levels per px in any direction
///   noise       normal, of a standard deviation U(2, 9), the same in every pixel of an image
///
/// Place, size, grey levels and textures are drawn alike for all classes, so a histogram of the
/// pixels says next to nothing about the class.
inline constexpr int synthetic_image_size = 32, synthetic_image_classes = 10;
inline constexpr int synthetic_image_pixels = synthetic_image_size * synthetic_image_size;

/// Names of the classes: "disc", "ring", ...
std::span<const std::string_view> synthetic_image_names();

/// Writes sample `index` of `seed`: grey levels (32, 32), row-major. Returns its class. Throws
/// Error{invalid} for a span that does not fit.
int fill_synthetic_image(std::uint64_t seed, std::uint64_t index, std::span<std::uint8_t> image);

}  // namespace elm
