#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tasks/data/sets/sample_table.h"

namespace elm {

/// Samples that stand in files.
struct SampleFiles {
    std::string name;  // of the folder or file, for people
    std::vector<std::shared_ptr<const SampleTable>> tables = {};
    /// Samples to train on, to validate on and to test with, counted through all tables; all empty
    /// where whoever made the files did not divide them.
    std::array<std::vector<std::int64_t>, 3> splits = {};
    Values options = {};  // of the samples, as far as the files tell

    std::int64_t count() const;
    bool is_divided() const { return !splits[0].empty(); }
    /// Divides them into tables that stand for a split each.
    void divide_by_tables();
    /// The first samples are trained on, the next ones validated on, the last ones tested with.
    void divide(const std::array<std::int64_t, 3>& counts);
};

}  // namespace elm
