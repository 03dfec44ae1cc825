#pragma once

#include <memory>

#include "kernels/io/option_set.h"
#include "kernels/modules/sequence_model.h"

/// Two sequences read by one model, and a head that compares what is left of them:
///
///     a, b = the outputs of the model for both, at the last step or their mean     (latent)
///     y    = MLP([a, b, a b, a - b])                                                (outputs)
///
/// Source: the head of Tay et al. 2021, arXiv 2011.04006, as in their public code.
namespace elm {

/// The section of a model file.
inline constexpr const char* towers_section = "towers";

/// The options of the section [towers]: "latent", "hidden" and "pooling".
OptionSet towers_options();

/// `model`, of "latent" outputs, as the tower of a model that answers once for a pair: input
/// (2 pairs, time, inputs), of which sequences 2k and 2k + 1 are pair k, → (pairs, 1, outputs).
std::unique_ptr<SequenceModel> with_towers(const OptionSet& options, std::int64_t n_output,
                                           std::unique_ptr<SequenceModel> model);

}  // namespace elm
