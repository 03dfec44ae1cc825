#pragma once

#include <cstdint>
#include <span>
#include <vector>

/// How far synthesised speech is from recorded speech, frame by frame after dynamic time warping.
/// Source: Kubichek 1993, doi:10.1109/PACRIM.1993.407206; without a band and normalised by
/// synthesised frames as Zhang et al. 2023, arXiv 2210.07661, evaluate it.
namespace elm {

/// Rows of equal width, one a frame.
struct Frames {
    std::vector<double> values = {};
    std::int64_t width = 1;

    std::int64_t count() const { return std::ssize(values) / width; }
    std::span<const double> at(std::int64_t frame) const {
        return std::span(values).subspan(static_cast<std::size_t>(frame * width),
                                         static_cast<std::size_t>(width));
    }
};

/// Orthonormal cosine transform (type II) of each row, its first `kept` values: of log mels the mel
/// frequency cepstral coefficients.
Frames cepstra(const Frames& log_mels, std::int64_t kept = 13);

/// Least sum over a path of root mean squared differences, from both first frames to both last
/// ones, by steps along the recorded frames, along both, or along the synthesised ones. Throws
/// Error{invalid} for no frames and for different widths.
double warped_distance(const Frames& recorded, const Frames& synthesised);

}  // namespace elm
