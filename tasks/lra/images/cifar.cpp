#include "tasks/lra/images/cifar.h"

#include <algorithm>
#include <cmath>

#include "kernels/core/support/check.h"
#include "tasks/data/file_bytes.h"

namespace elm {
namespace {

constexpr std::array<std::string_view, cifar_classes> names = {
    "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"};

}  // namespace

// Compiled without fused multiply-add: see CMakeLists.txt.
std::uint8_t grey_of(std::uint8_t red, std::uint8_t green, std::uint8_t blue, CifarGrey rule) {
    if (rule == CifarGrey::pillow) {
        return static_cast<std::uint8_t>((19595 * red + 38470 * green + 7471 * blue + 32768) >> 16);
    }
    const float scale = 1.0f / 255.0f;
    const float grey = static_cast<float>(red) * scale * 0.2989f +
                       static_cast<float>(green) * scale * 0.5870f +
                       static_cast<float>(blue) * scale * 0.1140f;
    return static_cast<std::uint8_t>(std::floor(grey * 255.5f));
}

std::array<std::uint8_t, cifar_pixels> grey_cifar(const CifarImage& image, CifarGrey rule) {
    std::array<std::uint8_t, cifar_pixels> grey{};
    for (std::size_t at = 0; at < grey.size(); ++at) {
        grey[at] = grey_of(image.planes[at], image.planes[at + cifar_pixels],
                           image.planes[at + 2 * cifar_pixels], rule);
    }
    return grey;
}

std::span<const std::string_view> cifar_names() { return names; }

std::vector<CifarImage> read_cifar(std::string_view bytes, const std::string& path) {
    const std::size_t records = bytes.size() / cifar_record_bytes;
    if (bytes.empty() || bytes.size() % cifar_record_bytes != 0) {
        throw Error(ErrorKind::data,
                    fmt::format("{} holds {} bytes; expected records of {}, as in the binary "
                                "version of CIFAR-10. {}",
                                path, bytes.size(), cifar_record_bytes,
                                records > 0 ? "Its end is missing: fetch it again."
                                            : "It is another file, or empty."));
    }
    std::vector<CifarImage> images(records);
    for (std::size_t k = 0; k < records; ++k) {
        const std::string_view record = bytes.substr(k * cifar_record_bytes, cifar_record_bytes);
        images[k].label = static_cast<std::uint8_t>(record[0]);
        if (images[k].label >= cifar_classes) {
            throw Error(ErrorKind::data,
                        fmt::format("{}, record {}: label {}; expected 0 to {}. CIFAR-100 has "
                                    "another layout.",
                                    path, k, images[k].label, cifar_classes - 1));
        }
        std::copy(record.begin() + 1, record.end(), images[k].planes.begin());
    }
    return images;
}

std::vector<CifarImage> read_cifar_file(const std::string& path) {
    return read_cifar(read_file_bytes(path, "a batch of CIFAR-10 (.bin)"), path);
}

}  // namespace elm
