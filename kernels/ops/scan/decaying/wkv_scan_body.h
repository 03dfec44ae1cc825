#pragma once

#include "kernels/ops/scan/decaying/wkv_scan.h"

/// The scan of neighbouring units of one sample. `Access` loads and stores what of them lies side
/// by side, a number on CUDA, a vector of lanes on the CPU; `Functions` names its type, and has exp
/// and larger of it.
namespace elm {

inline constexpr double no_exponent = -1e38;  // of an empty sum

/// Both sums, scaled by e^-exponent.
template <class Functions>
struct WkvSums {
    typename Functions::Value weighted, weights, exponent;
};

/// Factors of two terms of a sum whose exponents are `left` and `right`, and what is taken out.
template <class Functions>
struct WkvPair {
    using Value = typename Functions::Value;
    Value exponent, left, right;
    ELM_HD WkvPair(const Value& left_exponent, const Value& right_exponent)
        : exponent(Functions::larger(left_exponent, right_exponent)),
          left(Functions::exp(left_exponent - exponent)),
          right(Functions::exp(right_exponent - exponent)) {}
};

template <class Functions, class Access, class Real>
ELM_HD void wkv_units(const WkvScanArgs<Real>& args, std::int64_t sample, std::int64_t unit,
                      const Access& access) {
    using Value = typename Functions::Value;
    const Value decay = access.load(&args.decay(unit)), bonus = access.load(&args.bonus(unit));
    WkvSums<Functions> sums{access.load(&args.initial(sample, 0, unit)),
                            access.load(&args.initial(sample, 1, unit)),
                            access.load(&args.initial(sample, 2, unit))};
    for (std::int64_t t = 0; t < args.key.extent[1]; ++t) {
        if (args.states.data != nullptr) {
            access.store(&args.states(sample, t, 0, unit), sums.weighted);
            access.store(&args.states(sample, t, 1, unit), sums.weights);
            access.store(&args.states(sample, t, 2, unit), sums.exponent);
        }
        const Value key = access.load(&args.key(sample, t, unit));
        const Value value = access.load(&args.value(sample, t, unit));
        const WkvPair<Functions> read(sums.exponent, bonus + key);
        access.store(&args.output(sample, t, unit),
                     (read.left * sums.weighted + read.right * value) /
                         (read.left * sums.weights + read.right));
        const WkvPair<Functions> kept(decay + sums.exponent, key);
        sums = {kept.left * sums.weighted + kept.right * value,
                kept.left * sums.weights + kept.right, kept.exponent};
    }
    access.store(&args.final(sample, 0, unit), sums.weighted);
    access.store(&args.final(sample, 1, unit), sums.weights);
    access.store(&args.final(sample, 2, unit), sums.exponent);
}

/// Gradients of both sums come scaled by e^-exponent, too. All exponents below are at most 0: no
/// later divisor is smaller than what an earlier key put into it.
template <class Functions, class Access, class Real>
ELM_HD void wkv_units_backward(const WkvScanBackwardArgs<Real>& args, std::int64_t sample,
                               std::int64_t unit, const Access& access) {
    using Value = typename Functions::Value;
    const Value decay = access.load(&args.decay(unit)), bonus = access.load(&args.bonus(unit));
    WkvSums<Functions> along{Value{}, Value{}, Value{} + Real(no_exponent)};
    Value decay_gradient{}, bonus_gradient{};
    for (std::int64_t t = args.key.extent[1] - 1; t >= 0; --t) {
        const WkvSums<Functions> sums{access.load(&args.states(sample, t, 0, unit)),
                                      access.load(&args.states(sample, t, 1, unit)),
                                      access.load(&args.states(sample, t, 2, unit))};
        const Value key = access.load(&args.key(sample, t, unit));
        const Value value = access.load(&args.value(sample, t, unit));
        const Value output = access.load(&args.output(sample, t, unit));
        const WkvPair<Functions> read(sums.exponent, bonus + key);
        const Value gradient = access.load(&args.output_gradient(sample, t, unit)) /
                               (read.left * sums.weights + read.right);
        const Value own = gradient * read.right, of_key = own * (value - output);
        const Value later = Functions::exp(key + along.exponent);
        access.store(&args.value_gradient(sample, t, unit), own + later * along.weighted);
        access.store(&args.key_gradient(sample, t, unit),
                     of_key + later * (value * along.weighted + along.weights));
        bonus_gradient = bonus_gradient + of_key;
        const Value through = Functions::exp(decay + sums.exponent + along.exponent);
        decay_gradient = decay_gradient +
                         through * (sums.weighted * along.weighted + sums.weights * along.weights);
        const WkvPair<Functions> kept(-read.exponent, decay + along.exponent);
        along = {kept.left * gradient + kept.right * along.weighted,
                 kept.right * along.weights - kept.left * gradient * output, kept.exponent};
    }
    access.store(&args.decay_gradient(sample, unit), decay_gradient);
    access.store(&args.bonus_gradient(sample, unit), bonus_gradient);
}

}  // namespace elm
