#pragma once

#include <string>

#include "encoders/encoder.h"

namespace elm {

/// How files become signals.
struct SignalFileOptions {
    double step_ms = 0;        // how long a value lasts; 0: as suits the file, see below
    std::string dataset = {};  // of an HDF5 file; empty: its only one
    bool scale = false;        // values are mapped from lowest .. highest to 0 .. 1
};

/// The signal in a file, as the encoder reads it:
///   sound (WAV, FLAC, Ogg)  its channels; a value lasts 1000 / rate ms
///   image (grey PNG, PGM)   levels 0 .. 1; a channel a pixel, shown for 100 ms, or for encoders
///                           along time one channel, pixel by pixel and row by row, 1 ms each
///   HDF5                    one dataset (steps) or (steps, channels), 1 ms a step
///   table of text           a row a step, a column a channel, 1 ms a step; a first row of names is
///                           left out
///   events                  a file of spikes (see spike_file.h)
///   bytes                   of any file, for encoders of bytes
/// Throws Error{data} naming file and place: line of a ragged row, of a value that is no finite
/// number; several datasets, a damaged image or sound, an empty file.
Signal read_signal(const std::string& path, const EncoderEntry& encoder,
                   const SignalFileOptions& options);

}  // namespace elm
