// elmsim inspect: says what a file is.

#include <algorithm>

#include <fmt/format.h>

#include "kernels/core/support/check.h"
#include "kernels/io/option_set.h"
#include "tasks/inspection/inspect_file.h"
#include "tasks/program/arguments.h"
#include "tasks/program/command.h"
#include "tasks/program/interrupt.h"
#include "tasks/program/outputs.h"
#include "tasks/program/run_context.h"

namespace elm {
namespace {

int run(const Arguments& arguments) {
    ELM_CHECK(!arguments.words().empty(), "elmsim inspect: expected the name of a file.");
    const bool draws = arguments.has("plot");
    require_place(arguments, "plot");
    ELM_CHECK(!draws || arguments.words().size() == 1, "--plot draws one file (got {}).",
              arguments.words().size());
    std::vector<Record> records;
    std::string text;
    for (const std::string& path : arguments.words()) {
        const Findings findings = inspect_file(path, throw_if_interrupted);
        text += fmt::format("{}: {}\n", path, findings.kind);
        std::size_t width = 0;
        for (const auto& fact : findings.facts) width = std::max(width, fact.first.size());
        Record facts;
        for (const auto& [name, value] : findings.facts) {
            text += fmt::format("  {:<{}}  {}\n", name, width, to_text(value));
            facts.set(name, value);
        }
        Record record;
        record.set("path", path).set("kind", findings.kind).set("facts", std::move(facts));
        text += findings.tables;
        for (const auto& [name, list] : findings.lists) record.set(name, list);
        records.push_back(std::move(record));
        if (!draws) continue;
        ELM_CHECK(findings.draw,
                  "--plot draws NeuronIO data, spikes, cells and their shapes, and {} is {}.", path,
                  findings.kind);
        with_flag("--plot", [&] { findings.draw(arguments.text("plot"), arguments.has("force")); });
    }
    print_result(arguments.has("json")
                     ? result_header(arguments, Device{}).set("files", std::move(records)).to_json()
                     : text);
    return 0;
}

}  // namespace

Command inspect_command() {
    return {
        .name = "inspect",
        .summary = "says what a file is: model, data, spikes, recording, network, cell, shape, run",
        .examples = {"elmsim inspect fit.h5", "elmsim inspect train.h5 --plot train.png",
                     "elmsim inspect traced.swc --plot traced.png"},
        .words = "FILE...",
        .shared = {"plot", "force"},
        .run = run};
}

}  // namespace elm
