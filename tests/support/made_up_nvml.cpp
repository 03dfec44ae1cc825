// A library with the names of NVML and one GPU, whose counter is in the environment.

#include <cstdlib>
#include <cstring>

extern "C" {
int nvmlInit_v2();
int nvmlShutdown();
int nvmlDeviceGetHandleByPciBusId_v2(const char* address, void** device);
int nvmlDeviceGetTotalEnergyConsumption(void* device, unsigned long long* millijoules);
}

namespace {
int opened = 0;
constexpr int not_found = 6, uninitialized = 1;
}  // namespace

int nvmlInit_v2() {
    ++opened;
    return 0;
}

int nvmlShutdown() {
    --opened;
    return 0;
}

int nvmlDeviceGetHandleByPciBusId_v2(const char* address, void** device) {
    if (opened == 0) return uninitialized;
    if (std::strcmp(address, "0000:01:00.0") != 0) return not_found;
    *device = &opened;
    return 0;
}

int nvmlDeviceGetTotalEnergyConsumption(void* device, unsigned long long* millijoules) {
    const char* const counter = std::getenv("ELM_MADE_UP_MILLIJOULES");
    if (device != &opened || counter == nullptr) return not_found;
    *millijoules = std::strtoull(counter, nullptr, 10);
    return 0;
}
