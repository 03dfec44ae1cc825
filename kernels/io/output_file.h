#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace elm {

/// An output that appears under its name only when it is whole and on the disk. Writers fill
/// temporary_path(), or call write(); commit() renames it. Abandoned without commit(), the
/// temporary file is removed.
///
/// Only plain files are written and replaced. A link is written through: the file that it leads to
/// is replaced, or made. What replaces a file has its permissions. While the object lives the
/// temporary file is locked, so that a second writer of the same file is told so, and removes what
/// a killed one left behind.
class OutputFile {
public:
    /// Throws Error{exists} if `path` exists and `force` is false; Error{invalid} if it is no plain
    /// file, or is being written by another process; Error{write} if its folder does not exist or
    /// may not be written.
    OutputFile(std::string path, bool force);
    ~OutputFile();
    OutputFile(const OutputFile&) = delete;
    OutputFile& operator=(const OutputFile&) = delete;

    const std::string& path() const noexcept { return path_; }
    /// PATH.tmp-<process id>, in the folder of the file that PATH leads to. An extension of PATH is
    /// not kept.
    const std::string& temporary_path() const noexcept { return temporary_; }

    /// Bytes that are free where the file will stand.
    std::uintmax_t room() const;
    /// Throws Error{write} with `remedy`, a sentence, where fewer than these bytes are free.
    void require_room(double bytes, const std::string& remedy) const;
    /// Adds bytes at the end of the temporary file. Throws Error{write}.
    void write(std::string_view bytes);
    void write(const void* data, std::size_t size) {
        write({static_cast<const char*>(data), size});
    }
    /// Gives the finished file its name. Throws Error{write}, and Error{invalid} if something that
    /// may not be replaced appeared there meanwhile: then the result stands beside it, under the
    /// name that the message gives.
    void commit();

private:
    [[noreturn]] void fail(const char* what, int reason) const;
    void take_over_permissions() const;
    std::string put_beside();

    std::string path_, target_, temporary_;
    bool force_;
    int descriptor_ = -1;
    std::size_t slot_;  // among the files that remove_temporary_files() removes
};

/// The file that a chain of links leads to, whether or not it is there; `path` where it is no link.
/// Throws Error{invalid} for links in a circle.
std::string file_behind_links(const std::string& path);

/// Writes a whole text file through an OutputFile.
void write_text_file(const std::string& path, bool force, std::string_view text);

/// Removes the temporary files of all outputs that are not finished. For a signal handler on its
/// way to end the program.
void remove_temporary_files() noexcept;

}  // namespace elm
