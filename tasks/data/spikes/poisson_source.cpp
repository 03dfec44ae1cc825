#include "tasks/data/spikes/poisson_source.h"

#include <algorithm>
#include <cmath>

#include "kernels/core/random/random_key.h"
#include "kernels/core/support/check.h"

namespace elm {
namespace {

/// The random numbers of one step, drawn one after the other.
class StepRandom {
public:
    StepRandom(const RandomKey& trial, std::int64_t step)
        : key_(trial.at_step(static_cast<std::uint64_t>(step))) {}

    /// In [0, 1).
    double uniform() {
        const std::int64_t within = draw_ % draws_per_block;
        if (within == 0) block_ = random_block(key_, draw_ / draws_per_block);
        ++draw_;
        return unit_uniform<double>(block_.word[within]);
    }

private:
    RandomKey key_;
    PhiloxCounter block_{};
    std::int64_t draw_ = 0;
};

/// A Poisson number, by inversion. Large means are drawn in parts: exp(-mean) must not vanish.
std::int64_t draw_poisson(StepRandom& random, double mean) {
    constexpr double largest_part = 64;
    std::int64_t count = 0;
    for (; mean > 0; mean -= largest_part) {
        const double part = std::min(mean, largest_part);
        double probability = std::exp(-part), below = probability;
        const double u = random.uniform();
        for (int k = 1; u >= below && probability > 0; ++k, ++count) {
            probability *= part / k;
            below += probability;
        }
    }
    return count;
}

/// The sum of independent Poisson numbers is one of the summed mean, and each of its spikes belongs
/// to any unit with equal chance: one number and a few units are drawn per step, not one number per
/// unit.
class PoissonSource : public SpikeSource {
public:
    PoissonSource(double mean, std::int64_t n_units, const RandomKey& trial)
        : mean_(mean), n_units_(n_units), trial_(trial) {}

    SpikeTrain next(std::int64_t n_steps) override {
        SpikeTrain train{
            .n_samples = 1, .n_steps = n_steps, .n_units = n_units_, .row_begin = {0}, .units = {}};
        for (std::int64_t step = 0; step < n_steps; ++step) {
            StepRandom random(trial_, step_++);
            const std::int64_t count = draw_poisson(random, mean_);
            for (std::int64_t spike = 0; spike < count; ++spike) {
                train.units.push_back(
                    static_cast<std::int32_t>(random.uniform() * static_cast<double>(n_units_)));
            }
            std::sort(train.units.begin() + train.row_begin.back(), train.units.end());
            train.row_begin.push_back(static_cast<std::int64_t>(train.units.size()));
        }
        return train;
    }

private:
    double mean_;  // spikes of all units per step
    std::int64_t n_units_;
    RandomKey trial_;
    std::int64_t step_ = 0;
};

}  // namespace

SampleInput poisson_input(double rate_hz, std::int64_t n_units, std::int64_t n_steps,
                          double time_step_ms, std::uint64_t seed, std::uint32_t trial) {
    ELM_CHECK(rate_hz >= 0 && std::isfinite(rate_hz),
              "the rate of Poisson input must not be negative (got {} Hz)", rate_hz);
    const double mean = rate_hz * time_step_ms / 1000.0 * static_cast<double>(n_units);
    ELM_CHECK(mean < 1e6, "Poisson input of {} Hz is {} spikes a step: too many", rate_hz, mean);
    const RandomKey key = RandomKey{.seed = seed}.for_purpose("poisson input");
    return {"poisson", n_steps,
            std::make_unique<PoissonSource>(mean, n_units, trial == 0 ? key : key.for_part(trial))};
}

}  // namespace elm
