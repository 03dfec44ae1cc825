// elmsim arena: models fight on single samples of a task: test sets, ratings, and a loop in which
// one learns from those that beat it.

#include <algorithm>

#include <fmt/format.h>

#include "kernels/core/support/check.h"
#include "tasks/arena/arena_options.h"
#include "tasks/program/arena/arena_commands.h"
#include "tasks/program/arguments.h"
#include "tasks/program/command.h"

namespace elm {
namespace {

int run(const Arguments& arguments) {
    const std::vector<std::string> verbs{"build", "battle", "rate", "flywheel"};
    const std::vector<std::string>& words = arguments.words();
    const auto verb = words.empty() ? verbs.end() : std::find(verbs.begin(), verbs.end(), words[0]);
    ELM_CHECK(verb != verbs.end(), "elmsim arena {}: expected {}.{}", words.empty() ? "" : words[0],
              fmt::join(verbs, ", "), words.empty() ? "" : nearest_hint(words[0], verbs));
    ELM_CHECK(*verb == "rate" || words.size() == 1, "elmsim arena {}: '{}' is one word too many.",
              *verb, words.back());
    constexpr int (*const commands[])(const Arguments&){build_arena_command, battle_command,
                                                        rate_command, flywheel_command};
    return commands[verb - verbs.begin()](arguments);
}

/// The options of a section of --set and --config, one a line.
std::string section_text(const char* verb, const char* section, const OptionSet& options) {
    std::string text = fmt::format("{}, with --set or [{}] of --config:\n", verb, section);
    for (const Option& option : options.options()) {
        text += fmt::format("  {}.{}={}  {}\n", section, option.name, options.text(option.name),
                            option.help);
    }
    return text;
}

}  // namespace

Command arena_command() {
    return {
        .name = "arena",
        .summary = "models fight on single samples: test sets, ratings, learning from winners",
        .examples = {"elmsim arena build --task recall --out runs/arena",
                     ("elmsim arena battle --arena runs/arena --models elm,lstm,gru,tcn "
                      "--out runs/fights"),
                     "elmsim arena rate runs/fights/*/predictions.h5 --out runs/ratings",
                     ("elmsim arena flywheel --arena runs/arena --target elm --seeds 5 "
                      "--out runs/loop"),
                     "elmsim arena flywheel --arena runs/arena --resume --out runs/loop"},
        .words = "build | battle | rate FILE... | flywheel",
        .shared = {"model", "data", "out", "force", "device", "precision", "threads", "seed"},
        .options =
            {{"task", "NAME",
              "build, flywheel: whose samples, see elmsim list tasks; battle: neuronio, for fits "
              "as they are"},
             {"arena", "FOLDER", "battle, flywheel: what elmsim arena build made"},
             {"models", "NAME,NAME",
              "battle: models to train on the opponents' part; flywheel: opponents, "
              "else lstm,gru,tcn,transformer"},
             {"target", "NAME", "flywheel: the model that learns", "elm"},
             {"seeds", "N",
              "battle: runs of each model, else 1; flywheel: of the whole loop, else 5"},
             {"updates", "N", "battle: updates of each training", "2000"},
             {"part", "NAME",
              "rate: the part that is fought on: arena-test, arena-dev, "
              "arena-test-diverse, arena-test-hard, test",
              "arena-test"},
             {"margin", "X", "scores of 1 to 10 this near tie", "0.1"},
             {"rounds", "N", "rate: rounds of the bootstrap", "1000"},
             {"no-prior", "",
              "rate: an error, and no half game won and lost, where someone never wins"},
             {"threshold-sweep", "",
              "flywheel: the thresholds of 0 to 5 that do best on ARENA-DEV, for all "
              "rounds"},
             {"resume", "", "battle, flywheel: go on; what is finished stays"},
             {"csv", "", "the tables as CSV"},
             {"markdown", "", "the tables as Markdown"},
             {"report", "FILE", "rate, flywheel: the HTML page, there"}},
        .resumable = {"battle", "flywheel"},
        .notes = section_text("build", arena_parts_section, arena_parts_options()) +
                 section_text("flywheel", flywheel_section, flywheel_options()),
        .run = run};
}

}  // namespace elm
