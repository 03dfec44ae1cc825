#include "tasks/training/record/run_files.h"

#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <utility>
#include <vector>

#include <fmt/core.h>

#include "kernels/core/support/check.h"
#include "kernels/io/output_file.h"
#include "tasks/report/results_writer.h"

namespace elm {

namespace {

/// The part of a path that is a file, or what the system says.
std::string why_no_folder(const std::string& path, const std::error_code& failure) {
    std::filesystem::path part;
    for (const std::filesystem::path& name : std::filesystem::path(path)) {
        if (name.empty()) continue;  // behind the last slash
        part /= name;
        std::error_code unreadable;
        const auto status = std::filesystem::status(part, unreadable);
        if (std::filesystem::exists(status) && !std::filesystem::is_directory(status)) {
            return fmt::format("{} is a file", part.string());
        }
    }
    return failure ? failure.message() : "it is not there afterwards";
}

}  // namespace

void make_folder(const std::string& path) {
    std::error_code failure;
    std::filesystem::create_directories(path, failure);
    std::error_code unreadable;
    if (std::filesystem::is_directory(path, unreadable)) return;
    throw Error(ErrorKind::write, fmt::format("{}: the folder cannot be made: {}. Choose another.",
                                              path, why_no_folder(path, failure)));
}

namespace {

/// "step" of a line of metrics, or -1.
std::int64_t step_of(const std::string& line) {
    const std::string key = "\"step\":";
    const std::size_t at = line.find(key);
    return at == std::string::npos ? -1 : std::strtoll(line.c_str() + at + key.size(), nullptr, 10);
}

Record start_line(std::int64_t update, const Training& training) {
    Record record;
    record.set("step", update)
        .set("samples", update * training.settings().samples_per_update())
        .set("seconds", training.time_spent().total())
        .set("flops", training.work_with_earlier().flops);
    return record;
}

}  // namespace

RunFiles::RunFiles(std::string path) {
    const bool is_model = path.ends_with(".h5");
    prefix_ = is_model ? path.substr(0, path.size() - 2) : path + "/";
    model_ = is_model ? std::move(path) : prefix_ + "model.h5";
}

std::string RunFiles::beside(const std::string& ending) const { return prefix_ + ending; }

void set_scores(Record& record, const TaskSpec& spec, const std::vector<double>& scores) {
    for (std::size_t k = 0; k < scores.size(); ++k) record.set(spec.metrics[k].name, scores[k]);
}

void RunFiles::claim(bool force, bool with_safetensors) {
    force_ = force;
    if (is_folder()) make_folder(prefix_);
    lock_ = std::make_unique<FileLock>(file_behind_links(model_) + ".lock", model_);
    std::vector<std::string> paths{model_, checkpoint(), metrics()};
    if (with_safetensors) paths.push_back(safetensors());
    for (const std::string& path : paths) const OutputFile probe(path, force);
}

void RunFiles::open_metrics(std::int64_t update) {
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
    if (metrics_.is_open()) metrics_.close();  // of a run that ended
    metrics_.clear();
    metrics_.open(metrics(), std::ios::app);
    metrics_bytes_ = kept.size();
}

void RunFiles::write(const TrainingReport& report, const Training& training) {
    const TaskSpec& spec = training.task().spec();
    Record record = start_line(report.update, training);
    record.set("split", "train").set("loss", report.loss.mean(spec));
    for (std::size_t k = 0; k < spec.loss_parts.size(); ++k) {
        if (spec.loss_parts[k].name != "loss") {
            record.set(spec.loss_parts[k].name, report.loss.mean(k));
        }
    }
    record.set("learning_rate", report.learning_rate).set("gradient_norm", report.gradient_norm);
    write_line(record);
}

void RunFiles::write(const Validation& validation, const Training& training) {
    Record record = start_line(validation.update, training);
    record.set("split", "validation");
    set_scores(record, training.task().spec(), validation.scores);
    write_line(record);
}

void RunFiles::write_line(Record& record) {
    const std::string line = record.to_json_line() + '\n';
    metrics_ << line << std::flush;
    if (metrics_) {
        metrics_bytes_ += line.size();
    } else {
        std::error_code ignored;
        std::filesystem::resize_file(metrics(), metrics_bytes_, ignored);  // whole lines alone
        throw Error(
            ErrorKind::write,
            fmt::format("{} cannot be written. Make room on the disk and resume.", metrics()));
    }
}

}  // namespace elm
