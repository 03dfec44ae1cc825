#include "tasks/encoding/sound_container.h"

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <set>
#include <string_view>

#include "tasks/data/file_bytes.h"

namespace elm {
namespace {

constexpr std::uint64_t unknown = 0xFFFFFFFF;  // a length that was not known when it was written

/// Unsigned number of `n` bytes; what is not there is 0.
std::uint64_t number(std::string_view bytes, std::size_t at, std::size_t n, bool big_endian) {
    std::uint64_t value = 0;
    for (std::size_t k = 0; k < n && at + k < bytes.size(); ++k) {
        const auto byte = static_cast<std::uint64_t>(static_cast<unsigned char>(bytes[at + k]));
        value |= byte << (8 * (big_endian ? n - 1 - k : k));
    }
    return value;
}

/// Chunks are a name of four letters, a length of four bytes, and so many bytes, padded to even.
bool chunks_end_early(std::string_view file, std::string_view samples, bool big_endian) {
    std::uint64_t long_length = unknown;
    for (std::uint64_t at = 12; at + 8 <= file.size();) {
        const std::string_view name = file.substr(at, 4);
        std::uint64_t length = number(file, at + 4, 4, big_endian);
        if (name == "ds64") long_length = number(file, at + 16, 8, false);  // of RF64
        if (name == samples) {
            if (length == unknown) length = long_length;
            return length != unknown && length > file.size() - at - 8;
        }
        at += 8 + length + length % 2;
    }
    return true;
}

/// Pages of any number of streams, each of which ends with a page that says so.
bool pages_end_early(std::string_view file) {
    std::set<std::uint64_t> open;
    std::size_t at = 0;
    while (file.substr(at, 4) == "OggS") {
        constexpr std::size_t header = 27;
        if (at + header > file.size()) return true;
        const auto flags = number(file, at + 5, 1, false), serial = number(file, at + 14, 4, false);
        const auto segments = number(file, at + 26, 1, false);
        std::uint64_t size = header + segments;
        for (std::uint64_t k = 0; k < segments; ++k)
            size += number(file, at + header + k, 1, false);
        if (size > file.size() - at) return true;
        constexpr std::uint64_t last_page = 4;
        if ((flags & last_page) != 0) {
            open.erase(serial);
        } else {
            open.insert(serial);
        }
        at += size;
    }
    return at < file.size() || !open.empty();
}

}  // namespace

bool ends_early(const std::string& path) {
    const std::string bytes = read_file_bytes(path, "a sound");
    const std::string_view file(bytes), magic = file.substr(0, 4);
    if (magic == "OggS") return pages_end_early(file);
    if (magic == "RIFF" || magic == "RF64") return chunks_end_early(file, "data", false);
    if (magic == "FORM") {
        const std::string_view kind = file.size() >= 12 ? file.substr(8, 4) : "";
        return kind.starts_with("AIF") && chunks_end_early(file, "SSND", true);
    }
    return false;
}

}  // namespace elm
