#pragma once

#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>

#include "kernels/io/hdf5_file.h"

namespace elm::test {

inline std::string tasks_data_folder() {
    const char* const folder = std::getenv("ELM_DATA_DIR");
    return folder != nullptr ? folder : ELM_DATA_DIR;
}

/// Output of the published generators of tasks, where that file is here.
inline std::optional<Hdf5File> golden_tasks() {
    const std::string path = tasks_data_folder() + "/tasks_golden.h5";
    if (!std::filesystem::exists(path)) return std::nullopt;
    return Hdf5File::open(path);
}

inline std::string golden_tasks_missing() {
    return "there is no tasks_golden.h5 in " + tasks_data_folder() + "; set ELM_DATA_DIR";
}

}  // namespace elm::test

/// Opens the file as `name`, or skips the test.
#define ELM_OPEN_GOLDEN_TASKS(name)                                             \
    const std::optional<elm::Hdf5File> name##_file = elm::test::golden_tasks(); \
    if (!name##_file) GTEST_SKIP() << elm::test::golden_tasks_missing();        \
    const elm::Hdf5File& name = *name##_file
