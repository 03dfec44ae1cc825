#pragma once

#include <initializer_list>
#include <string>
#include <vector>

#include "tasks/validation/check.h"

/// Checks of the layer-5 cell against files of NEURON 8.2.2: l5pc_geometry.h5 and
/// l5pc_responses.h5, l5pc_morphology.asc, neuronio_test.h5, all in one folder. A family whose
/// files are not there is listed as skipped.
namespace elm {

/// Cut, areas, resistances, distances and densities, from the traced shape through our reader and
/// the built-in cell file, segment by segment.
void check_geometry(ValidationReport& report, const std::string& folder);
/// Voltages, gates and calcium in float64 under NEURON's own two schemes, at the steps in the file.
void check_exact_state(ValidationReport& report, const std::string& folder);
/// Every recorded protocol: our production scheme in float32, and in float64 too if `full`, against
/// NEURON's variable step at tight tolerance, beside NEURON's own fixed step of 0.025 ms.
void check_responses(ValidationReport& report, const std::string& folder, bool full);
/// The stored input of the first 16 simulations, spike by spike.
void check_neuronio(ValidationReport& report, const std::string& folder);
/// Rates, irregularity, voltages and input of 64 simulations of ours against NEURON's 64: the means
/// differ by less than three standard errors.
void check_statistics(ValidationReport& report, const std::string& folder);

/// True if all files are there; else the family is listed as skipped.
bool has_reference_files(ValidationReport& report, const char* family, const std::string& folder,
                         std::initializer_list<const char*> names);

/// Times at which a trace rises through `level`, interpolated; sample i is at start + i * dt.
template <class Real>
std::vector<double> crossings(const std::vector<Real>& trace, double dt_ms, double start_ms,
                              double level) {
    std::vector<double> times;
    for (std::size_t i = 1; i < trace.size(); ++i) {
        const auto before = static_cast<double>(trace[i - 1]), now = static_cast<double>(trace[i]);
        if (before < level && now >= level) {
            const double part = (level - before) / (now - before);
            times.push_back(start_ms + (static_cast<double>(i - 1) + part) * dt_ms);
        }
    }
    return times;
}

}  // namespace elm
