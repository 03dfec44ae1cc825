#include "kernels/io/output_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <optional>
#include <system_error>

#include "kernels/core/support/check.h"
#include "kernels/core/support/log.h"
#include "kernels/io/file_lock.h"

namespace elm {
namespace {

namespace fs = std::filesystem;

/// Names of the temporary files there are, as a signal handler can read them. One that finds no
/// place is removed by its object alone.
std::array<std::atomic<const char*>, 64> unfinished{};

std::size_t enlist(const char* path) noexcept {
    for (std::size_t slot = 0; slot < unfinished.size(); ++slot) {
        const char* expected = nullptr;
        if (unfinished[slot].compare_exchange_strong(expected, path)) return slot;
    }
    return unfinished.size();
}

void delist(std::size_t slot) noexcept {
    if (slot < unfinished.size()) unfinished[slot] = nullptr;
}

/// The file that a chain of links leads to, whether or not it is there.
fs::path behind_links(fs::path path) {
    constexpr int longest_chain = 40;
    std::error_code status;
    for (int k = 0; k < longest_chain; ++k) {
        if (!fs::is_symlink(path, status)) return path;
        path = path.parent_path() / fs::read_symlink(path, status);
    }
    throw Error(ErrorKind::invalid,
                fmt::format("{} is a link that leads in a circle.", path.string()));
}

fs::path folder_of(const fs::path& path) {
    return path.has_parent_path() ? path.parent_path() : fs::path(".");
}

/// Refuses what a finished file must not take the place of.
void require_plain(const std::string& path) {
    std::error_code status;
    const fs::file_type type = fs::status(path, status).type();
    ELM_CHECK(type != fs::file_type::directory, "{} is a folder. Give the name of a file.", path);
    ELM_CHECK(type == fs::file_type::regular || type == fs::file_type::not_found ||
                  type == fs::file_type::none,
              "{} is a {}, which holds no file. Give the name of a plain file.", path,
              type == fs::file_type::fifo     ? "pipe"
              : type == fs::file_type::socket ? "socket"
                                              : "device");
}

/// Process of PATH.tmp-<process>, where `name` is the name of such a file.
std::optional<pid_t> writer_of(std::string_view name, const std::string& prefix) {
    if (!name.starts_with(prefix)) return std::nullopt;
    name.remove_prefix(prefix.size());
    pid_t process = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), process);
    const bool whole = error == std::errc() && end == name.data() + name.size();
    return whole ? std::optional(process) : std::nullopt;
}

/// Looks at the temporary files of other writers of the same file: throws if one of them lives,
/// removes those of the dead.
void meet_other_writers(const std::string& path, const fs::path& target) {
    const std::string prefix = target.filename().string() + ".tmp-";
    std::error_code status;
    for (const auto& entry : fs::directory_iterator(folder_of(target), status)) {
        const auto process = writer_of(entry.path().filename().string(), prefix);
        if (!process) continue;
        const int descriptor = ::open(entry.path().c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW);
        if (descriptor < 0) continue;
        const LockState state = try_lock(descriptor);
        const bool dead = *process == getpid() || (::kill(*process, 0) != 0 && errno == ESRCH);
        if (state == LockState::taken && dead) ::unlink(entry.path().c_str());
        ::close(descriptor);
        ELM_CHECK(state != LockState::held_elsewhere,
                  "{} is being written by another run (process {}). Wait for its end, or choose "
                  "another name.",
                  path, *process);
    }
}

/// Renames unless there is a file of the new name: then returns false. Throws Error{write}.
bool rename_to_new(const std::string& from, const std::string& to) {
    const auto is_missing = [](int error) {
        return error == EINVAL || error == ENOSYS || error == EOPNOTSUPP || error == EPERM;
    };
    if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0) {
        return true;
    }
    // File systems that know no such renaming know links, which never replace either.
    if (is_missing(errno) && ::link(from.c_str(), to.c_str()) == 0) {
        ::unlink(from.c_str());
        return true;
    }
    // Where there is neither, a moment between looking and renaming cannot be closed.
    if (is_missing(errno)) {
        if (::access(to.c_str(), F_OK) == 0) return false;
        if (std::rename(from.c_str(), to.c_str()) == 0) return true;
    }
    if (errno == EEXIST) return false;
    throw Error(ErrorKind::write,
                fmt::format("{} cannot be put in place: {}.", to, std::strerror(errno)));
}

/// A new name must be on the disk, too. Either way the file is whole, before and after: no error.
void synchronise_folder(const fs::path& folder) {
    const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0) return;
    if (::fsync(descriptor) != 0 && errno != EINVAL) {
        log::debug("{}: {}", folder.string(), std::strerror(errno));
    }
    ::close(descriptor);
}

}  // namespace

OutputFile::OutputFile(std::string path, bool force)
    : path_(std::move(path)), force_(force), slot_(unfinished.size()) {
    ELM_CHECK(!path_.empty(), "the name of an output file is empty");
    require_plain(path_);
    std::error_code status;
    if (!force && fs::exists(path_, status)) {
        throw Error(ErrorKind::exists,
                    fmt::format("{} exists. Choose another name, or let it be replaced.", path_));
    }
    const fs::path target = behind_links(path_);
    target_ = target.string();
    temporary_ = fmt::format("{}.tmp-{}", target_, getpid());
    if (!fs::is_directory(folder_of(target), status)) {
        throw Error(ErrorKind::write,
                    fmt::format("{} cannot be written: there is no folder {}. Make it first.",
                                path_, folder_of(target).string()));
    }
    meet_other_writers(path_, target);
    descriptor_ = ::open(temporary_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (descriptor_ < 0) {
        throw Error(ErrorKind::write,
                    fmt::format("{} cannot be written: {}. Choose a folder that may be written.",
                                path_, std::strerror(errno)));
    }
    slot_ = enlist(temporary_.c_str());
    // Another writer that looks at the file just now holds it for a moment.
    while (::flock(descriptor_, LOCK_EX) != 0 && errno == EINTR) {
    }
}

OutputFile::~OutputFile() {
    if (descriptor_ < 0) return;
    ::unlink(temporary_.c_str());
    delist(slot_);
    ::close(descriptor_);
}

void OutputFile::fail(const char* what, int reason) const {
    throw Error(ErrorKind::write, fmt::format("{} {} ({}).{}", path_, what, std::strerror(reason),
                                              reason == ENOSPC ? " The disk is full." : ""));
}

std::uintmax_t OutputFile::room() const {
    std::error_code status;
    return fs::space(folder_of(target_), status).available;  // the most there can be, if unknown
}

void OutputFile::require_room(double bytes, const std::string& remedy) const {
    constexpr double giga = 1e9;
    const auto free = static_cast<double>(room());
    if (bytes <= free) return;
    throw Error(ErrorKind::write,
                fmt::format("{} would take {:.3g} GB, and the disk has room for {:.3g} GB. {}",
                            path_, bytes / giga, free / giga, remedy));
}

void OutputFile::write(std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t count = ::write(descriptor_, bytes.data(), bytes.size());
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) fail("cannot be written", count < 0 ? errno : ENOSPC);
        bytes.remove_prefix(static_cast<std::size_t>(count));
    }
}

/// Owner first: changing it takes some permissions away. That only root may do so is no fault.
void OutputFile::take_over_permissions() const {
    struct stat there {};
    if (::stat(target_.c_str(), &there) != 0) return;
    [[maybe_unused]] const int owner = ::fchown(descriptor_, there.st_uid, there.st_gid);
    ::fchmod(descriptor_, there.st_mode & 07777);
}

/// NAME.2.h5 beside NAME.h5, or the next number that is free.
std::string OutputFile::put_beside() {
    const fs::path target = target_;
    for (int number = 2;; ++number) {
        std::string name = fmt::format("{}.{}{}", (target.parent_path() / target.stem()).string(),
                                       number, target.extension().string());
        if (rename_to_new(temporary_, name)) return name;
    }
}

void OutputFile::commit() {
    if (::fsync(descriptor_) != 0 && errno != EINVAL) fail("cannot be written", errno);
    // Whatever else may have come to stand there, a pipe say, is not replaced with force either.
    std::error_code status;
    const bool replaces = force_ && fs::is_regular_file(target_, status);
    if (replaces) take_over_permissions();
    // Readers of the finished file must not meet the lock.
    ::flock(descriptor_, LOCK_UN);
    std::string beside;
    if (replaces) {
        if (std::rename(temporary_.c_str(), target_.c_str()) != 0) {
            fail("cannot be put in place", errno);
        }
    } else if (!rename_to_new(temporary_, target_)) {
        beside = put_beside();
    }
    delist(slot_);
    ::close(descriptor_);
    descriptor_ = -1;
    synchronise_folder(folder_of(target_));
    ELM_CHECK(beside.empty(),
              "{} appeared while this ran and is not replaced: the result is in {}. Rename it, or "
              "choose another name next time.",
              path_, beside);
}

std::string file_behind_links(const std::string& path) { return behind_links(path).string(); }

void write_text_file(const std::string& path, bool force, std::string_view text) {
    OutputFile output(path, force);
    output.write(text);
    output.commit();
}

void remove_temporary_files() noexcept {
    for (const std::atomic<const char*>& path : unfinished) {
        if (const char* const name = path.load()) ::unlink(name);
    }
}

}  // namespace elm
