// elmsim simulate --cell: runs a detailed cell on synaptic events and currents.

#include "tasks/program/simulate_cell.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include <fmt/format.h>

#include "kernels/core/check.h"
#include "kernels/core/log.h"
#include "kernels/core/progress.h"
#include "kernels/io/hdf5_file.h"
#include "kernels/io/output_file.h"
#include "tasks/neuronio/neuronio_writer.h"
#include "tasks/program/cable_setup.h"
#include "tasks/program/cell_picture.h"
#include "tasks/program/input_flags.h"
#include "tasks/program/interrupt.h"
#include "tasks/program/made_of.h"
#include "tasks/program/run_context.h"
#include "tasks/simulation/cell_recording.h"
#include "tasks/simulation/cell_warnings.h"

namespace elm {
namespace {

constexpr std::size_t most_samples = 64;  // that run together
constexpr double default_sample_ms = 0.1;

/// What is run: samples of a source, or one sample without synaptic events.
struct Samples {
    std::vector<SampleInput> inputs;
    std::vector<std::string> names;
    std::vector<cable::CurrentClamp> clamps;  // of every sample
    std::int64_t first_step = 0;              // from which events count
    double duration_ms = 0;                   // of the longest
    double dt_ms = 0;

    std::size_t size() const { return names.size(); }
    /// Takes the events of a sample from its source, on the grid of time steps.
    cable::Trial take(std::size_t index) const;
};

cable::Trial Samples::take(std::size_t index) const {
    cable::Trial trial{{}, clamps};
    if (inputs.empty()) return trial;
    const SampleInput& input = inputs[index];
    constexpr std::int64_t steps_at_once = 65536;
    for (std::int64_t begin = 0; begin < input.n_steps; begin += steps_at_once) {
        const std::int64_t count = std::min(steps_at_once, input.n_steps - begin);
        const SpikeTrain spikes = input.source->next(count);
        for (std::int64_t step = std::max(begin, first_step); step < begin + count; ++step) {
            for (const std::int32_t channel : spikes.row(0, step - begin)) {
                trial.events.push_back({static_cast<double>(step) * dt_ms, channel});
            }
        }
    }
    return trial;
}

Samples make_samples(const Arguments& arguments, const cable::Cell& cell, double dt_ms) {
    const auto seconds = arguments.optional_number("seconds");
    ELM_CHECK(!seconds || (*seconds > 0 && *seconds < 1e6),
              "--seconds {}: expected a number above 0 and below 1e6.", *seconds);
    const auto channels = static_cast<std::int64_t>(2 * cell.site_segments.size());
    for (const char* flag : {"input", "poisson", "input-protocol"}) {
        ELM_CHECK(channels > 0 || !arguments.has(flag),
                  "cell {} has no synapses: add a section [synapses] to its file.", cell.name);
    }
    Samples samples;
    samples.dt_ms = dt_ms;
    samples.inputs =
        resolve_input(arguments, {channels, dt_ms, [&cell] { return input_sites(cell); }});
    // An event at 0 silences its synapse: no accident of drawing may do so. That of the published
    // protocol stays, as in the published data.
    if (arguments.has("poisson")) samples.first_step = 1;
    for (const std::string& text : arguments.list("clamp")) {
        samples.clamps.push_back(parse_clamp(cell, text));
    }
    for (const SampleInput& input : samples.inputs) {
        samples.names.push_back(input.name);
        samples.duration_ms =
            std::max(samples.duration_ms, static_cast<double>(input.n_steps) * dt_ms);
    }
    if (samples.inputs.empty()) {
        ELM_CHECK(seconds, "the run needs a length: add --seconds S.");
        samples.names.emplace_back("run");
        samples.duration_ms = *seconds * 1000;
    }
    return samples;
}

std::vector<CellProbe> make_probes(const Arguments& arguments, const cable::Cell& cell) {
    std::vector<std::string> words = arguments.has("record")
                                         ? arguments.items("record")
                                         : std::vector<std::string>{"voltage:soma"};
    if (!arguments.has("record") && cell.nexus_segment >= 0) words.emplace_back("voltage:nexus");
    if (!arguments.has("record") && cell.nexus_segment < 0 && !cell.nexus_note.empty()) {
        log::info("voltage:nexus is not recorded: {}", cell.nexus_note);
    }
    std::vector<CellProbe> probes;
    for (const std::string& word : words) {
        for (const CellProbe& earlier : probes) {
            ELM_CHECK(earlier.name != word, "--record names '{}' twice.", word);
        }
        probes.push_back(parse_cell_probe(cell, word));
    }
    return probes;
}

/// Steps between samples: --every-ms, which must be a multiple of the step; else about 0.1 ms.
int steps_per_sample(const Arguments& arguments, double dt_ms) {
    const auto wanted = arguments.optional_number("every-ms");
    const double steps = wanted.value_or(default_sample_ms) / dt_ms;
    if (!wanted) return std::max(1, static_cast<int>(std::lround(steps)));
    ELM_CHECK(steps >= 1 && steps < 1e9 && std::abs(steps - std::round(steps)) < 1e-6 * steps,
              "--every-ms {}: expected a multiple of the time step, {} ms.", *wanted, dt_ms);
    return static_cast<int>(std::lround(steps));
}

void print_summary(const Arguments& arguments, RunContext& context, const cable::Cell& cell,
                   const Samples& samples, double dt_ms, std::int64_t spikes, double seconds) {
    const auto count = static_cast<double>(samples.size());
    const double steps = samples.duration_ms / dt_ms;
    const double factor = seconds / (samples.duration_ms / 1000 * count);
    if (arguments.has("json")) {
        Record record = result_header(arguments, context.stream().device());
        record.set("cell", cell.name)
            .set("steps", static_cast<std::int64_t>(std::llround(steps)))
            .set("samples", static_cast<std::int64_t>(samples.size()))
            .set("spikes", spikes);
        if (arguments.has("out")) {
            record.set("output", arguments.text("out"));
        } else {
            record.set_null("output");
        }
        record.set("neuron_steps_per_second", steps * count / seconds)
            .set("real_time_factor", factor)
            .set("peak_memory_bytes", peak_memory_bytes());
        print_result(record.to_json());
        return;
    }
    std::string text = fmt::format(
        "{} {} of {:g} ms in steps of {} ms: {} output spikes, real-time factor {:.3g}\n",
        samples.size(), samples.size() == 1 ? "sample" : "samples", samples.duration_ms, dt_ms,
        spikes, factor);
    if (arguments.has("out")) text += fmt::format("written to {}\n", arguments.text("out"));
    print_result(text);
}

/// The output file of a run, one group per sample.
class CellOutput {
public:
    CellOutput(const Arguments& arguments, const cable::Cell& cell, const CellRecorder& recorder,
               const Samples& samples, const Values& made_of)
        : output_(arguments.text("out"), arguments.has("force")),
          file_(Hdf5File::create(output_.temporary_path())) {
        output_.require_room(
            recorder.bytes_of(samples.duration_ms) * static_cast<double>(samples.size()),
            "Record less often (--every-ms) or fewer places (--record).");
        file_.set_attribute("/", "format", std::string("elm-recording"));
        file_.set_attribute("/", "model", cell.name);
        file_.set_attribute("/", "time_step_ms", recorder.sample_ms());
        file_.set_attribute("/", "start_ms", 0.0);
        Config config = arguments.effective();
        config.sections[made_of_section] = made_of;
        file_.write_string("/config", config.to_toml());
    }
    Hdf5File& file() { return file_; }
    void finish() {
        file_.close();
        output_.commit();
    }

private:
    OutputFile output_;
    Hdf5File file_;
};

}  // namespace

std::vector<Flag> cell_flags() {
    std::vector<Flag> flags = cable_flags();
    flags.push_back({"clamp", "CURRENT",
                     "current into a cell: PLACE:0.3nA@START+DURATION, or "
                     "PLACE:0.5nA@START~RISE/DECAY, in ms",
                     "", true});
    flags.push_back({"plot-morphology", "FILE", "draw the cell from the side, coloured by"});
    flags.push_back({"colour-by", "WHAT",
                     "voltage or calcium (the highest of the first sample), voltage@MS, "
                     "calcium@MS, or density:CHANNEL",
                     "voltage"});
    flags.push_back({"every-ms", "MS", "time between recorded values of a cell; about 0.1"});
    return flags;
}

int simulate_cell(const Arguments& arguments) {
    ELM_CHECK(!arguments.has("model"), "give either --model or --cell, not both.");
    for (const char* flag : {"start-ms", "stop-ms"}) {
        ELM_CHECK(!arguments.has(flag), "--{} is for fitted models: a cell runs from 0 on.", flag);
    }
    const bool keeps = arguments.has("out"), draws = arguments.has("plot");
    if (draws) require_plot_place(arguments.text("plot"), arguments.has("force"));
    RunContext context(arguments);
    const cable::Cell cell = resolve_cell(arguments, "l5pc");
    cable::RunOptions options = cable_run_options(arguments, context);
    std::optional<CellPicture> picture;
    if (arguments.has("plot-morphology")) picture.emplace(arguments, cell);
    const bool runs =
        arguments.has("seconds") || arguments.has("input") || arguments.has("input-protocol");
    if (picture && !picture->needs_run() && !runs) {
        picture->draw({}, options);
        return 0;
    }
    std::vector<CellProbe> probes = make_probes(arguments, cell);
    warn_of_empty_probes(cell, probes);
    warn_of_nexus(cell, probes, arguments.list("clamp"));
    // What is neither kept nor drawn is not read either.
    std::erase_if(probes, [&](const CellProbe& probe) { return !keeps && (!draws || probe.all); });
    const CellRecorder recorder(cell, std::move(probes), options.dt_ms,
                                steps_per_sample(arguments, options.dt_ms));
    const Samples samples = make_samples(arguments, cell, options.dt_ms);
    options.probes = recorder.probes();
    options.duration_ms = samples.duration_ms;
    warn_of_idle_currents(arguments.list("clamp"), samples.clamps, options);
    Values made_of = cell_fingerprints(arguments, "l5pc", cell);
    if (arguments.has("input")) add_file(made_of, "input", arguments.text("input"));
    warn_of_changes(arguments, made_of_section, made_of);
    std::optional<CellOutput> output;
    if (keeps) {
        output.emplace(arguments, cell, recorder, samples, made_of);
    } else {
        log::info("no --out: {}", draws ? "only the picture is kept" : "nothing is kept");
    }
    context.announce();
    const double start = arguments.seconds();
    const auto total = static_cast<std::int64_t>(samples.size());
    Progress progress("simulate", total * std::llround(samples.duration_ms), "simulated ms");
    std::optional<Figure> figure;
    cable::Trial first;
    InputWatch watch;
    std::int64_t spikes = 0;
    for (std::size_t begin = 0; begin < samples.size(); begin += most_samples) {
        const std::size_t end = std::min(begin + most_samples, samples.size());
        std::vector<cable::Trial> batch;
        for (std::size_t at = begin; at < end; ++at) {
            batch.push_back(samples.take(at));
            watch.add(batch.back());
        }
        if (begin == 0) first = batch.front();
        options.progress = [&](std::int64_t done, std::int64_t) {
            const double ms = static_cast<double>(begin) * samples.duration_ms +
                              static_cast<double>(done) * options.dt_ms;
            progress.update(
                std::llround(ms),
                fmt::format("real-time factor {:.2g}", (arguments.seconds() - start) * 1000 / ms));
            return !interrupted();
        };
        std::vector<CellSample> running;
        for (std::size_t at = begin; at < end; ++at) {
            running.emplace_back(recorder, samples.names[at], samples.duration_ms);
            if (output) running.back().write_to(output->file());
            if (draws && at == 0) running.back().keep_traces();
        }
        cable::RunOptions run = options;
        run.sink = [&](std::size_t trial, const cable::TrialRecording& next) {
            running[trial].add(next);
        };
        cable::simulate(cell, batch, run);
        throw_if_interrupted();
        for (CellSample& sample : running) {
            sample.finish();
            spikes += std::ssize(sample.spike_times());
        }
        if (draws && begin == 0) figure = running.front().figure(batch.front());
    }
    progress.finish();
    const double seconds = arguments.seconds() - start;
    if (output) output->finish();
    // The synapses that the published protocol silences by a spike at 0 are part of it.
    if (!samples.inputs.empty() && !arguments.has("input-protocol")) watch.warn(cell);
    print_summary(arguments, context, cell, samples, options.dt_ms, spikes, seconds);
    if (figure) draw(*figure, arguments.text("plot"), arguments.has("force"));
    if (picture) picture->draw(first, options);
    return 0;
}

}  // namespace elm
