// elmsim simulate: runs a fitted neuron on spikes, once from t = 0 over the whole input.

#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "kernels/core/support/check.h"
#include "kernels/core/support/progress.h"
#include "kernels/io/option_set.h"
#include "tasks/program/arguments.h"
#include "tasks/program/cable_setup.h"
#include "tasks/program/command.h"
#include "tasks/program/input_flags.h"
#include "tasks/program/interrupt.h"
#include "tasks/program/made_of.h"
#include "tasks/program/outputs.h"
#include "tasks/program/resolve_model.h"
#include "tasks/program/run_context.h"
#include "tasks/program/simulate_cell.h"
#include "tasks/simulation/run_model.h"

namespace elm {
namespace {

FittedModel read_model(const Arguments& arguments, RunContext& context) {
    const auto names = arguments.list("model");
    ELM_CHECK(names.size() == 1, "elmsim simulate runs one --model (got {}).", names.size());
    const double time_step_ms = arguments.optional_number("dt-ms").value_or(0);
    ELM_CHECK(!arguments.has("dt-ms") || (time_step_ms > 0 && std::isfinite(time_step_ms)),
              "--dt-ms {}: expected a number above 0.", time_step_ms);
    return resolve_model(arguments, context, names.front(), time_step_ms);
}

ModelRun read_run(const Arguments& arguments, const FittedModel& fitted) {
    const ModelSpec& model = fitted.spec;
    ModelRun run;
    run.name = arguments.text("model");
    std::vector<std::string> words{"output"};
    if (has_neuronio_outputs(model)) words.emplace_back("voltage");
    if (arguments.has("record")) words = arguments.items("record");
    run.record = with_flag("--record", [&] { return parse_recording(words, fitted); });
    run.inputs = resolve_input(arguments, {model.shape.n_input, model.time_step_ms, [&model] {
                                               return model_input_sites(model.shape.n_input);
                                           }});
    ELM_CHECK(!run.inputs.empty(),
              "give --input FILE or --poisson HZ with --seconds S, or --input-protocol neuronio. "
              "See elmsim simulate --help.");
    const double start_ms = arguments.optional_number("start-ms").value_or(0);
    const double stop_ms =
        arguments.optional_number("stop-ms").value_or(std::numeric_limits<double>::infinity());
    run.stretch = with_flag(fmt::format("--start-ms {}, --stop-ms {}", start_ms, stop_ms), [&] {
        return find_stretch(run.inputs, model.time_step_ms, start_ms, stop_ms);
    });
    if (arguments.has("input")) {
        run.truth_path = find_ground_truth(arguments.text("input"), model.time_step_ms);
    }
    return run;
}

RunOutput read_output(const Arguments& arguments, const ModelSpec& model) {
    Values made_of;
    add_file(made_of, "model", arguments.text("model"));
    if (arguments.has("input")) add_file(made_of, "input", arguments.text("input"));
    warn_of_changes(arguments, made_of_section, made_of);
    Config config = arguments.effective();
    config.sections[model.model] = model.options;
    config.sections[made_of_section] = made_of;
    return run_output(arguments, config.to_toml(),
                      "Run less (--seconds) or record less (--record).");
}

void print_summary(RunContext& context, const Arguments& arguments, double time_step_ms,
                   const ModelRun& run, const ModelRunResult& result) {
    const auto steps = static_cast<double>(result.neuron_steps);
    const double rate = steps / result.seconds;
    const double factor = result.seconds / (steps * time_step_ms / 1000);
    Record record = result_header(arguments, context.stream().device());
    record.set("model", run.name)
        .set("steps", result.longest)
        .set("samples", static_cast<std::int64_t>(run.inputs.size()));
    print_run(arguments, std::move(record),
              fmt::format("{} {} of {} steps of {} ms: {}neuron-steps/s, real-time factor {:.3g}\n",
                          run.inputs.size(), run.inputs.size() == 1 ? "sample" : "samples",
                          result.longest, time_step_ms, human_count(rate), factor),
              rate, factor);
}

int run(const Arguments& arguments) {
    if (arguments.has("cell")) return simulate_cell(arguments);
    for (const Flag& flag : cell_flags()) {
        ELM_CHECK(!arguments.has(flag.name) || !flag.default_value.empty(),
                  "--{} is for cells: add --cell l5pc or a cell file.", flag.name);
    }
    require_place(arguments, "plot");
    RunContext context(arguments);
    const FittedModel model = read_model(arguments, context);
    const double time_step_ms = model.spec.time_step_ms;
    ModelRun run = read_run(arguments, model);
    run.output = read_output(arguments, model.spec);
    context.announce();
    Progress progress("simulate", neuron_steps_of(run), "neuron-steps");
    run.progress = [&](std::int64_t done, double seconds) {
        throw_if_interrupted();
        const double simulated_s = static_cast<double>(done) * time_step_ms / 1000;
        progress.update(done, fmt::format("real-time factor {:.2g}", seconds / simulated_s));
    };
    const ModelRunResult result = run_model(context.stream(), model, run);
    progress.finish();
    print_summary(context, arguments, time_step_ms, run, result);
    if (result.figure) draw_figure(arguments, "plot", *result.figure);
    return 0;
}

}  // namespace

Command simulate_command() {
    Command command{
        .name = "simulate",
        .summary = "runs a fitted neuron or a detailed cell on spikes",
        .examples =
            {"elmsim simulate --model l5pc-elm-20 --input-protocol neuronio --seed 1 --plot "
             "out.png",
             "elmsim simulate --model fit.h5 --input spikes.h5 --out run.h5 --record "
             "output,voltage,memory",
             "elmsim simulate --cell l5pc --clamp soma:1nA@200+500 --seconds 0.8 --record "
             "voltage:soma,calcium:nexus --plot cell.png"},
        .shared = {"model", "out", "force", "plot", "device", "precision", "threads", "seed"},
        .options = input_flags(),
        .run = run,
    };
    const std::vector<Flag> run_flags{
        {"record", "LIST",
         "what to write: output,voltage,memory,branches; of a cell voltage:PLACE, "
         "calcium:PLACE, current.CHANNEL:PLACE, synapses:PLACE, PLACE such as "
         "soma, nexus, apic[36](0.97), all"},
        {"dt-ms", "MS", "time step, where the model allows another than its own"},
        {"start-ms", "MS", "keep from here on; the run starts at 0"},
        {"stop-ms", "MS", "run up to here"}};
    for (const auto& flags : {run_flags, cell_flags()}) {
        command.options.insert(command.options.end(), flags.begin(), flags.end());
    }
    return command;
}

}  // namespace elm
