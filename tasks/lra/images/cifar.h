#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace elm {

/// CIFAR-10 in its binary version: records of a label 0 .. 9 and three planes of 32 x 32 bytes,
/// red, green, blue, row-major. Source: Krizhevsky 2009, "Learning multiple layers of features from
/// tiny images", technical report, University of Toronto.
inline constexpr int cifar_size = 32, cifar_classes = 10;
inline constexpr int cifar_pixels = cifar_size * cifar_size;
inline constexpr int cifar_record_bytes = 1 + 3 * cifar_pixels;

struct CifarImage {
    int label = 0;
    std::array<std::uint8_t, 3 * cifar_pixels> planes{};
};

/// How colours become grey levels.
enum class CifarGrey {
    tensorflow,  // Long Range Arena: floor(255.5 (0.2989 R + 0.5870 G + 0.1140 B)) of colours
                 // times 1/255, all in float32
    pillow,      // the state-space models (S4): (19595 R + 38470 G + 7471 B + 32768) >> 16
};

std::uint8_t grey_of(std::uint8_t red, std::uint8_t green, std::uint8_t blue, CifarGrey rule);

/// Grey levels (32, 32), row-major: one sample of 1024 steps. Sources: Tay et al. 2021, arXiv
/// 2011.04006; Gu, Goel & Re 2022, arXiv 2111.00396; their public repositories.
std::array<std::uint8_t, cifar_pixels> grey_cifar(const CifarImage& image, CifarGrey rule);

/// Names of the classes: "airplane", "automobile", ...
std::span<const std::string_view> cifar_names();

/// The records of a batch. Throws Error{data} naming `path` for a part of a record at the end, for
/// no record, and for a label above 9, with the number of its record.
std::vector<CifarImage> read_cifar(std::string_view bytes, const std::string& path);
/// The same of a file such as data_batch_1.bin; throws Error{data} if it cannot be read.
std::vector<CifarImage> read_cifar_file(const std::string& path);

}  // namespace elm
