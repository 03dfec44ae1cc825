#pragma once

#include <cstdint>

#include "baselines/mixers/sequence_mixer.h"
#include "kernels/modules/layers.h"

namespace elm {

/// Of each step of x (batch, time, features) the one before; of the first `before` (batch,
/// features).
Var steps_before(Context& context, const Var& x, const Var& before);

/// Shares of a step in a sum with the one before, of feature i: (i / width)^power + more.
Initialiser first_shares(std::int64_t width, double power, double more);

/// What mixes the features of a step in RWKV-4, in the place of a perceptron (s: sigmoid, *:
/// element by element):
///
///   a_m[t] = m * x[t] + (1 - m) * x[t-1]            for m = m_k, m_r, x[-1] = 0
///   y = s(W_r a_r) * (W_v relu(W_k a_k)^2)
///
/// Source: Peng et al. 2023, arXiv 2305.13048, section 3; shares begin as in the authors' code,
/// matrices uniform and not at 0 or orthogonal.
class Rwkv4Channels : public Module {
public:
    /// `left`: the share of the layers of a model that are not before this one, from 1 at the
    /// first.
    Rwkv4Channels(std::int64_t width, std::int64_t hidden, double left);

    /// One tensor of the state; null: from rest to nowhere.
    static constexpr std::size_t state_tensors = 1;
    /// (batch, time, width) → the same shape.
    Var forward(Context& context, const Var& x, StateCursor* state) const;

private:
    ModuleParameter& mix_key_;
    ModuleParameter& mix_gate_;
    Linear& key_;
    Linear& value_;
    Linear& gate_;
};

}  // namespace elm
