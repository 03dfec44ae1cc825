#include "network/time_stepped/poisson_counts.h"

#include <algorithm>
#include <cmath>

#include "kernels/core/random/philox_lanes.h"

namespace elm::network {
namespace {

ELM_INLINE bool any(const lanes::Words& mask) {
    using Floats = lanes::Vec<float, lanes::native_words>;
    return lanes::nonzero_mask<float, lanes::native_words>(std::bit_cast<Floats>(mask)) != 0;
}

}  // namespace

PoissonCounts::PoissonCounts(double mean) {
    parts_ = static_cast<std::uint32_t>(std::max(1.0, std::ceil(mean / 8)));
    const double part = mean / parts_;
    // Inverse of the distribution function, to the resolution of a word.
    double probability = std::exp(-part), sum = probability;
    for (int k = 1; sum * 0x1p32 < 0x1p32 - 1 && k < 64; ++k) {
        thresholds_.push_back(static_cast<std::uint32_t>(sum * 0x1p32));
        probability *= part / k;
        sum += probability;
    }
}

void PoissonCounts::draw(const RandomKey& key, std::int64_t first,
                         std::uint32_t (&counts)[group]) const {
    using lanes::native_words;
    // Word w of block i of a group is that of neuron 16 w + i, whatever the width of vectors.
    constexpr std::int64_t blocks = group / draws_per_block;
    for (std::int64_t block = 0; block < blocks; block += native_words) {
        lanes::Words sum[4] = {};
        for (std::uint32_t part = 0; part < parts_; ++part) {
            lanes::Words words[1][4];
            lanes::random_blocks<1>(parts_ == 1 ? key : key.for_part(part),
                                    first / draws_per_block + block, words);
            const auto larger = [](const lanes::Words& a, const lanes::Words& b) {
                return a > b ? a : b;
            };
            const lanes::Words largest =
                larger(larger(words[0][0], words[0][1]), larger(words[0][2], words[0][3]));
            for (const std::uint32_t threshold : thresholds_) {
                if (!any(std::bit_cast<lanes::Words>(largest >= threshold))) break;
                for (int w = 0; w < 4; ++w) {
                    // A comparison that holds is -1.
                    sum[w] -= std::bit_cast<lanes::Words>(words[0][w] >= threshold);
                }
            }
        }
        for (int w = 0; w < 4; ++w) {
            lanes::store<std::uint32_t, native_words>(counts + w * blocks + block, sum[w]);
        }
    }
}

}  // namespace elm::network
