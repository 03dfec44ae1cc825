#include "tasks/training/fit_files.h"

#include <cstdlib>
#include <filesystem>
#include <utility>
#include <vector>

#include <fmt/core.h>

#include "kernels/core/check.h"
#include "kernels/io/output_file.h"
#include "tasks/report/results_writer.h"

namespace elm {
namespace {

/// "step" of a line of metrics, or -1.
std::int64_t step_of(const std::string& line) {
    const std::string key = "\"step\":";
    const std::size_t at = line.find(key);
    return at == std::string::npos ? -1 : std::strtoll(line.c_str() + at + key.size(), nullptr, 10);
}

Record start_line(std::int64_t update, const FitSettings& settings, double seconds) {
    Record record;
    record.set("step", update)
        .set("samples", update * settings.passes * settings.windows.batch)
        .set("seconds", seconds);
    return record;
}

}  // namespace

FitFiles::FitFiles(std::string model_path) : model_(std::move(model_path)) {
    ELM_CHECK(std::filesystem::path(model_).extension() == ".h5",
              "--out {}: expected the name of a model file that ends in .h5", model_);
}

std::string FitFiles::beside(const std::string& ending) const {
    return fmt::format("{}.{}", model_.substr(0, model_.size() - 3), ending);
}

void FitFiles::claim(bool force, bool with_safetensors) {
    force_ = force;
    lock_ = std::make_unique<FileLock>(file_behind_links(model_) + ".lock", model_);
    std::vector<std::string> paths{model_, checkpoint(), metrics()};
    if (with_safetensors) paths.push_back(beside("safetensors"));
    for (const std::string& path : paths) const OutputFile probe(path, force);
}

void FitFiles::open_metrics(std::int64_t update) {
    std::string kept;
    {
        std::ifstream old(metrics());
        for (std::string line; std::getline(old, line);) {
            // The last line may have been cut: it then has no end.
            if (step_of(line) >= 0 && step_of(line) <= update && line.ends_with('}')) {
                kept += line;
                kept += '\n';
            }
        }
    }
    replace(metrics(), [&](bool force) { write_text_file(metrics(), force, kept); });
    metrics_.open(metrics(), std::ios::app);
    metrics_bytes_ = kept.size();
}

void FitFiles::write(const FitReport& report, const FitSettings& settings, double seconds) {
    Record record = start_line(report.update, settings, seconds);
    record.set("split", "train")
        .set("loss", report.loss.mean())
        .set("spike_loss", report.loss.mean_spike())
        .set("voltage_loss", report.loss.mean_voltage())
        .set("learning_rate", report.learning_rate)
        .set("gradient_norm", report.gradient_norm);
    write_line(record);
}

void FitFiles::write(const FitScores& scores, const FitSettings& settings, double seconds) {
    Record record = start_line(scores.update, settings, seconds);
    record.set("split", "validation")
        .set("loss", scores.loss)
        .set("auc", scores.auc)
        .set("voltage_explained_variance_percent", scores.explained_variance_percent)
        .set("voltage_rmse_mV", scores.rmse_mV)
        .set("voltage_mae_mV", scores.mae_mV);
    write_line(record);
}

void FitFiles::write_line(Record& record) {
    const std::string line = record.to_json_line() + '\n';
    metrics_ << line << std::flush;
    if (metrics_) {
        metrics_bytes_ += line.size();
    } else {
        std::error_code ignored;
        std::filesystem::resize_file(metrics(), metrics_bytes_, ignored);  // whole lines alone
        throw Error(ErrorKind::write,
                    fmt::format("{} cannot be written. Make room on the disk and go on with "
                                "--resume.",
                                metrics()));
    }
}

}  // namespace elm
