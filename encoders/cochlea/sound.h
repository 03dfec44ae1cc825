#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace elm::cochlea {

inline constexpr double published_level = 0.3;  // root mean square

/// A clip at the level of `published_level`, silence included, with a Hann window over the whole of
/// it: sample k and k from the end times 1/2 - 1/2 cos(2 pi k / (2 H - 1)), H = floor(N / 2).
/// Throws Error{data} for a silent clip and for one of less than 4 samples.
/// Source: Cramer et al. 2020, doi:10.1109/TNNLS.2020.3044364.
std::vector<double> level_and_window(std::span<const float> sound);

/// A sound at another rate, by a sinc of 64 lobes under a Kaiser window (beta 9), which passes what
/// is below 0.9 times half the lower rate. Sample k stands at k / to_hz; both rates are whole.
std::vector<float> resample(std::span<const float> sound, std::int64_t from_hz, std::int64_t to_hz);

}  // namespace elm::cochlea
