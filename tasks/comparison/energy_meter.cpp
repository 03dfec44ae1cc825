#include "tasks/comparison/energy_meter.h"

#include <algorithm>
#include <filesystem>
#include <fstream>

namespace elm {
namespace {

namespace fs = std::filesystem;

std::optional<double> number_in(const std::string& path) {
    double number = 0;
    std::ifstream file(path);
    return file >> number ? std::optional(number) : std::nullopt;
}

/// Whole processors, "intel-rapl:0" with the name "package-0"; their parts, "intel-rapl:0:1", are
/// counted in them, and they themselves in "psys", the whole machine.
bool is_package(const fs::path& domain) {
    const std::string folder = domain.filename();
    std::string name;
    return folder.starts_with("intel-rapl:") &&
           std::count(folder.begin(), folder.end(), ':') == 1 &&
           std::ifstream(domain / "name") >> name && name.starts_with("package");
}

}  // namespace

EnergyMeter::EnergyMeter(const std::string& folder) {
    std::error_code missing;
    for (const fs::directory_entry& entry : fs::directory_iterator(folder, missing)) {
        if (!is_package(entry.path())) continue;
        Domain domain{.counter = entry.path() / "energy_uj"};
        const auto now = number_in(domain.counter);
        if (!now) continue;
        domain.last = *now;
        domain.range = number_in(entry.path() / "max_energy_range_uj").value_or(0);
        domains_.push_back(std::move(domain));
    }
}

std::optional<double> EnergyMeter::joules() {
    constexpr double micro = 1e-6;
    if (domains_.empty()) return {};
    double sum = 0;
    for (Domain& domain : domains_) {
        const auto now = number_in(domain.counter);
        if (!now) return {};
        domain.sum += *now - domain.last + (*now < domain.last ? domain.range : 0);
        domain.last = *now;
        sum += domain.sum;
    }
    return micro * sum;
}

}  // namespace elm
