#pragma once

#include <cstdint>
#include <fstream>
#include <memory>
#include <set>
#include <string>

#include "kernels/io/file_lock.h"
#include "kernels/io/toml_config.h"
#include "tasks/report/results_writer.h"
#include "tasks/training/training.h"

namespace elm {

/// What a folder of runs holds to make them again.
inline constexpr const char* configuration_name = "config.toml";

/// Makes a folder with those that it is in, where it is not there. Throws Error{write}.
void make_folder(const std::string& path);

/// The files that a run leaves: the best model so far, a checkpoint to go on from, and metrics, one
/// object a line. Named after the model, NAME.h5, NAME.checkpoint.h5 and NAME.metrics.jsonl, or in
/// a folder of their own, FOLDER/model.h5, FOLDER/checkpoint.h5 and FOLDER/metrics.jsonl.
class RunFiles {
public:
    RunFiles() = default;  // of nothing
    /// `path`: a model file that ends in .h5, or else a folder, which is made when it is claimed.
    explicit RunFiles(std::string path);

    const std::string& model() const noexcept { return model_; }
    /// The path of another file of the run: "metrics.jsonl".
    std::string beside(const std::string& ending) const;
    bool is_folder() const noexcept { return prefix_.ends_with('/'); }
    std::string checkpoint() const { return beside("checkpoint.h5"); }
    std::string metrics() const { return beside("metrics.jsonl"); }
    std::string safetensors() const {
        return beside(is_folder() ? "model.safetensors" : "safetensors");
    }
    std::string learning_curve() const {
        return beside(is_folder() ? "learning_curve.png" : "png");
    }

    /// Keeps other runs from these files as long as this object lives, and lets this one replace
    /// what is there if `force` is true. Throws Error{invalid} if another run is at work on them,
    /// or if one of them is there and `force` is false; Error{write} if the folder is not there.
    void claim(bool force, bool with_safetensors = false);
    /// Calls `write(force)` to write one of the files. What this run has written it may replace.
    template <class Write>
    void replace(const std::string& path, const Write& write) {
        write(force_ || own_.contains(path));
        own_.insert(path);
    }
    /// Opens the metrics, with the lines up to `update` that are there; before the first update,
    /// -1, with none.
    void open_metrics(std::int64_t update);

    void write(const TrainingReport& report, const Training& training);
    void write(const Validation& validation, const Training& training);

private:
    void write_line(Record& record);

    std::string model_, prefix_;
    bool force_ = false;
    std::set<std::string> own_;
    std::unique_ptr<FileLock> lock_;
    std::ofstream metrics_;
    std::uintmax_t metrics_bytes_ = 0;  // of whole lines
};

/// The metrics of a task as fields.
void set_scores(Record& record, const TaskSpec& spec, const std::vector<double>& scores);

}  // namespace elm
