#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>

namespace elm {

enum class DType : std::uint8_t { f32, f64, i32, u8 };

constexpr std::size_t size_of(DType type) noexcept {
    switch (type) {
        case DType::f32:
        case DType::i32:
            return 4;
        case DType::f64:
            return 8;
        case DType::u8:
            return 1;
    }
    return 0;
}

constexpr std::string_view name_of(DType type) noexcept {
    switch (type) {
        case DType::f32:
            return "f32";
        case DType::f64:
            return "f64";
        case DType::i32:
            return "i32";
        case DType::u8:
            return "u8";
    }
    return "?";
}

template <class T>
inline constexpr DType dtype_of = [] {
    using U = std::remove_const_t<T>;
    static_assert(std::is_same_v<U, float> || std::is_same_v<U, double> ||
                  std::is_same_v<U, std::int32_t> || std::is_same_v<U, std::uint8_t>);
    if constexpr (std::is_same_v<U, float>) return DType::f32;
    if constexpr (std::is_same_v<U, double>) return DType::f64;
    if constexpr (std::is_same_v<U, std::int32_t>) return DType::i32;
    return DType::u8;
}();

[[noreturn]] void throw_not_real(DType type);

/// Calls `visitor(float{})` or `visitor(double{})` for a real type; throws Error{invalid}
/// otherwise.
template <class Visitor>
decltype(auto) visit_real(DType type, Visitor&& visitor) {
    if (type == DType::f32) return visitor(float{});
    if (type == DType::f64) return visitor(double{});
    throw_not_real(type);
}

}  // namespace elm
