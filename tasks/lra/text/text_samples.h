#pragma once

#include <string>

#include "tasks/samples/sample_options.h"
#include "tasks/samples/sample_task.h"

/// What tasks on texts share: bytes, a step each, as Long Range Arena has them: id = byte + 1, and
/// 0 for padding, which is silent; or characters, as the state-space models (S4) have them.
namespace elm {

/// "most_length", what is read of a text.
Option most_length_option(std::int64_t bytes);

/// "least_length" and "most_length" of texts that are made up.
OptionSet made_up_options(std::int64_t least_bytes, std::int64_t most_bytes);
/// Samples of a text `field` and a label, which `draw` returns.
SetGenerator made_up_generator(const OptionSet& options, const char* field,
                               int (*draw)(std::uint64_t seed, std::uint64_t index,
                                           std::int64_t least_length, std::int64_t most_length,
                                           std::string& text));

/// One-hot of 257 ids.
InputEncoding byte_ids();

/// "vocabulary", bytes or characters, and "least_count" of characters.
void declare_vocabulary(OptionSet& options, std::int64_t least_count);
/// Bytes that a unit of the chosen vocabulary may have: 1, or 4 of a character.
std::int64_t most_bytes_of_unit(const OptionSet& options);
/// byte_ids(), or the characters that occur in the ragged field of what is trained on
/// (characters.h), of which "most_length" with the end are read.
InputEncoding text_encoding(const OptionSet& options, const SampleSource& source);

/// Lengths of the texts, and how many samples have each label of 0 and 1.
SetStatistics text_statistics(const SetColumns& samples, const char* field);

/// The bytes of up to six texts as grey levels, line by line.
TileFigure text_picture(const std::string& title, const SetColumns& samples, const char* field);

/// A text in two classes: up to most_length steps of text_encoding(), the pooling that was chosen.
void declare_text_form(OptionSet& options);
SampleForm text_form(const OptionSet& options, const SampleSource& source);

/// Pairs of documents, read by two towers; the head's options are "latent", "hidden" and "pooling".
void declare_pair_form(OptionSet& options);
SampleForm pair_form(const OptionSet& options, const SampleSource& source);

}  // namespace elm
