#pragma once

#include <cstdint>
#include <memory>

#include "kernels/io/option_set.h"
#include "kernels/modules/sequence_model.h"

/// An encoder (encoders/README.md) before a model: real values in, spikes to the model.
///
///     u = encoder((x - low) / (high - low))       each value lasts value_ms, which is a whole
///                                                 number k of the encoder's steps
///     y[t] = the model's answer at its step k t + k - 1, the last one of the value
///
/// so that whoever asks for an answer a step gets one, whatever the encoder's steps are. Where an
/// encoder has a lowest and a highest value, what lies outside is cut; one of whole numbers gets
/// the nearest. Draws of an encoder are new in every update of a training, and the same whenever a
/// model is tested. A float32 batch on a CUDA device is encoded there, where the encoder has a form
/// for it (encode_batch in encoders/encoder.h) and the model takes dense input; else by the CPU.
namespace elm {

inline constexpr const char* encoder_kind = "encoder";

/// Adds "encoder", "encoder_options", "value_ms", "low", "high" and "encoder_seed".
void declare_encoder(OptionSet& options);
/// True for the options that declare_encoder() adds.
bool is_encoder_option(const std::string& name);

/// Units that the encoder of these options makes of this many values in a step. Throws
/// Error{invalid} for an encoder that is none, that takes no values, or whose options are none.
std::int64_t encoded_width(const OptionSet& options, std::int64_t n_input);

/// `model`, of encoded_width() inputs, behind the encoder. Throws Error{invalid} for a model that
/// does not take what the encoder makes.
std::unique_ptr<SequenceModel> with_encoder(const OptionSet& options, std::int64_t n_input,
                                            std::unique_ptr<SequenceModel> model);

}  // namespace elm
