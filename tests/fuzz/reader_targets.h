#pragma once

// Targets of the fuzzers of the readers of spikes, models and settings, and of the replay of their
// corpus, which get some bytes: true if a reader accepted them. A reader must either give what its
// header promises or refuse with an Error of the right kind; anything else ends the program.

#include <string_view>

namespace elm::test {

/// A table of spikes.
bool read_spike_text(std::string_view text);
/// A table of ListOps.
bool read_listops_text(std::string_view text);
/// A table of paper pairs.
bool read_paper_pairs_text(std::string_view text);
/// The list of the images of a batch of Pathfinder.
bool read_pathfinder_list(std::string_view text);
/// A batch of CIFAR-10.
bool read_cifar_batch(std::string_view bytes);
/// A grey PNG image.
bool read_png_bytes(std::string_view bytes);
/// A model as safetensors.
bool read_safetensors_model(std::string_view bytes);
/// A description of a network.
bool read_network_text(std::string_view text);
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
