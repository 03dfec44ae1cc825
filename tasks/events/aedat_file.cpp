#include "tasks/events/aedat_file.h"

#include <cstring>

#include <fmt/format.h>

#include "kernels/core/support/error.h"

namespace elm {
namespace {

constexpr std::string_view first_line = "#!AER-DAT3.1", last_line = "#!END-HEADER";
constexpr std::size_t header_bytes = 28, event_bytes = 8;
constexpr std::uint16_t polarity_type = 1;
constexpr std::uint32_t address_mask = 0x7fff;

[[noreturn]] void refuse(const std::string& path, const std::string& what) {
    throw Error(ErrorKind::data, fmt::format("{}: {}", path, what));
}

template <class T>
T number_at(std::string_view bytes, std::size_t at) {
    T value{};
    std::memcpy(&value, bytes.data() + at, sizeof value);
    return value;
}

/// The packets behind the lines of text.
std::string_view after_text(std::string_view bytes, const std::string& path) {
    if (!bytes.starts_with(first_line)) {
        refuse(path, fmt::format("it does not begin with {}; expected a recording in AEDAT 3.1.",
                                 first_line));
    }
    while (bytes.starts_with('#')) {
        const bool is_last = bytes.starts_with(last_line);
        const std::size_t end = bytes.find('\n');
        if (end == std::string_view::npos) break;
        bytes.remove_prefix(end + 1);
        if (is_last) return bytes;
    }
    refuse(path, fmt::format("the line {} is missing: the file is cut.", last_line));
}

/// Takes events of one packet after the other.
class Reader {
public:
    Reader(const Sensor& sensor, const std::string& path) : sensor_(sensor), path_(path) {}

    std::vector<CameraEvent> read(std::string_view bytes) {
        for (std::size_t packet = 0; !bytes.empty(); ++packet) take_packet(bytes, packet);
        return std::move(events_);
    }

private:
    void take_packet(std::string_view& bytes, std::size_t packet) {
        if (bytes.size() < header_bytes) {
            refuse(path_, fmt::format("packet {} is cut within its header.", packet));
        }
        const auto type = number_at<std::uint16_t>(bytes, 0);
        const std::uint64_t size = number_at<std::uint32_t>(bytes, 4),
                            count = number_at<std::uint32_t>(bytes, 20);
        const std::int64_t overflow = number_at<std::uint32_t>(bytes, 12);
        bytes.remove_prefix(header_bytes);
        if (size * count > bytes.size()) {
            refuse(path_, fmt::format("packet {} has {} events of {} bytes, and {} bytes are left: "
                                      "the file is cut.",
                                      packet, count, size, bytes.size()));
        }
        if (type == polarity_type) {
            if (size != event_bytes) {
                refuse(path_, fmt::format("packet {} has events of {} bytes; expected {}.", packet,
                                          size, event_bytes));
            }
            for (std::uint64_t k = 0; k < count; ++k) {
                take_event(bytes.substr(k * event_bytes, event_bytes), overflow, packet);
            }
        }
        bytes.remove_prefix(size * count);
    }

    void take_event(std::string_view event, std::int64_t overflow, std::size_t packet) {
        const auto data = number_at<std::uint32_t>(event, 0);
        if ((data & 1) == 0) return;
        CameraEvent taken{.time_us = overflow << 31 | number_at<std::uint32_t>(event, 4),
                          .x = static_cast<std::int32_t>(data >> 17 & address_mask),
                          .y = static_cast<std::int32_t>(data >> 2 & address_mask),
                          .on = (data >> 1 & 1) != 0};
        if (taken.x >= sensor_.width || taken.y >= sensor_.height) {
            refuse(path_,
                   fmt::format("event {} is at ({}, {}); the sensor has {} x {} pixels.",
                               events_.size(), taken.x, taken.y, sensor_.width, sensor_.height));
        }
        if (!events_.empty() && taken.time_us < events_.back().time_us) {
            refuse(path_,
                   fmt::format("event {}, of packet {}, is at {} us, after one at {} us; "
                               "expected events in order of time.",
                               events_.size(), packet, taken.time_us, events_.back().time_us));
        }
        events_.push_back(taken);
    }

    const Sensor& sensor_;
    const std::string& path_;
    std::vector<CameraEvent> events_;
};

}  // namespace

std::vector<CameraEvent> parse_aedat(std::string_view bytes, const Sensor& sensor,
                                     const std::string& path) {
    return Reader(sensor, path).read(after_text(bytes, path));
}

}  // namespace elm
