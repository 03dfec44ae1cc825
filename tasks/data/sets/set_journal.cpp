#include "tasks/data/sets/set_journal.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "kernels/core/support/check.h"
#include "kernels/io/file_lock.h"
#include "kernels/io/toml_config.h"

namespace elm {
namespace {

constexpr std::string_view magic = "elmset-1";
constexpr std::int64_t head_bytes = 12;                 // of a block
constexpr std::uint64_t most_block_bytes = 1ull << 32;  // more is damage
constexpr const char* recipe_section = "recipe";

std::uint32_t checksum(std::string_view bytes) {
    return static_cast<std::uint32_t>(
        crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

std::string with_head(std::string_view bytes) {
    const std::uint64_t size = bytes.size();
    const std::uint32_t sum = checksum(bytes);
    std::string block(static_cast<std::size_t>(head_bytes), '\0');
    std::memcpy(block.data(), &size, sizeof size);
    std::memcpy(block.data() + sizeof size, &sum, sizeof sum);
    return block.append(bytes);
}

/// False if the file ends before.
bool read_at(int descriptor, std::int64_t at, char* out, std::size_t size) {
    while (size > 0) {
        const ssize_t count = ::pread(descriptor, out, size, at);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) return false;
        out += count;
        at += count;
        size -= static_cast<std::size_t>(count);
    }
    return true;
}

/// Moves `at` behind the block; false, and `at` as it was, if it is not whole.
bool read_block(int descriptor, std::int64_t& at, std::string& block) {
    std::array<char, head_bytes> head{};
    if (!read_at(descriptor, at, head.data(), head.size())) return false;
    std::uint64_t size = 0;
    std::uint32_t sum = 0;
    std::memcpy(&size, head.data(), sizeof size);
    std::memcpy(&sum, head.data() + sizeof size, sizeof sum);
    struct stat status {};
    if (size > most_block_bytes || ::fstat(descriptor, &status) != 0 ||
        at + head_bytes + static_cast<std::int64_t>(size) > status.st_size) {
        return false;
    }
    block.resize(size);
    if (!read_at(descriptor, at + head_bytes, block.data(), block.size())) return false;
    if (checksum(block) != sum) return false;
    at += head_bytes + static_cast<std::int64_t>(size);
    return true;
}

/// The recipe in the first block of a journal; empty where that does not say one.
Values recipe_in(const std::string& text, const std::string& path) {
    const Config config = Config::parse(text, path);
    const auto section = config.sections.find(recipe_section);
    return section == config.sections.end() ? Values{} : section->second;
}

}  // namespace

void require_same_recipe(const Values& found, const Values& wanted, const std::string& where) {
    std::string differences;
    for (const auto& [name, value] : wanted) {
        const auto there = found.find(name);
        if (name == "version" || (there != found.end() && there->second == value)) continue;
        differences +=
            fmt::format("\n  {}: {} there, {} asked for", name,
                        there == found.end() ? "nothing" : to_text(there->second), to_text(value));
    }
    ELM_CHECK(differences.empty(),
              "{} was made with other settings, so that it cannot be gone on with:{}", where,
              differences);
}

SetJournal::SetJournal(std::string path, Values recipe, bool resume, bool force)
    : path_(std::move(path)) {
    descriptor_ = ::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
    if (descriptor_ < 0) fail("cannot be made");
    try {
        ELM_CHECK(try_lock(descriptor_) != LockState::held_elsewhere,
                  "{} is held by another run that makes this set. Wait for its end, or choose "
                  "another name.",
                  path_);
        struct stat status {};
        const bool is_new = ::fstat(descriptor_, &status) == 0 && status.st_size == 0;
        if (!is_new && !resume && !force) {
            throw Error(ErrorKind::exists,
                        fmt::format("{} holds samples of a run that did not end. Go on with them, "
                                    "or let them be replaced.",
                                    path_));
        }
        if (!is_new && resume && take_up(recipe)) return;
        if (::ftruncate(descriptor_, 0) != 0) fail("cannot be emptied");
        Config config;
        config.sections[recipe_section] = std::move(recipe);
        write(std::string(magic) + with_head(config.to_toml()));
        begin_ = end_;
    } catch (...) {
        ::close(descriptor_);
        throw;
    }
}

SetJournal::~SetJournal() {
    // One without a sample is of no use to anybody.
    if (blocks_ == 0 && !path_.empty()) ::unlink(path_.c_str());
    ::close(descriptor_);
}

void SetJournal::fail(const char* what) const {
    throw Error(ErrorKind::write, fmt::format("{} {}: {}.", path_, what, std::strerror(errno)));
}

/// False for a journal that was cut before its recipe was whole: nothing is lost with it.
bool SetJournal::take_up(const Values& recipe) {
    std::string text(magic.size(), '\0');
    if (!read_at(descriptor_, 0, text.data(), text.size())) return false;
    if (text != magic) {
        throw Error(ErrorKind::data,
                    fmt::format("{} is no journal of a data set. Remove it, or choose another "
                                "name.",
                                path_));
    }
    end_ = std::ssize(magic);
    if (!read_block(descriptor_, end_, text)) {
        end_ = 0;
        return false;
    }
    require_same_recipe(recipe_in(text, path_), recipe, path_);
    begin_ = end_;
    while (read_block(descriptor_, end_, text)) ++blocks_;
    if (::ftruncate(descriptor_, end_) != 0) fail("cannot be cut to its whole blocks");
    return true;
}

void SetJournal::write(std::string_view bytes) {
    std::int64_t at = end_;
    while (!bytes.empty()) {
        const ssize_t count = ::pwrite(descriptor_, bytes.data(), bytes.size(), at);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) fail("cannot be written");
        at += count;
        bytes.remove_prefix(static_cast<std::size_t>(count));
    }
    end_ = at;
}

void SetJournal::append(std::string_view block) {
    write(with_head(block));
    ++blocks_;
}

void SetJournal::for_each(
    const std::function<void(std::int64_t index, std::string_view)>& take) const {
    std::int64_t at = begin_;
    std::string block;
    for (std::int64_t index = 0; index < blocks_; ++index) {
        if (!read_block(descriptor_, at, block)) {
            throw Error(ErrorKind::data, fmt::format("{} cannot be read again.", path_));
        }
        take(index, block);
    }
}

std::optional<JournalContents> journal_contents(const std::string& path) {
    const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) return {};
    std::optional<JournalContents> contents;
    try {
        std::string text(magic.size(), '\0');
        if (read_at(descriptor, 0, text.data(), text.size()) && text == magic) {
            struct stat status {};
            contents.emplace();
            contents->bytes = ::fstat(descriptor, &status) == 0 ? status.st_size : 0;
            contents->whole = std::ssize(magic);
            const bool has_recipe = read_block(descriptor, contents->whole, text);
            if (has_recipe) contents->recipe = recipe_in(text, path);
            while (has_recipe && read_block(descriptor, contents->whole, text)) ++contents->blocks;
        }
    } catch (...) {
        ::close(descriptor);
        throw;
    }
    ::close(descriptor);
    return contents;
}

void SetJournal::remove() {
    ::unlink(path_.c_str());
    path_.clear();
}

}  // namespace elm
