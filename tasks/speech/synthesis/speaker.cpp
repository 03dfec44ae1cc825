#include "tasks/speech/synthesis/speaker.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "kernels/core/support/check.h"
#include "tasks/data/keyed_permutation.h"
#include "tasks/data/sample_random.h"

namespace elm {
namespace {

// Variants of espeak-ng 1.51 whose mean spectra or pitches differ, by its own lists of men and
// women. en-gb takes no variants; en does, and is the same accent.
constexpr std::array women = {"Alicia", "Andrea", "Annie",  "anika",  "aunty", "belinda",
                              "linda",  "steph",  "steph2", "steph3", "f1",    "f2",
                              "f3",     "f4",     "f5",     "grandma"};
constexpr std::array men = {
    "m1",     "m2",     "m3",     "m4",      "m5",       "m6",       "m7",      "m8",
    "adam",   "Alex",   "Andy",   "antonio", "benjamin", "boris",    "david",   "Denis",
    "Diogo",  "ed",     "Gene",   "Gene2",   "gustave",  "Henrique", "Hugo",    "iven",
    "Jacky",  "john",   "klatt",  "klatt2",  "Lee",      "marcelo",  "Marco",   "Mario",
    "max",    "michel", "miguel", "Mike",    "norbert",  "pablo",    "paul",    "pedro",
    "quincy", "rob",    "sandro", "travis",  "victor",   "zac",      "grandpa", "kaukovalta"};
constexpr std::array accents = {"en",         "en-us",          "en-us-nyc",      "en-gb-scotland",
                                "en-gb-x-rp", "en-gb-x-gbclan", "en-gb-x-gbcwmd", "en-029"};
constexpr std::array pitches = {40, 50, 60};
constexpr int slowest = 95, fastest = 140;  // a word takes about as long as in SHD
constexpr int first_german = 10;            // class

/// A list in the order of a seed.
template <std::size_t n>
std::vector<std::string> shuffled(const std::array<const char*, n>& list, std::uint64_t seed,
                                  std::string_view purpose) {
    const RandomKey key = RandomKey{.seed = seed}.for_purpose(purpose);
    std::vector<std::string> result;
    for (std::uint64_t k = 0; k < n; ++k) {
        result.emplace_back(list[static_cast<std::size_t>(permuted(key, n, k))]);
    }
    return result;
}

}  // namespace

std::string Speaker::voice(int label) const {
    return fmt::format("{}+{}", label < first_german ? accent : "de", timbre);
}

std::int64_t n_timbres() { return std::ssize(women) + std::ssize(men); }

std::vector<Speaker> make_speakers(std::uint64_t seed, std::int64_t count) {
    ELM_CHECK(count >= 1 && count <= n_timbres(), "{} speakers: expected 1 to {}.", count,
              n_timbres());
    std::vector<std::string> female = shuffled(women, seed, "women"),
                             male = shuffled(men, seed, "men");
    std::vector<Speaker> speakers;
    for (std::int64_t k = 0; k < count; ++k) {
        const bool is_female = !female.empty() && (k % 2 == 0 || male.empty());
        std::vector<std::string>& list = is_female ? female : male;
        SampleRandom random(seed, static_cast<std::uint64_t>(k), "speaker");
        Speaker speaker{.timbre = std::move(list.back()), .is_female = is_female};
        list.pop_back();
        speaker.accent = accents[static_cast<std::size_t>(random.below(std::ssize(accents)))];
        speaker.pitch = pitches[static_cast<std::size_t>(random.below(std::ssize(pitches)))];
        speaker.words_per_minute = slowest + random.below(fastest - slowest + 1);
        speakers.push_back(std::move(speaker));
    }
    return speakers;
}

}  // namespace elm
