// elmsim network: simulates a network that a file describes, or a standard benchmark; turns files
// of networks into those of other programs.

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <utility>

#include "kernels/core/communicator.h"
#include "kernels/core/support/check.h"
#include "kernels/core/support/log.h"
#include "kernels/core/support/progress.h"
#include "kernels/io/file_kind.h"
#include "kernels/io/output_file.h"
#include "kernels/io/toml_config.h"
#include "network/benchmarks/benchmark.h"
#include "network/recording/spike_file_writer.h"
#include "tasks/networks/convert_network.h"
#include "tasks/networks/network_picture.h"
#include "tasks/networks/network_report.h"
#include "tasks/networks/network_source.h"
#include "tasks/networks/run_nir.h"
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

enum class Verb : std::uint8_t { run, bench, convert };

/// What is to be run or converted: the words behind the command.
struct Subject {
    Verb verb = Verb::run;
    const Benchmark* benchmark = nullptr;  // null: a file
    std::string file = {};
};

Subject subject_of(const Arguments& arguments) {
    const auto& words = arguments.words();
    const std::vector<std::string> verbs{"run", "bench", "convert"};
    const auto verb = words.empty() ? verbs.end() : std::find(verbs.begin(), verbs.end(), words[0]);
    ELM_CHECK(verb != verbs.end(),
              "elmsim network {}: expected run FILE, bench NAME or convert FILE.{}",
              words.empty() ? "" : words[0], words.empty() ? "" : nearest_hint(words[0], verbs));
    const auto chosen = static_cast<Verb>(verb - verbs.begin());
    const bool is_bench = chosen == Verb::bench;
    ELM_CHECK(words.size() == 2, "elmsim network {}: expected one {}{}.", words[0],
              is_bench ? "benchmark of " : "file",
              is_bench ? fmt::format("{}", fmt::join(benchmark_names(), ", ")) : "");
    if (is_bench) return {chosen, &network::find_benchmark(words[1]), {}};
    return {chosen, nullptr, words[1]};
}

/// Flags that only one kind of subject has.
void refuse_flags(const Arguments& arguments, const std::vector<std::string>& flags,
                  const std::string& why) {
    for (const std::string& flag : flags) {
        ELM_CHECK(!arguments.has(flag), "--{} {}", flag, why);
    }
}

DType precision_of(const Arguments& arguments) {
    const std::string device = arguments.text("device");
    if (device != "auto" && device != "cpu") {
        throw Error(ErrorKind::unsupported,
                    fmt::format("--device {}: networks run on the CPU. Use --device cpu.", device));
    }
    const std::string precision = arguments.text("precision");
    ELM_CHECK(precision == "f32" || precision == "f64",
              "--precision {}: networks run in f32 or f64.", precision);
    return precision == "f64" ? DType::f64 : DType::f32;
}

std::optional<double> seconds_of(const Arguments& arguments) {
    const auto seconds = arguments.optional_number("seconds");
    ELM_CHECK(!seconds || *seconds > 0, "--seconds {}: expected a positive time.", *seconds);
    return seconds;
}

NetworkPlan plan_of(const Arguments& arguments, const Subject& subject,
                    network::NetworkDescription network) {
    refuse_flags(arguments, {"dt-ms", "rule"}, "is for NIR graphs: a network says its own step.");
    NetworkPlan plan;
    plan.network = std::move(network);
    if (subject.benchmark != nullptr) plan.least_intervals = subject.benchmark->least_intervals;
    if (arguments.has("seed")) plan.network.seed = arguments.seed();
    if (const auto seconds = seconds_of(arguments)) {
        plan.network.duration_ms = *seconds * 1000;
        plan.network.discard_ms = std::min(plan.network.discard_ms, plan.network.duration_ms / 2);
    }
    plan.engine = arguments.text("engine") == "event-driven" ? NetworkEngine::event_driven
                                                             : NetworkEngine::time_stepped;
    plan.precision = precision_of(arguments);
    return plan;
}

NirPlan plan_of(const Arguments& arguments, network::NirGraph graph) {
    refuse_flags(arguments, {"seed"}, "is for networks: nothing in a NIR graph is random.");
    refuse_flags(arguments, {"plot"}, "draws networks; a NIR graph has values, see --out.");
    ELM_CHECK(arguments.text("engine") == "time-stepped",
              "--engine {}: a NIR graph runs on a grid of time.", arguments.text("engine"));
    NirPlan plan{.graph = std::move(graph)};
    if (arguments.has("input")) plan.input = arguments.text("input");
    plan.dt_ms = arguments.optional_number("dt-ms");
    plan.seconds = seconds_of(arguments);
    if (arguments.has("rule") && arguments.text("rule") == "exact") {
        plan.rule = network::NirRule::exact;
    }
    plan.precision = precision_of(arguments);
    return plan;
}

/// Checkpoints stand beside the output: NAME.checkpoint.h5 of NAME.h5. Throws Error{exists} for one
/// of another run that is neither to go on nor to begin anew.
NetworkCheckpoints checkpoints_of(const Arguments& arguments, const Communicator& processes) {
    NetworkCheckpoints checkpoints;
    const bool resume = arguments.has("resume"), force = arguments.has("force");
    ELM_CHECK(!(resume && force), "--resume goes on with a run and --force begins anew: give one.");
    for (const char* const flag : {"resume", "checkpoint-every"}) {
        ELM_CHECK(!arguments.has(flag) || arguments.has("out"),
                  "--{}: checkpoints stand beside --out, which is not given.", flag);
    }
    if (!arguments.has("out")) return checkpoints;
    if (processes.size() > 1) {
        refuse_flags(arguments, {"resume", "checkpoint-every"},
                     "is for one process. Start it without a launcher.");
        return checkpoints;
    }
    std::filesystem::path path = arguments.text("out");
    checkpoints.path = path.replace_extension(".checkpoint.h5").string();
    checkpoints.resume = resume;
    checkpoints.keep_last = arguments.has("checkpoint-every");
    if (const auto seconds = arguments.optional_number("checkpoint-every")) {
        ELM_CHECK(*seconds >= 0, "--checkpoint-every {}: expected at least 0 seconds.", *seconds);
        checkpoints.seconds = *seconds;
    }
    const std::string& out = arguments.text("out");
    const bool goes_on = std::filesystem::exists(checkpoints.path);
    ELM_CHECK(!resume || goes_on || !std::filesystem::exists(out),
              "--resume: {} exists, and there is no {} to go on from. Begin anew with --force.",
              out, checkpoints.path);
    if (goes_on && !resume && !force) {
        throw Error(ErrorKind::exists,
                    fmt::format("{} exists: a run was stopped there.", checkpoints.path));
    }
    return checkpoints;
}

/// What stands in the output: the flags, and the file that was run.
std::string config_of(const Arguments& arguments, const Subject& subject) {
    std::string text = arguments.effective().to_toml();
    if (subject.file.empty() || !begins_as_text(subject.file)) return text;
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

int run_graph(const Arguments& arguments, const Subject& subject, network::NirGraph graph) {
    refuse_flags(arguments, {"resume", "checkpoint-every"}, "is for networks, not for NIR graphs.");
    const NirPlan plan = plan_of(arguments, std::move(graph));
    use_threads(arguments);
    std::optional<OutputFile> output;
    if (arguments.has("out")) output.emplace(arguments.text("out"), arguments.has("force"));
    const NirResult result = run_nir(plan);
    if (output) {
        write_nir_result(*output, result, config_of(arguments, subject));
        output->commit();
    }
    if (arguments.has("json")) {
        print_result(result_header(arguments, Device{})
                         .append(nir_record(result))
                         .set("peak_memory_bytes", peak_memory_bytes())
                         .to_json());
        return 0;
    }
    std::string text = nir_summary(plan, result) + "\n" + nir_table(result).to_text();
    if (output) text += fmt::format("written to {}\n", arguments.text("out"));
    print_result(text);
    return 0;
}

/// Weights of plastic synapses, which a file has, are there in one process only.
void require_weights(const Arguments& arguments, const NetworkPlan& plan,
                     const Communicator& processes) {
    if (processes.size() == 1 || !arguments.has("out")) return;
    for (const network::Connection& connection : plan.network.connections) {
        if (!connection.stdp) continue;
        throw Error(ErrorKind::unsupported,
                    fmt::format("--out: weights of plastic synapses are written by one process, "
                                "not by {}. Start it without a launcher, or leave --out.",
                                processes.size()));
    }
}

int run_description(const Arguments& arguments, const Subject& subject,
                    network::NetworkDescription network) {
    NetworkPlan plan = plan_of(arguments, subject, std::move(network));
    use_threads(arguments);
    Communicator processes = Communicator::world();
    require_weights(arguments, plan, processes);
    plan.checkpoints = checkpoints_of(arguments, processes);
    plan.checkpoints.config = config_of(arguments, subject);
    std::optional<OutputFile> output;
    if (processes.leads()) {
        require_place(arguments, "plot");
        if (arguments.has("out")) {
            output.emplace(arguments.text("out"),
                           arguments.has("force") || arguments.has("resume"));
        }
    } else {
        Progress::set_enabled(false);
        log::set_level(log::Level::warn);
    }
    const NetworkResult result = run_network(plan, processes, throw_if_interrupted);
    if (!processes.leads()) return 0;
    if (output) {
        network::write_spike_file(*output, plan.network, *result.engine, result.duration_ms,
                                  plan.checkpoints.config);
        output->commit();
        if (!plan.checkpoints.keep_last) std::filesystem::remove(plan.checkpoints.path);
    }
    if (arguments.has("plot")) draw_figure(arguments, "plot", network_figure(plan, result));
    print(arguments, subject, plan, result);
    return 0;
}

int convert(const Arguments& arguments, const Subject& subject) {
    refuse_flags(arguments, {"seconds", "plot"}, "is of a simulation, and convert runs none.");
    ELM_CHECK(arguments.has("out"),
              "elmsim network convert: expected --out NAME.nir, or --out FOLDER for SONATA.");
    const Conversion done = convert_network(
        {.file = subject.file,
         .input = arguments.has("input") ? arguments.text("input") : std::string(),
         .out = arguments.text("out"),
         .dt_ms = arguments.optional_number("dt-ms"),
         .seed = arguments.has("seed") ? std::optional(arguments.seed()) : std::nullopt,
         .force = arguments.has("force")});
    if (arguments.has("json")) {
        print_result(result_header(arguments, Device{})
                         .set("kind", done.kind)
                         .set("output", done.output)
                         .set("neurons", done.n_neurons)
                         .to_json());
        return 0;
    }
    print_result(
        fmt::format("{} of {} neurons, written to {}\n", done.kind, done.n_neurons, done.output));
    return 0;
}

int run(const Arguments& arguments) {
    const Subject subject = subject_of(arguments);
    if (subject.verb == Verb::convert) return convert(arguments, subject);
    if (subject.verb == Verb::bench) {
        refuse_flags(arguments, {"input"}, "is for files: a benchmark has its own inputs.");
        const double scale = arguments.optional_number("scale").value_or(1);
        ELM_CHECK(scale > 0, "--scale {}: expected a positive number.", scale);
        return run_description(arguments, subject, with_flag("--scale", [&] {
                                   return subject.benchmark->make(scale);
                               }));
    }
    refuse_flags(arguments, {"scale"}, "is for benchmarks: a file says its own sizes.");
    NetworkSource source = load_network_source(
        subject.file, arguments.has("input") ? arguments.text("input") : std::string());
    if (auto* const graph = std::get_if<network::NirGraph>(&source)) {
        return run_graph(arguments, subject, std::move(*graph));
    }
    return run_description(arguments, subject,
                           std::get<network::NetworkDescription>(std::move(source)));
}

}  // namespace

Command network_command() {
    return {.name = "network",
            .summary = "simulates and converts networks of neurons, and runs benchmarks of them",
            .examples = {"elmsim network run net.toml --out spikes.h5 --plot raster.png",
                         "elmsim network bench brunel --plot brunel.png",
                         "elmsim network bench microcircuit --scale 0.1 --seconds 2",
                         "elmsim network run net.toml --out spikes.h5 --resume",
                         "elmsim network run net.toml --engine event-driven",
                         "elmsim network run simulation_config.json --out spikes.h5",
                         "elmsim network run model.nir --input spikes.h5 --dt-ms 1",
                         "elmsim network convert net.toml --out sonata/"},
            .words = "run FILE | bench NAME | convert FILE",
            .shared = {"out", "force", "plot", "device", "precision", "threads"},
            .options = {{.name = "engine",
                         .value = "ENGINE",
                         .help = "on the grid of the time step, or at exact times",
                         .default_value = "time-stepped",
                         .choices = {"time-stepped", "event-driven"}},
                        {"scale", "X", "size of a benchmark: 0.1 has a tenth of its neurons"},
                        {"seconds", "S", "time to simulate, in place of what the network says"},
                        {"checkpoint-every", "S",
                         "wall time between checkpoints beside --out, and one at the end; "
                         "else 30, and none is left"},
                        {"resume", "", "go on from the checkpoint beside --out"},
                        {"seed", "S", "of all random draws, in place of what the network says"},
                        {"input", "FILE",
                         "spikes for the sources of a network; spikes or a recording for a graph"},
                        {"dt-ms", "MS", "time step of a NIR graph, which says none; usually 1"},
                        {.name = "rule",
                         .value = "RULE",
                         .help = "how a NIR graph takes a step: as programs that write NIR mean "
                                 "it, or exactly; usually euler",
                         .choices = {"euler", "exact"}}},
            .run = run};
}

}  // namespace elm
