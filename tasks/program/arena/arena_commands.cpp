#include "tasks/program/arena/arena_commands.h"

#include <memory>

#include <fmt/format.h>

#include "kernels/core/support/check.h"
#include "kernels/core/support/log.h"
#include "kernels/io/output_file.h"
#include "tasks/program/arena/arena_context.h"
#include "tasks/program/interrupt.h"
#include "tasks/program/training/training_options.h"

namespace elm {

int build_arena_command(const Arguments& arguments) {
    const std::string out = arena_folder(arguments);
    RunContext context(arguments, true);
    context.announce();
    const BuildOptions options = arena_build_options(arguments, context, out);
    const ArenaSet arena = build_arena(context.stream(), options, throw_if_interrupted);
    log::info(
        "{} samples stood in two parts and were left out of one; {} samples of D1 to D9 were "
        "too like a test sample",
        arena.duplicates, arena.near_copies);
    if (arguments.has("json")) {
        print_result(result_header(arguments, context.stream().device())
                         .set("task", arena.task.name)
                         .set("output", out)
                         .set("fingerprint", arena.fingerprint())
                         .set("duplicates_removed", arena.duplicates)
                         .set("near_copies_removed", arena.near_copies)
                         .set("doubtful_labels_among_hard", arena.doubtful_share)
                         .set("parts", arena_table(arena).to_records())
                         .to_json());
        return 0;
    }
    print_tables(arguments, {{"Parts of " + out, arena_table(arena)}});
    return 0;
}

int battle_command(const Arguments& arguments) {
    if (arguments.has("task") && arguments.text("task") == "neuronio") {
        return neuronio_battle_command(arguments);
    }
    const std::string out = arena_folder(arguments);
    ELM_CHECK(!(arguments.has("resume") && arguments.has("force")),
              "--resume goes on with a battle and --force begins anew: give one.");
    ELM_CHECK(arguments.has("arena"),
              "--arena is missing: expected a folder that elmsim arena "
              "build made.");
    ELM_CHECK(arguments.has("models") || arguments.has("model"),
              "no models: expected --models NAME,NAME to train, or --model FILE.");
    RunContext context(arguments, true);
    context.announce();
    const ArenaSet arena = given_arena(arguments);
    const std::unique_ptr<ArenaPool> opened = open_pool(arena);
    const ArenaPool& pool = *opened;
    BattleOptions options{.model_options = arena_model_options(arguments),
                          .n_seeds = arguments.has("seeds") ? arguments.integer("seeds") : 1,
                          .updates = arguments.integer("updates"),
                          .recipe = arena_recipe(arguments, context),
                          .out = out,
                          .resume = arguments.has("resume"),
                          .force = arguments.has("force")};
    if (arguments.has("models")) options.models = registered_models(arguments, "models");
    if (arguments.has("model")) options.files = arguments.list("model");
    ELM_CHECK(options.n_seeds > 0 && options.updates > 0,
              "--seeds {} and --updates {}: expected at least 1.", options.n_seeds,
              options.updates);
    const std::vector<Predictions> all =
        battle(context.stream(), pool, arena, options, throw_if_interrupted);
    const Table outcomes = outcome_table(all, part::arena, arguments.number("margin"));
    write_text_file(out + "/outcomes.csv", true, outcomes.to_csv());
    if (arguments.has("json")) {
        print_result(result_header(arguments, context.stream().device())
                         .set("task", pool.spec().name)
                         .set("output", out)
                         .set("outcomes", outcomes.to_records())
                         .to_json());
        return 0;
    }
    print_tables(arguments, {{"Outcomes on ARENA-TEST", outcomes}});
    log::info("elmsim arena rate {}/*/predictions.h5 rates them", out);
    return 0;
}

}  // namespace elm
