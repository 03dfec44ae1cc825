// elmsim network: simulates a network that a file describes, or a standard benchmark.

#include <fmt/format.h>

#include <fstream>
#include <optional>
#include <sstream>

#include "kernels/core/support/check.h"
#include "kernels/core/support/log.h"
#include "kernels/io/output_file.h"
#include "kernels/io/toml_config.h"
#include "network/benchmarks/benchmark.h"
#include "network/description/network_file.h"
#include "network/recording/spike_file_writer.h"
#include "tasks/networks/network_picture.h"
#include "tasks/networks/network_report.h"
#include "tasks/program/arguments.h"
#include "tasks/program/command.h"
#include "tasks/program/interrupt.h"
#include "tasks/program/outputs.h"
#include "tasks/program/run_context.h"

namespace elm {
namespace {

using network::Benchmark;

std::vector<std::string> benchmark_names() {
    std::vector<std::string> names;
    for (const Benchmark& benchmark : network::all_benchmarks()) names.push_back(benchmark.name);
    return names;
}

/// What is to be run: the words behind the command.
struct Subject {
    const Benchmark* benchmark = nullptr;  // null: a file
    std::string file = {};
};

Subject subject_of(const Arguments& arguments) {
    const auto& words = arguments.words();
    const std::vector<std::string> verbs{"run", "bench"};
    ELM_CHECK(!words.empty() && (words[0] == "run" || words[0] == "bench"),
              "elmsim network {}: expected run FILE or bench NAME.{}",
              words.empty() ? "" : words[0], words.empty() ? "" : nearest_hint(words[0], verbs));
    const bool is_run = words[0] == "run";
    ELM_CHECK(words.size() == 2, "elmsim network {}: expected one {}{}.", words[0],
              is_run ? "file" : "benchmark of ",
              is_run ? "" : fmt::format("{}", fmt::join(benchmark_names(), ", ")));
    if (is_run) return {nullptr, words[1]};
    return {&network::find_benchmark(words[1]), {}};
}

NetworkPlan plan_of(const Arguments& arguments, const Subject& subject) {
    NetworkPlan plan;
    if (subject.benchmark != nullptr) {
        const double scale = arguments.optional_number("scale").value_or(1);
        ELM_CHECK(scale > 0, "--scale {}: expected a positive number.", scale);
        plan.network = with_flag("--scale", [&] { return subject.benchmark->make(scale); });
        plan.least_intervals = subject.benchmark->least_intervals;
    } else {
        ELM_CHECK(!arguments.has("scale"), "--scale is for benchmarks: a file says its own sizes.");
        plan.network = network::load_network(subject.file);
    }
    if (arguments.has("seed")) plan.network.seed = arguments.seed();
    if (const auto seconds = arguments.optional_number("seconds")) {
        ELM_CHECK(*seconds > 0, "--seconds {}: expected a positive time.", *seconds);
        plan.network.duration_ms = *seconds * 1000;
        plan.network.discard_ms = std::min(plan.network.discard_ms, plan.network.duration_ms / 2);
    }
    plan.engine = arguments.text("engine") == "event-driven" ? NetworkEngine::event_driven
                                                             : NetworkEngine::time_stepped;
    const std::string device = arguments.text("device");
    if (device != "auto" && device != "cpu") {
        throw Error(ErrorKind::unsupported,
                    fmt::format("--device {}: networks run on the CPU. Use --device cpu.", device));
    }
    const std::string precision = arguments.text("precision");
    ELM_CHECK(precision == "f32" || precision == "f64",
              "--precision {}: networks run in f32 or f64.", precision);
    plan.precision = precision == "f64" ? DType::f64 : DType::f32;
    return plan;
}

/// What stands in the output: the flags, and the file that was run.
std::string config_of(const Arguments& arguments, const Subject& subject) {
    std::string text = arguments.effective().to_toml();
    if (subject.file.empty()) return text;
    std::ifstream file(subject.file);
    std::stringstream spec;
    spec << file.rdbuf();
    return text + "\n# " + subject.file + "\n" + spec.str();
}

void print(const Arguments& arguments, const Subject& subject, const NetworkPlan& plan,
           const NetworkResult& result) {
    Table reference({""});
    if (subject.benchmark != nullptr &&
        arguments.optional_number("scale").value_or(1) == subject.benchmark->reference_scale) {
        reference = reference_table(plan, result, *subject.benchmark);
    }
    if (arguments.has("json")) {
        Record record = result_header(arguments, Device{}).append(network_record(plan, result));
        if (!reference.empty()) record.set("reference", reference.to_records());
        record.set("peak_memory_bytes", peak_memory_bytes());
        print_result(record.to_json());
        return;
    }
    std::string text = network_summary(plan, result) + "\n" +
                       network_table(plan, result).to_text() + network_report_notes(plan);
    if (!reference.empty()) {
        text += fmt::format("\nbeside {}\n{}", subject.benchmark->reference, reference.to_text());
    }
    if (reference.empty() && subject.benchmark != nullptr && !subject.benchmark->values.empty()) {
        text += fmt::format("\nValues of another simulator are known at a scale of {:g}.\n",
                            subject.benchmark->reference_scale);
    }
    if (arguments.has("out")) text += fmt::format("written to {}\n", arguments.text("out"));
    print_result(text);
}

int run(const Arguments& arguments) {
    const Subject subject = subject_of(arguments);
    const NetworkPlan plan = plan_of(arguments, subject);
    use_threads(arguments);
    require_place(arguments, "plot");
    std::optional<OutputFile> output;
    if (arguments.has("out")) output.emplace(arguments.text("out"), arguments.has("force"));
    const NetworkResult result = run_network(plan, throw_if_interrupted);
    if (output) {
        network::write_spike_file(*output, plan.network, *result.engine, result.duration_ms,
                                  config_of(arguments, subject));
        output->commit();
    }
    if (arguments.has("plot")) draw_figure(arguments, "plot", network_figure(plan, result));
    print(arguments, subject, plan, result);
    return 0;
}

}  // namespace

Command network_command() {
    return {.name = "network",
            .summary = "simulates networks of neurons, and the standard benchmarks of them",
            .examples = {"elmsim network run net.toml --out spikes.h5 --plot raster.png",
                         "elmsim network bench brunel --plot brunel.png",
                         "elmsim network bench microcircuit --scale 0.1 --seconds 2",
                         "elmsim network run net.toml --engine event-driven"},
            .words = "run FILE | bench NAME",
            .shared = {"out", "force", "plot", "device", "precision", "threads"},
            .options = {{.name = "engine",
                         .value = "ENGINE",
                         .help = "on the grid of the time step, or at exact times",
                         .default_value = "time-stepped",
                         .choices = {"time-stepped", "event-driven"}},
                        {"scale", "X", "size of a benchmark: 0.1 has a tenth of its neurons"},
                        {"seconds", "S", "time to simulate, in place of what the network says"},
                        {"seed", "S", "of all random draws, in place of what the network says"}},
            .run = run};
}

}  // namespace elm
