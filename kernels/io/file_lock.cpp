#include "kernels/io/file_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "kernels/core/support/check.h"

namespace elm {
namespace {

int open_lock(const std::string& path) {
    return ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
}

/// A data set of thousands of files holds thousands of locks: as many as the system grants.
void allow_most_files() {
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

/// False if the name now stands for another file, or none: its holder removed it.
bool is_at(const std::string& path, int descriptor) {
    struct stat there {
    }, here{};
    return ::stat(path.c_str(), &there) == 0 && ::fstat(descriptor, &here) == 0 &&
           there.st_dev == here.st_dev && there.st_ino == here.st_ino;
}

std::string holder_of(int descriptor) {
    char text[16] = {};
    const ssize_t count = ::pread(descriptor, text, sizeof text - 1, 0);
    const long process = count > 0 ? std::atol(text) : 0;
    return process > 0 ? fmt::format(" (process {})", process) : "";
}

}  // namespace

LockState try_lock(int descriptor) {
    if (::flock(descriptor, LOCK_EX | LOCK_NB) == 0) return LockState::taken;
    return errno == EWOULDBLOCK ? LockState::held_elsewhere : LockState::not_supported;
}

FileLock::FileLock(std::string path, const std::string& result) : path_(std::move(path)) {
    while (true) {
        descriptor_ = open_lock(path_);
        if (descriptor_ < 0 && errno == EMFILE) {
            allow_most_files();
            descriptor_ = open_lock(path_);
        }
        if (descriptor_ < 0) {
            throw Error(ErrorKind::write,
                        fmt::format("{} cannot be written: there can be no lock {} ({}). Choose a "
                                    "folder that exists and may be written.",
                                    result, path_, std::strerror(errno)));
        }
        if (try_lock(descriptor_) == LockState::held_elsewhere) {
            const std::string holder = holder_of(descriptor_);
            ::close(descriptor_);
            throw Error(ErrorKind::invalid,
                        fmt::format("{} is being made by another run{}. Wait for its end, or "
                                    "choose another name.",
                                    result, holder));
        }
        if (is_at(path_, descriptor_)) break;
        ::close(descriptor_);
    }
    // For the message above alone: a full disk may keep it from being written.
    const std::string process = std::to_string(getpid());
    if (::ftruncate(descriptor_, 0) == 0) {
        [[maybe_unused]] const auto count =
            ::pwrite(descriptor_, process.data(), process.size(), 0);
    }
}

FileLock::~FileLock() {
    ::unlink(path_.c_str());
    ::close(descriptor_);
}

}  // namespace elm
