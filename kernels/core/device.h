#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace elm {

enum class DeviceKind : std::uint8_t { cpu, cuda };

struct Device {
    DeviceKind kind = DeviceKind::cpu;
    int index = 0;
    friend bool operator==(const Device&, const Device&) = default;
};

/// Devices that this build can drive on this machine. The CPU is first and always there.
std::vector<Device> available_devices();

/// Why there is no CUDA device: a build without CUDA, or the driver's own words. Empty if there is
/// one.
std::string why_no_cuda();

/// "cpu", "cuda:0", or "cuda:emulated" in a build that runs kernels on host fibres.
std::string to_string(Device device);

/// The marketing name of the device, for people.
std::string describe(Device device);

/// Where a GPU is on the PCI bus, as nvidia-smi writes it; empty for a CPU and for an emulated
/// device.
std::string pci_address(Device device);

/// Reads "cpu", "cuda", "cuda:N", "cuda:emulated" or "auto" (the first CUDA device that is not
/// emulated, else the CPU). Throws Error{invalid} for other words and Error{unsupported} with the
/// reason for a device that is not there.
Device parse_device(std::string_view text);

}  // namespace elm
