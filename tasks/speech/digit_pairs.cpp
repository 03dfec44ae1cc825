#include "tasks/speech/digit_pairs.h"

#include <array>
#include <utility>

#include "kernels/core/support/check.h"
#include "tasks/samples/event_bins.h"

namespace elm {
namespace {

constexpr std::int64_t batches_of_milestone = 256;

}  // namespace

PairDraws::PairDraws(std::uint64_t seed, std::int64_t n_samples, std::int64_t batch)
    : n_samples_(n_samples), batch_(batch), milestones_{NumpyRandom(seed)} {
    ELM_ASSERT(n_samples > 0 && batch > 0);
}

void PairDraws::skip(NumpyRandom& random, std::int64_t batches) const {
    for (std::int64_t k = 0; k < batches * 2 * batch_; ++k) {
        random.below(static_cast<std::uint64_t>(n_samples_));
    }
}

/// The draws of the batch that holds pair `index`. Draws that are rejected make their number
/// unknown before they were gone through: states on the way are kept.
std::vector<std::uint32_t> PairDraws::draws_of(std::int64_t index) const {
    const std::int64_t in_batch = index / batch_;
    const auto milestone = static_cast<std::size_t>(in_batch / batches_of_milestone);
    NumpyRandom random = [&] {
        const std::lock_guard lock(mutex_);
        while (milestones_.size() <= milestone) {
            milestones_.push_back(milestones_.back());
            skip(milestones_.back(), batches_of_milestone);
        }
        return milestones_[milestone];
    }();
    skip(random, in_batch % batches_of_milestone);
    std::vector<std::uint32_t> draws;
    for (std::int64_t k = 0; k < 2 * batch_; ++k) {
        draws.push_back(random.below(static_cast<std::uint64_t>(n_samples_)));
    }
    return draws;
}

PairDraws::Pair PairDraws::pair(std::int64_t index) const {
    const std::vector<std::uint32_t> draws = draws_of(index);
    const auto at = static_cast<std::size_t>(index % batch_);
    return {draws[at], draws[at + static_cast<std::size_t>(batch_)]};
}

PairSource::PairSource(std::unique_ptr<const SampleSource> digits, const PairSizes& sizes)
    : digits_(std::move(digits)), sizes_(sizes) {}

std::int64_t PairSource::count(Split split) const {
    if (split == Split::train || digits_->count(split) == 0) return 0;
    return split == Split::validation ? sizes_.validation : sizes_.test;
}

std::shared_ptr<const PairDraws> PairSource::draws(Split split, std::uint64_t seed) const {
    const auto at = static_cast<std::size_t>(split);
    const std::lock_guard lock(mutex_);
    if (draws_[at] == nullptr || seeds_[at] != seed) {
        draws_[at] = std::make_shared<const PairDraws>(seed, digits_->count(split));
        seeds_[at] = seed;
    }
    return draws_[at];
}

void PairSource::read(Split split, std::uint64_t seed, std::span<const std::int64_t> samples,
                      SetColumns& columns) const {
    const auto pairs = draws(split, split == Split::train ? seed : 0);
    std::vector<float> events;
    for (const std::int64_t sample : samples) {
        const PairDraws::Pair pair = pairs->pair(sample);
        SetColumns both = empty_columns(fields());
        digits_->read(split, seed, std::array{pair.first, pair.second}, both);
        const SetColumn &digit = column_of(both, "events"), &label = column_of(both, "label");
        const auto first = digit.at<float>(0), second = digit.at<float>(1);
        events.assign(first.begin(), first.end());
        events.insert(events.end(), {0.0F, between_sequences});
        events.insert(events.end(), second.begin(), second.end());
        const int sum = label.at<std::uint8_t>(0)[0] % 10 + label.at<std::uint8_t>(1)[0] % 10;
        for (SetColumn& column : columns) {
            if (column.field.name == "events") {
                column.add<float>(events);
            } else {
                column.add(static_cast<std::uint8_t>(sum));
            }
        }
    }
}

Values PairSource::facts() const {
    Values facts = digits_->facts();
    facts["validation_pairs"] = sizes_.validation;
    facts["test_pairs"] = sizes_.test;
    return facts;
}

}  // namespace elm
