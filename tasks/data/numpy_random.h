#pragma once

#include <cstdint>

namespace elm {

/// The random numbers of numpy.random.default_rng(seed), bit by bit: what published programs drew,
/// can be drawn again. Sources: O'Neill 2014, HMC-CS-2014-0905 (PCG64, XSL-RR 128/64); Lemire 2019,
/// doi:10.1145/3230636 (integers below a bound); numpy 1.17 and later (how a seed becomes a state).
class NumpyRandom {
public:
    explicit NumpyRandom(std::uint64_t seed);

    std::uint64_t word();
    /// random(): in [0, 1), to a resolution of 2^-53.
    double uniform() { return static_cast<double>(word() >> 11) * 0x1p-53; }
    /// integers(0, count), 1 <= count <= 2^32.
    std::uint32_t below(std::uint64_t count);
    /// binomial(1, probability), for a probability of at most a half.
    bool chance(double probability);

private:
    /// A number of 128 bits.
    struct Wide {
        std::uint64_t high = 0, low = 0;
    };
    static Wide sum(Wide a, Wide b);
    static Wide product(Wide a, Wide b);
    void step();
    std::uint32_t half_word();

    Wide state_, increment_;
    bool has_half_ = false;
    std::uint32_t half_ = 0;
};

}  // namespace elm
