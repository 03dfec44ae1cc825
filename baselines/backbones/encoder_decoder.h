#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "baselines/backbones/positions.h"
#include "baselines/backbones/transformer_parts.h"
#include "baselines/mixers/sequence_mixer.h"
#include "kernels/io/option_set.h"
#include "kernels/modules/layers.h"

namespace elm {

/// What an encoder-decoder reads: features of two sequences, which may differ in length.
struct EncoderDecoderInput {
    Var source;                  // (batch, source time, width)
    Var target;                  // (batch, target time, width)
    Tensor source_lengths = {};  // (batch) as int32 on the host, as in SequenceInput
    Tensor target_lengths = {};
};

/// A source is read in both directions; a target is read step by step (`causal`) or as a whole, and
/// each of its blocks reads the source as well:
///
///     encoder block    x += D(self(N(x)))    x += D(MLP(N(x)))
///     decoder block    x += D(self(N(x)))    x += D(cross(N(x), source))    x += D(MLP(N(x)))
///
/// in pre-norm; in post-norm N stands around the sums (D: dropout, N: layer norm). In pre-norm both
/// stacks end with a norm. Positions are added to both sequences.
///
/// Three roles, each of any mixer that has its pattern: `encoder_mixer` (noncausal self),
/// `decoder_mixer` (causal self, without `causal` noncausal self), `cross_mixer` (causal cross,
/// without `causal` noncausal cross). "none" leaves a role out, and its norm with it.
/// Sources: Vaswani et al. 2017, arXiv 1706.03762; the roles: Zhang et al. 2023, arXiv 2210.07661.
class EncoderDecoder : public Module {
public:
    /// Options as declare() makes them; `seed`: of what mixers draw when they are made. Throws
    /// Error{invalid} for a mixer that is none, for options that are not its own, and, naming the
    /// role, the mixer and the pattern, for one that does not have the pattern of its role.
    EncoderDecoder(const OptionSet& options, std::uint64_t seed);
    ~EncoderDecoder() override;

    /// "width", "mlp_width", "encoder_layers", "decoder_layers", "norm", "activation", "dropout",
    /// "norm_epsilon", "positions", "max_positions", "causal", and for each role ROLE of encoder,
    /// decoder and cross "ROLE_mixer" and "ROLE_options", the options of the mixer as
    /// "NAME=VALUE, NAME=VALUE".
    static void declare(OptionSet& options);

    std::int64_t width() const noexcept { return options_.width; }
    bool causal() const noexcept { return options_.causal; }

    /// What the decoder reads of a source (batch, source time, width), the same shape.
    Var encode(Context& context, const Var& source, const Tensor& source_lengths = {});
    /// States of the target (batch, target time, width), given `memory` as encode() made it;
    /// input.source is not read. With a state (null: whole targets) it goes on behind the target
    /// steps before and leaves the next state there: `causal` alone, and where the decoder's mixer
    /// goes on from chunk to chunk, else Error{invalid}.
    Var decode(Context& context, const EncoderDecoderInput& input, const Var& memory,
               SequenceState* state = nullptr);
    /// decode() of what encode() makes.
    Var forward(Context& context, const EncoderDecoderInput& input);

    /// Multiplications and additions of one sample, forward.
    double flops(std::int64_t source_steps, std::int64_t target_steps);
    /// As SequenceModel::require_device.
    void require_device(const DeviceLimits& device, DType dtype) const;

private:
    class Block;

    TransformerOptions options_;
    Positions& source_positions_;
    Positions& target_positions_;
    std::vector<Block*> encoder_, decoder_;
    LayerNorm* encoder_norm_ = nullptr;  // null in post-norm
    LayerNorm* decoder_norm_ = nullptr;
};

}  // namespace elm
