#include "tasks/training/scored_samples.h"

#include <variant>

#include "tasks/training/plan/checkpoint_match.h"

namespace elm {
namespace {

constexpr const char *scored_validation = "scored_validation_samples",
                     *scored_test = "scored_test_samples";

}  // namespace

void put_scored_samples(const ScoredSamples& scored, Config& config) {
    Values& data = config.sections[data_section];
    if (scored.validation > 0) data[scored_validation] = scored.validation;
    if (scored.test > 0) data[scored_test] = scored.test;
}

ScoredSamples take_scored_samples(Config& config) {
    Values& data = config.sections[data_section];
    const auto take = [&](const char* name) -> std::int64_t {
        const auto found = data.extract(name);
        return found.empty() || !std::holds_alternative<std::int64_t>(found.mapped())
                   ? 0
                   : std::get<std::int64_t>(found.mapped());
    };
    return {.validation = take(scored_validation), .test = take(scored_test)};
}

}  // namespace elm
