#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "kernels/io/option_set.h"
#include "tasks/samples/sample_source.h"

/// Sizes in which the tasks of the benchmark come.
namespace elm {

enum class Tier : std::uint8_t {
    tiny,   // minutes on a processor
    small,  // hours on a processor, minutes on a GPU
    full,   // lengths as published, for a GPU
};

/// A number for each tier.
using ByTier = std::array<std::int64_t, 3>;
inline std::int64_t of(const ByTier& numbers, Tier tier) {
    return numbers[static_cast<std::size_t>(tier)];
}

/// The options "tier", "held_out" and "train_samples", which every task of the benchmark has.
void declare_tier(OptionSet& options);
Tier tier_of(const OptionSet& options);

/// How many samples there are: as the options say, else as the tier does; 0 to train on: new ones
/// for every update.
GeneratedSizes sizes_of(const OptionSet& options, const ByTier& to_train_on);

/// An option that is 0 unless a length differs from that of the tier.
void declare_length(OptionSet& options, const char* name, const char* help);
/// Its value, or that of the tier. Throws Error{invalid} naming the option outside of
/// `fewest` .. `most`.
std::int64_t length_of(const OptionSet& options, const char* name, const ByTier& usual,
                       std::int64_t fewest, std::int64_t most);

}  // namespace elm
