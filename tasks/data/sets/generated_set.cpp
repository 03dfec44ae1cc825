#include "tasks/data/sets/generated_set.h"

#include <algorithm>
#include <limits>
#include <sstream>
#include <utility>

#include <fmt/format.h>

#include "kernels/core/support/check.h"
#include "kernels/io/fingerprint.h"
#include "kernels/io/toml_config.h"

namespace elm {
namespace {

constexpr std::string_view option_prefix = "option.";
constexpr std::int64_t block_bytes = 1 << 18, most_samples_of_block = 256;

[[noreturn]] void refuse(const std::string& path, const std::string& what) {
    throw Error(ErrorKind::data, fmt::format("{}: {}", path, what));
}

[[noreturn]] void refuse_offsets(const std::string& path, const std::string& field,
                                 std::int64_t from, std::int64_t to) {
    refuse(path, fmt::format("{}_offset goes from {} to {}: the file is damaged. Make the set "
                             "anew.",
                             field, from, to));
}

template <class T>
T attribute(const Values& attributes, const std::string& name, const std::string& path) {
    const auto found = attributes.find(name);
    if (found == attributes.end() || !std::holds_alternative<T>(found->second)) {
        refuse(path, fmt::format("attribute {} of a generated set is missing or of another type. "
                                 "Make the set anew.",
                                 name));
    }
    return std::get<T>(found->second);
}

SetType type_of(const Hdf5File& file, const std::string& name) {
    const std::string stored = file.type_name(name);
    if (stored == "uint8") return SetType::u8;
    if (stored == "int16") return SetType::i16;
    if (stored == "float32") return SetType::f32;
    refuse(file.path(),
           fmt::format("field {} is of type {}; expected uint8, int16 or float32.", name, stored));
}

}  // namespace

Values SetOrigin::facts() const {
    Values facts{{"task", task},
                 {"seed", static_cast<std::int64_t>(seed)},
                 {"first", first},
                 {"count", count}};
    for (const auto& [name, value] : options) facts[std::string(option_prefix) + name] = value;
    return facts;
}

std::int64_t set_block_size(const std::vector<SetField>& fields, std::int64_t count) {
    std::int64_t largest = 1;
    for (const SetField& field : fields) {
        if (!field.ragged) largest = std::max(largest, field.row_size() * field.element_bytes());
    }
    // A chunk must not be larger than its dataset.
    return std::clamp<std::int64_t>(block_bytes / largest, 1,
                                    std::min(most_samples_of_block, count));
}

bool is_generated_set(const std::string& path) {
    if (!Hdf5File::is_hdf5(path)) return false;
    const Values attributes = Hdf5File::open(path).attributes("/", {"format"});
    const auto format = attributes.find("format");
    return format != attributes.end() && format->second == Value(std::string(set_format));
}

GeneratedSet GeneratedSet::open(const std::string& path) {
    GeneratedSet set(Hdf5File::open(path));
    set.read_origin();
    set.read_fields();
    return set;
}

void GeneratedSet::read_origin() {
    const Values attributes =
        file_.attributes("/", {"format", "format_version", "task", "seed", "first", "count"});
    const auto format = attributes.find("format");
    if (format == attributes.end() || format->second != Value(std::string(set_format))) {
        refuse(path(), fmt::format("not a generated set: its attribute format is {}, expected {}.",
                                   format == attributes.end() ? "missing" : to_text(format->second),
                                   set_format));
    }
    const auto version = attribute<std::int64_t>(attributes, "format_version", path());
    if (version > set_format_version || version < 1) {
        refuse(path(), fmt::format("version {} of the format of generated sets, and this program "
                                   "reads up to {}. Use a newer program, or make the set anew.",
                                   version, set_format_version));
    }
    origin_.task = attribute<std::string>(attributes, "task", path());
    origin_.seed = static_cast<std::uint64_t>(attribute<std::int64_t>(attributes, "seed", path()));
    origin_.first = attribute<std::int64_t>(attributes, "first", path());
    origin_.count = attribute<std::int64_t>(attributes, "count", path());
    for (const auto& [name, value] : attributes) {
        if (name.starts_with(option_prefix)) {
            origin_.options[name.substr(option_prefix.size())] = value;
        }
    }
    std::istringstream names(attribute<std::string>(attributes, "fields", path()));
    for (std::string name; names >> name;) fields_.push_back({.name = name});
    if (fields_.empty() || origin_.count < 1) refuse(path(), "a set without samples.");
}

void GeneratedSet::read_fields() {
    for (SetField& field : fields_) {
        if (!file_.is_dataset(field.name)) {
            refuse(path(), fmt::format("field {} is not there: the file is not whole. Make the "
                                       "set anew.",
                                       field.name));
        }
        const std::vector<std::int64_t> shape = file_.shape(field.name);
        field.type = type_of(file_, field.name);
        const std::string offsets = field.name + "_offset";
        field.ragged = file_.is_dataset(offsets);
        if (field.ragged) {
            file_.require_shape(offsets, {origin_.count + 1});
            if (shape.size() != 1) refuse(path(), fmt::format("field {} has no offsets.", offsets));
            continue;
        }
        if (shape.empty() || shape[0] != origin_.count) {
            refuse(path(), fmt::format("field {} has shape ({}), expected {} samples.", field.name,
                                       fmt::join(shape, ", "), origin_.count));
        }
        field.row.assign(shape.begin() + 1, shape.end());
        if (const std::int64_t rows = file_.packed_rows(field.name); rows > 0) {
            chunk_rows_[field.name] = rows;
        }
    }
}

std::int64_t GeneratedSet::block_size() const { return set_block_size(fields_, origin_.count); }

std::string GeneratedSet::fingerprint() const { return fingerprint_of_file(path()); }

std::vector<std::int32_t> GeneratedSet::lengths(const std::string& field) const {
    const auto offsets = file_.read<std::int64_t>(field + "_offset");
    std::vector<std::int32_t> lengths;
    for (std::size_t k = 1; k < offsets.size(); ++k) {
        const std::int64_t length = offsets[k] - offsets[k - 1];
        if (length < 0 || length > std::numeric_limits<std::int32_t>::max()) {
            refuse_offsets(path(), field, offsets[k - 1], offsets[k]);
        }
        lengths.push_back(static_cast<std::int32_t>(length));
    }
    return lengths;
}

/// Reads from the start of a chunk: unlike the library, threads may unpack at once.
void GeneratedSet::read_chunk(SetColumn& column, std::int64_t chunk_rows, std::int64_t first,
                              std::int64_t count) const {
    const std::int64_t row = column.field.row_size();
    const std::string packed = file_.read_chunk(column.field.name, first);
    const std::string bytes = with_context(
        fmt::format("reading {}, field {}, sample {}", path(), column.field.name, first),
        [&] { return unpack_chunk(packed, chunk_rows * row); });
    add_file_bytes(column, std::string_view(bytes).substr(0, static_cast<std::size_t>(count * row)),
                   {});
}

SetColumns GeneratedSet::read(std::int64_t first, std::int64_t count,
                              const std::vector<SetField>& fields) const {
    require_range(*this, first, count);
    SetColumns columns = empty_columns(fields);
    for (SetColumn& column : columns) {
        const std::string& name = column.field.name;
        std::int64_t begin = first, size = count;
        if (column.field.ragged) {
            column.offsets = file_.read_rows<std::int64_t>(name + "_offset", first, count + 1);
            begin = column.offsets.front();
            std::int64_t last = begin;
            for (std::int64_t& offset : column.offsets) {
                if (offset < last) refuse_offsets(path(), name, last, offset);
                last = offset;
                offset -= begin;
            }
            size = last - begin;
        }
        if (const auto chunk = chunk_rows_.find(name);
            chunk != chunk_rows_.end() && first % chunk->second == 0 && count <= chunk->second) {
            read_chunk(column, chunk->second, first, count);
            continue;
        }
        std::visit([&]<class T>(
                       std::vector<T>& values) { values = file_.read_rows<T>(name, begin, size); },
                   column.values);
    }
    return columns;
}

}  // namespace elm
