#include "tasks/comparison/cell_result.h"

#include <array>
#include <type_traits>
#include <utility>

#include <fmt/format.h>

#include "kernels/core/support/error.h"
#include "kernels/io/hdf5_file.h"
#include "kernels/io/output_file.h"

namespace elm {
namespace {

constexpr const char* format_name = "comparison-cell";
constexpr std::int64_t format_version = 1;
constexpr std::array states{CellState::done, CellState::diverged, CellState::no_memory};

/// Calls visit(name, member) for every number of a result, in one order for reading and writing.
template <class Result, class Visit>
void visit_figures(Result& result, const Visit& visit) {
    visit("threads", result.threads);
    visit("parameters", result.parameters);
    visit("updates", result.updates);
    visit("samples", result.samples);
    visit("best_update", result.best_update);
    visit("flops", result.flops);
    visit("flops_per_update", result.flops_per_update);
    visit("flops_per_sample", result.flops_per_sample);
    visit("training_seconds", result.training_seconds);
    visit("validation_seconds", result.validation_seconds);
    visit("training_samples_per_second", result.training_rate);
    visit("inference_samples_per_second", result.inference_rate);
    visit("peak_memory_bytes", result.peak_memory_bytes);
    visit("joules", result.joules);
    visit("gpu_joules", result.gpu_joules);
    visit("temperature", result.on_samples.temperature);
}

void write_column(Hdf5File& file, const std::string& name, const std::vector<double>& values) {
    file.write<double>(name, {std::ssize(values)}, values, FileType::f64);
}

template <class Record, class Value>
std::vector<double> column_of(const std::vector<Record>& records, const Value& value) {
    std::vector<double> column;
    for (const Record& record : records) column.push_back(static_cast<double>(value(record)));
    return column;
}

void write_curve(Hdf5File& file, const CellResult& result, const TaskSpec& task) {
    write_column(file, "/curve/update",
                 column_of(result.curve, [](const Validation& one) { return one.update; }));
    for (std::size_t k = 0; k < task.metrics.size(); ++k) {
        write_column(file, "/curve/" + task.metrics[k].name,
                     column_of(result.curve, [k](const Validation& one) { return one.scores[k]; }));
    }
}

void write_samples(Hdf5File& file, const SampleScores& samples, const TaskSpec& task) {
    if (samples.sums.empty()) return;
    write_column(file, "/samples/count",
                 column_of(samples.sums, [](const LossSums& one) { return one.count; }));
    for (std::size_t k = 0; k < task.loss_parts.size(); ++k) {
        write_column(file, "/samples/" + task.loss_parts[k].name,
                     column_of(samples.sums, [k](const LossSums& one) { return one.parts[k]; }));
    }
    if (!samples.calibrated.empty()) {
        write_column(file, "/samples/calibrated_loss", samples.calibrated);
    }
}

/// A column of as many numbers as `expected`, or any number where that is below 0.
std::vector<double> read_column(const Hdf5File& file, const std::string& name,
                                std::int64_t expected) {
    std::vector<double> column = file.read<double>(name);
    if (expected >= 0 && std::ssize(column) != expected) {
        throw Error(ErrorKind::data, fmt::format("{}: {} has {} numbers, expected {}.", file.path(),
                                                 name, column.size(), expected));
    }
    return column;
}

std::vector<Validation> read_curve(const Hdf5File& file, const TaskSpec& task) {
    std::vector<Validation> curve;
    for (const double update : read_column(file, "/curve/update", -1)) {
        curve.push_back({static_cast<std::int64_t>(update), {}});
    }
    for (const Metric& metric : task.metrics) {
        const auto column = read_column(file, "/curve/" + metric.name, std::ssize(curve));
        for (std::size_t k = 0; k < curve.size(); ++k) curve[k].scores.push_back(column[k]);
    }
    return curve;
}

void read_samples(const Hdf5File& file, const TaskSpec& task, SampleScores& samples) {
    if (!file.has("/samples")) return;
    for (const double count : read_column(file, "/samples/count", -1)) {
        samples.sums.push_back({.count = static_cast<std::int64_t>(count)});
    }
    const std::int64_t n = std::ssize(samples.sums);
    for (std::size_t k = 0; k < task.loss_parts.size(); ++k) {
        const auto column = read_column(file, "/samples/" + task.loss_parts[k].name, n);
        for (std::size_t i = 0; i < column.size(); ++i) samples.sums[i].parts[k] = column[i];
    }
    if (file.has("/samples/calibrated_loss")) {
        samples.calibrated = read_column(file, "/samples/calibrated_loss", n);
    }
}

std::string text_of(const Values& attributes, const std::string& path, const std::string& name) {
    const auto found = attributes.find(name);
    if (found == attributes.end()) {
        throw Error(ErrorKind::data, fmt::format("{}: the attribute {} is missing. It is no result "
                                                 "of a comparison.",
                                                 path, name));
    }
    return to_text(found->second);
}

CellState state_of(const std::string& name, const std::string& path) {
    for (const CellState state : states) {
        if (name_of(state) == name) return state;
    }
    throw Error(ErrorKind::data, fmt::format("{}: the state {} is not known.", path, name));
}

}  // namespace

std::string_view name_of(CellState state) noexcept {
    return state == CellState::done       ? "done"
           : state == CellState::diverged ? "diverged"
                                          : "no memory";
}

Split scored_split(const TaskSpec& task) { return task.has_test ? Split::test : Split::validation; }

void write_cell_result(const std::string& path, const CellResult& result, const TaskSpec& task,
                       bool force) {
    OutputFile output(path, force);
    Hdf5File file = Hdf5File::create(output.temporary_path());
    const auto set = [&](const std::string& name, const Value& value) {
        file.set_attribute("/", name, value);
    };
    set("format", std::string(format_name));
    set("format_version", format_version);
    set("task", task.name);
    set("model", result.model);
    set("seed", std::to_string(result.seed));
    set("state", std::string(name_of(result.state)));
    set("message", result.message);
    set("device", result.device);
    set("precision", result.precision);
    visit_figures(result, [&](const char* name, const auto& value) { set(name, Value(value)); });
    write_column(file, "/validation", result.validation);
    write_column(file, "/scores", result.scores);
    write_curve(file, result, task);
    write_samples(file, result.on_samples, task);
    file.write_string("/config", result.config.to_toml());
    file.close();
    output.commit();
}

CellResult read_cell_result(const std::string& path, const TaskSpec& task) {
    const Hdf5File file = Hdf5File::open(path);
    const Values attributes = file.attributes("/");
    const auto text = [&](const std::string& name) { return text_of(attributes, path, name); };
    if (text("format") != format_name || text("task") != task.name) {
        throw Error(ErrorKind::data,
                    fmt::format("{} is a file {} of the task {}, expected {} of {}.", path,
                                text("format"), text("task"), format_name, task.name));
    }
    CellResult result{.model = text("model"),
                      .seed = std::stoull(text("seed")),
                      .state = state_of(text("state"), path),
                      .message = text("message"),
                      .device = text("device"),
                      .precision = text("precision")};
    visit_figures(result, [&]<class Number>(const char* name, Number& value) {
        // Older files do not have all of them.
        if (std::is_same_v<Number, double> && !attributes.contains(name)) return;
        value = static_cast<Number>(file.number_attribute("/", name));
    });
    const std::int64_t n_metrics = result.done() ? std::ssize(task.metrics) : 0;
    result.validation = read_column(file, "/validation", n_metrics);
    result.scores = read_column(file, "/scores", n_metrics);
    result.curve = read_curve(file, task);
    read_samples(file, task, result.on_samples);
    result.config = Config::parse(file.read_string("/config"), path + ":/config");
    return result;
}

}  // namespace elm
