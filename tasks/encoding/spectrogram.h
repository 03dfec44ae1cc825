#pragma once

#include "encoders/encoder.h"
#include "tasks/report/plot.h"

namespace elm {

/// Level of each frequency over time of the first channel of a sound, in dB above 80 dB below the
/// loudest: windows of 20 ms (Hann), up to 8 kHz or half the sample rate. For a picture.
HeatMap spectrogram(const Signal& sound);

}  // namespace elm
