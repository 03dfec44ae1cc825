#include "tasks/speech/synthesis/spoken_clip.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "encoders/encoder_registry.h"
#include "kernels/core/support/check.h"
#include "tasks/speech/shd_file.h"
#include "tasks/speech/synthesis/clip_sound.h"

namespace elm {
namespace {

constexpr std::int64_t synthesiser_rate_hz = 22050;
constexpr int least_amplitude = 60, most_amplitude = 90;  // from 100 on some timbres are cut
constexpr int pitch_spread = 8;

}  // namespace

/// Everything that is drawn of a clip.
struct ClipMaker::Take {
    int label = 0;
    std::int64_t speaker = 0;
    bool is_test = false;
    Utterance utterance = {};
    ClipDraw clip = {};
};

ClipMaker::ClipMaker(const SpokenRecipe& recipe, std::string program)
    : recipe_(recipe),
      program_(std::move(program)),
      speakers_(make_speakers(recipe.seed, recipe.speakers)) {
    ELM_CHECK(recipe.count >= 1 && recipe.count <= 10'000'000,
              "{} clips: expected 1 to 10,000,000.", recipe.count);
    ELM_CHECK(recipe.held_out >= 1 && recipe.held_out < recipe.speakers,
              "{} of {} speakers are held out: expected at least one, and one that is not.",
              recipe.held_out, recipe.speakers);
    ELM_CHECK(recipe.test_percent >= 0 && recipe.test_percent < 100,
              "{} percent to test with: expected 0 to below 100.", recipe.test_percent);
}

ClipMaker::Take ClipMaker::take(std::int64_t index) const {
    SampleRandom random(recipe_.seed, static_cast<std::uint64_t>(index), "spoken digit");
    Take take;
    take.speaker = index % recipe_.speakers;
    take.label = static_cast<int>(index / recipe_.speakers % shd_classes);
    const bool is_drawn = random.uniform() < recipe_.test_percent / 100;
    take.is_test = is_drawn || take.speaker >= recipe_.speakers - recipe_.held_out;
    const Speaker& speaker = speakers_[static_cast<std::size_t>(take.speaker)];
    const double speed = 0.85 + 0.35 * random.uniform();
    take.utterance = {
        .voice = speaker.voice(take.label),
        .word = shd_words()[static_cast<std::size_t>(take.label)],
        .words_per_minute = static_cast<int>(std::lround(speaker.words_per_minute * speed)),
        .pitch =
            std::clamp(speaker.pitch - pitch_spread + random.below(2 * pitch_spread + 1), 0, 99),
        .amplitude = least_amplitude + random.below(most_amplitude - least_amplitude + 1)};
    take.clip = ClipDraw::draw(random, synthesiser_rate_hz);
    return take;
}

Sound ClipMaker::sound(std::int64_t index) const {
    const Take drawn = take(index);
    return with_context(
        fmt::format("speaking '{}' with the voice {}", drawn.utterance.word, drawn.utterance.voice),
        [&] { return shape_clip(speak(drawn.utterance, program_), drawn.clip); });
}

bool ClipMaker::is_test(std::int64_t index) const { return take(index).is_test; }

SpokenClip ClipMaker::make(std::int64_t index) const {
    const Take drawn = take(index);
    Sound heard = sound(index);
    static const EncoderEntry& ear = find_encoder("cochlea");
    Signal signal{.n_steps = std::ssize(heard.samples),
                  .n_channels = 1,
                  .step_ms = 1000.0 / static_cast<double>(heard.rate_hz),
                  .values = std::move(heard.samples)};
    const RandomKey key = RandomKey{.seed = recipe_.seed}
                              .for_purpose("cochlea of a spoken digit")
                              .at_step(static_cast<std::uint64_t>(index));
    const Encoding spikes = encode(ear, ear.options, signal, key);
    SpokenClip clip{.label = drawn.label,
                    .speaker = static_cast<std::int32_t>(drawn.speaker),
                    .is_test = drawn.is_test};
    const Utterance& said = drawn.utterance;
    clip.text = fmt::format("-v {} -s {} -p {} -a {} {}; as of {} Hz, gain {:.3f}", said.voice,
                            said.words_per_minute, said.pitch, said.amplitude, said.word,
                            drawn.clip.stretched_rate_hz, drawn.clip.gain);
    for (const SpikeEvent& spike : spikes.spikes) {
        clip.times_s.push_back(static_cast<float>(spikes.time_ms(spike) / 1000));
        clip.units.push_back(spike.unit);
    }
    return clip;
}

std::string ClipMaker::name(std::int64_t index) const {
    const Take drawn = take(index);
    std::string name =
        fmt::format("{:05}_{}_{}", index, drawn.utterance.word, drawn.utterance.voice);
    std::replace(name.begin(), name.end(), ' ', '-');
    return name;
}

}  // namespace elm
