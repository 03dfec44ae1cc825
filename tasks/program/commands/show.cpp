// elmsim show: pictures of samples, and the statistics that tell whether they are right.

#include <algorithm>
#include <filesystem>

#include <fmt/format.h>

#include "kernels/core/support/check.h"
#include "tasks/program/arguments.h"
#include "tasks/program/command.h"
#include "tasks/program/outputs.h"
#include "tasks/program/run_context.h"
#include "tasks/program/set_flags.h"
#include "tasks/sets/set_source.h"

namespace elm {
namespace {

std::vector<std::string> set_names() {
    std::vector<std::string> names;
    for (const TaskEntry* const task : drawn_tasks()) names.push_back(task->name);
    return names;
}

/// A task by its name, else a file.
ShownSet read_shown(const Arguments& arguments) {
    const std::string& wanted = arguments.words().front();
    const std::int64_t first = arguments.integer("first");
    const std::int64_t count = arguments.has("count") ? arguments.integer("count") : 0;
    ELM_CHECK(count >= (arguments.has("count") ? 1 : 0), "--count {}: expected 1 or more.", count);
    ELM_CHECK(first >= 0, "--first {}: expected 0 or more.", first);
    if (const TaskEntry* const task = drawn_task_called(wanted); task != nullptr) {
        return draw_set(*task, read_set_options(arguments, *task), arguments.seed(), first,
                        count > 0 ? count : task->samples->shown);
    }
    std::error_code status;
    ELM_CHECK(std::filesystem::exists(wanted, status),
              "elmsim show {}: neither a file nor one of {}.{}", wanted,
              fmt::join(set_names(), ", "), nearest_hint(wanted, set_names()));
    refuse_flags(arguments, set_option_flags(), "a file");
    return load_set(wanted, first, count);
}

int run(const Arguments& arguments) {
    ELM_CHECK(arguments.words().size() == 1, "elmsim show: expected a file, or one of {}.",
              fmt::join(set_names(), ", "));
    require_place(arguments, "plot");
    use_threads(arguments);
    const ShownSet shown = read_shown(arguments);
    const SetStatistics statistics = shown.kind().statistics(shown.options, shown.samples);
    const std::int64_t samples = shown.samples.front().samples();
    if (arguments.has("plot")) {
        with_flag("--plot", [&] {
            draw(shown.kind().picture(shown.options, shown.samples), arguments.text("plot"),
                 arguments.has("force"));
        });
    }
    if (arguments.has("json")) {
        print_result(result_header(arguments, Device{})
                         .set("task", shown.task->name)
                         .set("samples", samples)
                         .set("statistics", statistics.table().to_records())
                         .set("compared", statistics.compared())
                         .set("far", statistics.far())
                         .to_json());
        return 0;
    }
    print_result(fmt::format(
        "{}: {} samples\n{}\n{} of {} quantities are further than 3 standard errors from their "
        "reference\n",
        shown.name, samples, statistics.table().to_text(), statistics.far(),
        statistics.compared()));
    return 0;
}

std::vector<Flag> flags() {
    std::vector<Flag> flags = {
        {"count", "N", "samples that the statistics take; as many as suits where not given"},
        {"first", "K", "number of the first sample", "0"}};
    for (Flag& flag : set_option_flags()) flags.push_back(std::move(flag));
    return flags;
}

}  // namespace

Command show_command() {
    return {.name = "show",
            .summary = "pictures of samples, and the statistics that tell whether they are right",
            .examples = {"elmsim show pathfinder --size 128 --plot samples.png",
                         "elmsim show path-x/train.h5 --count 5000 --plot samples.png",
                         "elmsim show listops.tsv"},
            .words = "TASK|FILE",
            .word_choices = set_names(),
            .shared = {"plot", "force", "threads", "seed"},
            .options = flags(),
            .run = run};
}

}  // namespace elm
