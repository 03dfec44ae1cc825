// elmsim generate neuronio: input and output of a detailed cell, in the layout of NeuronIO.

#include "tasks/program/generate/generate_neuronio.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "kernels/core/support/check.h"
#include "kernels/core/support/log.h"
#include "kernels/core/support/progress.h"
#include "tasks/neuronio/neuronio_plot.h"
#include "tasks/neuronio/neuronio_set.h"
#include "tasks/program/arguments.h"
#include "tasks/program/cable_setup.h"
#include "tasks/program/generate/neuronio_flags.h"
#include "tasks/program/interrupt.h"
#include "tasks/program/made_of.h"
#include "tasks/program/outputs.h"
#include "tasks/program/run_context.h"

namespace elm {
namespace {

void print_summary(const Arguments& arguments, RunContext& context, std::int64_t items,
                   std::int64_t made, double seconds, const NeuronIoStatistics& statistics) {
    const auto mean = [&](const char* name) { return statistics.row(name).mean; };
    if (arguments.has("json")) {
        print_result(
            result_header(arguments, context.stream().device())
                .set("task", "neuronio")
                .set("items", items)
                .set("made_now", made)
                .set("output", arguments.text("out"))
                .set("items_per_second", static_cast<double>(made) / seconds)
                .set("simulated_seconds", arguments.number("seconds") * static_cast<double>(items))
                .set("output_rate_hz", mean("output rate"))
                .set("soma_voltage_mean_mV", mean("soma voltage mean"))
                .set("exc_events_per_second", mean("exc input"))
                .set("inh_events_per_second", mean("inh input"))
                .set("peak_memory_bytes", peak_memory_bytes())
                .to_json());
        return;
    }
    print_result(fmt::format(
        "{} simulations of {} s in {} ({} made now, {:.3g} s each)\noutput {:.2f} Hz, soma {:.1f} "
        "mV, input {:.0f} excitatory and {:.0f} inhibitory events/s{}\n",
        items, arguments.number("seconds"), arguments.text("out"), made,
        made > 0 ? seconds / static_cast<double>(made) : 0.0, mean("output rate"),
        mean("soma voltage mean"), mean("exc input"), mean("inh input"),
        arguments.has("simulations-per-file") ? " (first file)" : ""));
}

/// Makes what is missing, with progress.
void make_all(const Arguments& arguments, NeuronIoSetMaker& maker, const NeuronIoSet& set) {
    const auto there = set.count - maker.missing();
    if (there > 0) log::info("{} of {} simulations are there", there, set.count);
    Progress progress("generate", maker.missing() * set.recipe.duration_ms, "simulated ms");
    const double start_s = arguments.seconds();
    try {
        const bool whole = maker.make([&](double made) {
            const double seconds = arguments.seconds() - start_s;
            progress.update(std::llround(made * static_cast<double>(set.recipe.duration_ms)),
                            fmt::format("{:.1f} of {} simulations, {:.2g} s each", made,
                                        maker.missing(), seconds / std::max(made, 1e-9)));
            return !interrupted();
        });
        if (!whole) throw_if_interrupted();
    } catch (...) {
        progress.finish();
        log::info("{} of {} simulations are kept: go on with --resume", there + maker.made(),
                  set.count);
        throw;
    }
}

}  // namespace

int generate_neuronio(const Arguments& arguments) {
    for (const char* flag : {"simulations", "out"}) {
        ELM_CHECK(arguments.has(flag), "--{} is missing. See elmsim generate --help.", flag);
    }
    const bool replaces = arguments.has("resume");
    require_place(arguments, "plot", replaces);
    RunContext context(arguments);
    NeuronIoSet set = read_neuronio_set(arguments, context);
    const Values made_of = cell_fingerprints(arguments, "l5pc", set.recipe.cell);
    warn_of_changes(arguments, made_of_section, made_of);
    set.config = [&](std::int64_t first, std::int64_t count) {
        return neuronio_config(arguments, made_of, first, count);
    };
    context.announce();
    NeuronIoSetMaker maker(set);
    const double start_s = arguments.seconds();
    make_all(arguments, maker, set);
    const double seconds = arguments.seconds() - start_s;
    const NeuronIoStatistics statistics =
        neuronio_statistics(maker.first_path(), throw_if_interrupted);
    print_summary(arguments, context, set.count, maker.made(), seconds, statistics);
    if (arguments.has("plot")) {
        draw_figure(arguments, "plot", neuronio_figure(maker.first_path(), statistics), replaces);
    }
    return 0;
}

}  // namespace elm
