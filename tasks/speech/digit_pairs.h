#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "tasks/data/numpy_random.h"
#include "tasks/samples/sample_source.h"

namespace elm {

/// Pairs of samples, drawn as the published program of Spieler et al. 2024 (arXiv 2306.16922) draws
/// them: numpy's default_rng(seed) gives 2 B numbers below the size of a split for each batch of B
/// = 8, all first ones and then all second ones. So pair k of a seed is always the same.
class PairDraws {
public:
    static constexpr std::int64_t published_batch = 8;

    PairDraws(std::uint64_t seed, std::int64_t n_samples, std::int64_t batch = published_batch);

    struct Pair {
        std::int64_t first, second;
    };
    /// From several threads at once.
    Pair pair(std::int64_t index) const;

private:
    std::vector<std::uint32_t> draws_of(std::int64_t index) const;
    void skip(NumpyRandom& random, std::int64_t batches) const;

    std::int64_t n_samples_, batch_;
    mutable std::mutex mutex_;                     // of what is below
    mutable std::vector<NumpyRandom> milestones_;  // before every so many batches
};

/// Sizes of the sets of pairs to validate on and to test with.
struct PairSizes {
    std::int64_t validation = 4000, test = 16000;
};

/// Two spoken digits, one after the other, and the sum of the two: samples of another source in
/// pairs. Those to train on are new for every batch and follow from its seed; those held out are
/// those of seed 0.
class PairSource final : public SampleSource {
public:
    /// `digits`: fields "events" and "label", whose digit is its remainder by 10.
    PairSource(std::unique_ptr<const SampleSource> digits, const PairSizes& sizes);

    const std::vector<SetField>& fields() const override { return digits_->fields(); }
    std::int64_t count(Split split) const override;
    void read(Split split, std::uint64_t seed, std::span<const std::int64_t> samples,
              SetColumns& columns) const override;
    int threads() const override { return digits_->threads(); }
    Values facts() const override;
    std::string name() const override { return "pairs of " + digits_->name(); }

private:
    std::shared_ptr<const PairDraws> draws(Split split, std::uint64_t seed) const;

    std::unique_ptr<const SampleSource> digits_;
    PairSizes sizes_;
    mutable std::mutex mutex_;                           // of what is below
    mutable std::shared_ptr<const PairDraws> draws_[3];  // of the last seed of each split
    mutable std::uint64_t seeds_[3] = {};
};

}  // namespace elm
