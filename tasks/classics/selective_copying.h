#pragma once

#include <cstdint>
#include <span>

namespace elm {

/// Copying of tokens that stand at random places: M distinct steps of the first M + delay, in
/// order, hold tokens uniform in 1 .. symbols - 2, the others 0; then come M markers symbols - 1,
/// where the tokens are asked for. Source: Jing et al. 2019, arXiv 1706.02761 ("denoise"), in the
/// form of Gu, Goel & Re 2022, arXiv 2111.00396 (public repository). Gu & Dao 2023, arXiv
/// 2312.00752, take 16 tokens in 4096 steps.
struct SelectiveCopyingOptions {
    int memorised = 10;  // M
    int delay = 100;
    int symbols = 10;
};

int selective_copying_length(const SelectiveCopyingOptions& options);

/// Writes sample `index` of `seed`: tokens and targets (length), ignored_target where a step does
/// not count. Throws Error{invalid} for options or spans that do not fit.
void fill_selective_copying(const SelectiveCopyingOptions& options, std::uint64_t seed,
                            std::uint64_t index, std::span<std::int32_t> tokens,
                            std::span<std::int32_t> targets);

}  // namespace elm
