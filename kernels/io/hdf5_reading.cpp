#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "kernels/io/hdf5_parts.h"

namespace elm {

using namespace hdf5;

namespace {

/// Nothing for a text that cannot be read.
std::optional<std::string> read_text(hid_t type, hid_t memory_space, auto&& read) {
    if (H5Tis_variable_str(type) > 0) {
        char* text = nullptr;
        const Handle memory = string_type();
        H5Tset_cset(memory, H5Tget_cset(type));
        if (read(memory, static_cast<void*>(&text)) < 0) return std::nullopt;
        std::string result = text == nullptr ? "" : text;
        H5Dvlen_reclaim(memory, memory_space, H5P_DEFAULT, static_cast<void*>(&text));
        return result;
    }
    std::string result(H5Tget_size(type), '\0');
    if (read(type, static_cast<void*>(result.data())) < 0) return std::nullopt;
    result.resize(std::min(result.size(), result.find('\0')));
    return result;
}

bool is_boolean(hid_t enumeration) {
    if (H5Tget_nmembers(enumeration) != 2) return false;
    for (const unsigned member : {0U, 1U}) {
        char* const name = H5Tget_member_name(enumeration, member);
        const bool fits = name != nullptr && std::string_view(name) == (member ? "TRUE" : "FALSE");
        H5free_memory(name);
        if (!fits) return false;
    }
    return true;
}

/// The name of the value that an attribute of an enumeration has.
std::optional<Value> read_enumeration(hid_t attribute, hid_t type) {
    std::vector<std::byte> value(H5Tget_size(type));
    std::array<char, 256> name{};
    if (H5Aread(attribute, type, value.data()) < 0) return std::nullopt;
    if (H5Tenum_nameof(type, value.data(), name.data(), name.size()) < 0) return std::nullopt;
    return std::string(name.data());
}

/// A scalar attribute; nothing for one that cannot be read, or is of another kind.
std::optional<Value> read_attribute(hid_t attribute) {
    if (attribute < 0) return std::nullopt;
    const Handle type(H5Aget_type(attribute), H5Tclose);
    const Handle space(H5Aget_space(attribute), H5Sclose);
    if (type < 0 || H5Sget_simple_extent_npoints(space) != 1) return std::nullopt;
    const auto number = [&]<class T>(T value) -> std::optional<Value> {
        if (H5Aread(attribute, memory_type(T{}), &value) < 0) return std::nullopt;
        return Value(value);
    };
    switch (H5Tget_class(type)) {
        case H5T_ENUM: {
            if (!is_boolean(type)) return read_enumeration(attribute, type);
            const auto byte = number(std::int64_t{});
            if (!byte) return std::nullopt;
            return std::get<std::int64_t>(*byte) != 0;
        }
        case H5T_INTEGER:
            return number(std::int64_t{});
        case H5T_FLOAT:
            return number(double{});
        case H5T_STRING:
            if (auto text = read_text(type, space, [&](hid_t memory, void* out) {
                    return H5Aread(attribute, memory, out);
                })) {
                return Value(std::move(*text));
            }
            return std::nullopt;
        default:
            return std::nullopt;
    }
}

}  // namespace

template <class T>
std::vector<T> Hdf5File::read(const std::string& dataset) const {
    const auto lock = library_lock();
    const Handle set = file_->dataset(dataset);
    file_->require_numbers(dataset, set, std::is_floating_point_v<T>);
    const Handle space(H5Dget_space(set), H5Sclose);
    if (H5Sget_simple_extent_type(space) == H5S_NULL) return {};
    std::vector<T> values(file_->count_to_read(dataset, extents_of(shape(dataset)), sizeof(T)));
    if (!values.empty() &&
        H5Dread(set, memory_type(T{}), H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()) < 0) {
        file_->fail_reading(dataset);
    }
    return values;
}

template <class T>
void Hdf5File::read_range(const std::string& dataset, std::int64_t begin, std::span<T> out) const {
    const auto lock = library_lock();
    const Handle set = file_->dataset(dataset);
    file_->require_numbers(dataset, set, std::is_floating_point_v<T>);
    const Handle space(H5Dget_space(set), H5Sclose);
    const hsize_t start = static_cast<hsize_t>(begin), count = out.size();
    hsize_t extent = 0;
    if (H5Sget_simple_extent_ndims(space) != 1) {
        file_->fail(ErrorKind::data, dataset, "must have one axis.");
    }
    H5Sget_simple_extent_dims(space, &extent, nullptr);
    if (begin < 0 || start + count > extent) {
        file_->fail(ErrorKind::data, dataset,
                    fmt::format("holds {} elements, expected at least {}.", extent, start + count));
    }
    if (count == 0) return;
    H5Sselect_hyperslab(space, H5S_SELECT_SET, &start, nullptr, &count, nullptr);
    const Handle memory(H5Screate_simple(1, &count, nullptr), H5Sclose);
    if (H5Dread(set, memory_type(T{}), memory, space, H5P_DEFAULT, out.data()) < 0) {
        file_->fail_reading(dataset);
    }
}

template <class T>
std::vector<T> Hdf5File::read_rows(const std::string& dataset, std::int64_t first,
                                   std::int64_t count) const {
    const auto lock = library_lock();
    const Handle set = file_->dataset(dataset);
    file_->require_numbers(dataset, set, std::is_floating_point_v<T>);
    const std::vector<std::int64_t> whole = shape(dataset);
    if (whole.empty() || first < 0 || count < 0 || count > whole[0] - first) {
        file_->fail(ErrorKind::data, dataset,
                    fmt::format("has shape ({}), and rows {} to {} are asked for.",
                                fmt::join(whole, ", "), first, first + count - 1));
    }
    std::vector<hsize_t> start(whole.size(), 0), extents = extents_of(whole);
    start[0] = static_cast<hsize_t>(first);
    extents[0] = static_cast<hsize_t>(count);
    std::vector<T> values(file_->count_to_read(dataset, extents, sizeof(T)));
    if (values.empty()) return values;
    const Handle space(H5Dget_space(set), H5Sclose);
    H5Sselect_hyperslab(space, H5S_SELECT_SET, start.data(), nullptr, extents.data(), nullptr);
    const Handle memory(H5Screate_simple(static_cast<int>(extents.size()), extents.data(), nullptr),
                        H5Sclose);
    if (H5Dread(set, memory_type(T{}), memory, space, H5P_DEFAULT, values.data()) < 0) {
        file_->fail_reading(dataset);
    }
    return values;
}

std::string Hdf5File::read_string(const std::string& dataset) const {
    const auto lock = library_lock();
    const Handle set = file_->dataset(dataset);
    const Handle type(H5Dget_type(set), H5Tclose);
    const Handle space(H5Dget_space(set), H5Sclose);
    if (H5Tget_class(type) != H5T_STRING || H5Sget_simple_extent_npoints(space) != 1) {
        file_->fail(ErrorKind::data, dataset, "must hold one string.");
    }
    file_->count_to_read(dataset, {}, H5Tget_size(type));
    auto text = read_text(type, space, [&](hid_t memory, void* out) {
        return H5Dread(set, memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, out);
    });
    if (!text) file_->fail_reading(dataset);
    return std::move(*text);
}

Values Hdf5File::attributes(const std::string& object,
                            const std::vector<std::string>& names) const {
    const auto lock = library_lock();
    const Handle handle = file_->any_object(object);
    Values values;
    H5O_info_t information;
    if (H5Oget_info2(handle, &information, H5O_INFO_NUM_ATTRS) < 0) file_->fail_reading(object);
    for (hsize_t index = 0; index < information.num_attrs; ++index) {
        const Handle attribute(H5Aopen_by_idx(handle, ".", H5_INDEX_NAME, H5_ITER_INC, index,
                                              H5P_DEFAULT, H5P_DEFAULT),
                               H5Aclose);
        if (attribute < 0) break;
        std::string name(static_cast<std::size_t>(H5Aget_name(attribute, 0, nullptr)) + 1, '\0');
        H5Aget_name(attribute, name.size(), name.data());
        name.pop_back();
        if (auto value = read_attribute(attribute)) values[name] = std::move(*value);
    }
    // One attribute that cannot be read hides those after it.
    for (const std::string& name : names) {
        if (values.contains(name) || H5Aexists(handle, name.c_str()) <= 0) continue;
        const Handle attribute(H5Aopen(handle, name.c_str(), H5P_DEFAULT), H5Aclose);
        if (auto value = read_attribute(attribute)) values[name] = std::move(*value);
    }
    return values;
}

double Hdf5File::number_attribute(const std::string& object, const std::string& name) const {
    const auto lock = library_lock();
    const Values values = attributes(object, {name});
    const auto found = values.find(name);
    if (found != values.end()) {
        if (const auto* real = std::get_if<double>(&found->second)) return *real;
        if (const auto* whole = std::get_if<std::int64_t>(&found->second)) {
            return static_cast<double>(*whole);
        }
    }
    file_->fail(ErrorKind::data, object,
                fmt::format("must have the attribute {}, a number.", name));
}

#define ELM_INSTANTIATE(T)                                                                         \
    template std::vector<T> Hdf5File::read<T>(const std::string&) const;                           \
    template void Hdf5File::read_range<T>(const std::string&, std::int64_t, std::span<T>) const;   \
    template std::vector<T> Hdf5File::read_rows<T>(const std::string&, std::int64_t, std::int64_t) \
        const;
ELM_INSTANTIATE(float)
ELM_INSTANTIATE(double)
ELM_INSTANTIATE(std::int32_t)
ELM_INSTANTIATE(std::int64_t)
ELM_INSTANTIATE(std::uint8_t)
#undef ELM_INSTANTIATE

}  // namespace elm
