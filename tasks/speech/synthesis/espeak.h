#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace elm {

/// Samples of one channel.
struct Sound {
    std::int64_t rate_hz = 0;
    std::vector<float> samples = {};  // -1 .. 1
};

/// What a synthesiser is asked to say. Equal ones give equal samples.
struct Utterance {
    std::string voice;  // "en+f1": language or accent, and the timbre
    std::string word;
    int words_per_minute = 175;
    int pitch = 50;       // 0 .. 99
    int amplitude = 100;  // 0 .. 200
};

inline constexpr const char* espeak_program = "espeak-ng";

/// Throws Error{unsupported} saying how to install it where there is no such program.
void require_espeak(const std::string& program = espeak_program);

/// Says it with the program espeak-ng, in a process of its own. From several threads at once.
/// Throws as require_espeak() does, and Error{data} with the program's own words where it says
/// nothing.
Sound speak(const Utterance& utterance, const std::string& program = espeak_program);

}  // namespace elm
