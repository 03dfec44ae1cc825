#pragma once

#include "kernels/core/simd/lanes.h"

namespace elm::cochlea {

/// The inner hair cell: membrane velocity u as the probability that a release site of its synapse
/// releases transmitter within one step, by three pools of transmitter in the free (q), the cleft
/// (c) and reprocessing (w). Explicit Euler, all right-hand sides from the old state; rates in 1/s:
///   kappa = g dt (u + a) / (u + a + b)  where u + a > 0, else 0       permeability
///   q' = max(q + max(y dt (m - q), 0) - kappa q + x dt w, 0)
///   c' = max(c + kappa q - (l + r) dt c, 0)
///   w' = max(w + r dt c - x dt w, 0)
///   probability = h dt c'
/// A channel in each lane. Stable for rates above l + r = 9080 Hz.
/// Sources: Meddis 1986, doi:10.1121/1.393460; Meddis 1988, doi:10.1121/1.396050; constants of the
/// public program of Cramer et al. 2020, doi:10.1109/TNNLS.2020.3044364.
template <class Real, int N>
class HairCell {
public:
    using V = lanes::Vec<Real, N>;

    static constexpr double replenishing = 5.05, release = 2000, loss = 2500, reuptake = 6580,
                            reprocessing = 66.3;
    static constexpr double permeability_a = 5, permeability_b = 300;
    static constexpr double sites_rate = 50000, most_free = 1;

    /// At rest in silence.
    explicit HairCell(double step_s)
        : release_(real(release * step_s)),
          replenishing_(real(replenishing * step_s)),
          reprocessing_(real(reprocessing * step_s)),
          reuptake_(real(reuptake * step_s)),
          leaving_(real((loss + reuptake) * step_s)),
          sites_(real(sites_rate * step_s)) {
        const double k = release * permeability_a / (permeability_a + permeability_b);
        const double cleft =
            most_free * replenishing * k / (loss * k + replenishing * (loss + reuptake));
        cleft_ = V{} + real(cleft);
        free_ = V{} + real(cleft * (loss + reuptake) / k);
        reprocessed_ = V{} + real(cleft * reuptake / reprocessing);
    }

    /// Takes one step; the probability of a release of each site.
    ELM_INLINE V step(const V& velocity) {
        const V shifted = velocity + real(permeability_a);
        const V released = release_ * positive(shifted / (shifted + real(permeability_b))) * free_;
        const V recycled = reprocessing_ * reprocessed_;
        const V gained = add(replenishing_, positive(real(most_free) - free_), recycled - released);
        const V held = add(-leaving_, cleft_, released);
        const V moved = add(reuptake_, cleft_, -recycled);
        free_ = positive(free_ + gained);
        cleft_ = positive(cleft_ + held);
        reprocessed_ = positive(reprocessed_ + moved);
        return sites_ * cleft_;
    }

private:
    /// rate x + y, rounded once where the machine can.
    ELM_INLINE static V add(Real rate, const V& x, const V& y) {
        return lanes::multiply_add<Real, N>(V{} + rate, x, y);
    }
    static constexpr Real real(double x) { return static_cast<Real>(x); }
    ELM_INLINE static V positive(const V& x) { return x > V{} ? x : V{}; }

    Real release_, replenishing_, reprocessing_, reuptake_, leaving_, sites_;  // of a step
    V free_, cleft_, reprocessed_;
};

}  // namespace elm::cochlea
