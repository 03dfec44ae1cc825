#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "encoders/encoder_registry.h"
#include "tasks/encoding/signal_file.h"

namespace elm {

/// An encoder and how files are read for it.
struct EncodingPlan {
    const EncoderEntry* encoder;
    OptionSet options;
    SignalFileOptions files = {};
    std::uint64_t seed = 0;
};

/// A file and what became of it.
struct EncodedFile {
    std::string name;  // that of the file, without folder and ending
    Signal signal;
    Encoding encoding;
    bool is_sound = false;
    std::optional<ReconstructionError> error;  // of encoders that can decode

    double duration_s() const {
        return static_cast<double>(encoding.n_steps) * encoding.step_ms / 1000;
    }
};

/// Reads and encodes file number `index` of those that are encoded together, which keys its random
/// draws. Throws as read_signal() and encode() do, naming the file.
EncodedFile encode_file(const EncodingPlan& plan, const std::string& path, std::int64_t index);

/// Where a code tells values by the time of a spike, and a value lasts too few steps for that: what
/// is the matter. Else empty.
std::string coarseness(const EncodingPlan& plan, const EncodedFile& file);

}  // namespace elm
