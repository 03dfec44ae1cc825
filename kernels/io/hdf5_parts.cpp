#include "kernels/io/hdf5_parts.h"

#include <algorithm>
#include <cstring>

#include <fmt/format.h>

#include "kernels/core/memory.h"

namespace elm::hdf5 {
namespace {

static_assert(sizeof(hid_t) == sizeof(std::int64_t));

/// No printing by the library itself, and no flushing of failed files when the program ends.
void prepare_library() {
    static const bool opened = [] {
        H5dont_atexit();
        H5open();
        return true;
    }();
    static_cast<void>(opened);
    thread_local bool silent = false;  // builds that lock themselves print per thread
    if (!silent) H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
    silent = true;
}

/// IEEE 754 binary16, little-endian.
Handle half_type() {
    Handle type(H5Tcopy(H5T_IEEE_F32LE), H5Tclose);
    H5Tset_fields(type, 15, 10, 5, 0, 10);
    H5Tset_size(type, 2);
    H5Tset_ebias(type, 15);
    return type;
}

}  // namespace

std::unique_lock<std::recursive_mutex> library_lock() {
    static std::recursive_mutex mutex;
    std::unique_lock lock(mutex);
    prepare_library();
    return lock;
}

std::string last_reason() {
    std::string reason;
    H5Ewalk2(
        H5E_DEFAULT, H5E_WALK_UPWARD,
        [](unsigned, const H5E_error2_t* entry, void* out) -> herr_t {
            auto& text = *static_cast<std::string*>(out);
            if (text.empty() && entry->desc != nullptr) text = entry->desc;
            return 0;
        },
        &reason);
    if (reason.empty()) return "no reason given";
    // The words of the operating system say it in one line; the rest is file offsets and the date.
    const std::string mark = "error message = '";
    if (const std::size_t at = reason.find(mark); at != std::string::npos) {
        reason = reason.substr(at + mark.size());
        reason.resize(std::min(reason.size(), reason.find('\'')));
    }
    std::replace(reason.begin(), reason.end(), '\n', ' ');
    return reason;
}

Handle boolean_type() {
    Handle type(H5Tenum_create(H5T_STD_I8LE), H5Tclose);
    const std::int8_t no = 0, yes = 1;
    H5Tenum_insert(type, "FALSE", &no);
    H5Tenum_insert(type, "TRUE", &yes);
    return type;
}

Handle string_type() {
    Handle type(H5Tcopy(H5T_C_S1), H5Tclose);
    H5Tset_size(type, H5T_VARIABLE);
    H5Tset_cset(type, H5T_CSET_UTF8);
    return type;
}

Handle stored_type(FileType type) {
    switch (type) {
        case FileType::f16:
            return half_type();
        case FileType::f32:
            return {H5Tcopy(H5T_IEEE_F32LE), H5Tclose};
        case FileType::f64:
            return {H5Tcopy(H5T_IEEE_F64LE), H5Tclose};
        case FileType::u8:
            return {H5Tcopy(H5T_STD_U8LE), H5Tclose};
        case FileType::u16:
            return {H5Tcopy(H5T_STD_U16LE), H5Tclose};
        case FileType::u32:
            return {H5Tcopy(H5T_STD_U32LE), H5Tclose};
        case FileType::u64:
            return {H5Tcopy(H5T_STD_U64LE), H5Tclose};
        case FileType::i16:
            return {H5Tcopy(H5T_STD_I16LE), H5Tclose};
        case FileType::i32:
            return {H5Tcopy(H5T_STD_I32LE), H5Tclose};
        case FileType::i64:
            return {H5Tcopy(H5T_STD_I64LE), H5Tclose};
        case FileType::boolean:
            return boolean_type();
    }
    return {};
}

std::vector<hsize_t> extents_of(const std::vector<std::int64_t>& shape) {
    return {shape.begin(), shape.end()};
}

Handle simple_space(const std::vector<std::int64_t>& shape) {
    const auto extents = extents_of(shape);
    return shape.empty()
               ? Handle(H5Screate(H5S_SCALAR), H5Sclose)
               : Handle(H5Screate_simple(static_cast<int>(extents.size()), extents.data(), nullptr),
                        H5Sclose);
}

}  // namespace elm::hdf5

namespace elm {

using namespace hdf5;

void Hdf5File::Implementation::fail(ErrorKind kind, const std::string& object,
                                    const std::string& what) const {
    throw Error(kind, fmt::format("{}: {}{}{}", path, object, object.empty() ? "" : " ", what));
}

void Hdf5File::Implementation::fail_reading(const std::string& object) const {
    fail_reading(object, last_reason());
}

void Hdf5File::Implementation::fail_reading(const std::string& object,
                                            const std::string& reason) const {
    fail(ErrorKind::data, object,
         fmt::format("cannot be read ({}). The file may be damaged.", reason));
}

void Hdf5File::Implementation::fail_writing(const std::string& object) const {
    const bool noted = writes != nullptr && writes->error != 0;
    fail(ErrorKind::write, object,
         fmt::format("cannot be written ({}). Is the disk full?",
                     noted ? std::string(std::strerror(writes->error)) : last_reason()));
}

void Hdf5File::Implementation::require_written(const std::string& object) const {
    if (writes->error != 0) fail_writing(object);
}

void Hdf5File::Implementation::finish_writing(const std::string& object, Handle& handle) const {
    if (!handle.close()) fail_writing(object);
    require_written(object);
}

Handle Hdf5File::Implementation::dataset(const std::string& object) const {
    Handle set(H5Dopen2(id, object.c_str(), H5P_DEFAULT), H5Dclose);
    if (set >= 0) return set;
    const std::string reason = last_reason();  // before the library is asked again
    if (type_of(object) != H5I_DATASET) {
        fail(ErrorKind::data, object, "is not there, expected a dataset.");
    }
    fail_reading(object, reason);
}

Handle Hdf5File::Implementation::any_object(const std::string& object) const {
    Handle handle(H5Oopen(id, object.c_str(), H5P_DEFAULT), H5Oclose);
    if (handle < 0) {
        require_no_lost_link(object);
        fail(ErrorKind::data, object, "is not there.");
    }
    return handle;
}

Handle Hdf5File::Implementation::new_creation() {
    Handle creation(H5Pcreate(H5P_DATASET_CREATE), H5Pclose);
    H5Pset_obj_track_times(creation, false);
    return creation;
}

Handle Hdf5File::Implementation::make_dataset(const std::string& object, hid_t type, hid_t space,
                                              hid_t creation) const {
    const Handle links(H5Pcreate(H5P_LINK_CREATE), H5Pclose);
    H5Pset_create_intermediate_group(links, 1);
    Handle set(H5Dcreate2(id, object.c_str(), type, space, links, creation, H5P_DEFAULT), H5Dclose);
    if (set < 0) fail_writing(object);
    return set;
}

H5I_type_t Hdf5File::Implementation::type_of(const std::string& object) const {
    const Handle handle(H5Oopen(id, object.c_str(), H5P_DEFAULT), H5Oclose);
    if (handle < 0) require_no_lost_link(object);
    return handle < 0 ? H5I_BADID : H5Iget_type(handle);
}

void Hdf5File::Implementation::require_no_lost_link(const std::string& object) const {
    for (std::size_t end = 0; end != std::string::npos;) {
        end = object.find('/', end + 1);
        const std::string link = object.substr(0, end);
        H5L_info_t information;
        if (H5Lget_info(id, link.c_str(), &information, H5P_DEFAULT) < 0) return;
        if (information.type != H5L_TYPE_HARD) require_target(link, information);
    }
    const Handle damaged(H5Oopen(id, object.c_str(), H5P_DEFAULT), H5Oclose);
    if (damaged < 0) fail_reading(object);
}

void Hdf5File::Implementation::require_target(const std::string& link,
                                              const H5L_info_t& information) const {
    if (H5Oexists_by_name(id, link.c_str(), H5P_DEFAULT) > 0) return;
    std::string value(information.u.val_size, '\0');
    H5Lget_val(id, link.c_str(), value.data(), value.size(), H5P_DEFAULT);
    const char *file = "", *target = value.c_str();
    if (information.type == H5L_TYPE_EXTERNAL) {
        H5Lunpack_elink_val(value.data(), value.size(), nullptr, &file, &target);
    }
    fail(ErrorKind::data, link,
         fmt::format("is a link to {}{}{}, which is not there. Copy what it leads to beside "
                     "it, or take the link out.",
                     file, *file == '\0' ? "" : ":", target));
}

void Hdf5File::Implementation::require_numbers(const std::string& object, hid_t set,
                                               bool is_real) const {
    const Handle type(H5Dget_type(set), H5Tclose);
    const H5T_class_t kind = H5Tget_class(type);
    if (kind != H5T_FLOAT && kind != H5T_INTEGER && kind != H5T_ENUM) {
        fail(ErrorKind::data, object, "does not hold numbers, expected numbers.");
    }
    if (!is_real && kind == H5T_FLOAT) {
        fail(ErrorKind::data, object, "holds real numbers, expected integers.");
    }
}

std::size_t Hdf5File::Implementation::count_to_read(const std::string& object,
                                                    const std::vector<hsize_t>& extents,
                                                    std::size_t element_bytes) const {
    constexpr double always_there = 0x1p20, most = 0x1p40;
    if (std::find(extents.begin(), extents.end(), 0U) != extents.end()) return 0;
    // Real numbers do not wrap; whole ones below 2^40 do not either.
    auto bytes = static_cast<double>(element_bytes);
    std::size_t count = 1;
    for (const hsize_t extent : extents) {
        bytes *= static_cast<double>(extent);
        count *= extent;
    }
    if (bytes <= always_there) return count;
    const double room = std::min(most, free_memory_bytes(Device{}));
    if (bytes <= room) return count;
    fail(ErrorKind::data, object,
         fmt::format("of the shape ({}) takes {:.3g} GB of memory, and {:.3g} GB can be had. If "
                     "it is not that large, the file is damaged.",
                     fmt::join(extents, ", "), bytes / 1e9, room / 1e9));
}

}  // namespace elm
