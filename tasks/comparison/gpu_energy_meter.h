#pragma once

#include <memory>
#include <optional>
#include <string>

namespace elm {

/// Energy that one NVIDIA GPU takes, all programs on it together, as its driver counts it: through
/// NVML, which is looked for when the program runs and need not be there when it is built. GPUs
/// since Volta have such a counter.
class GpuEnergyMeter {
public:
    /// `pci_address` of the GPU; empty: there is none.
    explicit GpuEnergyMeter(const std::string& pci_address,
                            const std::string& library = "libnvidia-ml.so.1");

    /// Joules since the meter was made; none without a GPU, library, driver or counter.
    std::optional<double> joules() const;

private:
    struct Nvml;
    std::shared_ptr<const Nvml> nvml_;
    double first_ = 0;
};

}  // namespace elm
