#pragma once

#include <memory>
#include <string>
#include <utility>

#include "tasks/samples/sample_files.h"
#include "tasks/task_registry.h"

namespace elm {

/// What stands at a path: a set that this program made (a file, or a folder with train.h5,
/// validation.h5 and test.h5), or a published form that a task reads; and the task. Throws
/// Error{data} for anything else, for damaged files and for a folder without some of its splits.
std::pair<const TaskEntry*, SampleFiles> find_samples(const std::string& path);

/// Opens the files of `input` for a task. Files that are not divided already are divided as the
/// input's selections say, without them 80 % to train on, 10 % to validate on and 10 % to test
/// with, in their order. Options that the files tell, and how many samples there are, are put into
/// `options`; `given` are those that somebody chose. Throws Error{data} for files of another task
/// and as find_samples() does, Error{invalid} where an option that was chosen contradicts a file.
std::shared_ptr<const SampleFiles> open_samples(const TaskEntry& task, OptionSet& options,
                                                const Values& given, const TaskInput& input);

}  // namespace elm
