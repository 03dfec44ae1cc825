#pragma once

// Targets of the fuzzers of files of networks, and of the replay of their corpus; see
// reader_targets.h.

#include <string_view>

namespace elm::test {

/// A text that says what a NIR file holds, a line for each thing:
///
///     node NAME TYPE                 array NAME EXTENTS : VALUES (repeated where they are too few)
///     text NAME TEXT                 edge FROM TO
///     open NAME                      an inner graph, until a line
///     close
///
/// The file is read, run for some steps where it is small, and made a network of. Damaged bytes of
/// files are the business of the HDF5 library.
bool read_nir_contents(std::string_view text);

}  // namespace elm::test
