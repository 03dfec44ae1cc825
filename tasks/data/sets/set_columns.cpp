#include "tasks/data/sets/set_columns.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

#include "kernels/core/support/check.h"

namespace elm {

static_assert(std::endian::native == std::endian::little);

std::int64_t SetField::row_size() const {
    std::int64_t size = 1;
    for (const std::int64_t extent : row) size *= extent;
    return size;
}

std::int64_t SetField::element_bytes() const {
    return type == SetType::u8 ? 1 : type == SetType::i16 ? 2 : 4;
}

bool SetField::is_large() const {
    constexpr std::int64_t least_bytes = 256;
    return !ragged && row_size() * element_bytes() >= least_bytes;
}

SetColumn::SetColumn(SetField of) : field(std::move(of)) {
    if (field.type == SetType::i16) values.emplace<std::vector<std::int32_t>>();
    if (field.type == SetType::f32) values.emplace<std::vector<float>>();
}

std::int64_t SetColumn::samples() const {
    if (field.ragged) return std::ssize(offsets) - 1;
    return std::visit([](const auto& all) { return std::ssize(all); }, values) / field.row_size();
}

void SetColumn::add_sample(const SetColumn& from, std::int64_t sample) {
    std::visit([&]<class T>(const std::vector<T>&) { add<T>(from.at<T>(sample)); }, from.values);
}

std::int64_t SetColumn::bytes() const {
    return std::visit(
        []<class T>(const std::vector<T>& all) {
            return std::ssize(all) * static_cast<std::int64_t>(sizeof(T));
        },
        values);
}

SetColumns empty_columns(const std::vector<SetField>& fields) {
    SetColumns columns;
    for (const SetField& field : fields) columns.emplace_back(field);
    return columns;
}

void add_samples(SetColumns& columns, const SetColumns& from, std::int64_t first,
                 std::int64_t count) {
    for (SetColumn& column : columns) {
        const SetColumn& other = column_of(from, column.field.name);
        for (std::int64_t k = first; k < first + count; ++k) column.add_sample(other, k);
    }
}

const SetColumn* find_column(const SetColumns& columns, std::string_view name) {
    for (const SetColumn& column : columns) {
        if (column.field.name == name) return &column;
    }
    return nullptr;
}

const SetColumn& column_of(const SetColumns& columns, std::string_view name) {
    const SetColumn* const found = find_column(columns, name);
    ELM_ASSERT(found != nullptr);
    return *found;
}

std::string file_bytes(const SetColumn& column) {
    const auto copy = [](const auto& values) {
        std::string bytes(values.size() * sizeof values[0], '\0');
        if (!bytes.empty()) std::memcpy(bytes.data(), values.data(), bytes.size());
        return bytes;
    };
    if (column.field.type != SetType::i16) return std::visit(copy, column.values);
    const auto& wide = std::get<std::vector<std::int32_t>>(column.values);
    return copy(std::vector<std::int16_t>(wide.begin(), wide.end()));
}

void add_file_bytes(SetColumn& column, std::string_view bytes,
                    std::span<const std::int64_t> lengths) {
    const auto add = [&]<class Stored, class T>(Stored, std::vector<T>& values) {
        std::vector<Stored> stored(bytes.size() / sizeof(Stored));
        if (!stored.empty()) std::memcpy(stored.data(), bytes.data(), bytes.size());
        values.insert(values.end(), stored.begin(), stored.end());
    };
    switch (column.field.type) {
        case SetType::u8:
            add(std::uint8_t{}, std::get<std::vector<std::uint8_t>>(column.values));
            break;
        case SetType::i16:
            add(std::int16_t{}, std::get<std::vector<std::int32_t>>(column.values));
            break;
        case SetType::f32:
            add(float{}, std::get<std::vector<float>>(column.values));
            break;
    }
    for (const std::int64_t length : lengths) {
        column.offsets.push_back(column.offsets.back() + length);
    }
}

}  // namespace elm
