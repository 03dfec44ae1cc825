#pragma once

#include <string>

namespace elm {

/// An output that appears under its name only when it is whole. Writers fill temporary_path();
/// commit() renames it. Abandoned without commit(), the temporary file is removed.
class OutputFile {
public:
    /// Throws Error{invalid} if `path` exists and `force` is false, Error{write} if its folder does
    /// not exist or may not be written.
    OutputFile(std::string path, bool force);
    ~OutputFile();
    OutputFile(const OutputFile&) = delete;
    OutputFile& operator=(const OutputFile&) = delete;

    const std::string& path() const noexcept { return path_; }
    /// PATH.tmp-<process id>, in the same folder. An extension of PATH is not kept.
    const std::string& temporary_path() const noexcept { return temporary_; }

    /// Gives the finished file its name. Throws Error{write}.
    void commit();

private:
    std::string path_, temporary_;
    bool committed_ = false;
};

/// Writes a whole text file through an OutputFile.
void write_text_file(const std::string& path, bool force, const std::string& text);

}  // namespace elm
