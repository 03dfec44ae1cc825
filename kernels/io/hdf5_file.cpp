#include "kernels/io/hdf5_file.h"

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <utility>

#include <fmt/format.h>

#include "kernels/io/file_kind.h"
#include "kernels/io/hdf5_parts.h"

namespace elm {

using namespace hdf5;

Hdf5File::Hdf5File(std::unique_ptr<Implementation> implementation)
    : file_(std::move(implementation)) {}
Hdf5File::~Hdf5File() {
    const auto lock = library_lock();
    file_.reset();
}
Hdf5File::Hdf5File(Hdf5File&&) noexcept = default;
Hdf5File& Hdf5File::operator=(Hdf5File&& other) noexcept {
    const auto lock = library_lock();
    file_ = std::move(other.file_);
    return *this;
}

bool Hdf5File::is_hdf5(const std::string& path) {
    const auto lock = library_lock();
    return H5Fis_hdf5(path.c_str()) > 0;
}

Hdf5File Hdf5File::open(const std::string& path) {
    const auto lock = library_lock();
    std::error_code status;
    if (!std::filesystem::exists(path, status)) {
        throw Error(ErrorKind::data, fmt::format("{}: there is no such file.", path));
    }
    if (std::filesystem::is_directory(path, status)) {
        throw Error(ErrorKind::data, fmt::format("{} is a folder, expected an HDF5 file.", path));
    }
    Handle id(H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT), H5Fclose);
    if (id < 0) {
        const std::string reason = last_reason(), hint = foreign_hint(path);
        throw Error(ErrorKind::data,
                    is_hdf5(path) ? fmt::format("{} cannot be opened ({}). The file is damaged or "
                                                "truncated: copy it again.",
                                                path, reason)
                                  : fmt::format("{} is not an HDF5 file, or may not be read ({}).",
                                                path, hint.empty() ? reason : hint));
    }
    return Hdf5File(std::make_unique<Implementation>(Implementation{path, nullptr, std::move(id)}));
}

Hdf5File Hdf5File::open_image(const std::string& name, std::span<const std::byte> image) {
    const auto lock = library_lock();
    const Handle access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose);
    constexpr std::size_t growth = 65536;
    H5Pset_fapl_core(access, growth, false);
    // The library takes a pointer that it could write through, and copies.
    std::vector<std::byte> bytes(image.begin(), image.end());
    H5Pset_file_image(access, bytes.data(), bytes.size());
    Handle id(H5Fopen(name.c_str(), H5F_ACC_RDONLY, access), H5Fclose);
    if (id < 0) {
        throw Error(ErrorKind::data,
                    fmt::format("{} is not an HDF5 file in memory ({}).", name, last_reason()));
    }
    return Hdf5File(std::make_unique<Implementation>(Implementation{name, nullptr, std::move(id)}));
}

Hdf5File Hdf5File::create(const std::string& path) {
    const auto lock = library_lock();
    const Handle access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose);
    auto writes = std::make_unique<WriteRecord>();
    note_writes(access, *writes);
    Handle id(H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, access), H5Fclose);
    if (id < 0 || writes->error != 0) {
        throw Error(ErrorKind::write,
                    fmt::format("{} cannot be created ({}).", path,
                                writes->error != 0 ? std::string(std::strerror(writes->error))
                                                   : last_reason()));
    }
    return Hdf5File(
        std::make_unique<Implementation>(Implementation{path, std::move(writes), std::move(id)}));
}

const std::string& Hdf5File::path() const noexcept { return file_->path; }

void Hdf5File::close() {
    const auto lock = library_lock();
    if (H5Fflush(file_->id, H5F_SCOPE_GLOBAL) < 0) file_->fail_writing("");
    file_->finish_writing("", file_->id);
}

bool Hdf5File::has(const std::string& object) const {
    const auto lock = library_lock();
    return file_->type_of(object) != H5I_BADID;
}

bool Hdf5File::is_group(const std::string& object) const {
    const auto lock = library_lock();
    return file_->type_of(object) == H5I_GROUP;
}

bool Hdf5File::is_dataset(const std::string& object) const {
    const auto lock = library_lock();
    return file_->type_of(object) == H5I_DATASET;
}

std::vector<std::string> Hdf5File::links(const std::string& group) const {
    const auto lock = library_lock();
    const Handle handle(H5Gopen2(file_->id, group.c_str(), H5P_DEFAULT), H5Gclose);
    if (handle < 0) file_->fail(ErrorKind::data, group, "is not there, expected a group.");
    std::vector<std::string> names;
    const auto collect = [](hid_t, const char* name, const H5L_info_t*, void* out) -> herr_t {
        static_cast<std::vector<std::string>*>(out)->emplace_back(name);
        return 0;
    };
    if (H5Literate(handle, H5_INDEX_NAME, H5_ITER_INC, nullptr, collect, &names) < 0) {
        file_->fail_reading(group);
    }
    for (const std::string& name : names) {
        if (H5Oexists_by_name(handle, name.c_str(), H5P_DEFAULT) > 0) continue;
        file_->require_no_lost_link(
            fmt::format("{}{}{}", group, group.ends_with('/') ? "" : "/", name));
    }
    std::sort(names.begin(), names.end());
    return names;
}

std::vector<std::int64_t> Hdf5File::shape(const std::string& dataset) const {
    const auto lock = library_lock();
    const Handle set = file_->dataset(dataset);
    const Handle space(H5Dget_space(set), H5Sclose);
    const int rank = H5Sget_simple_extent_ndims(space);
    if (rank < 0) file_->fail_reading(dataset);
    std::vector<hsize_t> extents(static_cast<std::size_t>(rank));
    H5Sget_simple_extent_dims(space, extents.data(), nullptr);
    return {extents.begin(), extents.end()};
}

std::string Hdf5File::type_name(const std::string& dataset) const {
    const auto lock = library_lock();
    const Handle set = file_->dataset(dataset);
    const Handle type(H5Dget_type(set), H5Tclose);
    const std::size_t bits = 8 * H5Tget_size(type);
    switch (H5Tget_class(type)) {
        case H5T_FLOAT:
            return fmt::format("float{}", bits);
        case H5T_INTEGER:
            return fmt::format("{}int{}", H5Tget_sign(type) == H5T_SGN_NONE ? "u" : "", bits);
        case H5T_ENUM:
            return "boolean";
        case H5T_STRING:
            return "string";
        default:
            return "other";
    }
}

bool Hdf5File::stores_f64(const std::string& dataset) const {
    const auto lock = library_lock();
    return type_name(dataset) == "float64";
}

void Hdf5File::require_shape(const std::string& dataset,
                             const std::vector<std::int64_t>& expected) const {
    const auto lock = library_lock();
    const auto found = shape(dataset);
    if (found != expected) {
        file_->fail(ErrorKind::data, dataset,
                    fmt::format("has shape ({}), expected ({}).", fmt::join(found, ", "),
                                fmt::join(expected, ", ")));
    }
}

}  // namespace elm
