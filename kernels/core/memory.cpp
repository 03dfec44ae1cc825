#include "kernels/core/memory.h"

#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <string>

#include "kernels/core/cuda/cuda_runtime.h"

namespace elm {
namespace {

struct Taken {
    std::atomic<std::int64_t> now{0}, peak{0};
};
std::array<Taken, 2> taken;

Taken& taken_of(DeviceKind kind) noexcept { return taken[kind == DeviceKind::cpu ? 0 : 1]; }

constexpr double no_limit = std::numeric_limits<double>::max();

/// A number that a file of the system begins with; `none` where it is not there.
double number_in(const std::string& path, double none) {
    double number = none;
    std::ifstream(path) >> number;
    return number > 0 ? number : none;
}

/// Files of a control group, by the version of the hierarchy. Where there is no limit, the file
/// says a word, or more bytes than any machine has.
struct GroupFiles {
    const char *limit, *usage;
};
constexpr GroupFiles second_version{"/memory.max", "/memory.current"},
    first_version{"/memory.limit_in_bytes", "/memory.usage_in_bytes"};

/// The least that `group`, "/a/b", and those around it leave, down to the whole hierarchy.
double free_in_groups(const std::string& mount, std::string group, const GroupFiles& files) {
    double bytes = no_limit;
    while (true) {
        if (group == "/") group.clear();
        const std::string folder = mount + group;
        const double limit = number_in(folder + files.limit, no_limit);
        bytes = std::min(bytes, std::max(0.0, limit - number_in(folder + files.usage, 0)));
        if (group.empty()) return bytes;
        group.resize(group.rfind('/') == std::string::npos ? 0 : group.rfind('/'));
    }
}

}  // namespace

double free_group_bytes(const std::string& groups_of_process, const std::string& mount) {
    // The whole hierarchies first: in a container the paths may be those outside.
    double bytes = std::min(free_in_groups(mount, "", second_version),
                            free_in_groups(mount + "/memory", "", first_version));
    std::ifstream groups(groups_of_process);
    for (std::string line; std::getline(groups, line);) {
        const std::size_t first = line.find(':');
        const std::size_t second = line.find(':', first == std::string::npos ? first : first + 1);
        if (second == std::string::npos) continue;
        const std::string kinds = "," + line.substr(first + 1, second - first - 1) + ",";
        const std::string group = line.substr(second + 1);
        if (line.starts_with("0::")) {
            for (const char* const within : {"", "/unified"}) {
                bytes = std::min(bytes, free_in_groups(mount + within, group, second_version));
            }
        } else if (kinds.find(",memory,") != std::string::npos) {
            bytes = std::min(bytes, free_in_groups(mount + "/memory", group, first_version));
        }
    }
    return bytes;
}

double free_memory_bytes(Device device) {
    if (device.kind == DeviceKind::cuda) return cuda::free_bytes(device.index);
    double bytes = no_limit;
    std::ifstream memory("/proc/meminfo");
    for (std::string line; std::getline(memory, line);) {
        if (line.starts_with("MemAvailable:")) {
            bytes = std::strtod(line.c_str() + 13, nullptr) * 1024;
        }
    }
    bytes = std::min(bytes, free_group_bytes("/proc/self/cgroup", "/sys/fs/cgroup"));
    rlimit limit{};
    if (getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY) {
        bytes = std::min(bytes, static_cast<double>(limit.rlim_cur));
    }
    return bytes;
}

PeakBuffers::PeakBuffers(DeviceKind kind) noexcept : kind_(kind), before_(taken_of(kind).now) {
    taken_of(kind).peak = before_;
}

double PeakBuffers::bytes() const noexcept {
    return static_cast<double>(taken_of(kind_).peak - before_);
}

void count_buffer(DeviceKind kind, std::int64_t bytes) noexcept {
    Taken& counts = taken_of(kind);
    const std::int64_t now = counts.now += bytes;
    std::int64_t peak = counts.peak;
    while (now > peak && !counts.peak.compare_exchange_weak(peak, now)) {
    }
}

}  // namespace elm
