#include "kernels/io/fingerprint.h"

#include <bit>
#include <cmath>
#include <fstream>

#include <fmt/format.h>

#include "kernels/core/support/error.h"

namespace elm {

void Fingerprint::add(std::string_view text) {
    add(static_cast<std::int64_t>(text.size()));
    for (const char letter : text) add_byte(static_cast<unsigned char>(letter));
}

void Fingerprint::add(std::int64_t number) {
    for (int shift = 0; shift < 64; shift += 8) {
        add_byte(static_cast<unsigned char>(static_cast<std::uint64_t>(number) >> shift & 0xFF));
    }
}

void Fingerprint::add(double number) {
    add(std::isnan(number) ? std::int64_t{-1} : std::bit_cast<std::int64_t>(number));
}

void Fingerprint::add(const std::vector<double>& numbers) {
    add(static_cast<std::int64_t>(numbers.size()));
    for (const double number : numbers) add(number);
}

std::string Fingerprint::text() const { return fmt::format("{:016x}", value_); }

std::string fingerprint_of_file(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    Fingerprint digits;
    std::string block(std::size_t{1} << 20, '\0');
    while (file) {
        file.read(block.data(), static_cast<std::streamsize>(block.size()));
        digits.add(std::string_view(block).substr(0, static_cast<std::size_t>(file.gcount())));
    }
    if (!file.eof()) throw Error(ErrorKind::data, fmt::format("{} cannot be read.", path));
    return digits.text();
}

}  // namespace elm
