#pragma once

#include <memory>

#include "kernels/io/option_set.h"
#include "kernels/modules/sequence_model.h"

/// What stands between a task's input and a model that is written once: nothing, or a layer that
/// the model learns together with.
///
///     embedding    x[t] = the row of the table of the token in step t; 0 in steps without one
///     linear       x[t] = W u[t] + b
///     encoder      spikes of an encoder (encoder_front_end.h), which learns nothing
///
/// With a class token c, learnt as well, the model reads x[0] .. x[length - 1], c, and the answer
/// at step t is the one after it: at the last step of a sample that of the token, which has seen
/// them all.
namespace elm {

/// The section of a configuration or model file.
inline constexpr const char* front_end_section = "front_end";
inline constexpr const char* input_dropout_option = "input_dropout";

/// The options of the section [front_end]: "kind", "width", "class_token", "input_dropout", and
/// those of an encoder.
OptionSet front_end_options();

/// Those that count, as a model file holds them; none where the input goes in as it is.
Values written_front_end(const OptionSet& options);

/// Whether there is a layer before the model.
bool has_front_end(const OptionSet& options);

/// What the model gets of an input of this width.
std::int64_t width_behind(const OptionSet& options, std::int64_t n_input);

/// `model`, of width_behind() inputs, with its input dropout and behind the front end, where there
/// is one. An embedding takes tokens as spikes, one in a step at most. Throws Error{invalid} for a
/// class token without a front end that learns it.
std::unique_ptr<SequenceModel> with_front_end(const OptionSet& options, std::int64_t n_input,
                                              std::unique_ptr<SequenceModel> model);

}  // namespace elm
