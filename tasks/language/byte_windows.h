#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "tasks/samples/sample_files.h"

namespace elm {

/// A text that is cut into windows of `steps` bytes, one after the other, and of each byte the one
/// that follows. Fields "text" and "next", `steps` bytes each. The first 90 % of the bytes are
/// trained on, the next 5 % validated on, the last 5 % tested with, as the hundred million bytes of
/// enwik8 are; no window reaches into another part. Throws Error{data} for a file that cannot be
/// read and for one of which a part holds no window.
SampleFiles open_byte_windows(const std::string& path, std::int64_t steps);

}  // namespace elm
