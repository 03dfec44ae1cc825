#include "tasks/attention_benchmark/speech_samples.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "kernels/core/support/check.h"
#include "tasks/attention_benchmark/sample_draws.h"

namespace elm {
namespace {

constexpr int n_formants = 3, n_successors = 6, mark_frames = 4, pause_frames = 3;
constexpr double slide_frames = 4, noise = 0.05, floor_of_log = 1e-5;

struct Formant {
    double bin = 0, width = 1, gain = 0;
};
struct Phoneme {
    std::array<Formant, n_formants> formants;
    bool voiced = false;
    double frames = 1;  // in the mean
    std::array<int, n_successors> successors{};
};

std::array<Phoneme, n_phonemes> draw_phonemes() {
    SampleDraws draws(0, 0, "tts-syn phonemes 1");
    std::array<Phoneme, n_phonemes> all;
    for (Phoneme& one : all) {
        for (Formant& formant : one.formants) {
            formant = {draws.uniform(0, static_cast<double>(n_mels - 1)), draws.uniform(2, 6),
                       std::exp(draws.uniform(-2, 1))};
        }
        one.voiced = draws.with_probability(0.6);
        one.frames = draws.uniform(3, 9);
        for (int& next : one.successors) next = draws.below(n_phonemes);
    }
    return all;
}

const std::array<Phoneme, n_phonemes>& phonemes() {
    static const std::array<Phoneme, n_phonemes> all = draw_phonemes();
    return all;
}

void add_token(SpeechSample& speech, int token, std::int64_t frames) {
    speech.tokens.push_back(token);
    speech.durations.push_back(static_cast<std::int32_t>(frames));
}

/// Tokens until all frames but those of the last mark are full.
void draw_tokens(SampleDraws& draws, std::int64_t frames, SpeechSample& speech) {
    const std::int64_t end = frames - mark_frames, stretched = frames - frames / 10;
    const double pace = draws.uniform(0.85, 1.15);
    int phoneme = draws.below(n_phonemes), until_comma = draws.between(12, 25);
    for (std::int64_t at = 0; at < end;) {
        if (until_comma-- == 0 && end - at > 2 * pause_frames) {
            add_token(speech, comma, pause_frames);
            at += pause_frames;
            until_comma = draws.between(12, 25);
            continue;
        }
        const Phoneme& own = phonemes()[static_cast<std::size_t>(phoneme)];
        const double drawn =
            own.frames * pace * std::exp(0.25 * draws.normal()) * (at >= stretched ? 1.3 : 1.0);
        const std::int64_t length = std::clamp<std::int64_t>(std::llround(drawn), 1, end - at);
        add_token(speech, phoneme, length);
        at += length;
        phoneme = draws.with_probability(0.8)
                      ? own.successors[static_cast<std::size_t>(draws.below(n_successors))]
                      : draws.below(n_phonemes);
    }
    add_token(speech, draws.with_probability(0.5) ? full_stop : question_mark, mark_frames);
}

/// First frame of the last clause.
std::int64_t last_clause(const SpeechSample& speech) {
    std::int64_t at = 0, begin = 0;
    for (std::size_t k = 0; k < speech.tokens.size(); ++k) {
        at += speech.durations[k];
        if (speech.tokens[k] == comma) begin = at;
    }
    return begin;
}

void draw_pitch(SampleDraws& draws, std::int64_t frames, SpeechSample& speech) {
    const std::int64_t begin = last_clause(speech);
    const bool asks = speech.tokens.back() == question_mark;
    const double level = draws.uniform(0.9, 1.1);
    for (std::int64_t t = 0; t < frames; ++t) {
        const double way =
            t < begin ? 0
                      : static_cast<double>(t - begin) /
                            static_cast<double>(std::max<std::int64_t>(frames - 1 - begin, 1));
        const double contour = asks ? 1 + 0.5 * (2 * std::abs(way - 0.5) - 0.5) : 1.2 - 0.4 * way;
        speech.pitch.push_back(t < begin ? level : level * contour);
    }
}

Formant between(const Formant& a, const Formant& b, double way) {
    const auto mix = [way](double x, double y) { return x + way * (y - x); };
    return {mix(a.bin, b.bin), mix(a.width, b.width), mix(a.gain, b.gain)};
}

/// Formants of a frame, which lies `before` frames behind the begin of its token and `left` before
/// its end; silent where a token is a mark.
Formant formant_at(const SpeechSample& speech, std::size_t token, double before, double left,
                   std::size_t k) {
    const auto of_token = [&](std::size_t at) {
        const auto id = static_cast<std::size_t>(speech.tokens[at]);
        return id < phonemes().size() ? phonemes()[id].formants[k] : Formant{};
    };
    const Formant own = of_token(token);
    if (own.gain == 0) return own;
    const auto with = [&](std::size_t other, double distance) {
        const Formant neighbour = of_token(other);
        const double share = 0.5 - distance / slide_frames;
        return neighbour.gain == 0 || share <= 0 ? own : between(own, neighbour, share);
    };
    if (before < left) return token > 0 ? with(token - 1, before) : own;
    return token + 1 < speech.tokens.size() ? with(token + 1, left) : own;
}

void add_frame(const SpeechSample& speech, std::size_t token, std::int64_t step, double pitch,
               std::vector<double>& into) {
    const auto id = static_cast<std::size_t>(speech.tokens[token]);
    const bool voiced = id < phonemes().size() && phonemes()[id].voiced;
    std::array<Formant, n_formants> formants;
    for (std::size_t k = 0; k < formants.size(); ++k) {
        formants[k] = formant_at(speech, token, static_cast<double>(step) + 0.5,
                                 static_cast<double>(speech.durations[token] - step) - 0.5, k);
    }
    const double period = 2 + 4 * pitch;
    for (std::int64_t b = 0; b < n_mels; ++b) {
        const auto bin = static_cast<double>(b);
        double energy = 0;
        for (const Formant& formant : formants) {
            const double z = (bin - formant.bin) / formant.width;
            energy += formant.gain * std::exp(-z * z / 2);
        }
        const double harmonics =
            1 + (voiced ? 0.5 * std::cos(2 * std::numbers::pi * bin / period) : 0);
        into.push_back(std::log(floor_of_log + energy * harmonics));
    }
}

}  // namespace

SpeechSample make_utterance(std::int64_t frames, std::uint64_t seed, std::uint64_t index) {
    ELM_CHECK(frames >= 20, "an utterance of {} frames: expected 20 or more.", frames);
    SampleDraws draws(seed, index, "tts-syn 1");
    SpeechSample speech;
    draw_tokens(draws, frames, speech);
    draw_pitch(draws, frames, speech);
    std::size_t at = 0;
    for (std::size_t token = 0; token < speech.tokens.size(); ++token) {
        for (std::int64_t step = 0; step < speech.durations[token]; ++step) {
            add_frame(speech, token, step, speech.pitch[at++], speech.clean);
        }
    }
    for (const double value : speech.clean) {
        speech.log_mel.push_back(value + noise * draws.normal());
    }
    return speech;
}

}  // namespace elm
