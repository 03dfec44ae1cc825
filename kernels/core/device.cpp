#include "kernels/core/device.h"

#include <charconv>
#include <fstream>

#include "kernels/core/cuda/cuda_runtime.h"
#include "kernels/core/support/check.h"

namespace elm {
namespace {

std::string cpu_name() {
    std::ifstream file("/proc/cpuinfo");
    for (std::string line; std::getline(file, line);) {
        const std::size_t colon = line.find(": ");
        if (line.rfind("model name", 0) == 0 && colon != std::string::npos) {
            return line.substr(colon + 2);
        }
    }
    return "CPU";
}

Device require_cuda(int index, std::string_view text) {
    const int count = cuda::device_count();
    if (count == 0) {
        throw Error(ErrorKind::unsupported,
                    fmt::format("the device {} is not there: {}", text, why_no_cuda()));
    }
    if (index >= count) {
        throw Error(ErrorKind::unsupported,
                    fmt::format("the device {} is not there: there are {} CUDA devices, "
                                "numbered from 0.",
                                text, count));
    }
    return {DeviceKind::cuda, index};
}

}  // namespace

std::vector<Device> available_devices() {
    std::vector<Device> devices{{DeviceKind::cpu, 0}};
    for (int index = 0; index < cuda::device_count(); ++index) {
        devices.push_back({DeviceKind::cuda, index});
    }
    return devices;
}

std::string why_no_cuda() { return cuda::device_count() > 0 ? "" : cuda::why_none(); }

std::string to_string(Device device) {
    if (device.kind == DeviceKind::cpu) return "cpu";
    return cuda::is_emulated() ? "cuda:emulated" : fmt::format("cuda:{}", device.index);
}

std::string describe(Device device) {
    return device.kind == DeviceKind::cpu ? cpu_name() : cuda::device_name(device.index);
}

std::string pci_address(Device device) {
    return device.kind == DeviceKind::cpu ? "" : cuda::pci_address(device.index);
}

Device parse_device(std::string_view text) {
    if (text == "cpu") return {};
    if (text == "auto") {
        const bool real = cuda::device_count() > 0 && !cuda::is_emulated();
        return real ? Device{DeviceKind::cuda, 0} : Device{};
    }
    if (text == "cuda") return require_cuda(0, text);
    if (text == "cuda:emulated") {
        if (!cuda::is_emulated()) {
            throw Error(ErrorKind::unsupported,
                        "the device cuda:emulated is not there: this build does not run kernels on "
                        "host fibres. Use the device cpu, or build with the preset emulate.");
        }
        return require_cuda(0, text);
    }
    if (text.substr(0, 5) == "cuda:") {
        int index = -1;
        const char* end = text.data() + text.size();
        const auto [stop, status] = std::from_chars(text.data() + 5, end, index);
        if (status == std::errc{} && stop == end && index >= 0) return require_cuda(index, text);
    }
    throw Error(ErrorKind::invalid,
                fmt::format("there is no device {}: expected cpu, cuda, cuda:N or auto.", text));
}

}  // namespace elm
