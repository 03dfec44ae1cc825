#pragma once

#include <cstdint>
#include <vector>

/// Made-up speech: phonemes with formants, and a melody that its last mark decides.
///
///   log mel[t, b] = log(1e-5 + sum_k g_k(t) exp(-(b - f_k(t))^2 / (2 w_k^2))
///                                    (1 + 0.5 v cos(2 pi b / period(t)))) + 0.05 noise
///
/// with three formants k of the phoneme, which slide over 4 frames into those of the next, v = 1
/// where it is voiced, and the distance of harmonics from the pitch. The pitch falls over the last
/// clause before a full stop; before a question mark it falls and rises again, so frames far from
/// the end tell what the last token is. Stands for the task of Zhang et al. 2023, arXiv 2210.07661;
/// phonemes are drawn once for all.
namespace elm {

inline constexpr std::int64_t n_mels = 80;
inline constexpr int n_phonemes = 48, full_stop = 48, question_mark = 49, comma = 50,
                     speech_tokens = 51;

struct SpeechSample {
    std::vector<std::int32_t> tokens, durations;  // by token; durations add up to the frames
    std::vector<double> pitch;                    // by frame, 1 in the mean
    std::vector<double> clean, log_mel;           // (frames, n_mels): without noise, and with it
};

/// SpeechSample `index` of `seed`, exactly `frames` (20 or more) long.
SpeechSample make_utterance(std::int64_t frames, std::uint64_t seed, std::uint64_t index);

}  // namespace elm
