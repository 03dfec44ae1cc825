#include <utility>

#include <fmt/format.h>

#include "kernels/io/hdf5_parts.h"

namespace elm {

using namespace hdf5;

void Hdf5File::copy_from(const Hdf5File& other, const std::string& object) {
    const auto lock = library_lock();
    if (other.file_->type_of(object) == H5I_BADID) {
        other.file_->fail(ErrorKind::data, object, "is not there.");
    }
    const Handle links(H5Pcreate(H5P_LINK_CREATE), H5Pclose);
    H5Pset_create_intermediate_group(links, 1);
    if (H5Ocopy(other.file_->id, object.c_str(), file_->id, object.c_str(), H5P_DEFAULT, links) <
        0) {
        file_->fail_writing(object);
    }
    file_->require_written(object);
}

void Hdf5File::make_group(const std::string& group) {
    const auto lock = library_lock();
    const Handle links(H5Pcreate(H5P_LINK_CREATE), H5Pclose);
    H5Pset_create_intermediate_group(links, 1);
    Handle made(H5Gcreate2(file_->id, group.c_str(), links, H5P_DEFAULT, H5P_DEFAULT), H5Gclose);
    if (made < 0) file_->fail_writing(group);
    file_->finish_writing(group, made);
}

template <class T>
void Hdf5File::write(const std::string& dataset, const std::vector<std::int64_t>& shape,
                     std::span<const T> values, FileType type) {
    const auto lock = library_lock();
    const Handle space = simple_space(shape);
    if (H5Sget_simple_extent_npoints(space) != static_cast<hssize_t>(values.size())) {
        file_->fail(ErrorKind::invalid, dataset,
                    fmt::format("of shape ({}) was given {} values.", fmt::join(shape, ", "),
                                values.size()));
    }
    Handle set =
        file_->make_dataset(dataset, stored_type(type), space, Implementation::new_creation());
    // Integers do not convert to an enumeration: booleans are given as the bytes they are.
    const Handle boolean = type == FileType::boolean ? boolean_type() : Handle();
    std::vector<std::int8_t> bytes;
    if (type == FileType::boolean) {
        for (const T value : values) bytes.push_back(value != T(0));
    }
    const void* data = bytes.empty() ? static_cast<const void*>(values.data()) : bytes.data();
    const hid_t memory = type == FileType::boolean ? hid_t(boolean) : memory_type(T{});
    if (!values.empty() && H5Dwrite(set, memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, data) < 0) {
        file_->fail_writing(dataset);
    }
    file_->finish_writing(dataset, set);
}

void Hdf5File::write_string(const std::string& dataset, std::string_view text) {
    const auto lock = library_lock();
    const Handle type = string_type();
    Handle set =
        file_->make_dataset(dataset, type, simple_space({}), Implementation::new_creation());
    const std::string copy(text);
    const char* data = copy.c_str();
    if (H5Dwrite(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, static_cast<const void*>(&data)) < 0) {
        file_->fail_writing(dataset);
    }
    file_->finish_writing(dataset, set);
}

void Hdf5File::set_attribute(const std::string& object, const std::string& name,
                             const Value& value) {
    const auto lock = library_lock();
    const Handle handle = file_->any_object(object);
    const auto put = [&](const Handle& type, hid_t memory, const void* data) {
        Handle attribute(
            H5Acreate2(handle, name.c_str(), type, simple_space({}), H5P_DEFAULT, H5P_DEFAULT),
            H5Aclose);
        if (attribute < 0 || H5Awrite(attribute, memory, data) < 0) file_->fail_writing(object);
        file_->finish_writing(object, attribute);
    };
    if (const auto* flag = std::get_if<bool>(&value)) {
        const Handle type = boolean_type();
        const std::int8_t byte = *flag ? 1 : 0;
        put(type, type, &byte);
    } else if (const auto* whole = std::get_if<std::int64_t>(&value)) {
        put(stored_type(FileType::i64), H5T_NATIVE_INT64, whole);
    } else if (const auto* real = std::get_if<double>(&value)) {
        put(stored_type(FileType::f64), H5T_NATIVE_DOUBLE, real);
    } else {
        const Handle type = string_type();
        const char* text = std::get<std::string>(value).c_str();
        put(type, type, static_cast<const void*>(&text));
    }
}

void Hdf5File::set_attribute(const std::string& object, const std::string& name,
                             const std::vector<std::int64_t>& shape,
                             std::span<const std::int64_t> values, FileType type) {
    const auto lock = library_lock();
    const Handle handle = file_->any_object(object);
    Handle attribute(H5Acreate2(handle, name.c_str(), stored_type(type), simple_space(shape),
                                H5P_DEFAULT, H5P_DEFAULT),
                     H5Aclose);
    if (attribute < 0 || H5Awrite(attribute, H5T_NATIVE_INT64, values.data()) < 0) {
        file_->fail_writing(object);
    }
    file_->finish_writing(object, attribute);
}

void Hdf5File::set_choice(const std::string& object, const std::string& name,
                          const std::vector<std::string>& choices, std::size_t chosen) {
    const auto lock = library_lock();
    const Handle handle = file_->any_object(object);
    const Handle type(H5Tenum_create(H5T_STD_U8LE), H5Tclose);
    for (std::size_t i = 0; i < choices.size(); ++i) {
        const auto value = static_cast<std::uint8_t>(i);
        H5Tenum_insert(type, choices[i].c_str(), &value);
    }
    Handle attribute(
        H5Acreate2(handle, name.c_str(), type, simple_space({}), H5P_DEFAULT, H5P_DEFAULT),
        H5Aclose);
    const auto value = static_cast<std::uint8_t>(chosen);
    if (attribute < 0 || H5Awrite(attribute, type, &value) < 0) file_->fail_writing(object);
    file_->finish_writing(object, attribute);
}

void Hdf5File::make_growing(const std::string& dataset, const std::vector<std::int64_t>& row,
                            FileType type, std::int64_t chunk_rows, int deflate_level) {
    const auto lock = library_lock();
    std::vector<hsize_t> extents{0}, limits{H5S_UNLIMITED}, chunk{static_cast<hsize_t>(chunk_rows)};
    for (const std::int64_t extent : row) {
        for (auto* list : {&extents, &limits, &chunk}) {
            list->push_back(static_cast<hsize_t>(extent));
        }
    }
    const Handle space(
        H5Screate_simple(static_cast<int>(extents.size()), extents.data(), limits.data()),
        H5Sclose);
    const Handle creation = Implementation::new_creation();
    H5Pset_chunk(creation, static_cast<int>(chunk.size()), chunk.data());
    if (deflate_level > 0) H5Pset_deflate(creation, static_cast<unsigned>(deflate_level));
    Handle set = file_->make_dataset(dataset, stored_type(type), space, creation);
    file_->finish_writing(dataset, set);
}

template <class T>
void Hdf5File::append(const std::string& dataset, std::span<const T> values) {
    const auto lock = library_lock();
    if (values.empty()) return;
    Handle set = file_->dataset(dataset);
    std::vector<hsize_t> extents = extents_of(shape(dataset));
    std::vector<hsize_t> start(extents.size(), 0), count = extents;
    hsize_t row = 1;
    for (std::size_t axis = 1; axis < extents.size(); ++axis) row *= extents[axis];
    start[0] = extents[0];
    count[0] = values.size() / row;
    extents[0] += count[0];
    if (H5Dset_extent(set, extents.data()) < 0) file_->fail_writing(dataset);
    const Handle space(H5Dget_space(set), H5Sclose);
    H5Sselect_hyperslab(space, H5S_SELECT_SET, start.data(), nullptr, count.data(), nullptr);
    const Handle memory(H5Screate_simple(static_cast<int>(count.size()), count.data(), nullptr),
                        H5Sclose);
    if (H5Dwrite(set, memory_type(T{}), memory, space, H5P_DEFAULT, values.data()) < 0) {
        file_->fail_writing(dataset);
    }
    file_->finish_writing(dataset, set);
}

void Hdf5File::make_filled(const std::string& dataset, const std::vector<std::int64_t>& shape,
                           FileType type) {
    const auto lock = library_lock();
    const Handle creation = Implementation::new_creation();
    // Every value is going to be written: none needs to be set before.
    H5Pset_fill_time(creation, H5D_FILL_TIME_NEVER);
    Handle set = file_->make_dataset(dataset, stored_type(type), simple_space(shape), creation);
    file_->finish_writing(dataset, set);
}

template <class T>
void Hdf5File::fill(const std::string& dataset, std::int64_t begin, std::span<const T> values) {
    const auto lock = library_lock();
    if (values.empty()) return;
    Handle set = file_->dataset(dataset);
    std::vector<std::int64_t> block = shape(dataset), first(block.size());
    std::int64_t others = 1;
    for (const std::int64_t extent : std::span(block).first(block.size() - 1)) others *= extent;
    block.back() = std::ssize(values) / others;
    first.back() = begin;
    const std::vector<hsize_t> start = extents_of(first), count = extents_of(block);
    const Handle space(H5Dget_space(set), H5Sclose), memory = simple_space(block);
    const bool chosen = H5Sselect_hyperslab(space, H5S_SELECT_SET, start.data(), nullptr,
                                            count.data(), nullptr) >= 0;
    if (!chosen || H5Dwrite(set, memory_type(T{}), memory, space, H5P_DEFAULT, values.data()) < 0) {
        file_->fail_writing(dataset);
    }
    file_->finish_writing(dataset, set);
}

#define ELM_INSTANTIATE(T)                                                                 \
    template void Hdf5File::write<T>(const std::string&, const std::vector<std::int64_t>&, \
                                     std::span<const T>, FileType);                        \
    template void Hdf5File::append<T>(const std::string&, std::span<const T>);             \
    template void Hdf5File::fill<T>(const std::string&, std::int64_t, std::span<const T>);
ELM_INSTANTIATE(float)
ELM_INSTANTIATE(double)
ELM_INSTANTIATE(std::int32_t)
ELM_INSTANTIATE(std::int64_t)
ELM_INSTANTIATE(std::uint8_t)
#undef ELM_INSTANTIATE

}  // namespace elm
