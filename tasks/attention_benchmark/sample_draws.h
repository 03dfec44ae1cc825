#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "kernels/core/random/normal_number.h"
#include "tasks/data/sample_random.h"

namespace elm {

/// What the generators of the benchmark draw: numbers that follow from seed, index and purpose of a
/// sample, and from how many were drawn before.
class SampleDraws {
public:
    SampleDraws(std::uint64_t seed, std::uint64_t index, std::string_view purpose)
        : random_(seed, index, purpose) {}

    double uniform() { return random_.uniform(); }
    double uniform(double low, double high) { return low + (high - low) * uniform(); }
    bool with_probability(double share) { return uniform() < share; }
    int below(int count) { return random_.below(count); }
    /// `low` to `high`, both included.
    int between(int low, int high) { return low + below(high - low + 1); }

    /// Standard normal.
    double normal() {
        const double first = 1 - uniform();
        return normal_number(first, uniform());
    }
    /// k with a probability in proportion to weights[k].
    std::size_t choice(std::span<const double> weights) {
        double sum = 0;
        for (const double weight : weights) sum += weight;
        double left = uniform() * sum;
        for (std::size_t k = 0; k + 1 < weights.size(); ++k) {
            left -= weights[k];
            if (left < 0) return k;
        }
        return weights.size() - 1;
    }
    template <class T>
    void shuffle(std::span<T> values) {
        for (std::size_t k = values.size(); k > 1; --k) {
            std::swap(values[k - 1], values[static_cast<std::size_t>(below(static_cast<int>(k)))]);
        }
    }

private:
    SampleRandom random_;
};

}  // namespace elm
