#pragma once

#include <cstdint>
#include <vector>

#include "kernels/core/random/random_key.h"

namespace elm::network {

/// Numbers of events in a step of independent Poisson trains, one for each neuron. That of a neuron
/// and step follows from the key alone.
class PoissonCounts {
public:
    /// Neurons whose counts are made together; a call begins at a multiple of it.
    static constexpr std::int64_t group = 64;

    /// `mean` events a step, at least 0. Counts of a mean of more than 8 are sums of several.
    explicit PoissonCounts(double mean);

    /// Counts of neurons [first, first + group) in the step of `key`.
    void draw(const RandomKey& key, std::int64_t first, std::uint32_t (&counts)[group]) const;

    /// Counts are sums over so many parts of the key; over the key itself where it is one.
    std::uint32_t parts() const { return parts_; }
    /// In ascending order; word >= [k]: more than k events.
    const std::vector<std::uint32_t>& thresholds() const { return thresholds_; }

private:
    std::uint32_t parts_ = 1;
    std::vector<std::uint32_t> thresholds_;
};

}  // namespace elm::network
