#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tasks/data/sets/generated_set.h"
#include "tasks/data/sets/set_generator.h"
#include "tasks/data/sets/set_journal.h"

namespace elm {

/// One file that is to be made.
struct SetPlan {
    SetGenerator generator;
    std::string path = {};
    std::uint64_t seed = 0;
    std::int64_t first = 0, count = 0;
    bool resume = false, force = false;
    std::string config = {};  // of the run
};

/// Throws Error{invalid} for samples that have no such numbers.
void require_samples(std::int64_t first, std::int64_t count);

/// Draws blocks [begin, end) on all threads, each worked on by `pack`, and gives the results in
/// their order to `take`; where that returns false the work stops and false is returned.
bool draw_blocks(const SetPlan& plan, std::int64_t begin, std::int64_t end,
                 const std::function<std::string(const SetColumns&)>& pack,
                 const std::function<bool(std::int64_t samples, std::string&&)>& take);

/// Makes one file in the layout of GeneratedSet. What is drawn stands in PATH.part until the file
/// is whole, so that a run that is killed loses some blocks only; a run that goes on with them
/// makes the bytes of one that was not cut, on any number of threads.
class SetMaker {
public:
    /// Throws Error{exists}, Error{invalid} or Error{write} if PATH or PATH.part is there and may
    /// neither be replaced nor taken up, is of another recipe, is held by another process, or
    /// cannot be written.
    explicit SetMaker(SetPlan plan);
    ~SetMaker();
    SetMaker(const SetMaker&) = delete;
    SetMaker& operator=(const SetMaker&) = delete;

    std::int64_t missing() const noexcept { return missing_; }  // when it was taken up
    std::int64_t made() const noexcept { return made_; }        // since then
    const SetPlan& plan() const noexcept { return plan_; }

    /// `progress` gets the samples made by now. Where it returns false the work stops and false is
    /// returned; what is made stays, then and after an error.
    bool make(const std::function<bool(std::int64_t)>& progress);

private:
    SetOrigin origin() const;
    void take_up_file();
    void finish();
    void write_file(Hdf5File& file) const;

    SetPlan plan_;
    std::int64_t block_size_, missing_, made_ = 0;
    std::unique_ptr<SetJournal> journal_;  // none: the file is whole
};

}  // namespace elm
