#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>

namespace elm {

inline constexpr int max_rank = 4;

/// Extents of a row-major tensor, rank 0 to 4.
class Shape {
public:
    Shape() = default;
    /// Throws Error{invalid} for more than max_rank extents or a negative one.
    Shape(std::initializer_list<std::int64_t> extents);
    explicit Shape(std::span<const std::int64_t> extents);

    int rank() const noexcept { return rank_; }
    std::int64_t operator[](int axis) const noexcept {
        return extents_[static_cast<std::size_t>(axis)];
    }
    /// Number of elements; 1 for rank 0.
    std::int64_t size() const noexcept;
    Shape with(int axis, std::int64_t extent) const;
    Shape without(int axis) const;
    friend bool operator==(const Shape&, const Shape&) = default;

private:
    std::array<std::int64_t, max_rank> extents_{};
    int rank_ = 0;
};

/// "(2, 3, 4)"
std::string to_string(const Shape& shape);

/// All axes but the last in one: (rows, columns). `shape` has at least one axis.
Shape as_rows(const Shape& shape);

/// Throws Error{invalid} naming `what` unless `shape` equals `expected`.
void require_shape(const Shape& shape, const Shape& expected, std::string_view what);

void require_rank_is(const Shape& shape, int rank, std::string_view what);

/// The extents of `shape`, which must have rank `Rank`; throws Error{invalid} naming `what`.
template <int Rank>
std::array<std::int64_t, Rank> require_rank(const Shape& shape, std::string_view what) {
    require_rank_is(shape, Rank, what);
    std::array<std::int64_t, Rank> extents{};
    for (int axis = 0; axis < Rank; ++axis) extents[static_cast<std::size_t>(axis)] = shape[axis];
    return extents;
}

}  // namespace elm
