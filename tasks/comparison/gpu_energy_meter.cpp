#include "tasks/comparison/gpu_energy_meter.h"

#include <dlfcn.h>

#include <utility>

namespace elm {

/// What is used of NVML (NVIDIA Management Library, reference manual vR535): functions by name,
/// which return 0 where they did what they say. Of the library, as long as it is open.
struct GpuEnergyMeter::Nvml {
    using Device = void*;

    void* library = nullptr;
    bool is_ready = false;
    int (*shut_down)() = nullptr;
    int (*total_energy)(Device, unsigned long long* millijoules) = nullptr;
    Device device = nullptr;

    explicit Nvml(const std::string& name) : library(dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL)) {}
    ~Nvml() {
        if (is_ready) shut_down();
        if (library != nullptr) dlclose(library);
    }
    Nvml(const Nvml&) = delete;
    Nvml& operator=(const Nvml&) = delete;

    template <class Function>
    bool find(const char* name, Function& function) const {
        function = reinterpret_cast<Function>(dlsym(library, name));
        return function != nullptr;
    }

    bool open(const std::string& pci_address) {
        int (*begin)() = nullptr;
        int (*device_at)(const char*, Device*) = nullptr;
        if (library == nullptr || !find("nvmlInit_v2", begin) || !find("nvmlShutdown", shut_down) ||
            !find("nvmlDeviceGetHandleByPciBusId_v2", device_at) ||
            !find("nvmlDeviceGetTotalEnergyConsumption", total_energy)) {
            return false;
        }
        is_ready = begin() == 0;
        return is_ready && device_at(pci_address.c_str(), &device) == 0;
    }

    std::optional<double> joules() const {
        constexpr double milli = 1e-3;
        unsigned long long millijoules = 0;
        if (total_energy(device, &millijoules) != 0) return {};
        return milli * static_cast<double>(millijoules);
    }
};

GpuEnergyMeter::GpuEnergyMeter(const std::string& pci_address, const std::string& library) {
    if (pci_address.empty()) return;
    auto nvml = std::make_shared<Nvml>(library);
    if (!nvml->open(pci_address)) return;
    const std::optional<double> now = nvml->joules();
    if (!now) return;
    first_ = *now;
    nvml_ = std::move(nvml);
}

std::optional<double> GpuEnergyMeter::joules() const {
    if (!nvml_) return {};
    const std::optional<double> now = nvml_->joules();
    return now ? std::optional(*now - first_) : std::nullopt;
}

}  // namespace elm
