// elmsim validate: this build on this machine against references.

#include <chrono>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <functional>
#include <utility>
#include <variant>

#include <fmt/format.h>

#include "kernels/core/build_info.h"
#include "kernels/core/check.h"
#include "kernels/core/device.h"
#include "kernels/core/log.h"
#include "kernels/core/parallel.h"
#include "kernels/io/output_file.h"
#include "tasks/program/arguments.h"
#include "tasks/program/command.h"
#include "tasks/program/interrupt.h"
#include "tasks/program/run_context.h"
#include "tasks/report/table.h"
#include "tasks/validation/cell_physics.h"
#include "tasks/validation/cell_reference.h"
#include "tasks/validation/report_page.h"

namespace elm {
namespace {

ValidationReport validate_cell(const std::string& folder, bool full) {
    ValidationReport report;
    const std::pair<const char*, std::function<void()>> families[] = {
        {"one compartment", [&] { check_single_compartment(report); }},
        {"cylinder", [&] { check_cylinder(report); }},
        {"reciprocity", [&] { check_reciprocity(report); }},
        {"charge", [&] { check_charge(report); }},
        {"gates", [&] { check_gates(report); }},
        {"synapses", [&] { check_synapse(report); }},
        {"convergence", [&] { check_convergence(report); }},
        {"Rallpacks", [&] { check_rallpacks(report); }},
        {"firing", [&] { check_layer5_firing(report); }},
        {"geometry", [&] { check_geometry(report, folder); }},
        {"exact state", [&] { check_exact_state(report, folder); }},
        {"responses", [&] { check_responses(report, folder, full); }},
    };
    for (const auto& [name, check] : families) {
        throw_if_interrupted();
        const auto start = std::chrono::steady_clock::now();
        check();
        const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
        log::info("{}: {:.1f} s", name, took.count());
    }
    throw_if_interrupted();
    if (full) {
        check_neuronio(report, folder);
        throw_if_interrupted();
        check_statistics(report, folder);
        throw_if_interrupted();
    } else {
        report.skipped.push_back("recorded spikes and statistics: add --full (some minutes)");
    }
    return report;
}

/// The command line that repeats this run.
std::string command_line(const Arguments& arguments) {
    std::string text = "elmsim validate cell";
    const Config config = arguments.effective();
    for (const auto& [name, value] : config.sections.at("validate")) {
        text += " --" + name;
        if (!std::holds_alternative<bool>(value)) text += " " + to_text(value);
    }
    return text;
}

std::string time_of_day() {
    const std::time_t now = std::time(nullptr);
    std::tm utc{};
    gmtime_r(&now, &utc);
    char text[32];
    std::strftime(text, sizeof text, "%Y-%m-%d %H:%M UTC", &utc);
    return text;
}

ReportHead report_head(const Arguments& arguments) {
    return {"elmsim validate cell",
            {{"made", time_of_day()},
             {"took", fmt::format("{:.0f} s", arguments.seconds())},
             {"machine", fmt::format("{}, {} threads", describe(Device{}), thread_count())},
             {"program",
              fmt::format("elmsim {}, {}, {}, for {}", build_info::version, build_info::build_type,
                          build_info::compiler, build_info::architecture)},
             {"command", command_line(arguments)}}};
}

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
    const ValidationReport report = validate_cell(folder, arguments.has("full"));
    if (arguments.has("report")) {
        write_report_page(report, report_head(arguments), arguments.text("report"),
                          arguments.has("force"));
    }
    Table table({"family", "check", "measured", "", "allowed", "unit", "passed", "note"});
    std::size_t failed = 0;
    for (const Check& check : report.checks) {
        failed += !check.passed();
        table.add({check.family, check.name, fmt::format("{:.3g}", check.measured),
                   check.at_least ? ">=" : "<=", fmt::format("{:.3g}", check.allowed), check.unit,
                   check.passed() ? "yes" : "NO", check.note});
    }
    if (arguments.has("json")) {
        Record record = result_header(arguments, parse_device("cpu"));
        record.set("passed", report.passed())
            .set("checks", table.to_records())
            .set("skipped", report.skipped);
        print_result(record.to_json());
    } else {
        std::string text = table.to_text();
        for (const std::string& skipped : report.skipped) text += "skipped  " + skipped + "\n";
        print_result(fmt::format("{}{} of {} checks passed\n", text, report.checks.size() - failed,
                                 report.checks.size()));
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
