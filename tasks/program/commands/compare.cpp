// elmsim compare: trains several models under one budget, or times them, and says who wins and at
// what price.

#include "kernels/core/support/check.h"
#include "tasks/program/arguments.h"
#include "tasks/program/command.h"
#include "tasks/program/compare/compare_benchmark.h"
#include "tasks/program/compare/compare_speed.h"
#include "tasks/program/compare/compare_tasks.h"
#include "tasks/training/plan/curriculum.h"

namespace elm {
namespace {

int run(const Arguments& arguments) {
    ELM_CHECK(!(arguments.has("cab") || arguments.has("speed")) ||
                  arguments.component(curriculum_section).empty(),
              "a [{}] is for --task: --cab and --speed have no stages.", curriculum_section);
    if (arguments.has("cab")) return compare_benchmark(arguments);
    return arguments.has("speed") ? compare_speed(arguments) : compare_on_tasks(arguments);
}

}  // namespace

Command compare_command() {
    return {
        .name = "compare",
        .summary = "trains or times several models under one budget; table and picture",
        .examples =
            {"elmsim compare --task adding --models elm,lstm,tcn --budget 2000u --out runs/adding",
             "elmsim compare --task recall --models elm,lstm --budget 10m --tune 8 --ratings",
             "elmsim compare --task adding --models elm,lstm,tcn --budget 5000u --cells 3/16 "
             "--out runs/adding",
             "elmsim compare --cab --tier tiny --models vanilla,local,abc --budget 200u --out "
             "runs/cab",
             "elmsim compare --speed --models elm,lstm,tcn --lengths 256,512,1k,2k --plot s.png"},
        .shared = {"data", "out", "force", "plot", "device", "precision", "threads", "seed"},
        .options =
            {{"task", "NAME[,NAME]", "what to learn, see elmsim list tasks"},
             {"models", "NAME,NAME", "models to compare, see elmsim list models"},
             {"budget", "AMOUNT",
              "of each model and seed: 10m, 200s, 5000u (updates), 80000n (samples), "
              "1e15f (FLOPs)"},
             {"seeds", "N", "runs of each model, with seeds S, S+1, ...", "3"},
             {"tune", "N", "trials of a random search for each model, of this budget each", "0"},
             {"against", "MODEL", "the model that others are held against; default the best"},
             {"ratings", "", "who beats whom on single samples: Bradley-Terry, Elo"},
             {"margin", "X", "with --ratings: scores of 1 to 10 this near tie", "0.1"},
             {"cells", "K/N", "the K-th of N shares of the grid, for job arrays"},
             {"resume", "", "go on with a comparison; what is through stays"},
             {"preset", "NAME", "a published recipe, see elmsim list presets"},
             {"validate-every", "N", "updates between validations"},
             {"train", "LIST", "samples of --data to train on; default the first 80 %"},
             {"validate", "LIST",
              "samples of --data to validate on; default the next 10 %, the rest to test"},
             {"speed", "", "time and memory against length, and no training"},
             {"lengths", "LIST", "with --speed: lengths of sequences, 1k is 1024"},
             {"width", "N",
              "with --speed: channels in and out, and the width of models that have one", "64"},
             {"batch", "N", "with --speed: sequences at once", "4"},
             {"cab", "", "a benchmark of mixers of attention in four patterns, on drawn data"},
             {"tier", "NAME", "with --cab: tiny, small or full", "tiny"},
             {"tables-only", "", "with --cab: the tables of --out anew from its files"},
             {"csv", "", "the tables as CSV"},
             {"markdown", "", "the tables as Markdown"},
             {"report", "FILE", "the HTML page, there too"}},
        .run = run,
    };
}

}  // namespace elm
