#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "baselines/convolution/causal_layers.h"
#include "kernels/autograd/context.h"
#include "kernels/modules/module.h"

namespace elm {

/// The four patterns of Zhang et al. 2023, arXiv 2210.07661: which of the sequence a step of the
/// output may depend on, and whether what is read is the sequence itself or another one.
struct MixerTraits {
    bool self_noncausal = true, self_causal = true;
    bool cross_noncausal = false, cross_causal = false;
    /// Of the causal self pattern: goes on from one chunk of time to the next.
    bool streams = true;
    /// Tensors of the state that it then leaves, each of axis 0 the batch.
    std::size_t state_tensors = 0;
    /// Why it does not read in both directions, causally, or another sequence, where it does not.
    const char* no_noncausal = "it runs forwards, step by step";
    const char* no_causal = "each step of the result depends on later ones";
    const char* no_cross =
        "it mixes the steps of one sequence in their order, in which those of "
        "another one have no place";
};

/// One of the four.
struct MixerPattern {
    bool is_cross = false, causal = true;

    /// "NS", "CS", "NC" or "CC", as Zhang et al. 2023 have it.
    std::string_view name() const noexcept;
    /// "a sequence causally"
    std::string_view words() const noexcept;
    bool is_known(const MixerTraits& traits) const noexcept;
    /// Why a mixer that does not have this pattern does not.
    std::string_view reason(const MixerTraits& traits) const noexcept;
};
inline constexpr std::array<MixerPattern, 4> all_patterns{
    {{false, false}, {false, true}, {true, false}, {true, true}}};

/// What a mixer reads. `causal`: step t of the result does not depend on later steps of the
/// sequence; a context is visible as a whole in either case.
struct MixerInput {
    Var sequence;                 // (batch, time, width)
    Var context = {};             // (batch, context time, width); without value: itself
    Tensor lengths = {};          // of the sequence, as in SequenceInput
    Tensor context_lengths = {};  // of the context
    bool causal = true;
    /// What the result will be added to, the same shape; without value: the sequence.
    Var around = {};

    bool is_cross() const { return context.value.defined(); }
    /// What is read, and how much of it counts.
    const Var& source() const { return is_cross() ? context : sequence; }
    const Tensor& source_lengths() const { return is_cross() ? context_lengths : lengths; }
};

/// Lets the steps of a sequence know of each other: the part of a model in which families of
/// sequence models differ. A backbone stacks mixers.
class SequenceMixer : public Module {
public:
    explicit SequenceMixer(std::int64_t width) : width_(width) {}

    std::int64_t width() const noexcept { return width_; }
    virtual MixerTraits traits() const = 0;

    /// (batch, time, width) → the same shape. Steps beyond a length neither count nor mean
    /// anything. Goes on from `state` and leaves the next one there; null: from rest to nowhere.
    /// Throws Error{invalid} for shapes that do not fit, for a pattern that the mixer does not
    /// have, and for a state where it does not go on from chunk to chunk.
    Var mix(Context& context, const MixerInput& input, StateCursor* state = nullptr);

    /// As SequenceModel::flops_per_step, of a step in a sequence of `steps`; without the parameters
    /// that multiply once in every step, which the model counts.
    virtual double flops_per_step(std::int64_t steps, bool causal) const = 0;

    /// As SequenceModel::require_device.
    virtual void require_device(const DeviceLimits& /*device*/, DType /*dtype*/) const {}

protected:
    /// As above; `input` is checked.
    virtual Var run(Context& context, const MixerInput& input, StateCursor* state) = 0;

private:
    std::int64_t width_;
};

/// Throws Error{invalid}, naming the option causal, where a mixer cannot read a sequence so.
void require_direction(const MixerTraits& traits, bool causal);

}  // namespace elm
