// elmsim simulate: runs a fitted neuron on spikes, once from t = 0 over the whole input.

#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <functional>
#include <limits>
#include <memory>
#include <optional>

#include <fmt/format.h>

#include "kernels/core/check.h"
#include "kernels/core/log.h"
#include "kernels/core/progress.h"
#include "kernels/io/hdf5_file.h"
#include "kernels/io/output_file.h"
#include "tasks/neuronio/neuronio_file.h"
#include "tasks/program/arguments.h"
#include "tasks/program/command.h"
#include "tasks/program/input_flags.h"
#include "tasks/program/interrupt.h"
#include "tasks/program/made_of.h"
#include "tasks/program/resolve_model.h"
#include "tasks/program/run_context.h"
#include "tasks/program/simulate_cell.h"
#include "tasks/simulation/recording_writer.h"
#include "tasks/simulation/simulation_plot.h"

namespace elm {
namespace {

constexpr std::int64_t most_samples = 64;     // that run together
constexpr std::int64_t rows_at_once = 32768;  // samples x steps of one run: bounds the memory

/// What is asked for, checked.
struct Plan {
    std::string model_name;
    FittedModel model;
    std::vector<SampleInput> inputs;
    std::int64_t first_step = 0;  // of what is kept
    std::int64_t end_step = 0;    // of the run
    RecordingChoice choice;
};

struct Counts {
    std::int64_t neuron_steps = 0, longest = 0, input_spikes = 0;
    double seconds = 0;
};

Plan make_plan(const Arguments& arguments, RunContext& context) {
    Plan plan;
    const auto names = arguments.list("model");
    ELM_CHECK(names.size() == 1, "elmsim simulate runs one --model (got {}).", names.size());
    const double time_step_ms = arguments.optional_number("dt-ms").value_or(0);
    ELM_CHECK(!arguments.has("dt-ms") || (time_step_ms > 0 && std::isfinite(time_step_ms)),
              "--dt-ms {}: expected a number above 0.", time_step_ms);
    plan.model_name = names.front();
    plan.model = resolve_model(arguments, context, plan.model_name, time_step_ms);
    const ModelSpec& model = plan.model.spec;
    plan.choice = parse_recording(arguments.has("record") ? arguments.items("record")
                                  : has_neuronio_outputs(model)
                                      ? std::vector<std::string>{"output", "voltage"}
                                      : std::vector<std::string>{"output"},
                                  plan.model);
    plan.inputs = resolve_input(arguments, {model.shape.n_input, model.time_step_ms, [&model] {
                                                return model_input_sites(model.shape.n_input);
                                            }});
    ELM_CHECK(!plan.inputs.empty(),
              "give --input FILE or --poisson HZ with --seconds S, or --input-protocol neuronio. "
              "See elmsim simulate --help.");
    for (const SampleInput& input : plan.inputs) {
        plan.end_step = std::max(plan.end_step, input.n_steps);
    }
    const double start_ms = arguments.optional_number("start-ms").value_or(0);
    const double stop_ms =
        arguments.optional_number("stop-ms").value_or(std::numeric_limits<double>::infinity());
    const double length_ms = static_cast<double>(plan.end_step) * model.time_step_ms;
    ELM_CHECK(start_ms >= 0 && start_ms < std::min(stop_ms, length_ms),
              "--start-ms {} and --stop-ms {}: expected a stretch of the input, which is {} ms "
              "long.",
              start_ms, stop_ms, length_ms);
    plan.first_step = static_cast<std::int64_t>(std::llround(start_ms / model.time_step_ms));
    if (stop_ms < length_ms) {
        plan.end_step = static_cast<std::int64_t>(std::llround(stop_ms / model.time_step_ms));
    }
    ELM_CHECK(plan.first_step < plan.end_step, "--start-ms and --stop-ms are in the same step.");
    return plan;
}

Values fingerprints(const Arguments& arguments, const Plan& plan) {
    Values made_of;
    add_file(made_of, "model", plan.model_name);
    if (arguments.has("input")) add_file(made_of, "input", arguments.text("input"));
    return made_of;
}

std::string effective_config(const Arguments& arguments, const Plan& plan, const Values& made_of) {
    Config config = arguments.effective();
    config.sections[plan.model.spec.model] = plan.model.spec.options;
    config.sections[made_of_section] = made_of;
    return config.to_toml();
}

SequenceTrace to_host(const SequenceTrace& trace, Stream& host) {
    const auto copy = [&](const Tensor& tensor) {
        return tensor.defined() && tensor.device().kind != DeviceKind::cpu ? tensor.to(host)
                                                                           : tensor;
    };
    return {copy(trace.output), copy(trace.memory), copy(trace.branches)};
}

void require_finite(const Tensor& output, std::int64_t first_step) {
    visit_real(output.dtype(), [&]<class Real>(Real) {
        const auto values = output.host<Real>();
        const auto bad = std::find_if(values.begin(), values.end(),
                                      [](Real value) { return !std::isfinite(value); });
        if (bad == values.end()) return;
        const std::int64_t row = (bad - values.begin()) / output.shape()[2];
        throw Error(ErrorKind::numeric,
                    fmt::format("the output stopped being finite in step {} of sample {}. Check "
                                "the weights and time constants of the model.",
                                first_step + row % output.shape()[1], row / output.shape()[1]));
    });
}

/// Runs samples [begin, end) of the plan together, chunk by chunk.
void run_batch(RunContext& context, const Plan& plan, std::size_t begin, std::size_t end,
               RecordingWriter* writer, SimulationPlot* plot, Counts& counts,
               const std::function<void()>& tick) {
    const std::span inputs = std::span(plan.inputs).subspan(begin, end - begin);
    const auto n_samples = static_cast<std::int64_t>(inputs.size());
    std::int64_t longest = 0;
    for (const SampleInput& input : inputs) longest = std::max(longest, input.n_steps);
    longest = std::min(longest, plan.end_step);
    const std::int64_t chunk_steps = std::clamp<std::int64_t>(rows_at_once / n_samples, 256, 2048);
    const SequenceRecording recording{plan.choice.memory, plan.choice.branches};
    if (writer != nullptr) {
        for (const SampleInput& input : inputs) writer->add_sample(input.name, chunk_steps);
    }
    Stream host{Device{}};
    const auto runner = plan.model.model->runner(context.stream());
    runner->start(context.stream(), n_samples, recording);
    for (std::int64_t step = 0; step < longest; step += chunk_steps) {
        const std::int64_t count = std::min(chunk_steps, longest - step);
        std::vector<SpikeTrain> parts;
        for (const SampleInput& input : inputs) {
            parts.push_back(input.source->next(count));
            counts.input_spikes += std::ssize(parts.back().units);
        }
        const SpikeTrain spikes = n_samples == 1 ? parts.front() : stack_samples(parts);
        const SequenceTrace trace = to_host(runner->advance(context.stream(), spikes), host);
        require_finite(trace.output, step);
        for (std::int64_t index = 0; index < n_samples; ++index) {
            const SampleInput& input = inputs[static_cast<std::size_t>(index)];
            const std::int64_t stop = std::min({count, input.n_steps - step, longest - step});
            counts.neuron_steps += std::max<std::int64_t>(0, stop);
            if (writer == nullptr) continue;
            writer->append(input.name, trace, index,
                           std::max<std::int64_t>(0, plan.first_step - step), stop);
        }
        if (plot != nullptr && begin == 0) plot->add(parts.front(), trace.output);
        tick();
    }
    counts.longest = std::max(counts.longest, longest);
}

Counts simulate(RunContext& context, const Arguments& arguments, const Plan& plan,
                RecordingWriter* writer, SimulationPlot* plot) {
    std::int64_t total = 0;
    for (const SampleInput& input : plan.inputs) total += std::min(input.n_steps, plan.end_step);
    Progress progress("simulate", total, "neuron-steps");
    Counts counts;
    const double start = arguments.seconds();
    const auto tick = [&] {
        throw_if_interrupted();
        counts.seconds = arguments.seconds() - start;
        const double simulated_s =
            static_cast<double>(counts.neuron_steps) * plan.model.spec.time_step_ms / 1000;
        progress.update(counts.neuron_steps,
                        fmt::format("real-time factor {:.2g}", counts.seconds / simulated_s));
    };
    for (std::size_t begin = 0; begin < plan.inputs.size(); begin += most_samples) {
        const std::size_t end = std::min(begin + most_samples, plan.inputs.size());
        run_batch(context, plan, begin, end, writer, plot, counts, tick);
    }
    return counts;
}

PlotReference find_reference(const Arguments& arguments, const Plan& plan) {
    PlotReference reference;
    reference.leaky_integrator = plan.model_name == "leaky-integrator";
    if (arguments.has("input") && plan.model.spec.time_step_ms == 1 &&
        Hdf5File::is_hdf5(arguments.text("input")) &&
        NeuronIoFile::is_neuronio(Hdf5File::open(arguments.text("input")))) {
        reference.neuronio_path = arguments.text("input");
    }
    return reference;
}

void print_summary(RunContext& context, const Arguments& arguments, const Plan& plan,
                   const Counts& counts) {
    const double rate = static_cast<double>(counts.neuron_steps) / counts.seconds;
    const double simulated_s =
        static_cast<double>(counts.neuron_steps) * plan.model.spec.time_step_ms / 1000;
    const double factor = counts.seconds / simulated_s;
    if (arguments.has("json")) {
        Record record = result_header(arguments, context.stream().device());
        record.set("model", plan.model_name)
            .set("steps", counts.longest)
            .set("samples", static_cast<std::int64_t>(plan.inputs.size()));
        if (arguments.has("out")) {
            record.set("output", arguments.text("out"));
        } else {
            record.set_null("output");
        }
        record.set("neuron_steps_per_second", rate)
            .set("real_time_factor", factor)
            .set("peak_memory_bytes", peak_memory_bytes());
        print_result(record.to_json());
        return;
    }
    std::string text =
        fmt::format("{} {} of {} steps of {} ms: {}neuron-steps/s, real-time factor {:.3g}\n",
                    plan.inputs.size(), plan.inputs.size() == 1 ? "sample" : "samples",
                    counts.longest, plan.model.spec.time_step_ms, human_count(rate), factor);
    if (arguments.has("out")) text += fmt::format("written to {}\n", arguments.text("out"));
    print_result(text);
}

int run(const Arguments& arguments) {
    if (arguments.has("cell")) return simulate_cell(arguments);
    for (const Flag& flag : cell_flags()) {
        ELM_CHECK(!arguments.has(flag.name) || !flag.standard.empty(),
                  "--{} is for cells: add --cell l5pc or a cell file.", flag.name);
    }
    const bool keeps = arguments.has("out"), draws = arguments.has("plot");
    const bool force = arguments.has("force");
    if (draws) require_plot_place(arguments.text("plot"), force);
    RunContext context(arguments);
    const Plan plan = make_plan(arguments, context);
    const Values made_of = fingerprints(arguments, plan);
    warn_of_changes(arguments, made_of_section, made_of);
    if (!keeps) {
        log::info("no --out: {}", draws ? "only the picture is kept" : "nothing is kept");
    }
    std::optional<OutputFile> output;
    std::optional<RecordingWriter> writer;
    if (keeps) {
        output.emplace(arguments.text("out"), force);
        double steps = 0;
        for (const SampleInput& input : plan.inputs) {
            steps += static_cast<double>(std::min(input.n_steps, plan.end_step) - plan.first_step);
        }
        output->require_room(steps * bytes_of_step(plan.model, plan.choice),
                             "Run less (--seconds) or record less (--record).");
        writer.emplace(output->temporary_path(), plan.model, plan.choice, plan.model_name,
                       effective_config(arguments, plan, made_of), plan.first_step);
    }
    context.announce();
    std::optional<SimulationPlot> plot;
    if (draws) {
        const SampleInput& first = plan.inputs.front();
        if (plan.inputs.size() > 1) log::info("drawing the first sample, {}", first.name);
        plot.emplace(plan.model, std::filesystem::path(plan.model_name).stem().string(), first.name,
                     plan.first_step, std::min(first.n_steps, plan.end_step),
                     find_reference(arguments, plan));
    }
    const Counts counts =
        simulate(context, arguments, plan, writer ? &*writer : nullptr, plot ? &*plot : nullptr);
    if (keeps) {
        writer->close();
        output->commit();
    }
    if (counts.input_spikes == 0) log::warn("there is no input spike within the run");
    print_summary(context, arguments, plan, counts);
    if (draws) draw(plot->figure(), arguments.text("plot"), force);
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
