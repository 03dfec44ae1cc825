#pragma once

#include <cstdint>
#include <fstream>
#include <string>

#include "kernels/core/toml_config.h"
#include "tasks/training/fit.h"

namespace elm {

/// The files that a fit leaves, all named after its model file NAME.h5: the best model so far under
/// that name, NAME.checkpoint.h5 to go on from, and NAME.metrics.jsonl, one object a line.
class FitFiles {
public:
    explicit FitFiles(std::string model_path);

    const std::string& model() const noexcept { return model_; }
    /// The path with another ending: "metrics.jsonl".
    std::string beside(const std::string& ending) const;
    std::string checkpoint() const { return beside("checkpoint.h5"); }
    std::string metrics() const { return beside("metrics.jsonl"); }

    /// Throws Error{invalid} if one of the files is there and `force` is false, Error{write} if the
    /// folder is not there.
    void require_new(bool force) const;
    /// Opens the metrics, with the lines up to `update` that are there.
    void open_metrics(std::int64_t update);

    void write(const FitReport& report, const FitSettings& settings, double seconds);
    void write(const FitScores& scores, const FitSettings& settings, double seconds);

private:
    void write_line(class Record& record);

    std::string model_;
    std::ofstream metrics_;
};

}  // namespace elm
