// elmsim generate spoken-digits: synthesised digits through a cochlea, in the layout of SHD.

#include "tasks/program/generate/generate_spoken.h"

#include <algorithm>

#include <fmt/format.h>

#include "kernels/core/support/check.h"
#include "kernels/core/support/log.h"
#include "kernels/core/support/progress.h"
#include "tasks/program/arguments.h"
#include "tasks/program/interrupt.h"
#include "tasks/program/outputs.h"
#include "tasks/program/run_context.h"
#include "tasks/sets/set_source.h"
#include "tasks/speech/synthesis/spoken_corpus.h"

namespace elm {
namespace {

constexpr std::int64_t most_sounds = 200;
constexpr std::int64_t drawn = 6;  // in a picture

SpokenPlan read_plan(const Arguments& arguments) {
    SpokenPlan plan;
    plan.folder = arguments.text("out");
    plan.resume = arguments.has("resume");
    plan.force = arguments.has("force");
    ELM_CHECK(!plan.resume || !plan.force,
              "--resume goes on, --force starts anew: give one of them.");
    plan.recipe = {.seed = arguments.seed(),
                   .count = arguments.integer("count"),
                   .speakers = arguments.integer("speakers"),
                   .held_out = arguments.integer("held-out-speakers")};
    Config config;
    config.sections["generate"] = {{"count", plan.recipe.count},
                                   {"seed", static_cast<std::int64_t>(plan.recipe.seed)},
                                   {"speakers", plan.recipe.speakers},
                                   {"held-out-speakers", plan.recipe.held_out}};
    plan.config = config.to_toml();
    return plan;
}

void make_all(SpokenCorpus& corpus, std::int64_t count) {
    if (corpus.missing() < count) {
        log::info("{} of {} are there", count - corpus.missing(), count);
    }
    Progress progress("generate", corpus.missing(), "clips");
    try {
        const bool whole = corpus.make([&](std::int64_t done) {
            progress.update(done);
            return !interrupted();
        });
        if (!whole) throw_if_interrupted();
    } catch (...) {
        progress.finish();
        log::info("{} of {} clips are kept: go on with --resume",
                  count - corpus.missing() + corpus.made(), count);
        throw_if_interrupted();  // the voice ends with the program, and its end is no fault of it
        throw;
    }
}

}  // namespace

std::vector<Flag> spoken_flags() {
    return {
        {"speakers", "N", "voices that speak; for spoken-digits", "40"},
        {"held-out-speakers", "N",
         "those of them that are in the test split alone; for spoken-digits", "8"},
        {"samples-folder", "PATH", "the first 200 clips as .wav, to listen to; for spoken-digits"}};
}

int generate_spoken(const Arguments& arguments) {
    for (const char* flag : {"count", "out"}) {
        ELM_CHECK(arguments.has(flag), "--{} is missing. See elmsim generate --help.", flag);
    }
    require_place(arguments, "plot", arguments.has("resume"));
    use_threads(arguments);
    const SpokenPlan plan = read_plan(arguments);
    const double start_s = arguments.seconds();
    SpokenCorpus corpus(plan);
    make_all(corpus, plan.recipe.count);
    const double rate = static_cast<double>(corpus.made()) / (arguments.seconds() - start_s);
    if (arguments.has("samples-folder")) {
        corpus.write_sounds(arguments.text("samples-folder"), most_sounds);
    }
    if (arguments.has("plot")) {
        const ShownSet shown = load_set(plan.folder, 0, drawn);
        with_flag("--plot", [&] {
            draw(shown.kind().picture(shown.options, shown.samples), arguments.text("plot"),
                 plan.force || plan.resume);
        });
    }
    if (arguments.has("json")) {
        print_result(result_header(arguments, Device{})
                         .set("task", std::string(spoken_digits_name))
                         .set("items", plan.recipe.count)
                         .set("made_now", corpus.made())
                         .set("output", plan.folder)
                         .set("items_per_second", rate)
                         .set("peak_memory_bytes", peak_memory_bytes())
                         .to_json());
    } else {
        print_result(fmt::format("{} clips of {} speakers in {} ({} made now, {}/s)\n",
                                 plan.recipe.count, plan.recipe.speakers, plan.folder,
                                 corpus.made(), human_count(rate)));
    }
    return 0;
}

}  // namespace elm
