// From the name of a file to what is in it.

#include "tasks/inspection/inspect_file.h"

#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "baselines/front_end.h"
#include "baselines/model_file.h"
#include "baselines/pairs/two_towers.h"
#include "kernels/core/support/check.h"
#include "kernels/io/file_kind.h"
#include "kernels/io/hdf5_file.h"
#include "kernels/io/option_set.h"
#include "kernels/io/safetensors.h"
#include "kernels/io/toml_config.h"
#include "neuron/cable/cell/cell_file.h"
#include "neuron/elm/elm_builtin.h"
#include "neuron/elm/elm_model_file.h"
#include "tasks/data/spikes/hdf5_spikes.h"
#include "tasks/data/spikes/spike_file.h"
#include "tasks/inspection/inspect_cell.h"
#include "tasks/inspection/inspect_metrics.h"
#include "tasks/inspection/inspect_network.h"
#include "tasks/inspection/inspect_run.h"
#include "tasks/inspection/inspect_set.h"
#include "tasks/inspection/inspect_spikes.h"
#include "tasks/neuronio/neuronio_file.h"
#include "tasks/neuronio/neuronio_plot.h"
#include "tasks/neuronio/neuronio_statistics.h"
#include "tasks/report/table.h"

namespace elm {
namespace {

std::string shape_text(const Hdf5File& file, const std::string& dataset) {
    return fmt::format("({}) {}", fmt::join(file.shape(dataset), ", "), file.type_name(dataset));
}

Findings findings_of(const FittedModel& fitted, const char* kind) {
    const ModelSpec& spec = fitted.spec;
    Findings findings{kind,
                      {{"model", spec.model},
                       {"parameters", trainable_count(*fitted.model)},
                       {"n_input", spec.shape.n_input},
                       {"n_output", spec.shape.n_output},
                       {"time_step_ms", spec.time_step_ms}}};
    for (const auto& [name, value] : spec.options) findings.facts.emplace_back(name, value);
    for (const auto& [section, values] :
         {std::pair(front_end_section, spec.front_end), {towers_section, spec.towers}}) {
        for (const auto& [name, value] : values) {
            findings.facts.emplace_back(fmt::format("{}.{}", section, name), value);
        }
    }
    findings.facts.emplace_back("source", spec.source);
    return findings;
}

/// At a time step of 1 ms.
Findings inspect_builtin(const BuiltinModel& builtin) {
    return findings_of(make_model(builtin.make(1.0)), "built-in ELM model");
}

/// Throws Error{data} with the nearest name of a built-in model or cell for what is no path and no
/// file.
void require_known(const std::string& name) {
    std::error_code status;
    if (name.find_first_of("./") != std::string::npos || std::filesystem::exists(name, status)) {
        return;
    }
    std::vector<std::string> names;
    for (const BuiltinModel& model : builtin_models()) names.push_back(model.name);
    for (const cable::BuiltinCell& cell : cable::builtin_cells()) names.push_back(cell.name);
    throw Error(ErrorKind::data,
                fmt::format("{}: there is no such file and no model or cell of that name.{} See "
                            "elmsim list neurons.",
                            name, nearest_hint(name, names)));
}

Findings inspect_model(const std::string& path, const char* kind) {
    Stream cpu{Device{}};
    Findings findings = findings_of(load_model(cpu, path, DType::f32), kind);
    if (const auto auc = published_test_auc(path)) {
        findings.facts.emplace_back("published_test_auc", *auc);
    }
    return findings;
}

Table statistics_table(const NeuronIoStatistics& statistics) {
    Table table(
        {"per simulation", "unit", "of", "mean", "SE", "SD", "lowest", "median", "highest"});
    const auto text = [](double value) { return fmt::format("{:.5g}", value); };
    for (const StatisticRow& row : statistics.rows) {
        table.add({row.name, row.unit, fmt::format("{}", row.count), text(row.mean),
                   text(row.standard_error), text(row.standard_deviation), text(row.lowest),
                   text(row.median), text(row.highest)});
    }
    return table;
}

void add_statistics(Findings& findings, const std::string& path, void (*tick)()) {
    NeuronIoStatistics statistics = neuronio_statistics(path, tick);
    findings.facts.emplace_back("output spikes", statistics.output_spikes);
    findings.facts.emplace_back("silent simulations", statistics.silent);
    const Table table = statistics_table(statistics);
    findings.tables = '\n' + table.to_text();
    findings.lists.emplace_back("statistics", table.to_records());
    findings.draw = [path, statistics = std::move(statistics)](const std::string& target,
                                                               bool force) {
        draw(neuronio_figure(path, statistics), target, force);
    };
}

Findings inspect_neuronio(const std::string& path, void (*tick)()) {
    const NeuronIoFile file(path);
    Findings findings{"NeuronIO ground truth",
                      {{"simulations", file.size()},
                       {"input channels", file.n_channels()},
                       {"duration_ms", file.n_steps()}}};
    const Hdf5File raw = Hdf5File::open(path);
    for (const auto& [name, value] : raw.attributes("/")) {
        if (name == "num_segments" || name == "sim_duration_ms") continue;
        findings.facts.emplace_back(name, value);
    }
    // A file of input alone is NeuronIO too.
    const std::string first = "/" + file.name(0);
    if (raw.has(first + "/output_spike_time_ms") && raw.has(first + "/soma_voltage_mV")) {
        add_statistics(findings, path, tick);
    }
    return findings;
}

/// Findings about what `elmsim simulate` writes, and about any other HDF5 file: its attributes and
/// datasets.
Findings inspect_other(const Hdf5File& file, const std::string& kind) {
    Findings findings{kind, {}};
    for (const auto& [name, value] : file.attributes("/")) findings.facts.emplace_back(name, value);
    // Samples of one recording look alike: the first is shown, the others are counted.
    std::vector<std::pair<std::string, std::string>> shown;
    std::int64_t alike = 0;
    for (const std::string& name : file.links("/")) {
        const std::string path = "/" + name;
        if (file.is_dataset(path)) findings.facts.emplace_back(path, shape_text(file, path));
        if (!file.is_group(path)) continue;
        std::vector<std::pair<std::string, std::string>> layout;
        for (const std::string& inner : file.links(path)) {
            const std::string dataset = path + "/" + inner;
            layout.emplace_back(inner,
                                file.is_dataset(dataset) ? shape_text(file, dataset) : "group");
        }
        if (layout == shown) {
            ++alike;
            continue;
        }
        for (const auto& [inner, text] : layout) {
            findings.facts.emplace_back(fmt::format("{}/{}", path, inner), text);
        }
        if (shown.empty()) shown = std::move(layout);
    }
    if (alike > 0) findings.facts.emplace_back("more groups like the first", alike);
    return findings;
}

/// Spikes of an encoder, or the values of one that gives no spikes.
Findings inspect_encoding(const std::shared_ptr<const Hdf5File>& file, const std::string& path,
                          void (*tick)()) {
    auto samples = find_hdf5_spikes(file);
    if (samples.empty()) return inspect_other(*file, "values of an encoder");
    Findings findings = inspect_spikes(path, std::move(samples), tick);
    findings.kind = "spikes of an encoder";
    const Values attributes = file->attributes("/", {"encoder"});
    std::vector<std::pair<std::string, Value>> facts(attributes.begin(), attributes.end());
    findings.facts.insert(findings.facts.begin(), facts.begin(), facts.end());
    return findings;
}

Findings inspect_hdf5(const std::string& path, void (*tick)()) {
    const auto file = std::make_shared<const Hdf5File>(Hdf5File::open(path));
    const Values attributes = file->attributes("/", {"format", "elm_version"});
    if (const auto format = attributes.find("format"); format != attributes.end()) {
        if (format->second == Value(std::string("elm-model"))) {
            return inspect_model(path, "ELM model");
        }
        if (format->second == Value(std::string("sequence-model"))) {
            return inspect_model(path, "sequence model");
        }
        if (format->second == Value(std::string("elm-encoding"))) {
            return inspect_encoding(file, path, tick);
        }
        return inspect_other(*file, to_text(format->second));
    }
    if (attributes.contains("elm_version")) return inspect_model(path, "ELM state dict");
    if (NeuronIoFile::is_neuronio(*file)) return inspect_neuronio(path, tick);
    if (is_network_part(*file)) return inspect_network_part(*file);
    if (auto samples = find_hdf5_spikes(file); !samples.empty()) {
        return inspect_spikes(path, std::move(samples), tick);
    }
    return inspect_other(*file, "HDF5 file");
}

}  // namespace

Findings inspect_file(const std::string& path, void (*tick)()) {
    if (is_builtin_cell(path)) return inspect_cell_or_shape(path);
    if (is_run_folder(path)) return inspect_run_folder(path);
    if (std::error_code status; std::filesystem::is_directory(path, status)) {
        with_context("looking for the config.toml of a run folder",
                     [&] { require_plain_file(path); });
    }
    const BuiltinModel* const builtin = find_builtin(path);
    if (std::error_code status; builtin != nullptr && !std::filesystem::exists(path, status)) {
        return inspect_builtin(*builtin);
    }
    require_known(path);
    require_plain_file(path);
    if (is_run_configuration(path)) return inspect_run_configuration(path);
    if (is_sonata_configuration(path)) return inspect_sonata(path);
    if (is_summary_name(path)) return inspect_summary(path);
    if (is_network_description(path)) return inspect_network_description(path);
    if (is_cell_or_shape(path)) return inspect_cell_or_shape(path);
    if (is_metrics_name(path)) return inspect_metrics(path);
    if (is_unfinished_set(path)) return inspect_unfinished_set(path);
    if (is_safetensors(path)) {
        return inspect_model(path, read_model_attributes(path, {"model"}).contains("model")
                                       ? "sequence model"
                                       : "ELM state dict");
    }
    if (is_spike_text(path)) {
        return with_context("reading it as a table of spikes",
                            [&] { return inspect_spikes(path, find_spikes(path), tick); });
    }
    return inspect_hdf5(path, tick);
}

}  // namespace elm
