#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace elm {

/// 16 hexadecimal digits that change with what is added and with its order: FNV-1a of 64 bits
/// (RFC 9923). They tell that something changed, and keep nobody out.
class Fingerprint {
public:
    void add(std::string_view text);
    void add(std::int64_t number);
    void add(int number) { add(std::int64_t{number}); }
    /// Every NaN counts alike.
    void add(double number);
    void add(const std::vector<double>& numbers);

    std::string text() const;

private:
    void add_byte(unsigned char byte) { value_ = (value_ ^ byte) * 0x00000100000001B3u; }
    std::uint64_t value_ = 0xCBF29CE484222325u;
};

/// The digits of all bytes of a file. Throws Error{data} if it cannot be read.
std::string fingerprint_of_file(const std::string& path);

}  // namespace elm
