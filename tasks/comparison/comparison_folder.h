#pragma once

#include <string>

#include "tasks/comparison/grid.h"

/// Which comparison a folder belongs to: FOLDER/comparison.toml, there before anything else of it.
/// Shares of one comparison find their own there, and another one does not mix with them.
namespace elm {

/// What all shares and processes of a comparison agree in: models, seeds, trials, budget and the
/// other options of what is trained. Where it is done and how memory is used are no part of it.
Config comparison_description(const Task& task, const ComparisonOptions& options);

/// Throws Error{exists} for a folder that holds anything but shares of this comparison, listing the
/// differences.
void require_own_folder(const std::string& folder, const Config& description);

/// Leaves the description in the folder, and makes the folder where it is not there. One that is
/// there is replaced if `force` is true, else compared as above. `share` keeps those that do this
/// at once apart. Throws Error{write}.
void claim_folder(const std::string& folder, const Config& description, std::int64_t share,
                  bool force);

}  // namespace elm
