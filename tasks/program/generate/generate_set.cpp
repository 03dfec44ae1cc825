// elmsim generate TASK: samples of a generated task on disk.

#include "tasks/program/generate/generate_set.h"

#include <algorithm>
#include <filesystem>
#include <memory>

#include <fmt/format.h>

#include "kernels/core/support/check.h"
#include "kernels/core/support/log.h"
#include "kernels/core/support/progress.h"
#include "tasks/program/arguments.h"
#include "tasks/program/interrupt.h"
#include "tasks/program/outputs.h"
#include "tasks/program/run_context.h"
#include "tasks/program/set_flags.h"
#include "tasks/sets/set_folder.h"
#include "tasks/sets/set_source.h"

namespace elm {
namespace {

bool is_table(const SetPlan& plan) { return plan.path.ends_with(".tsv"); }

SetPlan read_plan(const Arguments& arguments, const TaskEntry& task) {
    SetPlan plan;
    plan.path = arguments.text("out");
    plan.count = arguments.integer("count");
    plan.first = arguments.integer("first");
    plan.seed = arguments.seed();
    plan.resume = arguments.has("resume");
    plan.force = arguments.has("force");
    with_flag("--first, --count", [&] { require_samples(plan.first, plan.count); });
    ELM_CHECK(!plan.resume || !plan.force,
              "--resume goes on, --force starts anew: give one of them.");
    const SampleKind& kind = *task.samples;
    plan.generator = make_generator(kind, all_options(kind, read_set_options(arguments, task)));
    const std::filesystem::path name(plan.path);
    ELM_CHECK(is_set_folder(plan.path) || is_table(plan) || !name.has_extension() ||
                  name.extension() == ".h5" || name.extension() == ".hdf5",
              "--out {}: a set is a file in .h5, or a folder, whose name ends in /.", plan.path);
    if (is_table(plan)) {
        ELM_CHECK(task.name == "listops", "--out {}: a table is for listops; {} goes into .h5.",
                  plan.path, task.name);
        ELM_CHECK(!plan.resume, "--resume: a table is written in one go. Use .h5, or --force.");
    }
    return plan;
}

std::vector<SetPlan> read_files(const Arguments& arguments, const SetPlan& plan) {
    const bool is_folder = is_set_folder(plan.path);
    ELM_CHECK(is_folder || !arguments.has("split"),
              "--split: one file has no parts; --out FOLDER/ has.");
    if (!is_folder) return {plan};
    SplitPercent split = published_split;
    if (arguments.has("split")) {
        const std::vector<std::string> parts = arguments.items("split");
        ELM_CHECK(parts.size() == split.size(),
                  "--split {}: expected three shares, as in 80,10,10.", arguments.text("split"));
        for (std::size_t k = 0; k < split.size(); ++k) {
            const Value value = parse_value(parts[k]);
            const auto* const whole = std::get_if<std::int64_t>(&value);
            const auto* const real = std::get_if<double>(&value);
            ELM_CHECK(whole != nullptr || real != nullptr, "--split {}: expected numbers.",
                      arguments.text("split"));
            split[k] = whole != nullptr ? static_cast<double>(*whole) : *real;
        }
    }
    return with_flag("--split", [&] { return split_plans(plan, split); });
}

/// The configuration that repeats one file.
std::string config_of(const SetPlan& plan, const SampleKind& kind) {
    Config config;
    Values& section = config.sections["generate"];
    for (const auto& [option, value] : plan.generator.options) {
        if (kind.fixed.contains(option)) continue;
        std::string name = option;
        std::replace(name.begin(), name.end(), '_', '-');
        section[name] = value;
    }
    section["seed"] = static_cast<std::int64_t>(plan.seed);
    section["first"] = plan.first;
    section["count"] = plan.count;
    return config.to_toml();
}

/// Returns the samples that were made now.
std::int64_t make_all(const Arguments& arguments, const SetPlan& plan, const SampleKind& kind) {
    std::unique_ptr<SetFolderMaker> maker;
    if (!is_table(plan)) {
        maker = std::make_unique<SetFolderMaker>(
            read_files(arguments, plan),
            [&](const SetPlan& file) { return config_of(file, kind); });
    }
    const std::int64_t missing = maker ? maker->missing() : plan.count;
    if (missing < plan.count) log::info("{} of {} are there", plan.count - missing, plan.count);
    Progress progress("generate", missing, "samples");
    const auto tick = [&](std::int64_t done) {
        progress.update(done);
        return !interrupted();
    };
    bool whole = false;
    try {
        whole = maker ? maker->make(tick) : write_listops_table(plan, tick);
        if (!whole) throw_if_interrupted();
    } catch (...) {
        progress.finish();
        if (maker) {
            log::info("{} of {} samples are kept: go on with --resume",
                      plan.count - missing + maker->made(), plan.count);
        }
        throw;
    }
    return maker ? maker->made() : plan.count;
}

/// All bytes of a set on disk.
std::int64_t bytes_of(const std::string& path) {
    namespace fs = std::filesystem;
    std::error_code status;
    if (!fs::is_directory(path, status)) {
        return static_cast<std::int64_t>(fs::file_size(path, status));
    }
    std::int64_t total = 0;
    for (const auto& file : fs::directory_iterator(path)) {
        if (file.is_regular_file()) total += static_cast<std::int64_t>(file.file_size());
    }
    return total;
}

void draw_some(const Arguments& arguments, const SetPlan& plan, const TaskEntry& task) {
    constexpr std::int64_t drawn = 8;
    const ShownSet shown = draw_set(task, read_set_options(arguments, task), plan.seed, plan.first,
                                    std::min(drawn, plan.count));
    with_flag("--plot", [&] {
        draw(task.samples->picture(shown.options, shown.samples), arguments.text("plot"),
             plan.force || plan.resume);
    });
}

}  // namespace

std::vector<Flag> generate_set_flags() {
    return {{"count", "N", "samples; of neuronio --simulations"},
            {"split", "A,B,C",
             "percent to train on, to validate and to test with, where --out is a folder "
             "[80,10,10]"}};
}

int generate_set(const Arguments& arguments, const TaskEntry& task) {
    for (const char* flag : {"count", "out"}) {
        ELM_CHECK(arguments.has(flag), "--{} is missing. See elmsim generate --help.", flag);
    }
    require_place(arguments, "plot", arguments.has("resume"));
    use_threads(arguments);
    const SetPlan plan = read_plan(arguments, task);
    const double start_s = arguments.seconds();
    const std::int64_t made = make_all(arguments, plan, *task.samples);
    const double rate = static_cast<double>(made) / (arguments.seconds() - start_s);
    const std::int64_t bytes = bytes_of(plan.path);
    if (arguments.has("plot")) draw_some(arguments, plan, task);
    if (arguments.has("json")) {
        print_result(result_header(arguments, Device{})
                         .set("task", task.name)
                         .set("items", plan.count)
                         .set("made_now", made)
                         .set("output", plan.path)
                         .set("items_per_second", rate)
                         .set("bytes", bytes)
                         .set("peak_memory_bytes", peak_memory_bytes())
                         .to_json());
    } else {
        print_result(fmt::format("{} samples of {} in {}, {:.4g} MB ({} made now, {}/s)\n",
                                 plan.count, task.name, plan.path, static_cast<double>(bytes) / 1e6,
                                 made, human_count(rate)));
    }
    return 0;
}

}  // namespace elm
