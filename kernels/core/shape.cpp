#include "kernels/core/shape.h"

#include "kernels/core/dtype.h"
#include "kernels/core/support/check.h"

namespace elm {

void throw_not_real(DType type) {
    throw Error(ErrorKind::invalid,
                fmt::format("expected a real tensor (f32 or f64), got {}", name_of(type)));
}

Shape::Shape(std::initializer_list<std::int64_t> extents)
    : Shape(std::span<const std::int64_t>(extents.begin(), extents.size())) {}

Shape::Shape(std::span<const std::int64_t> extents) {
    ELM_CHECK(extents.size() <= max_rank, "a tensor has at most {} axes (got {})", max_rank,
              extents.size());
    for (const std::int64_t extent : extents) {
        ELM_CHECK(extent >= 0, "an extent must not be negative (got {})", extent);
        extents_[static_cast<std::size_t>(rank_++)] = extent;
    }
}

std::int64_t Shape::size() const noexcept {
    std::int64_t product = 1;
    for (int axis = 0; axis < rank_; ++axis) product *= (*this)[axis];
    return product;
}

Shape Shape::with(int axis, std::int64_t extent) const {
    ELM_ASSERT(axis >= 0 && axis < rank_);
    Shape changed = *this;
    changed.extents_[static_cast<std::size_t>(axis)] = extent;
    return changed;
}

std::string to_string(const Shape& shape) {
    std::string text = "(";
    for (int axis = 0; axis < shape.rank(); ++axis) {
        text += fmt::format("{}{}", axis == 0 ? "" : ", ", shape[axis]);
    }
    return text + ")";
}

Shape Shape::without(int axis) const {
    ELM_ASSERT(axis >= 0 && axis < rank_);
    Shape rest;
    for (int k = 0; k < rank_; ++k) {
        if (k != axis) rest.extents_[static_cast<std::size_t>(rest.rank_++)] = (*this)[k];
    }
    return rest;
}

Shape as_rows(const Shape& shape) {
    ELM_ASSERT(shape.rank() > 0);
    const std::int64_t columns = shape[shape.rank() - 1];
    return {shape.with(shape.rank() - 1, 1).size(), columns};
}

void require_shape(const Shape& shape, const Shape& expected, std::string_view what) {
    ELM_CHECK(shape == expected, "{} has shape {}, expected {}", what, to_string(shape),
              to_string(expected));
}

void require_rank_is(const Shape& shape, int rank, std::string_view what) {
    ELM_CHECK(shape.rank() == rank, "{} has shape {}, expected {} axes", what, to_string(shape),
              rank);
}

}  // namespace elm
