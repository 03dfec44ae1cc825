#include "tasks/attention_benchmark/tier.h"

#include "kernels/core/support/check.h"
#include "tasks/samples/sample_options.h"

namespace elm {
namespace {

constexpr ByTier held_out{64, 200, 500};

}  // namespace

void declare_tier(OptionSet& options) {
    options.declare({.name = "tier",
                     .value = std::string("tiny"),
                     .help = "how large samples are; full: as published",
                     .choices = {"tiny", "small", "full"}});
    options.declare(whole_option(
        "held_out", 0, "samples of the validation set, and of the test set; 0: as the tier says", 0,
        1e7));
    options.declare({.name = "train_samples",
                     .value = std::int64_t{-1},
                     .help = "samples to train on in epochs; 0: new ones for every update, -1: as "
                             "the tier says",
                     .lowest = -1,
                     .highest = 1e12});
}

Tier tier_of(const OptionSet& options) {
    const auto& name = options.get<std::string>("tier");
    return name == "tiny" ? Tier::tiny : name == "small" ? Tier::small : Tier::full;
}

GeneratedSizes sizes_of(const OptionSet& options, const ByTier& to_train_on) {
    const auto held = options.get<std::int64_t>("held_out");
    const auto train = options.get<std::int64_t>("train_samples");
    return {.held_out = held > 0 ? held : of(held_out, tier_of(options)),
            .train_samples = train >= 0 ? train : of(to_train_on, tier_of(options))};
}

void declare_length(OptionSet& options, const char* name, const char* help) {
    Option option = whole_option(name, 0, help, 0, 1e7);
    option.unit = "steps";
    options.declare(std::move(option));
}

std::int64_t length_of(const OptionSet& options, const char* name, const ByTier& usual,
                       std::int64_t fewest, std::int64_t most) {
    const auto own = options.get<std::int64_t>(name);
    if (own == 0) return of(usual, tier_of(options));
    ELM_CHECK(own >= fewest && own <= most, "{} {}: expected {} to {}, or 0 for that of the tier.",
              name, own, fewest, most);
    return own;
}

}  // namespace elm
