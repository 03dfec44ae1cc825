#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "kernels/io/value.h"

namespace elm {

/// Blocks of a data set that is being made, one after the other in one file. A run that is killed
/// at any moment leaves whole blocks and at most one cut one, which its checksum gives away:
///
///   "elmset-1", then the recipe as a block
///   block   uint64 bytes, uint32 CRC-32 of them, the bytes
class SetJournal {
public:
    /// Begins a journal, or takes up the one that is there if `resume`, after its last whole block.
    /// `recipe` decides the bits: to go on it must be the same. Throws Error{exists} for one that
    /// may neither be gone on with nor be replaced, Error{invalid} with the list of differences for
    /// another recipe, and for one that another process holds; Error{write}.
    SetJournal(std::string path, Values recipe, bool resume, bool force);
    ~SetJournal();
    SetJournal(const SetJournal&) = delete;
    SetJournal& operator=(const SetJournal&) = delete;

    std::int64_t blocks() const noexcept { return blocks_; }
    /// Throws Error{write}, for example on a full disk.
    void append(std::string_view block);
    /// All blocks in order, read from the disk one by one.
    void for_each(const std::function<void(std::int64_t index, std::string_view)>& take) const;
    /// Removes the file: the set is in place.
    void remove();

private:
    bool take_up(const Values& recipe);
    void write(std::string_view bytes);
    [[noreturn]] void fail(const char* what) const;

    std::string path_;
    int descriptor_ = -1;
    std::int64_t blocks_ = 0, begin_ = 0, end_ = 0;  // bytes of the first block, behind the last
};

/// What a journal holds, whether or not somebody is at work on it.
struct JournalContents {
    Values recipe = {};                 // empty where it was cut before its end
    std::int64_t blocks = 0;            // that are whole
    std::int64_t bytes = 0, whole = 0;  // of the file, and up to the end of the last whole block
};
/// None for a file that does not begin as one.
std::optional<JournalContents> journal_contents(const std::string& path);

/// Throws Error{invalid} with what differs, unless `found` has all that is wanted but "version".
void require_same_recipe(const Values& found, const Values& wanted, const std::string& where);

}  // namespace elm
