// Preloaded into a program: counts its calls that change files under one folder, and makes one of
// them fail. Set by environment variables, which children of the program do not inherit:
//
//   ELM_FAULT_FOLDER  absolute path of the folder
//   ELM_FAULT_CALL    number of the call, from 1 on
//   ELM_FAULT_KIND    ENOSPC: from this call on nothing fits, as on a full disk
//                     EIO:    this call fails
//                     short:  this call, if it is a write, writes half of what it was given
//                     kill:   the process dies here; if this is a write, after half of it
//   ELM_FAULT_COUNT   file outside the folder that gets the number of calls when the program ends

#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <climits>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

enum class Kind { none, no_space, io, half, kill };

char folder[PATH_MAX] = {};
char count_file[PATH_MAX] = {};
long chosen = 0;
Kind kind = Kind::none;
std::atomic<long> calls{0};

template <class Function>
Function* real(const char* name, Function*) {
    return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

bool inside(const char* path) {
    const std::size_t length = std::strlen(folder);
    return length > 0 && std::strncmp(path, folder, length) == 0 &&
           (path[length] == '/' || path[length] == '\0');
}

bool inside(int descriptor) {
    if (folder[0] == '\0') return false;
    char link[64], path[PATH_MAX];
    std::snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    const ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return false;
    path[length] = '\0';
    return inside(path);
}

/// Fault that is to happen to this call.
Kind next_call(bool takes_room) {
    const long call = ++calls;
    if (kind == Kind::no_space)
        return takes_room && call >= chosen && chosen > 0 ? kind : Kind::none;
    return call == chosen ? kind : Kind::none;
}

/// For calls that do all or nothing. True if this one fails.
bool fails(bool takes_room) {
    const Kind what = next_call(takes_room);
    if (what == Kind::kill) raise(SIGKILL);
    if (what == Kind::no_space) errno = ENOSPC;
    if (what == Kind::io) errno = EIO;
    return what == Kind::no_space || what == Kind::io;
}

/// `write(size)` writes as much of the front of its bytes.
template <class Write>
ssize_t faulty_write(std::size_t size, const Write& write) {
    const Kind what = next_call(true);
    if (what == Kind::none) return write(size);
    if (what == Kind::half) return write((size + 1) / 2);
    if (what == Kind::kill) {
        write((size + 1) / 2);
        raise(SIGKILL);
    }
    errno = what == Kind::no_space ? ENOSPC : EIO;
    return -1;
}

bool changes(int flags) { return (flags & (O_WRONLY | O_RDWR | O_CREAT | O_TRUNC)) != 0; }

mode_t mode_of(int flags, va_list arguments) {
    return (flags & (O_CREAT | O_TMPFILE)) != 0 ? static_cast<mode_t>(va_arg(arguments, int)) : 0;
}

void copy_variable(const char* name, char* to) {
    if (const char* const value = std::getenv(name)) std::snprintf(to, PATH_MAX, "%s", value);
}

__attribute__((constructor)) void begin() {
    copy_variable("ELM_FAULT_FOLDER", folder);
    copy_variable("ELM_FAULT_COUNT", count_file);
    if (const char* const number = std::getenv("ELM_FAULT_CALL")) chosen = std::atol(number);
    const char* const word = std::getenv("ELM_FAULT_KIND");
    const auto is = [&](const char* other) {
        return word != nullptr && std::strcmp(word, other) == 0;
    };
    kind = is("ENOSPC")  ? Kind::no_space
           : is("EIO")   ? Kind::io
           : is("short") ? Kind::half
           : is("kill")  ? Kind::kill
                         : Kind::none;
    for (const char* name : {"LD_PRELOAD", "ELM_FAULT_FOLDER", "ELM_FAULT_COUNT", "ELM_FAULT_CALL",
                             "ELM_FAULT_KIND"}) {
        unsetenv(name);
    }
}

__attribute__((destructor)) void end() {
    if (count_file[0] == '\0') return;
    if (std::FILE* const file = std::fopen(count_file, "w")) {
        std::fprintf(file, "%ld\n", calls.load());
        std::fclose(file);
    }
}

}  // namespace

#define REAL(name) real(#name, &::name)

extern "C" {

ssize_t write(int descriptor, const void* data, size_t size) {
    static const auto next = REAL(write);
    if (!inside(descriptor)) return next(descriptor, data, size);
    return faulty_write(size, [&](size_t part) { return next(descriptor, data, part); });
}

ssize_t pwrite(int descriptor, const void* data, size_t size, off_t at) {
    static const auto next = REAL(pwrite);
    if (!inside(descriptor)) return next(descriptor, data, size, at);
    return faulty_write(size, [&](size_t part) { return next(descriptor, data, part, at); });
}

ssize_t pwrite64(int descriptor, const void* data, size_t size, off64_t at) {
    static const auto next = REAL(pwrite64);
    if (!inside(descriptor)) return next(descriptor, data, size, at);
    return faulty_write(size, [&](size_t part) { return next(descriptor, data, part, at); });
}

/// A write of several pieces: half of it is half of its first piece.
ssize_t writev(int descriptor, const iovec* pieces, int count) {
    static const auto next = REAL(writev);
    if (!inside(descriptor) || count == 0) return next(descriptor, pieces, count);
    const size_t size = pieces[0].iov_len;
    return faulty_write(size, [&](size_t part) {
        return part == size ? next(descriptor, pieces, count)
                            : REAL(write)(descriptor, pieces[0].iov_base, part);
    });
}

int ftruncate(int descriptor, off_t length) noexcept {
    static const auto next = REAL(ftruncate);
    return inside(descriptor) && fails(true) ? -1 : next(descriptor, length);
}

int ftruncate64(int descriptor, off64_t length) noexcept {
    static const auto next = REAL(ftruncate64);
    return inside(descriptor) && fails(true) ? -1 : next(descriptor, length);
}

int fsync(int descriptor) {
    static const auto next = REAL(fsync);
    return inside(descriptor) && fails(true) ? -1 : next(descriptor);
}

int close(int descriptor) {
    static const auto next = REAL(close);
    const bool counts = (fcntl(descriptor, F_GETFL) & O_ACCMODE) != O_RDONLY && inside(descriptor);
    const bool failed = counts && fails(false);
    const int reason = errno;
    const int result = next(descriptor);
    if (!failed) return result;
    errno = reason;
    return -1;
}

int open(const char* path, int flags, ...) {
    static const auto next = REAL(open);
    va_list arguments;
    va_start(arguments, flags);
    const mode_t mode = mode_of(flags, arguments);
    va_end(arguments);
    return changes(flags) && inside(path) && fails(true) ? -1 : next(path, flags, mode);
}

int open64(const char* path, int flags, ...) {
    static const auto next = REAL(open64);
    va_list arguments;
    va_start(arguments, flags);
    const mode_t mode = mode_of(flags, arguments);
    va_end(arguments);
    return changes(flags) && inside(path) && fails(true) ? -1 : next(path, flags, mode);
}

std::FILE* fopen(const char* path, const char* mode) {
    static const auto next = REAL(fopen);
    return mode[0] != 'r' && inside(path) && fails(true) ? nullptr : next(path, mode);
}

std::FILE* fopen64(const char* path, const char* mode) {
    static const auto next = REAL(fopen64);
    return mode[0] != 'r' && inside(path) && fails(true) ? nullptr : next(path, mode);
}

int rename(const char* from, const char* to) noexcept {
    static const auto next = REAL(rename);
    return inside(to) && fails(true) ? -1 : next(from, to);
}

int renameat2(int from_folder, const char* from, int to_folder, const char* to,
              unsigned flags) noexcept {
    static const auto next = REAL(renameat2);
    return inside(to) && fails(true) ? -1 : next(from_folder, from, to_folder, to, flags);
}

int link(const char* from, const char* to) noexcept {
    static const auto next = REAL(link);
    return inside(to) && fails(true) ? -1 : next(from, to);
}

int mkdir(const char* path, mode_t mode) noexcept {
    static const auto next = REAL(mkdir);
    return inside(path) && fails(true) ? -1 : next(path, mode);
}

}  // extern "C"
