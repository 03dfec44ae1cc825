#pragma once

#include <optional>
#include <string>

#include "tasks/arena/flywheel/flywheel.h"

namespace elm {

/// Files of one stage in FOLDER/stages: ARM-seedS-stageK.model.h5, .predictions.h5, .selected.idx
/// (samples of the pool, one a line, those that were chosen) and .toml, which is written last.
class StageFiles {
public:
    StageFiles(const std::string& folder, const std::string& arm, std::uint64_t seed,
               std::int64_t stage);

    std::string model() const { return stem_ + ".model.h5"; }
    /// The result with the samples that were chosen, where the stage is finished.
    bool finished() const;
    StageResult read() const;
    SampleNumbers read_selected() const;
    void write(const StageResult& result, const SampleNumbers& selected) const;

private:
    std::string stem_;
};

}  // namespace elm
