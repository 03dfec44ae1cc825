#pragma once

#include <cstdint>
#include <string>

#include "kernels/core/device.h"

namespace elm {

/// Memory that this process can still take on a device, as far as system and driver say: of the
/// CPU the least of what is available, of the room in the control groups of this process, and of
/// the limit of addresses as a whole; else the most there can be.
double free_memory_bytes(Device device);

/// Bytes that the control groups of a process leave it, those around its own among them: Linux,
/// versions 1 and 2. `groups_of_process`: a file as /proc/self/cgroup; `mount`: the folder of the
/// hierarchies, /sys/fs/cgroup. Without a limit, more than any machine has.
double free_group_bytes(const std::string& groups_of_process, const std::string& mount);

/// The most bytes that the buffers of a kind of device take beyond those that are there when it
/// begins. One at a time.
class PeakBuffers {
public:
    explicit PeakBuffers(DeviceKind kind) noexcept;
    double bytes() const noexcept;

private:
    DeviceKind kind_;
    std::int64_t before_;
};

/// For buffers: that so many bytes more (or, below 0, fewer) are taken.
void count_buffer(DeviceKind kind, std::int64_t bytes) noexcept;

}  // namespace elm
