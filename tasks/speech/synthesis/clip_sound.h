#pragma once

#include "tasks/data/sample_random.h"
#include "tasks/speech/synthesis/espeak.h"

namespace elm {

inline constexpr std::int64_t clip_rate_hz = 48000;

/// How a spoken word becomes a recording.
struct ClipDraw {
    std::int64_t stretched_rate_hz = 0;  // at which the samples are taken to be
    double gain = 1;
    double lead_s = 0, tail_s = 0;  // silence around the word
    std::uint64_t noise_seed = 0;

    /// Size of the vocal tract 0.96 to 1.04 of the synthesiser's (all frequencies move together),
    /// level 0 to -6 dB, 20 to 60 ms of silence on each side.
    static ClipDraw draw(SampleRandom& random, std::int64_t rate_hz);
};

/// The word at 48 kHz: what is louder than 1 % of its peak, silence around it, noise 60 dB below
/// the peak, edges of 5 ms raised by a cosine. Throws Error{data} for a word that is silent.
Sound shape_clip(const Sound& word, const ClipDraw& draw);

}  // namespace elm
