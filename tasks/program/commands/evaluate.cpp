// elmsim evaluate: scores fitted neurons on NeuronIO ground truth.

#include <algorithm>
#include <filesystem>
#include <optional>

#include <fmt/format.h>

#include "kernels/core/support/log.h"
#include "kernels/core/support/progress.h"
#include "kernels/io/output_file.h"
#include "neuron/elm/elm_builtin.h"
#include "neuron/elm/elm_model_file.h"
#include "tasks/neuronio/model_scores.h"
#include "tasks/program/arguments.h"
#include "tasks/program/command.h"
#include "tasks/program/data_files.h"
#include "tasks/program/interrupt.h"
#include "tasks/program/outputs.h"
#include "tasks/program/resolve_model.h"
#include "tasks/program/run_context.h"

namespace elm {
namespace {

std::vector<NamedModel> load_models(RunContext& context, const Arguments& arguments) {
    const std::vector<std::string> given = arguments.list("model");
    std::vector<NamedModel> models;
    for (const std::string& name : expand_folders(arguments, "model")) {
        try {
            models.push_back({name, resolve_model(arguments, context, name),
                              find_builtin(name) ? std::nullopt : published_test_auc(name)});
        } catch (const Error& error) {
            if (std::find(given.begin(), given.end(), name) != given.end()) throw;
            throw Error(error.kind(),
                        fmt::format("{} (every model of its folder was asked for; name some of "
                                    "them instead: --model FILE FILE)",
                                    error.message()),
                        error.site());
        }
    }
    return models;
}

/// Scores on one file, with progress for each protocol.
std::vector<ModelScores> score_on(RunContext& context, const std::vector<NamedModel>& models,
                                  const std::string& data, const std::vector<Protocol>& protocols) {
    std::optional<Progress> progress;
    std::optional<Protocol> of;
    ScoringWatch watch;
    watch.tick = throw_if_interrupted;
    watch.read = [&](std::int64_t count) { log::info("{}: {} simulations", data, count); };
    watch.progress = [&](Protocol protocol, std::int64_t done, std::int64_t total) {
        if (of != protocol) {
            progress.emplace(fmt::format("{}, {}", std::filesystem::path(data).filename().string(),
                                         name_of(protocol)),
                             0, "neuron-steps");
            of = protocol;
        }
        progress->update(done, fmt::format("{} %", 100 * done / total));
    };
    return score_models(context.stream(), models, data, protocols, watch);
}

int run(const Arguments& arguments) {
    const bool force = arguments.has("force");
    require_place(arguments, "roc");
    if (arguments.has("out")) const OutputFile probe(arguments.text("out"), force);
    std::vector<Protocol> protocols;
    for (const std::string& name : arguments.list("protocol")) {
        protocols.push_back(with_flag("--protocol", [&] { return parse_protocol(name); }));
    }
    const auto data_files = expand_folders(arguments, "data");
    RunContext context(arguments);
    const auto models = load_models(context, arguments);
    context.announce();
    std::vector<ModelScores> scores;
    for (const std::string& data : data_files) {
        const auto some = score_on(context, models, data, protocols);
        scores.insert(scores.end(), some.begin(), some.end());
    }
    const Table table = score_table(scores);
    const std::string json = result_header(arguments, context.stream().device())
                                 .set("results", score_records(scores))
                                 .to_json();
    if (arguments.has("out")) write_text_file(arguments.text("out"), force, json + "\n");
    print_result(arguments.has("json")       ? json
                 : arguments.has("csv")      ? table.to_csv()
                 : arguments.has("markdown") ? table.to_markdown()
                                             : table.to_text());
    if (arguments.has("roc")) draw_figure(arguments, "roc", roc_figure(scores, models.size()));
    return 0;
}

}  // namespace

Command evaluate_command() {
    return {
        .name = "evaluate",
        .summary = "scores fitted neurons on ground truth with the published protocol",
        .examples = {"elmsim evaluate --model fit.h5 --data test.h5",
                     "elmsim evaluate --model fits/ --data test.h5 --roc roc.png --markdown"},
        .shared = {"model", "data", "out", "force", "device", "precision", "threads", "seed"},
        .options = {{"protocol",
                     "NAME",
                     "windows of 500 ms as published, or one continuous run",
                     "published",
                     true,
                     {"published", "continuous"}},
                    {"roc", "FILE", "draw the ROC curves to .png, .svg or .pdf; - in the terminal"},
                    {"csv", "", "the table as CSV"},
                    {"markdown", "", "the table as Markdown"}},
        .run = run,
    };
}

}  // namespace elm
