#include "tasks/speech/synthesis/wave_file.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>

#include <fmt/format.h>

#include "kernels/core/support/error.h"
#include "kernels/io/output_file.h"

namespace elm {
namespace {

constexpr std::size_t head_bytes = 44;
constexpr float full_scale = 32767;

template <class T>
T number_at(std::string_view bytes, std::size_t at) {
    T value{};
    std::memcpy(&value, bytes.data() + at, sizeof value);
    return value;
}

template <class T>
void put(std::string& bytes, T value) {
    bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
}

}  // namespace

Sound parse_wave(std::string_view bytes, const std::string& where) {
    const bool is_wave = bytes.size() > head_bytes && bytes.starts_with("RIFF") &&
                         bytes.substr(8, 8) == "WAVEfmt " && bytes.substr(36, 4) == "data" &&
                         number_at<std::uint16_t>(bytes, 22) == 1 &&
                         number_at<std::uint16_t>(bytes, 34) == 16;
    if (!is_wave) {
        throw Error(ErrorKind::data,
                    fmt::format("{}: {} bytes that are no sound of 16 bits and one channel (WAV).",
                                where, bytes.size()));
    }
    Sound sound{.rate_hz = number_at<std::uint32_t>(bytes, 24)};
    const std::size_t told = number_at<std::uint32_t>(bytes, 40);
    bytes.remove_prefix(head_bytes);
    const std::size_t count = std::min(told, bytes.size()) / 2;
    for (std::size_t k = 0; k < count; ++k) {
        sound.samples.push_back(static_cast<float>(number_at<std::int16_t>(bytes, 2 * k)) /
                                (full_scale + 1));
    }
    if (sound.samples.empty() || sound.rate_hz <= 0) {
        throw Error(ErrorKind::data, where + ": a sound without samples.");
    }
    return sound;
}

void write_wave(const std::string& path, const Sound& sound, bool force) {
    const auto data = static_cast<std::uint32_t>(2 * sound.samples.size());
    const auto rate = static_cast<std::uint32_t>(sound.rate_hz);
    std::string bytes = "RIFF";
    put(bytes, data + static_cast<std::uint32_t>(head_bytes) - 8);
    bytes += "WAVEfmt ";
    put(bytes, std::uint32_t{16});
    put(bytes, std::uint16_t{1});  // integers
    put(bytes, std::uint16_t{1});  // channel
    put(bytes, rate);
    put(bytes, 2 * rate);
    put(bytes, std::uint16_t{2});
    put(bytes, std::uint16_t{16});
    bytes += "data";
    put(bytes, data);
    for (const float sample : sound.samples) {
        put(bytes,
            static_cast<std::int16_t>(std::lround(std::clamp(sample, -1.0F, 1.0F) * full_scale)));
    }
    write_text_file(path, force, bytes);
}

}  // namespace elm
