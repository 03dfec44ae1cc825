#include "tasks/validation/validate_cell.h"

#include <chrono>
#include <functional>
#include <utility>

#include <fmt/format.h>

#include "kernels/core/support/log.h"
#include "tasks/validation/cell_physics.h"
#include "tasks/validation/cell_reference.h"

namespace elm {

ValidationReport validate_cell(const std::string& folder, bool full, void (*tick)()) {
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
        tick();
        const auto start = std::chrono::steady_clock::now();
        check();
        const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
        log::info("{}: {:.1f} s", name, took.count());
    }
    tick();
    if (full) {
        check_neuronio(report, folder);
        tick();
        check_statistics(report, folder);
        tick();
    } else {
        report.skipped.push_back("recorded spikes and statistics: only in full (some minutes)");
    }
    return report;
}

Table check_table(const ValidationReport& report) {
    Table table({"family", "check", "measured", "", "allowed", "unit", "passed", "note"});
    for (const Check& check : report.checks) {
        table.add({check.family, check.name, fmt::format("{:.3g}", check.measured),
                   check.at_least ? ">=" : "<=", fmt::format("{:.3g}", check.allowed), check.unit,
                   check.passed() ? "yes" : "NO", check.note});
    }
    return table;
}

}  // namespace elm
