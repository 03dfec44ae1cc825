#pragma once

#include <cstdint>
#include <fstream>
#include <memory>
#include <set>
#include <string>

#include "kernels/io/file_lock.h"
#include "kernels/io/toml_config.h"
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

    /// Keeps other fits from these files as long as this object lives, and lets this one replace
    /// what is there if `force` is true. Throws Error{invalid} if another fit is at work on them,
    /// or if one of them is there and `force` is false; Error{write} if the folder is not there.
    void claim(bool force, bool with_safetensors = false);
    /// Calls `write(force)` to write one of the files. What this fit has written it may replace.
    template <class Write>
    void replace(const std::string& path, const Write& write) {
        write(force_ || own_.contains(path));
        own_.insert(path);
    }
    /// Opens the metrics, with the lines up to `update` that are there; before the first update,
    /// -1, with none.
    void open_metrics(std::int64_t update);

    void write(const FitReport& report, const FitSettings& settings, double seconds);
    void write(const FitScores& scores, const FitSettings& settings, double seconds);

private:
    void write_line(class Record& record);

    std::string model_;
    bool force_ = false;
    std::set<std::string> own_;
    std::unique_ptr<FileLock> lock_;
    std::ofstream metrics_;
    std::uintmax_t metrics_bytes_ = 0;  // of whole lines
};

}  // namespace elm
