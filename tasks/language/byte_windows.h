#pragma once

#include <array>
#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>

#include "tasks/samples/sample_files.h"

namespace elm {

/// What of a text is predicted.
enum class ByteReader {
    bytes,      // each byte as it is: 256 kinds
    published,  // what Transformer-XL's reader leaves, see below
};

/// The parts of a text as symbols, one byte each.
struct TextSymbols {
    std::array<std::string, 3> parts;  // to train on, to validate on, to test with
    std::string vocabulary;            // byte that a symbol stands for; of ByteReader::bytes empty

    std::int64_t kinds() const { return vocabulary.empty() ? 256 : std::ssize(vocabulary); }
};

/// Symbols as the published preparation of enwik8 and its reader make them: newlines are lost,
/// never read and never predicted, and the other bytes are numbered by falling count over all three
/// parts, equal ones by where they come first. The hundred million bytes of enwik8 have 204 such
/// symbols. Sources: prep_enwik8.py of salesforce/awd-lstm-lm, vocabulary of
/// kimiyoung/transformer-xl.
TextSymbols published_symbols(const std::array<std::string_view, 3>& parts);

/// A text that is cut into windows of `steps` bytes, one after the other, and of each byte the one
/// that follows. Fields "text" and "next", `steps` bytes each. The first 90 % of the bytes are
/// trained on, the next 5 % validated on, the last 5 % tested with, as the hundred million bytes of
/// enwik8 are; no window reaches into another part. The option "kinds" of the files is the number
/// of symbols. Throws Error{data} for a file that cannot be read and for one of which a part holds
/// no window.
SampleFiles open_byte_windows(const std::string& path, std::int64_t steps,
                              ByteReader reader = ByteReader::bytes);

}  // namespace elm
