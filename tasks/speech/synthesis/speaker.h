#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace elm {

/// Somebody who speaks both languages: a timbre of espeak-ng, an accent, a habit.
struct Speaker {
    std::string timbre;  // a variant of a voice
    bool is_female = false;
    std::string accent = {};  // voice of the English words; the German ones have one
    int pitch = 50, words_per_minute = 120;

    /// The voice that says a word of class `label` (see shd_words()).
    std::string voice(int label) const;
};

/// Timbres that there are: no two alike, no effects and machines.
std::int64_t n_timbres();

/// Speakers of a corpus, women and men in turn as long as there are both, each of another timbre.
/// Throws Error{invalid} for more than there are timbres.
std::vector<Speaker> make_speakers(std::uint64_t seed, std::int64_t count);

}  // namespace elm
