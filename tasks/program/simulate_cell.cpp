// elmsim simulate --cell: runs a detailed cell on synaptic events and currents.

#include "tasks/program/simulate_cell.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include <fmt/format.h>

#include "kernels/core/support/check.h"
#include "kernels/core/support/log.h"
#include "kernels/core/support/progress.h"
#include "tasks/neuronio/neuronio_writer.h"
#include "tasks/program/cable_setup.h"
#include "tasks/program/input_flags.h"
#include "tasks/program/interrupt.h"
#include "tasks/program/made_of.h"
#include "tasks/program/outputs.h"
#include "tasks/program/run_context.h"
#include "tasks/simulation/cell_picture.h"
#include "tasks/simulation/cell_warnings.h"
#include "tasks/simulation/run_cell.h"

namespace elm {
namespace {

void read_samples(const Arguments& arguments, const cable::Cell& cell, CellRun& run) {
    const auto seconds = arguments.optional_number("seconds");
    ELM_CHECK(!seconds || (*seconds > 0 && *seconds < 1e6),
              "--seconds {}: expected a number above 0 and below 1e6.", *seconds);
    const auto channels = static_cast<std::int64_t>(2 * cell.site_segments.size());
    for (const char* flag : {"input", "poisson", "input-protocol"}) {
        ELM_CHECK(channels > 0 || !arguments.has(flag),
                  "cell {} has no synapses: add a section [synapses] to its file.", cell.name);
    }
    run.inputs = resolve_input(
        arguments, {channels, run.options.dt_ms, [&cell] { return input_sites(cell); }});
    // An event at 0 silences its synapse: no accident of drawing may do so. That of the published
    // protocol stays, as in the published data, and is part of it.
    if (arguments.has("poisson")) run.first_event_step = 1;
    run.warns_of_silence = !arguments.has("input-protocol");
    for (const std::string& text : arguments.list("clamp")) {
        run.currents.push_back(with_flag("--clamp", [&] { return parse_clamp(cell, text); }));
    }
    ELM_CHECK(!run.inputs.empty() || seconds, "the run needs a length: add --seconds S.");
    run.duration_ms = seconds.value_or(0) * 1000;
}

std::vector<CellProbe> read_probes(const Arguments& arguments, const cable::Cell& cell) {
    if (arguments.has("record")) {
        return with_flag("--record",
                         [&] { return parse_cell_probes(cell, arguments.items("record")); });
    }
    std::vector<std::string> words{"voltage:soma"};
    if (cell.nexus_segment >= 0) {
        words.emplace_back("voltage:nexus");
    } else if (!cell.nexus_note.empty()) {
        log::info("voltage:nexus is not recorded: {}", cell.nexus_note);
    }
    return parse_cell_probes(cell, words);
}

void print_summary(const Arguments& arguments, RunContext& context, const cable::Cell& cell,
                   double dt_ms, const CellRunResult& result) {
    const auto count = static_cast<double>(result.samples);
    const double factor = result.seconds / (result.duration_ms / 1000 * count);
    Record record = result_header(arguments, context.stream().device());
    record.set("cell", cell.name)
        .set("steps", result.steps)
        .set("samples", result.samples)
        .set("spikes", result.spikes);
    print_run(arguments, std::move(record),
              fmt::format("{} {} of {:g} ms in steps of {} ms: {} output spikes, real-time factor "
                          "{:.3g}\n",
                          result.samples, result.samples == 1 ? "sample" : "samples",
                          result.duration_ms, dt_ms, result.spikes, factor),
              result.duration_ms / dt_ms * count / result.seconds, factor);
}

}  // namespace

int simulate_cell(const Arguments& arguments) {
    ELM_CHECK(!arguments.has("model"), "give either --model or --cell, not both.");
    for (const char* flag : {"start-ms", "stop-ms"}) {
        ELM_CHECK(!arguments.has(flag), "--{} is for fitted models: a cell runs from 0 on.", flag);
    }
    require_place(arguments, "plot");
    RunContext context(arguments);
    const cable::Cell cell = resolve_cell(arguments, "l5pc");
    CellRun run;
    run.options = cable_run_options(arguments, context);
    std::optional<CellPicture> picture;
    if (arguments.has("plot-morphology")) {
        require_place(arguments, "plot-morphology");
        picture.emplace(with_flag("--colour-by",
                                  [&] { return CellPicture(cell, arguments.text("colour-by")); }));
    }
    const auto draw_cell = [&](const cable::Trial& trial) {
        run.options.progress = [](std::int64_t, std::int64_t) { return !interrupted(); };
        with_flag("--plot-morphology", [&] {
            picture->draw(resolve_shape(arguments, "l5pc"), trial, run.options,
                          arguments.text("plot-morphology"), arguments.has("force"));
        });
        throw_if_interrupted();
    };
    const bool runs =
        arguments.has("seconds") || arguments.has("input") || arguments.has("input-protocol");
    if (picture && !picture->needs_run() && !runs) {
        draw_cell({});
        return 0;
    }
    run.probes = read_probes(arguments, cell);
    warn_of_empty_probes(cell, run.probes);
    warn_of_nexus(cell, run.probes, arguments.list("clamp"));
    const auto every_ms = arguments.optional_number("every-ms");
    run.every_steps = with_flag(fmt::format("--every-ms {}", every_ms.value_or(0)),
                                [&] { return steps_between_values(run.options.dt_ms, every_ms); });
    read_samples(arguments, cell, run);
    run.options.duration_ms = duration_of(run);
    warn_of_idle_currents(arguments.list("clamp"), run.currents, run.options);
    Values made_of = cell_fingerprints(arguments, "l5pc", cell);
    if (arguments.has("input")) add_file(made_of, "input", arguments.text("input"));
    warn_of_changes(arguments, made_of_section, made_of);
    Config config = arguments.effective();
    config.sections[made_of_section] = made_of;
    run.output = run_output(arguments, config.to_toml(),
                            "Record less often (--every-ms) or fewer places (--record).");
    context.announce();
    const std::int64_t samples = std::max<std::int64_t>(1, std::ssize(run.inputs));
    Progress progress("simulate", samples * std::llround(run.options.duration_ms), "simulated ms");
    run.progress = [&](double ms, double seconds) {
        progress.update(std::llround(ms),
                        fmt::format("real-time factor {:.2g}", seconds * 1000 / ms));
        return !interrupted();
    };
    const auto result = run_cell(cell, run);
    if (!result) throw_if_interrupted();
    progress.finish();
    print_summary(arguments, context, cell, run.options.dt_ms, *result);
    if (result->figure) draw_figure(arguments, "plot", *result->figure);
    if (picture) draw_cell(result->first);
    return 0;
}

}  // namespace elm
