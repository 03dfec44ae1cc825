#pragma once

#include <cstdint>
#include <vector>

namespace elm {

/// The order in which batches go through a fixed set of samples: each sample once an epoch, in an
/// order that is new in every epoch and follows from the seed alone, so any batch is found without
/// those before it.
///
///   runs     samples that stand together in a file keep near each other, so that it is read once
///   an
///            epoch: runs of `run` samples come in a random order, and the samples of so many runs
///            as hold `group` are mixed. A rest that fills no run is in the last group
///   lengths  where samples have some: those of 16 batches are sorted by length and cut into
///            batches, which come in a random order, so that little of a batch is padding
class SampleOrder {
public:
    /// `lengths`: of each sample, or empty.
    SampleOrder(std::int64_t count, std::int64_t run, std::int64_t group,
                std::vector<std::int32_t> lengths = {});

    /// The samples of batch `index`, of `size`.
    std::vector<std::int64_t> batch(std::uint64_t seed, std::int64_t index,
                                    std::int64_t size) const;

private:
    /// Where the order has place `place`, counted through all epochs.
    std::int64_t sample_at(std::uint64_t seed, std::int64_t place) const;

    std::int64_t count_, run_, group_;
    std::vector<std::int32_t> lengths_;
};

}  // namespace elm
