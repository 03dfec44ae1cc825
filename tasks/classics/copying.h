#pragma once

#include <cstdint>
#include <span>

namespace elm {

/// Order in which the tokens are asked for.
enum class CopyingKind {
    plain,    // as they came
    reverse,  // the last one first
    lag,      // in each step that of `memorised` steps before; 0 at first
};

/// The copying task: remember some tokens over a delay.
///
///   plain, reverse  M tokens uniform in 1 .. symbols - 2, `delay` zeros, M markers symbols - 1;
///   the
///                   targets of the last M steps are the tokens, other steps do not count
///   lag             `delay` tokens uniform in 1 .. symbols - 2; y_t = x_(t - M)
///
/// A guess without memory costs ln(symbols - 2) per step that counts. Source: Hochreiter &
/// Schmidhuber 1997, doi:10.1162/neco.1997.9.8.1735, and Arjovsky, Shah & Bengio 2016, arXiv
/// 1511.06464, in the form of Gu, Goel & Re 2022, arXiv 2111.00396 (public repository).
struct CopyingOptions {
    int memorised = 10;  // M
    int delay = 100;
    int symbols = 10;  // distinct tokens, with that of the delay and the marker
    CopyingKind kind = CopyingKind::plain;
    bool variable_length = false;  // M of a sample is uniform in 1 .. memorised; not with lag
};

/// Steps of the longest sample.
int copying_length(const CopyingOptions& options);

/// Writes sample `index` of `seed`: tokens and targets (copying_length), ignored_target where a
/// step does not count. Returns the steps of this sample; what is beyond are zeros that do not
/// count. Throws Error{invalid} for options or spans that do not fit.
int fill_copying(const CopyingOptions& options, std::uint64_t seed, std::uint64_t index,
                 std::span<std::int32_t> tokens, std::span<std::int32_t> targets);

}  // namespace elm
