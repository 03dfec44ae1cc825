#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "tasks/data/sets/set_journal.h"
#include "tasks/speech/synthesis/spoken_clip.h"

namespace elm {

/// A corpus that is to be made.
struct SpokenPlan {
    SpokenRecipe recipe = {};
    std::string folder = {};
    bool resume = false, force = false;
    std::string config = {};  // of the run
    std::string program = espeak_program;
};

/// Makes FOLDER/spoken_train.h5 and FOLDER/spoken_test.h5 in the layout of shd_file.h, with
/// extra/text (how each clip was said) and extra/meta_info/timbre beside what that has. Clips stand
/// in FOLDER/spoken.part until both files are whole, so that a run that is killed loses some of
/// them only; one that goes on makes the bytes of one that was not cut, on any number of threads.
class SpokenCorpus {
public:
    /// Throws Error{exists}, Error{invalid} or Error{write} as SetMaker does; Error{unsupported}
    /// where there is no synthesiser.
    explicit SpokenCorpus(SpokenPlan plan);

    std::int64_t missing() const noexcept { return missing_; }  // when it was taken up
    std::int64_t made() const noexcept { return made_; }        // since then
    std::int64_t spikes() const noexcept { return spikes_; }    // of all clips, once it is whole

    /// `progress` gets the clips made by now. Where it returns false the work stops and false is
    /// returned; what is made stays, then and after an error.
    bool make(const std::function<bool(std::int64_t)>& progress);

    /// Clips to listen to, as FOLDER/NUMBER_WORD_VOICE.wav: as many of the first as are asked for.
    void write_sounds(const std::string& folder, std::int64_t most) const;

private:
    std::string file(const char* part) const;
    bool take_up_files();
    void finish();
    void write_part(bool is_test);

    SpokenPlan plan_;
    ClipMaker maker_;
    std::int64_t missing_ = 0, made_ = 0, spikes_ = 0;
    std::unique_ptr<SetJournal> journal_;  // none: the files are whole
};

}  // namespace elm
