#pragma once

// Targets of the fuzzers of the readers of events and signals, and of the replay of their corpus,
// which get some bytes: true if a reader accepted them. As reader_targets.h says.

#include <string_view>

namespace elm::test {

/// A recording in AEDAT 3.1.
bool read_aedat_bytes(std::string_view bytes);
/// A recording of N-MNIST.
bool read_nmnist_bytes(std::string_view bytes);
/// The labels of a recording of DVS128 Gesture.
bool read_gesture_labels(std::string_view text);
/// A table of values that are to be encoded.
bool read_signal_table(std::string_view text);
/// Bytes that say what a file in the layout of SHD holds: lists of unequal lengths, wrong types,
/// units, times and labels.
bool read_shd_contents(std::string_view bytes);

}  // namespace elm::test
