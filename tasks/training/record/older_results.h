#pragma once

#include <string>
#include <vector>

namespace elm {

class RunPlan;

/// What earlier trainings left where a new one will leave its own.

/// Results of another run are not taken for those of one that goes on. Throws Error{exists} where a
/// summary or a page stands in the folder of the plan and none of its runs has a checkpoint.
void require_own_checkpoint(const RunPlan& plan);

/// A curriculum has a folder for itself: stages that wait have no files yet that could be refused.
/// Throws Error{exists} for a folder that is not empty.
void require_new_folder(const std::string& folder);

/// What a training left in a folder, and where it had several runs or stages also in theirs. It is
/// taken away before another one begins there, so that nobody takes it for results of that one,
/// which may have other runs or be cut.
class OlderResults {
public:
    OlderResults() = default;  // none
    /// Looks for them. A folder without the configuration of a training has none.
    explicit OlderResults(const std::string& folder);

    /// Removes them. What `plan` needs to begin stays: the configurations that it wrote, and
    /// `models`. So does what is no file of a training, and any folder within that is named like
    /// none of its runs. Throws Error{invalid} where another process is at work on one of them.
    void remove(const RunPlan& plan, const std::vector<std::string>& models) const;

private:
    void find(const std::string& folder);

    std::vector<std::string> folders_;  // those within another one before it
};

}  // namespace elm
