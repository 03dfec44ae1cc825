#include "kernels/io/hdf5_write_driver.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <type_traits>

#include <hdf5.h>
#if H5_VERSION_GE(1, 13, 0)
#    include <H5FDdevelop.h>
#endif

#include "kernels/core/support/error.h"

namespace elm {
namespace {

/// A file as the library sees it; its own part comes first.
struct DriverFile {
    H5FD_t library{};
    int descriptor = -1;
    haddr_t end_of_space = 0;  // as far as the library has given addresses away
    haddr_t end_of_bytes = 0;  // as far as it has written, or believes to have
    WriteRecord* record = nullptr;

    bool good() const { return record->error == 0; }
    void note(int error) const {
        if (good()) record->error = error;
    }
};

static_assert(std::is_standard_layout_v<DriverFile>);
DriverFile& own(H5FD_t* file) { return *reinterpret_cast<DriverFile*>(file); }
const DriverFile& own(const H5FD_t* file) { return *reinterpret_cast<const DriverFile*>(file); }

/// Content of the access property list of a file.
struct DriverInfo {
    WriteRecord* record;
};

H5FD_t* open_file(const char* name, unsigned flags, hid_t access, haddr_t) {
    const auto* info = static_cast<const DriverInfo*>(H5Pget_driver_info(access));
    if (info == nullptr) return nullptr;
    int mode = O_CLOEXEC | ((flags & H5F_ACC_RDWR) != 0 ? O_RDWR : O_RDONLY);
    if ((flags & H5F_ACC_TRUNC) != 0) mode |= O_TRUNC;
    if ((flags & H5F_ACC_CREAT) != 0) mode |= O_CREAT;
    if ((flags & H5F_ACC_EXCL) != 0) mode |= O_EXCL;
    const int descriptor = ::open(name, mode, 0666);
    // The library may try to open before it creates: the last attempt counts.
    info->record->error = descriptor < 0 ? errno : 0;
    if (descriptor < 0) return nullptr;
    auto file = std::make_unique<DriverFile>();
    file->descriptor = descriptor;
    file->end_of_bytes = static_cast<haddr_t>(std::max<off_t>(0, ::lseek(descriptor, 0, SEEK_END)));
    file->record = info->record;
    return &file.release()->library;
}

herr_t close_file(H5FD_t* file) {
    const std::unique_ptr<DriverFile> owner(&own(file));
    if (::close(owner->descriptor) != 0) owner->note(errno);
    return 0;
}

/// Equal to those of the library's own driver, for equal files; but without its buffer for small
/// pieces of datasets, which reads before it writes.
herr_t query_features(const H5FD_t*, unsigned long* flags) {
    if (flags == nullptr) return 0;
    *flags = H5FD_FEAT_AGGREGATE_METADATA | H5FD_FEAT_ACCUMULATE_METADATA |
             H5FD_FEAT_AGGREGATE_SMALLDATA;
#ifdef H5FD_FEAT_DEFAULT_VFD_COMPATIBLE
    *flags |= H5FD_FEAT_DEFAULT_VFD_COMPATIBLE;
#endif
    return 0;
}

haddr_t end_of_space(const H5FD_t* file, H5FD_mem_t) { return own(file).end_of_space; }
haddr_t end_of_bytes(const H5FD_t* file, H5FD_mem_t) { return own(file).end_of_bytes; }
herr_t set_end_of_space(H5FD_t* file, H5FD_mem_t, haddr_t end) {
    own(file).end_of_space = end;
    return 0;
}

/// Bytes past the end read as zeros.
herr_t read_bytes(H5FD_t* file, H5FD_mem_t, hid_t, haddr_t address, std::size_t size, void* out) {
    auto* bytes = static_cast<char*>(out);
    while (size > 0) {
        const ssize_t count =
            ::pread(own(file).descriptor, bytes, size, static_cast<off_t>(address));
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return -1;
        if (count == 0) {
            std::fill_n(bytes, size, '\0');
            return 0;
        }
        bytes += count;
        address += static_cast<haddr_t>(count);
        size -= static_cast<std::size_t>(count);
    }
    return 0;
}

/// After the first failure nothing is written any more.
herr_t write_bytes(H5FD_t* file, H5FD_mem_t, hid_t, haddr_t address, std::size_t size,
                   const void* in) {
    DriverFile& to = own(file);
    const auto* bytes = static_cast<const char*>(in);
    to.end_of_bytes = std::max<haddr_t>(to.end_of_bytes, address + size);
    while (size > 0 && to.good()) {
        const ssize_t count = ::pwrite(to.descriptor, bytes, size, static_cast<off_t>(address));
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) {
            to.note(count < 0 ? errno : ENOSPC);
            break;
        }
        bytes += count;
        address += static_cast<haddr_t>(count);
        size -= static_cast<std::size_t>(count);
    }
    return 0;
}

herr_t set_length(H5FD_t* file, hid_t, hbool_t) {
    DriverFile& of = own(file);
    if (of.end_of_bytes == of.end_of_space) return 0;
    if (of.good() && ::ftruncate(of.descriptor, static_cast<off_t>(of.end_of_space)) != 0) {
        of.note(errno);
    }
    of.end_of_bytes = of.end_of_space;
    return 0;
}

H5FD_class_t driver_class() {
    H5FD_class_t driver{};
#ifdef H5FD_CLASS_VERSION
    driver.version = H5FD_CLASS_VERSION;
    driver.value = static_cast<H5FD_class_value_t>(H5_VFD_MAX);
#endif
    driver.name = "elm";
    driver.maxaddr = (haddr_t{1} << 63) - 1;
    driver.fc_degree = H5F_CLOSE_WEAK;
    driver.fapl_size = sizeof(DriverInfo);
    driver.open = open_file;
    driver.close = close_file;
    driver.query = query_features;
    driver.get_eoa = end_of_space;
    driver.set_eoa = set_end_of_space;
    driver.get_eof = end_of_bytes;
    driver.read = read_bytes;
    driver.write = write_bytes;
    driver.truncate = set_length;
    const H5FD_mem_t map[H5FD_MEM_NTYPES] = H5FD_FLMAP_DICHOTOMY;
    std::copy(std::begin(map), std::end(map), driver.fl_map);
    return driver;
}

}  // namespace

void note_writes(std::int64_t access, WriteRecord& record) {
    static const H5FD_class_t driver = driver_class();
    static const hid_t id = H5FDregister(&driver);
    const DriverInfo info{&record};
    if (id < 0 || H5Pset_driver(access, id, &info) < 0) {
        throw Error(ErrorKind::write, "this HDF5 library takes no driver of our own.");
    }
}

}  // namespace elm
