#pragma once

#include <cmath>
#include <cstdint>

#include "kernels/core/simd/lanes.h"

namespace elm::cochlea {

/// Releases of the 40 sites of a channel in each step, a channel in each lane. A site releases with
/// probability p where at least 1 ms has passed since it last did. Sites are alike, so their sum is
/// all that is drawn: with f sites free,
///   n ~ Binomial(f, p),   f = 40 - releases of the last ceil(1 ms / dt) - 1 steps
/// by inversion of one uniform number,
///   P(0) = (1 - p)^f,   P(k + 1) = P(k) (f - k) / (k + 1) p / (1 - p)
/// p must be below 0.5.
/// Source: Cramer et al. 2020, doi:10.1109/TNNLS.2020.3044364, whose program draws each site.
template <int N>
class ReleaseSites {
public:
    using V = lanes::Vec<float, N>;

    static constexpr float sites = 40;
    static constexpr double dead_time_s = 1e-3;

    explicit ReleaseSites(double step_s)
        : recent_(N * static_cast<std::size_t>(std::ceil(dead_time_s / step_s - 1e-9))),
          free_(V{} + sites) {}

    /// Takes one step with numbers `uniform` in [0, 1).
    ELM_INLINE V step(const V& p, const V& uniform) {
        free_ = free_ + lanes::load<float, N>(recent_.data() + next_);
        const V none = power(1.0F - p, free_), none_p = none * p;
        const V one = V{} + 1.0F;
        V releases = uniform >= none && free_ > 0.0F ? one : V{};
        // P(1) is this times 1 / (1 - p): whoever is below has one release at most, which most
        // vectors of channels have.
        const V at_least = lanes::multiply_add<float, N>(none_p, free_, none);
        const V may_be_more = uniform >= at_least ? releases : V{};
        if (lanes::nonzero_mask<float, N>(may_be_more) != 0) {
            releases = releases + further(p, uniform, none);
        }
        free_ = free_ - releases;
        lanes::store<float, N>(recent_.data() + next_, releases);
        next_ = next_ + N == recent_.size() ? 0 : next_ + N;
        return releases;
    }

private:
    /// q^f for whole f of 0 .. 63, by the bits of f: six products of rounded numbers.
    ELM_INLINE static V power(V q, const V& f) {
        const auto bits = __builtin_convertvector(f, lanes::Vec<std::int32_t, N>);
        V result = (bits & 1) != 0 ? q : V{} + 1.0F;
        for (int bit = 2; bit <= 32; bit *= 2) {
            q = q * q;
            result = (bits & bit) != 0 ? result * q : result;
        }
        return result;
    }

    /// Releases beyond the first one, where P(0) is `none`.
    V further(const V& p, const V& uniform, const V& none) const {
        const V odds = p / (1.0F - p);
        V probability = none, below = none, releases{};
        for (int k = 0; k < static_cast<int>(sites); ++k) {
            probability = probability * odds * (free_ - static_cast<float>(k)) *
                          (1.0F / static_cast<float>(k + 1));
            // What the sum lacks of 1 by rounding is no probability of another one.
            const V more = uniform >= below && probability > 1e-9F ? V{} + 1.0F : V{};
            if (lanes::nonzero_mask<float, N>(more) == 0) break;
            if (k > 0) releases = releases + more;
            below = below + probability;
        }
        return releases;
    }

    lanes::AlignedVector<float> recent_;  // releases (step, lane), a ring
    std::size_t next_ = 0;
    V free_;
};

}  // namespace elm::cochlea
