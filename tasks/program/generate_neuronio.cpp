// elmsim generate neuronio: input and output of a detailed cell, in the layout of NeuronIO.

#include "tasks/program/generate_neuronio.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <functional>
#include <memory>

#include <fmt/format.h>

#include "kernels/core/build_info.h"
#include "kernels/core/check.h"
#include "kernels/core/log.h"
#include "kernels/core/parallel.h"
#include "kernels/core/progress.h"
#include "kernels/io/file_lock.h"
#include "neuron/cable/cell/fingerprint.h"
#include "tasks/neuronio/neuronio_generator.h"
#include "tasks/neuronio/neuronio_plot.h"
#include "tasks/program/cable_setup.h"
#include "tasks/program/input_flags.h"
#include "tasks/program/interrupt.h"
#include "tasks/program/made_of.h"
#include "tasks/program/run_context.h"

namespace elm {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t trials_per_thread = 16;  // the lanes of the widest vector
constexpr std::int64_t trials_on_device = 1024;
constexpr std::int64_t most_batch_bytes = std::int64_t{1} << 30;  // of recordings

/// One output file and its simulations.
struct Part {
    std::string path;
    std::int64_t first = 0, count = 0;
};

std::int64_t whole(const Arguments& arguments, const std::string& flag, std::int64_t least) {
    const std::int64_t value = arguments.integer(flag);
    ELM_CHECK(value >= least, "--{} {}: expected {} or more.", flag, value, least);
    return value;
}

std::vector<Part> make_parts(const Arguments& arguments) {
    const std::string out = arguments.text("out");
    const std::int64_t count = whole(arguments, "simulations", 1);
    const std::int64_t first = arguments.has("first") ? whole(arguments, "first", 0) : 0;
    ELM_CHECK(first + count <= 100000,
              "--first {} --simulations {}: simulations have numbers below 100000. Take another "
              "--seed for more.",
              first, count);
    if (!arguments.has("simulations-per-file")) return {{out, first, count}};
    const std::int64_t per_file = whole(arguments, "simulations-per-file", 1);
    std::vector<Part> parts;
    for (std::int64_t done = 0; done < count; done += per_file) {
        parts.push_back({fmt::format("{}/neuronio-{:03}.h5", out, parts.size()), first + done,
                         std::min(per_file, count - done)});
    }
    return parts;
}

/// The folder of several files, which this run holds.
std::unique_ptr<FileLock> open_folder(const Arguments& arguments) {
    const std::string folder = arguments.text("out");
    std::error_code status;
    ELM_CHECK(!fs::exists(folder, status) || fs::is_directory(folder, status),
              "{} is a file: --simulations-per-file makes a folder of files.", folder);
    const bool is_new = fs::create_directory(folder, status);
    if (status) {
        throw Error(ErrorKind::write,
                    fmt::format("the folder {} cannot be made: {}.", folder, status.message()));
    }
    const bool may_be_filled =
        is_new || fs::is_empty(folder, status) || arguments.has("force") || arguments.has("resume");
    auto lock = std::make_unique<FileLock>((fs::path(folder) / "lock").string(), folder);
    ELM_CHECK(may_be_filled,
              "{} exists. Choose another name, give --resume to go on, or --force to replace its "
              "files.",
              folder);
    return lock;
}

NeuronIoRecipe make_recipe(const Arguments& arguments, RunContext& context) {
    NeuronIoRecipe recipe;
    recipe.run = cable_run_options(arguments, context);
    require_dividing_step(recipe.run.dt_ms);
    recipe.duration_ms = protocol_duration_ms(arguments);
    recipe.seed = arguments.seed();
    recipe.dendrites = arguments.has("dendrites");
    recipe.cell = resolve_cell(arguments, "l5pc");
    if (const std::string& note = recipe.cell.nexus_note; !note.empty()) {
        log::warn("{}{}", note, recipe.cell.nexus_segment < 0 ? ": no nexus is recorded" : "");
    }
    ELM_CHECK(!recipe.cell.site_segments.empty(),
              "cell {} has no synapses: add a section [synapses] to its file.", recipe.cell.name);
    return recipe;
}

Values facts_of(const Arguments& arguments, const NeuronIoRecipe& recipe) {
    return {
        {"cell", recipe.cell.name},
        {"cell_hash", cable::fingerprint(recipe.cell)},
        {"morphology", arguments.has("morphology")
                           ? fs::path(arguments.text("morphology")).filename().string()
                           : std::string("of the cell")},
        {"morphology_hash", cable::fingerprint(recipe.cell.compartments)},
        {"scheme", scheme_name(recipe.run.scheme)},
        {"dt_ms", recipe.run.dt_ms},
        {"precision", std::string(name_of(recipe.run.precision))},
        {"arithmetic", std::string(recipe.run.device.kind == DeviceKind::cuda ? "cuda" : "cpu")},
        {"dendrites", recipe.dendrites},
        {"version", std::string(build_info::version)}};
}

/// What the file of a part is made by: the flags that decide its bits.
std::string config_of(const Arguments& arguments, const NeuronIoGenerator& generator,
                      const Values& made_of) {
    Config config = arguments.effective();
    config.sections[made_of_section] = made_of;
    Values& section = config.sections["generate"];
    for (const char* other :
         {"out", "plot", "force", "resume", "threads", "batch", "device", "simulations-per-file"}) {
        section.erase(other);
    }
    section["first"] = generator.first();
    section["simulations"] = generator.count();
    return config.to_toml();
}

/// All lanes of all threads, as far as the recordings of a batch fit into memory.
std::int64_t batch_size(const Arguments& arguments, const NeuronIoRecipe& recipe) {
    const auto traces = static_cast<std::int64_t>(
        samples_per_ms + 1 + (recipe.dendrites ? std::ssize(recipe.cell.site_segments) : 0));
    const std::int64_t bytes = traces * recipe.duration_ms * std::int64_t{sizeof(float)};
    const std::int64_t wanted = recipe.run.device.kind == DeviceKind::cuda
                                    ? trials_on_device
                                    : trials_per_thread * thread_count();
    const std::int64_t batch =
        arguments.has("batch")
            ? std::min(whole(arguments, "batch", 1), whole(arguments, "simulations", 1))
            : std::clamp<std::int64_t>(most_batch_bytes / bytes, 1, wanted);
    const double needed = static_cast<double>(batch) * static_cast<double>(bytes);
    const double there = free_memory_bytes();
    if (needed > there) {
        throw Error(ErrorKind::memory,
                    fmt::format("{} simulations side by side take {:.3g} GB of recordings, and "
                                "{:.3g} GB are free. Use a smaller --batch, shorter simulations, "
                                "or leave out --dendrites.",
                                batch, needed / 1e9, there / 1e9));
    }
    return batch;
}

/// What a run has done so far, for progress.
struct Work {
    Progress progress;
    std::int64_t done = 0, all = 0;  // simulations of this run
    double start_s = 0;
};

void make_part(const Arguments& arguments, const NeuronIoRecipe& recipe, std::int64_t batch,
               const Values& made_of, NeuronIoGenerator& generator, Work& work) {
    while (!generator.missing().empty()) {
        const auto& missing = generator.missing();
        const auto size = std::min<std::int64_t>(batch, std::ssize(missing));
        const std::vector<std::int64_t> indices(missing.begin(), missing.begin() + size);
        const auto tick = [&](double share) {
            const double finished =
                static_cast<double>(work.done) + share * static_cast<double>(size);
            const double seconds = arguments.seconds() - work.start_s;
            work.progress.update(std::llround(finished * static_cast<double>(recipe.duration_ms)),
                                 fmt::format("{:.1f} of {} simulations, {:.2g} s each", finished,
                                             work.all, seconds / std::max(finished, 1e-9)));
            return !interrupted();
        };
        const auto recordings = simulate_neuronio(recipe, indices, cable::simulate, tick);
        throw_if_interrupted();
        generator.keep(recordings);
        work.done += size;
        tick(0);
    }
    generator.finish(config_of(arguments, generator, made_of));
}

void print_summary(const Arguments& arguments, RunContext& context, const Work& work,
                   std::int64_t items, const NeuronIoStatistics& statistics) {
    const double seconds = arguments.seconds() - work.start_s;
    const double rate = static_cast<double>(work.done) / seconds;
    const auto mean = [&](const char* name) { return statistics.row(name).mean; };
    if (arguments.has("json")) {
        print_result(
            result_header(arguments, context.stream().device())
                .set("task", "neuronio")
                .set("items", items)
                .set("made_now", work.done)
                .set("output", arguments.text("out"))
                .set("items_per_second", rate)
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
        items, arguments.number("seconds"), arguments.text("out"), work.done,
        work.done > 0 ? seconds / static_cast<double>(work.done) : 0.0, mean("output rate"),
        mean("soma voltage mean"), mean("exc input"), mean("inh input"),
        arguments.has("simulations-per-file") ? " (first file)" : ""));
}

}  // namespace

std::vector<Flag> neuronio_flags() {
    std::vector<Flag> flags = {
        {"simulations", "N", "how many"},
        {"seconds", "S", "length of each", "6"},
        {"first", "K", "number of the first simulation: each follows from seed and number", "0"},
        {"simulations-per-file", "N", "make a folder of files"},
        {"dendrites", "", "keep the voltage of every site, every ms"},
        {"dt-ms", "MS", "time step, of which 1/8 ms is a multiple", "0.025"},
        {"batch", "N", "simulations side by side; at most so many are lost by a kill"},
        {"resume", "", "go on where a run ended"}};
    for (Flag& flag : cable_flags()) flags.push_back(std::move(flag));
    return flags;
}

int generate_neuronio(const Arguments& arguments) {
    for (const char* flag : {"simulations", "out"}) {
        ELM_CHECK(arguments.has(flag), "--{} is missing. See elmsim generate --help.", flag);
    }
    const bool resume = arguments.has("resume"), force = arguments.has("force");
    ELM_CHECK(!(resume && force), "--resume goes on, --force starts anew: give one of them.");
    if (arguments.has("plot")) require_plot_place(arguments.text("plot"), force || resume);
    RunContext context(arguments);
    const std::vector<Part> parts = make_parts(arguments);
    const NeuronIoRecipe recipe = make_recipe(arguments, context);
    const Values facts = facts_of(arguments, recipe);
    const Values made_of = cell_fingerprints(arguments, "l5pc", recipe.cell);
    warn_of_changes(arguments, made_of_section, made_of);
    std::unique_ptr<FileLock> folder;
    if (arguments.has("simulations-per-file")) folder = open_folder(arguments);
    context.announce();
    const std::int64_t batch = batch_size(arguments, recipe);
    std::int64_t items = 0, remaining = 0;
    std::vector<NeuronIoGenerator> generators;
    for (const Part& part : parts) {
        generators.emplace_back(part.path, recipe, facts, part.first, part.count, resume, force);
        items += part.count;
        remaining += std::ssize(generators.back().missing());
    }
    if (remaining < items) log::info("{} of {} simulations are there", items - remaining, items);
    Work work{Progress("generate", remaining * recipe.duration_ms, "simulated ms")};
    work.all = remaining;
    work.start_s = arguments.seconds();
    try {
        for (NeuronIoGenerator& generator : generators) {
            make_part(arguments, recipe, batch, made_of, generator, work);
        }
    } catch (...) {
        work.progress.finish();
        log::info("{} of {} simulations are kept: go on with --resume",
                  items - remaining + work.done, items);
        throw;
    }
    work.progress.finish();
    const NeuronIoStatistics statistics =
        neuronio_statistics(parts.front().path, throw_if_interrupted);
    print_summary(arguments, context, work, items, statistics);
    if (arguments.has("plot")) {
        draw(neuronio_figure(parts.front().path, statistics), arguments.text("plot"),
             force || resume);
    }
    return 0;
}

}  // namespace elm
