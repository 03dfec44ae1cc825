#pragma once

#include <cstdint>
#include <vector>

/// Made-up faces and the small images of them that are to be enlarged. Head, eyes, brows, nose,
/// mouth, hair and background have random place, pose, colours and light; a fine texture is the
/// same left and right, so far pixels tell of each other. In half of the small images one eye is
/// blurred away, which the large one has. Stands for the task of Zhang et al. 2023, arXiv
/// 2210.07661. Images are (height, width, 3) in [-1, 1].
namespace elm {

struct Face {
    std::vector<double> clean;     // (side, side, 3)
    std::vector<double> image;     // with noise of deviation 0.02
    std::vector<double> enlarged;  // the small image, made as large as that again
};

/// `side` is a multiple of `factor`, the small image has side / factor pixels a side. Throws
/// Error{invalid} for other sides.
Face make_face(std::int64_t side, std::int64_t factor, std::uint64_t seed, std::uint64_t index);

/// Bicubic (a = -1/2), with a kernel that is as much wider as the image gets smaller; edges are
/// repeated. `image` (side, side, 3) → (new_side, new_side, 3). Source: Keys 1981,
/// doi:10.1109/TASSP.1981.1163711.
std::vector<double> resized(const std::vector<double>& image, std::int64_t side,
                            std::int64_t new_side);

}  // namespace elm
