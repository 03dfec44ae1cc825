#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace elm {

/// How the values of a field stand in a file; in memory i16 are of 32 bits.
enum class SetType { u8, i16, f32 };

/// One thing that every sample of a set has: its image, its tokens, its label.
struct SetField {
    std::string name;
    SetType type = SetType::u8;
    std::vector<std::int64_t> row = {};  // shape of one sample's values; empty: a single one
    bool ragged = false;                 // each sample has as many values as it needs; `row` empty

    std::int64_t row_size() const;       // values of one sample that is not ragged
    std::int64_t element_bytes() const;  // in a file
    /// Large enough that its chunks are compressed by the threads that draw the samples.
    bool is_large() const;
    bool operator==(const SetField&) const = default;
};

/// A field of some samples, one sample after the other.
struct SetColumn {
    SetField field;
    std::variant<std::vector<std::uint8_t>, std::vector<std::int32_t>, std::vector<float>> values;
    std::vector<std::int64_t> offsets = {0};  // (samples + 1) of a ragged field

    explicit SetColumn(SetField of);

    template <class T>
    void add(std::span<const T> sample) {
        auto& all = std::get<std::vector<T>>(values);
        all.insert(all.end(), sample.begin(), sample.end());
        if (field.ragged) offsets.push_back(static_cast<std::int64_t>(all.size()));
    }
    template <class T>
    void add(T value) {
        add(std::span<const T>(&value, 1));
    }
    /// Values of one sample.
    template <class T>
    std::span<const T> at(std::int64_t sample) const {
        const auto& all = std::get<std::vector<T>>(values);
        const std::int64_t size = field.ragged ? 0 : field.row_size();
        const std::int64_t begin =
            field.ragged ? offsets[static_cast<std::size_t>(sample)] : sample * size;
        const std::int64_t end =
            field.ragged ? offsets[static_cast<std::size_t>(sample) + 1] : begin + size;
        return std::span<const T>(all).subspan(static_cast<std::size_t>(begin),
                                               static_cast<std::size_t>(end - begin));
    }
    std::int64_t samples() const;
    /// Adds sample `sample` of a column of the same type, which may have another row.
    void add_sample(const SetColumn& from, std::int64_t sample);
    std::int64_t bytes() const;  // of its values in memory
};

using SetColumns = std::vector<SetColumn>;

SetColumns empty_columns(const std::vector<SetField>& fields);
/// Adds samples [first, first + count) of columns that have all of these fields, in any order.
void add_samples(SetColumns& columns, const SetColumns& from, std::int64_t first,
                 std::int64_t count);
/// Null if there is no field of that name.
const SetColumn* find_column(const SetColumns& columns, std::string_view name);
/// A column that is there; a missing one is a bug.
const SetColumn& column_of(const SetColumns& columns, std::string_view name);

/// Elements of a column as they stand in a file, little-endian.
std::string file_bytes(const SetColumn& column);
/// Adds samples from what file_bytes() made; `lengths` of a ragged column.
void add_file_bytes(SetColumn& column, std::string_view bytes,
                    std::span<const std::int64_t> lengths);

}  // namespace elm
