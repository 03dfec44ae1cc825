#include "kernels/core/hdf5_file.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <filesystem>
#include <mutex>
#include <optional>
#include <utility>

#include <fmt/format.h>
#include <hdf5.h>

#include "kernels/core/error.h"
#include "kernels/core/file_kind.h"
#include "kernels/core/hdf5_write_driver.h"

namespace elm {
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

/// HDF5 keeps state that all files share, and not every build of it locks that: every function of
/// Hdf5File does so, and may call others that do.
std::unique_lock<std::recursive_mutex> library_lock() {
    static std::recursive_mutex mutex;
    std::unique_lock lock(mutex);
    prepare_library();
    return lock;
}

/// An HDF5 identifier and the function that gives it back.
class Handle {
public:
    using Close = herr_t (*)(hid_t);
    Handle() = default;
    Handle(hid_t id, Close function) : id_(id), close_(function) {}
    Handle(Handle&& other) noexcept
        : id_(std::exchange(other.id_, H5I_INVALID_HID)), close_(other.close_) {}
    Handle& operator=(Handle&& other) noexcept {
        std::swap(id_, other.id_);
        std::swap(close_, other.close_);
        return *this;
    }
    ~Handle() { close(); }
    /// False if the library could not.
    bool close() {
        const hid_t id = std::exchange(id_, H5I_INVALID_HID);
        return id < 0 || close_(id) >= 0;
    }
    operator hid_t() const noexcept { return id_; }  // NOLINT(google-explicit-constructor)

private:
    hid_t id_ = H5I_INVALID_HID;
    Close close_ = nullptr;
};

/// What the library says about its last failure, innermost first.
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

hid_t memory_type(float) { return H5T_NATIVE_FLOAT; }
hid_t memory_type(double) { return H5T_NATIVE_DOUBLE; }
hid_t memory_type(std::int32_t) { return H5T_NATIVE_INT32; }
hid_t memory_type(std::int64_t) { return H5T_NATIVE_INT64; }
hid_t memory_type(std::uint8_t) { return H5T_NATIVE_UINT8; }

/// IEEE 754 binary16, little-endian.
Handle half_type() {
    Handle type(H5Tcopy(H5T_IEEE_F32LE), H5Tclose);
    H5Tset_fields(type, 15, 10, 5, 0, 10);
    H5Tset_size(type, 2);
    H5Tset_ebias(type, 15);
    return type;
}

/// The boolean of h5py: an enumeration of one byte.
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
        case FileType::u16:
            return {H5Tcopy(H5T_STD_U16LE), H5Tclose};
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

std::string read_text(hid_t type, hid_t memory_space, auto&& read) {
    if (H5Tis_variable_str(type) > 0) {
        char* text = nullptr;
        const Handle memory = string_type();
        H5Tset_cset(memory, H5Tget_cset(type));
        if (read(memory, static_cast<void*>(&text)) < 0 || text == nullptr) return {};
        std::string result = text;
        H5Dvlen_reclaim(memory, memory_space, H5P_DEFAULT, static_cast<void*>(&text));
        return result;
    }
    std::string result(H5Tget_size(type), '\0');
    if (read(type, static_cast<void*>(result.data())) < 0) return {};
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
            return read_text(type, space, [&](hid_t memory, void* out) {
                return H5Aread(attribute, memory, out);
            });
        default:
            return std::nullopt;
    }
}

}  // namespace

struct Hdf5File::Implementation {
    std::string path;
    std::unique_ptr<WriteRecord> writes;  // of a file that is being made
    Handle id;

    [[noreturn]] void fail(ErrorKind kind, const std::string& object,
                           const std::string& what) const {
        throw Error(kind, fmt::format("{}: {}{}{}", path, object, object.empty() ? "" : " ", what));
    }
    [[noreturn]] void fail_reading(const std::string& object) const {
        fail(ErrorKind::data, object,
             fmt::format("cannot be read ({}). The file may be damaged.", last_reason()));
    }
    [[noreturn]] void fail_writing(const std::string& object) const {
        const bool noted = writes != nullptr && writes->error != 0;
        fail(ErrorKind::write, object,
             fmt::format("cannot be written ({}). Is the disk full?",
                         noted ? std::string(std::strerror(writes->error)) : last_reason()));
    }
    /// What the library does not see: see note_writes.
    void require_written(const std::string& object) const {
        if (writes->error != 0) fail_writing(object);
    }
    /// The end of everything that writes.
    void finish_writing(const std::string& object, Handle& handle) const {
        if (!handle.close()) fail_writing(object);
        require_written(object);
    }
    Handle dataset(const std::string& object) const {
        Handle set(H5Dopen2(id, object.c_str(), H5P_DEFAULT), H5Dclose);
        if (set < 0 && type_of(object) != H5I_DATASET) {
            fail(ErrorKind::data, object, "is not there, expected a dataset.");
        }
        if (set < 0) fail_reading(object);
        return set;
    }
    Handle any_object(const std::string& object) const {
        Handle handle(H5Oopen(id, object.c_str(), H5P_DEFAULT), H5Oclose);
        if (handle < 0) fail(ErrorKind::data, object, "is not there.");
        return handle;
    }
    /// Without the time of writing: equal contents are equal bytes.
    static Handle new_creation() {
        Handle creation(H5Pcreate(H5P_DATASET_CREATE), H5Pclose);
        H5Pset_obj_track_times(creation, false);
        return creation;
    }
    Handle make_dataset(const std::string& object, hid_t type, hid_t space, hid_t creation) const {
        const Handle links(H5Pcreate(H5P_LINK_CREATE), H5Pclose);
        H5Pset_create_intermediate_group(links, 1);
        Handle set(H5Dcreate2(id, object.c_str(), type, space, links, creation, H5P_DEFAULT),
                   H5Dclose);
        if (set < 0) fail_writing(object);
        return set;
    }
    H5I_type_t type_of(const std::string& object) const {
        const Handle handle(H5Oopen(id, object.c_str(), H5P_DEFAULT), H5Oclose);
        if (handle < 0) require_no_lost_link(object);
        return handle < 0 ? H5I_BADID : H5Iget_type(handle);
    }
    /// An object that cannot be opened is not there, unless a link on the way says that it should
    /// be.
    void require_no_lost_link(const std::string& object) const {
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
    void require_target(const std::string& link, const H5L_info_t& information) const {
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
    template <class T>
    void require_numbers(const std::string& object, hid_t set) const {
        const Handle type(H5Dget_type(set), H5Tclose);
        const H5T_class_t kind = H5Tget_class(type);
        if (kind != H5T_FLOAT && kind != H5T_INTEGER && kind != H5T_ENUM) {
            fail(ErrorKind::data, object, "does not hold numbers, expected numbers.");
        }
        if (std::is_integral_v<T> && kind == H5T_FLOAT) {
            fail(ErrorKind::data, object, "holds real numbers, expected integers.");
        }
    }
};

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
        file_->require_no_lost_link(group.ends_with('/') ? group + name : group + "/" + name);
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

template <class T>
std::vector<T> Hdf5File::read(const std::string& dataset) const {
    const auto lock = library_lock();
    const Handle set = file_->dataset(dataset);
    file_->require_numbers<T>(dataset, set);
    const Handle space(H5Dget_space(set), H5Sclose);
    const hssize_t count = H5Sget_simple_extent_npoints(space);
    if (count < 0) file_->fail_reading(dataset);
    std::vector<T> values(static_cast<std::size_t>(count));
    if (count > 0 &&
        H5Dread(set, memory_type(T{}), H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()) < 0) {
        file_->fail_reading(dataset);
    }
    return values;
}

template <class T>
void Hdf5File::read_range(const std::string& dataset, std::int64_t begin, std::span<T> out) const {
    const auto lock = library_lock();
    const Handle set = file_->dataset(dataset);
    file_->require_numbers<T>(dataset, set);
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

std::string Hdf5File::read_string(const std::string& dataset) const {
    const auto lock = library_lock();
    const Handle set = file_->dataset(dataset);
    const Handle type(H5Dget_type(set), H5Tclose);
    const Handle space(H5Dget_space(set), H5Sclose);
    if (H5Tget_class(type) != H5T_STRING || H5Sget_simple_extent_npoints(space) != 1) {
        file_->fail(ErrorKind::data, dataset, "must hold one string.");
    }
    return read_text(type, space, [&](hid_t memory, void* out) {
        return H5Dread(set, memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, out);
    });
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

void Hdf5File::make_growing(const std::string& dataset, const std::vector<std::int64_t>& row,
                            FileType type, std::int64_t chunk_rows) {
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

#define ELM_INSTANTIATE(T)                                                                       \
    template std::vector<T> Hdf5File::read<T>(const std::string&) const;                         \
    template void Hdf5File::read_range<T>(const std::string&, std::int64_t, std::span<T>) const; \
    template void Hdf5File::write<T>(const std::string&, const std::vector<std::int64_t>&,       \
                                     std::span<const T>, FileType);                              \
    template void Hdf5File::append<T>(const std::string&, std::span<const T>);                   \
    template void Hdf5File::fill<T>(const std::string&, std::int64_t, std::span<const T>);
ELM_INSTANTIATE(float)
ELM_INSTANTIATE(double)
ELM_INSTANTIATE(std::int32_t)
ELM_INSTANTIATE(std::int64_t)
ELM_INSTANTIATE(std::uint8_t)
#undef ELM_INSTANTIATE

}  // namespace elm
