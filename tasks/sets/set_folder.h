#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tasks/data/sets/set_maker.h"
#include "tasks/data/split.h"

namespace elm {

/// Files of a folder: of each split one.
inline constexpr std::array set_file_names = {"train.h5", "validation.h5", "test.h5"};

/// True if a set of this name is a folder of files: it ends in /, or is a folder.
bool is_set_folder(const std::string& path);

/// The files train.h5, validation.h5 and test.h5 of a folder, the first samples to train on and the
/// last ones to test with; parts without samples are left out. Throws Error{invalid} unless the
/// shares are at least 0 and add up to 100.
std::vector<SetPlan> split_plans(const SetPlan& plan, const SplitPercent& split);

/// Makes a set: one file, or a folder of files. Throws as SetMaker does.
class SetFolderMaker {
public:
    /// `plans`: one a file. `config` gives the configuration that a file holds.
    SetFolderMaker(std::vector<SetPlan> plans,
                   const std::function<std::string(const SetPlan&)>& config);

    std::int64_t missing() const noexcept { return missing_; }
    std::int64_t made() const noexcept;
    bool make(const std::function<bool(std::int64_t)>& progress);

private:
    std::int64_t missing_ = 0;
    std::vector<std::unique_ptr<SetMaker>> files_;
};

/// Writes a ListOps set in its published form, a table (.tsv): in one go, on all threads, with the
/// bytes of one. False, and no file, where `progress` returns false. Throws as OutputFile does.
bool write_listops_table(const SetPlan& plan, const std::function<bool(std::int64_t)>& progress);

}  // namespace elm
