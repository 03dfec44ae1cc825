#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tasks/speech/synthesis/espeak.h"
#include "tasks/speech/synthesis/speaker.h"

namespace elm {

/// What a corpus of spoken digits is made from; with it all of its bits follow, as long as the
/// synthesiser is the same.
struct SpokenRecipe {
    std::uint64_t seed = 0;
    std::int64_t count = 0;      // clips
    std::int64_t speakers = 40;  // in all
    std::int64_t held_out = 8;   // speakers of the test split alone: the last ones
    double test_percent = 5;     // of the clips of the others that are in the test split
};

/// A spoken digit as spikes of the cochlea.
struct SpokenClip {
    std::int32_t label = 0, speaker = 0;
    bool is_test = false;
    std::string text = {};            // how it was said: voice, speed, pitch, level, stretch
    std::vector<float> times_s = {};  // in order
    std::vector<std::int32_t> units = {};
};

/// Draws clips of a recipe by their number: speakers in turn, then words, then takes, so that any
/// number of clips has all speakers and words alike.
class ClipMaker {
public:
    /// Throws Error{invalid} for numbers that do not go together.
    explicit ClipMaker(const SpokenRecipe& recipe, std::string program = espeak_program);

    const std::vector<Speaker>& speakers() const noexcept { return speakers_; }
    /// From several threads at once. Throws as speak() does.
    SpokenClip make(std::int64_t index) const;
    /// What is heard of it.
    Sound sound(std::int64_t index) const;
    bool is_test(std::int64_t index) const;
    /// "007_seven_en+f1"
    std::string name(std::int64_t index) const;

private:
    struct Take;
    Take take(std::int64_t index) const;

    SpokenRecipe recipe_;
    std::string program_;
    std::vector<Speaker> speakers_;
};

}  // namespace elm
