#pragma once

// What the fuzzers of the readers of spikes, models and settings, and the replay of their corpus,
// do with some bytes: true if a reader accepted them. A reader must either give what its header
// promises or refuse with an Error of the right kind; anything else ends the program.

#include <string_view>

namespace elm::test {

/// A table of spikes.
bool read_spike_text(std::string_view text);
/// A model as safetensors.
bool read_safetensors_model(std::string_view bytes);
/// A description of a cell.
bool read_cell_text(std::string_view text);
/// A configuration.
bool read_config_text(std::string_view text);
/// Bytes that say what an HDF5 file holds, with names, shapes, types and values that may be wrong,
/// and who reads it: as spikes, state dict, sequence model or ground truth. Damaged files
/// themselves are the business of the HDF5 library, which does not stand them: Debian's 1.10.8
/// crashes on some.
bool read_hdf5_contents(std::string_view bytes);

}  // namespace elm::test
