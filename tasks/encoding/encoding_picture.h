#pragma once

#include "tasks/encoding/encode_file.h"
#include "tasks/report/plot.h"

namespace elm {

/// The signal above its encoding: spectrogram of a sound, traces of up to 8 channels; spikes of all
/// units, or the values of up to 8.
Figure encoding_figure(const EncodedFile& file, const EncodingPlan& plan);

}  // namespace elm
