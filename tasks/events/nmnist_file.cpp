#include "tasks/events/nmnist_file.h"

#include <fmt/format.h>

#include "kernels/core/support/error.h"

namespace elm {
namespace {

constexpr std::size_t event_bytes = 5;
constexpr int overflow_y = 240;
constexpr std::int64_t overflow_us = 1 << 13;

[[noreturn]] void refuse(const std::string& path, const std::string& what) {
    throw Error(ErrorKind::data, fmt::format("{}: {}", path, what));
}

std::int64_t byte_at(std::string_view bytes, std::size_t at) {
    return static_cast<unsigned char>(bytes[at]);
}

}  // namespace

std::vector<CameraEvent> parse_nmnist(std::string_view bytes, const std::string& path) {
    if (bytes.empty() || bytes.size() % event_bytes != 0) {
        refuse(path, fmt::format("{} bytes; expected events of {} bytes. It is cut, or another "
                                 "file.",
                                 bytes.size(), event_bytes));
    }
    std::vector<CameraEvent> events;
    std::int64_t base_us = 0, before_us = 0;
    for (std::size_t at = 0; at < bytes.size(); at += event_bytes) {
        const std::int64_t x = byte_at(bytes, at), y = byte_at(bytes, at + 1);
        const std::int64_t rest =
            byte_at(bytes, at + 2) << 16 | byte_at(bytes, at + 3) << 8 | byte_at(bytes, at + 4);
        if (y == overflow_y) {
            base_us += overflow_us;
            continue;
        }
        const std::size_t index = at / event_bytes;
        if (x >= nmnist_sensor.width || y >= nmnist_sensor.height) {
            refuse(path, fmt::format("event {} is at ({}, {}); the sensor has {} x {} pixels.",
                                     index, x, y, nmnist_sensor.width, nmnist_sensor.height));
        }
        const std::int64_t time_us = base_us + (rest & 0x7fffff);
        if (time_us < before_us) {
            refuse(path, fmt::format("event {} is at {} us, after one at {} us; expected events in "
                                     "order of time.",
                                     index, time_us, before_us));
        }
        before_us = time_us;
        events.push_back({time_us, static_cast<std::int32_t>(x), static_cast<std::int32_t>(y),
                          (rest >> 23 & 1) != 0});
    }
    if (events.empty()) refuse(path, "it holds no events.");
    return events;
}

}  // namespace elm
