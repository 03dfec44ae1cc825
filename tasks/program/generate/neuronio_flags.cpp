#include "tasks/program/generate/neuronio_flags.h"

#include <filesystem>

#include "kernels/core/memory.h"
#include "kernels/core/support/check.h"
#include "kernels/core/support/log.h"
#include "tasks/program/arguments.h"
#include "tasks/program/cable_setup.h"
#include "tasks/program/input_flags.h"
#include "tasks/program/made_of.h"
#include "tasks/program/run_context.h"

namespace elm {
namespace {

std::int64_t whole(const Arguments& arguments, const std::string& flag, std::int64_t least) {
    const std::int64_t value = arguments.integer(flag);
    ELM_CHECK(value >= least, "--{} {}: expected {} or more.", flag, value, least);
    return value;
}

NeuronIoRecipe read_recipe(const Arguments& arguments, RunContext& context) {
    NeuronIoRecipe recipe;
    recipe.run = cable_run_options(arguments, context);
    with_flag("--dt-ms", [&] { require_dividing_step(recipe.run.dt_ms); });
    recipe.duration_ms = protocol_duration_ms(arguments);
    recipe.seed = arguments.seed();
    recipe.dendrites = arguments.has("dendrites");
    recipe.cell = resolve_cell(arguments, "l5pc");
    if (const std::string& note = recipe.cell.nexus_note; !note.empty()) {
        log::warn("{}{}", note, recipe.cell.nexus_segment < 0 ? ": no nexus is recorded" : "");
    }
    return recipe;
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

NeuronIoSet read_neuronio_set(const Arguments& arguments, RunContext& context) {
    NeuronIoSet set;
    set.path = arguments.text("out");
    set.count = whole(arguments, "simulations", 1);
    set.first = whole(arguments, "first", 0);
    with_flag("--first, --simulations", [&] { require_simulations(set.first, set.count); });
    if (arguments.has("simulations-per-file")) {
        set.per_file = whole(arguments, "simulations-per-file", 1);
    }
    if (arguments.has("batch")) set.batch = whole(arguments, "batch", 1);
    set.resume = arguments.has("resume");
    set.force = arguments.has("force");
    ELM_CHECK(!set.resume || !set.force,
              "--resume goes on, --force starts anew: give one of them.");
    set.free_bytes = free_memory_bytes(Device{});
    set.remedy = "Use a smaller --batch, shorter simulations, or leave out --dendrites.";
    if (arguments.has("morphology")) {
        set.morphology = std::filesystem::path(arguments.text("morphology")).filename().string();
    }
    set.recipe = read_recipe(arguments, context);
    return set;
}

std::string neuronio_config(const Arguments& arguments, const Values& made_of, std::int64_t first,
                            std::int64_t count) {
    Config config = arguments.effective();
    config.sections[made_of_section] = made_of;
    Values& section = config.sections["generate"];
    for (const char* other :
         {"out", "plot", "force", "resume", "threads", "batch", "device", "simulations-per-file"}) {
        section.erase(other);
    }
    section["first"] = first;
    section["simulations"] = count;
    return config.to_toml();
}

}  // namespace elm
