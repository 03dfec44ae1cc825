#pragma once

#include <string>

namespace elm {

enum class LockState { taken, held_elsewhere, not_supported };

/// Tries to lock an open file against all other processes. The lock goes with the descriptor, or
/// with the process however it ends. Some file systems of networks have none.
LockState try_lock(int descriptor);

/// A file that only one process at a time holds: the makers of one result hold it while they work.
/// Removed when its holder is done; one that a killed process left behind locks nobody out.
class FileLock {
public:
    /// Throws Error{invalid} if another process holds it, saying that `result` is being made.
    FileLock(std::string path, const std::string& result);
    ~FileLock();
    FileLock(const FileLock&) = delete;
    FileLock& operator=(const FileLock&) = delete;

private:
    std::string path_;
    int descriptor_ = -1;
};

}  // namespace elm
