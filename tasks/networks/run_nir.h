#pragma once

#include <optional>
#include <string>
#include <vector>

#include "kernels/io/output_file.h"
#include "network/interchange/nir/nir_engine.h"
#include "tasks/report/results_writer.h"
#include "tasks/report/table.h"

namespace elm {

/// A NIR graph to be run, and what goes in: spikes of a file (a spike is 1 in its step), or a
/// recording; nothing: zeros.
struct NirPlan {
    network::NirGraph graph;
    std::string input = {};
    std::optional<double> dt_ms = {};    // else that of the recording, or 1
    std::optional<double> seconds = {};  // else as long as the input
    network::NirRule rule = network::NirRule::euler;
    DType precision = DType::f32;
};

struct NirResult {
    std::string name;  // of the graph
    double time_step_s = 0;
    std::vector<network::NirPort> outputs;
    std::vector<network::NirSample> samples;
    std::int64_t n_steps = 0, n_neurons = 0, n_connections = 0;
    double build_seconds = 0, simulate_seconds = 0;  // wall time

    double duration_ms() const { return static_cast<double>(n_steps) * time_step_s * 1000; }
    /// Wall time for a time of the graph, all samples together.
    double real_time_factor() const;
};

/// Throws as the engine and the readers do, and Error{invalid} for an input without what the graph
/// takes, or no input and no time.
NirResult run_nir(const NirPlan& plan);

/// Spikes and rates, or values, of each Output.
Table nir_table(const NirResult& result);
Record nir_record(const NirResult& result);
std::string nir_summary(const NirPlan& plan, const NirResult& result);

/// Writes a recording of the Outputs; with one sample, spikes in the layout of SONATA, too. The
/// caller commits the output.
void write_nir_result(const OutputFile& output, const NirResult& result, const std::string& config);

}  // namespace elm
