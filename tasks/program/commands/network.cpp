// elmsim network: simulates a network that a file describes, or a standard benchmark; turns files
// of networks into those of other programs.

#include <optional>
#include <utility>
#include <variant>

#include <fmt/format.h>

#include "kernels/core/support/check.h"
#include "tasks/networks/convert_network.h"
#include "tasks/networks/network_source.h"
#include "tasks/program/arguments.h"
#include "tasks/program/command.h"
#include "tasks/program/network/network_flags.h"
#include "tasks/program/network/network_runs.h"
#include "tasks/program/run_context.h"

namespace elm {
namespace {

int convert(const Arguments& arguments, const NetworkSubject& subject) {
    refuse_given(arguments, {"seconds", "plot"}, "is of a simulation, and convert runs none.");
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
    const NetworkSubject subject = network_subject_of(arguments);
    if (subject.verb == NetworkVerb::convert) return convert(arguments, subject);
    if (subject.verb == NetworkVerb::bench) {
        refuse_given(arguments, {"input"}, "is for files: a benchmark has its own inputs.");
        const double scale = arguments.optional_number("scale").value_or(1);
        ELM_CHECK(scale > 0, "--scale {}: expected a positive number.", scale);
        run_description(arguments, subject,
                        with_flag("--scale", [&] { return subject.benchmark->make(scale); }));
        return 0;
    }
    refuse_given(arguments, {"scale"}, "is for benchmarks: a file says its own sizes.");
    NetworkSource source = load_network_source(
        subject.file, arguments.has("input") ? arguments.text("input") : std::string());
    if (auto* const graph = std::get_if<network::NirGraph>(&source)) {
        run_graph(arguments, subject, std::move(*graph));
    } else {
        run_description(arguments, subject,
                        std::get<network::NetworkDescription>(std::move(source)));
    }
    return 0;
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
                         "elmsim network bench microcircuit --device cuda",
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
            .resumable = {"run", "bench"},
            .run = run};
}

}  // namespace elm
