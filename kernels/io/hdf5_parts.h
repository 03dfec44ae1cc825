#pragma once

// Parts that the sources of Hdf5File share: nothing for others to include.

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include <hdf5.h>

#include "kernels/core/support/error.h"
#include "kernels/io/hdf5_file.h"
#include "kernels/io/hdf5_write_driver.h"

namespace elm::hdf5 {

/// HDF5 keeps state that all files share, and not every build of it locks that: every function of
/// Hdf5File does so, and may call others that do.
std::unique_lock<std::recursive_mutex> library_lock();

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

/// Account that the library gives of its last failure, innermost first.
std::string last_reason();

inline hid_t memory_type(float) { return H5T_NATIVE_FLOAT; }
inline hid_t memory_type(double) { return H5T_NATIVE_DOUBLE; }
inline hid_t memory_type(std::int32_t) { return H5T_NATIVE_INT32; }
inline hid_t memory_type(std::int64_t) { return H5T_NATIVE_INT64; }
inline hid_t memory_type(std::uint8_t) { return H5T_NATIVE_UINT8; }

/// The boolean of h5py: an enumeration of one byte.
Handle boolean_type();
Handle string_type();
Handle stored_type(FileType type);

std::vector<hsize_t> extents_of(const std::vector<std::int64_t>& shape);
Handle simple_space(const std::vector<std::int64_t>& shape);

}  // namespace elm::hdf5

namespace elm {

struct Hdf5File::Implementation {
    std::string path;
    std::unique_ptr<WriteRecord> writes;  // of a file that is being made
    hdf5::Handle id;

    [[noreturn]] void fail(ErrorKind kind, const std::string& object,
                           const std::string& what) const;
    [[noreturn]] void fail_reading(const std::string& object) const;
    [[noreturn]] void fail_reading(const std::string& object, const std::string& reason) const;
    [[noreturn]] void fail_writing(const std::string& object) const;
    /// Checks for failures that the library does not see: see note_writes.
    void require_written(const std::string& object) const;
    /// The end of everything that writes.
    void finish_writing(const std::string& object, hdf5::Handle& handle) const;
    hdf5::Handle dataset(const std::string& object) const;
    hdf5::Handle any_object(const std::string& object) const;
    /// Properties of a new dataset, without the time of writing: equal contents are equal bytes.
    static hdf5::Handle new_creation();
    hdf5::Handle make_dataset(const std::string& object, hid_t type, hid_t space,
                              hid_t creation) const;
    /// H5I_BADID for what is not there.
    H5I_type_t type_of(const std::string& object) const;
    /// An object that cannot be opened is not there, unless a link on the way says that it should
    /// be.
    void require_no_lost_link(const std::string& object) const;
    /// `is_real`: the caller reads real numbers.
    void require_numbers(const std::string& object, hid_t set, bool is_real) const;
    /// Elements of a block that is about to be read, which take so many bytes each. Throws
    /// Error{data} with the shape where they are more than 2^40 bytes, or than memory is free.
    std::size_t count_to_read(const std::string& object, const std::vector<hsize_t>& extents,
                              std::size_t element_bytes) const;

private:
    void require_target(const std::string& link, const H5L_info_t& information) const;
};

}  // namespace elm
