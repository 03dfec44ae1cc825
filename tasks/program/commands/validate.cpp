// elmsim validate: this build on this machine against references.

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include <fmt/format.h>

#include "kernels/core/device.h"
#include "kernels/core/support/check.h"
#include "kernels/io/output_file.h"
#include "tasks/program/arguments.h"
#include "tasks/program/command.h"
#include "tasks/program/interrupt.h"
#include "tasks/program/run_context.h"
#include "tasks/validation/report_page.h"
#include "tasks/validation/validate_cell.h"

namespace elm {
namespace {

int run(const Arguments& arguments) {
    const auto& words = arguments.words();
    ELM_CHECK(words.size() == 1 && words[0] == "cell",
              "elmsim validate {}: expected cell; elm and kernels are checked by tests/run.sh.",
              words.empty() ? "" : words[0]);
    use_threads(arguments);
    const char* const set = std::getenv("ELM_DATA_DIR");
    const std::string folder = arguments.has("data") ? arguments.text("data")
                               : set != nullptr      ? set
                                                     : "";
    if (arguments.has("report")) {
        // Refused before the work, not after it.
        const OutputFile page(arguments.text("report"), arguments.has("force"));
    }
    if (arguments.has("data") && !std::filesystem::is_directory(folder)) {
        throw Error(ErrorKind::data,
                    fmt::format("--data {}: there is no such folder. Give the folder of NEURON's "
                                "reference files, or leave --data out.",
                                folder));
    }
    const ValidationReport report =
        validate_cell(folder, arguments.has("full"), throw_if_interrupted);
    if (arguments.has("report")) {
        write_report_page(report, {"elmsim validate cell", page_facts(arguments, Device{})},
                          arguments.text("report"), arguments.has("force"));
    }
    const Table table = check_table(report);
    const auto passed = std::count_if(report.checks.begin(), report.checks.end(),
                                      [](const Check& check) { return check.passed(); });
    if (arguments.has("json")) {
        Record record = result_header(arguments, parse_device("cpu"));
        record.set("passed", report.passed())
            .set("checks", table.to_records())
            .set("skipped", report.skipped);
        print_result(record.to_json());
    } else {
        std::string text = table.to_text();
        for (const std::string& skipped : report.skipped) text += "skipped  " + skipped + "\n";
        if (folder.empty()) text += "--data FOLDER has the reference files\n";
        if (!arguments.has("full")) text += "--full has all checks\n";
        print_result(fmt::format("{}{} of {} checks passed\n", text, passed, report.checks.size()));
    }
    return report.passed() ? 0 : 1;
}

}  // namespace

Command validate_command() {
    return {.name = "validate",
            .summary = "checks this build on this machine against references",
            .examples = {"elmsim validate cell --report cell.html",
                         "elmsim validate cell --data references/ --full"},
            .words = "WHAT",
            .word_choices = {"cell"},
            .shared = {"force", "threads"},
            .options = {{.name = "data",
                         .value = "FOLDER",
                         .help = "NEURON's reference files; ELM_DATA_DIR where not given"},
                        {.name = "report",
                         .value = "FILE",
                         .help = "one HTML page that stands alone: the checks and their pictures"},
                        {.name = "full",
                         .help = "recorded spikes, float64 and small time steps too: minutes"}},
            .run = run};
}

}  // namespace elm
