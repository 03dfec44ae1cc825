#pragma once

#include <filesystem>
#include <fstream>
#include <string>

namespace elm::test {

/// The files of a cell that takes no time: a passive ball that spikes, and two sticks.
class SmallCellFiles {
public:
    explicit SmallCellFiles(const std::filesystem::path& folder)
        : path_((folder / "small.toml").string()) {
        std::ofstream(folder / "small.swc")
            << "1 1 0 0 0 10 -1\n2 3 0 10 0 1 1\n3 3 0 100 0 1 2\n4 4 0 -10 0 1 1\n"
               "5 4 0 -90 0 1 4\n";
        std::ofstream(path_) << R"([cell]
name = "small"
celsius = 6.3
start_voltage_mV = -70
[morphology]
source = "small.swc"
axon = "traced"
[region.soma]
capacitance_uF_cm2 = 1
axial_resistance_ohm_cm = 100
leak_S_cm2 = 1e-4
leak_mV = -70
sodium_mV = 50
potassium_mV = -77
channels = {squid_Na = 0.12, squid_K = 0.036}
[region.basal]
capacitance_uF_cm2 = 1
axial_resistance_ohm_cm = 100
leak_S_cm2 = 1e-4
leak_mV = -70
[region.apical]
capacitance_uF_cm2 = 1
axial_resistance_ohm_cm = 100
leak_S_cm2 = 1e-4
leak_mV = -70
[synapses]
regions = ["basal", "apical"]
[probes]
nexus = {section = "apic[0]", x = 0.9}
)";
    }
    const std::string& path() const noexcept { return path_; }

private:
    std::string path_;
};

}  // namespace elm::test
