#include <fmt/format.h>

#include "kernels/core/support/check.h"
#include "kernels/io/output_file.h"
#include "tasks/arena/battle/arena_ratings.h"
#include "tasks/program/arena/arena_commands.h"
#include "tasks/program/arena/arena_context.h"
#include "tasks/program/interrupt.h"
#include "tasks/training/record/run_files.h"

namespace elm {

int rate_command(const Arguments& arguments) {
    std::vector<std::string> files(arguments.words().begin() + 1, arguments.words().end());
    ELM_CHECK(!files.empty(),
              "elmsim arena rate: expected files of predictions, such as "
              "runs/*/predictions.h5.");
    RunContext context(arguments);
    std::vector<Predictions> all;
    for (const std::string& file : files) {
        all.push_back(read_predictions(file));
        throw_if_interrupted();
    }
    const ArenaRatings ratings(all, {.part = arguments.text("part"),
                                     .rating = {.margin = arguments.number("margin"),
                                                .rounds = arguments.integer("rounds"),
                                                .key = RandomKey{arguments.seed()}},
                                     .allows_prior = !arguments.has("no-prior")});
    const Record record =
        result_header(arguments, context.stream().device()).append(ratings.to_record());
    const Rating* best = nullptr;
    for (const Rating& one : ratings.judged().back().ratings.rows) {
        if (best == nullptr || one.elo > best->elo) best = &one;
    }
    const std::string verdict =
        fmt::format("{} leads on {} with {:.0f} Elo ({:.0f} to {:.0f}), mean 1000", best->name,
                    arguments.text("part"), best->elo, best->of_runs.low, best->of_runs.high);
    const std::string title = "elmsim: ratings on " + ratings.task();
    if (arguments.has("out")) {
        const std::string out = arena_folder(arguments);
        const bool force = arguments.has("force");
        make_folder(out);
        write_text_file(out + "/ratings.csv", force, rating_table(ratings.judged()).to_csv());
        write_text_file(out + "/agreement.csv", force, agreement_table(ratings.judged()).to_csv());
        write_text_file(out + "/thirds.csv", force, ratings.thirds().to_csv());
        write_text_file(out + "/ratings.json", force, record.to_json() + "\n");
        write_arena_page(arguments, context, title, verdict, ratings.tables(), {},
                         out + "/ratings.html");
    }
    if (arguments.has("report")) {
        write_arena_page(arguments, context, title, verdict, ratings.tables(), {},
                         arguments.text("report"));
    }
    if (arguments.has("json")) {
        print_result(record.to_json());
    } else {
        print_tables(arguments, ratings.tables());
    }
    return 0;
}

}  // namespace elm
