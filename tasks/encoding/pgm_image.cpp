#include "tasks/encoding/pgm_image.h"

#include <charconv>
#include <string_view>

#include "kernels/core/support/check.h"
#include "tasks/data/file_bytes.h"

namespace elm {
namespace {

/// Numbers of a header or a body of text, between blanks and comments (# to the end of the line).
class PgmNumbers {
public:
    PgmNumbers(const std::string& path, std::string_view bytes) : path_(path), bytes_(bytes) {}

    int next(int lowest, int highest, const char* what) {
        skip_blanks();
        int number = 0;
        const char* const begin = bytes_.data() + at_;
        const auto read = std::from_chars(begin, bytes_.data() + bytes_.size(), number);
        if (read.ec != std::errc{} || number < lowest || number > highest) {
            throw Error(ErrorKind::data, fmt::format("{}: byte {}: expected {} from {} to {}",
                                                     path_, at_, what, lowest, highest));
        }
        at_ += static_cast<std::size_t>(read.ptr - begin);
        return number;
    }
    /// What stands behind the one blank after the header.
    std::string_view rest() const { return bytes_.substr(std::min(at_ + 1, bytes_.size())); }

private:
    void skip_blanks() {
        constexpr std::string_view blanks = " \t\r\n\v\f";
        while (at_ < bytes_.size()) {
            if (bytes_[at_] == '#') {
                at_ = std::min(bytes_.find('\n', at_), bytes_.size());
            } else if (blanks.find(bytes_[at_]) == std::string_view::npos) {
                return;
            } else {
                ++at_;
            }
        }
    }

    const std::string& path_;
    std::string_view bytes_;
    std::size_t at_ = 2;  // behind "P5"
};

}  // namespace

GreyPicture read_pgm_file(const std::string& path) {
    constexpr int largest_side = 4096;
    const std::string bytes = read_file_bytes(path, "a PGM image");
    const bool is_text = bytes.starts_with("P2");
    if (!is_text && !bytes.starts_with("P5")) {
        throw Error(ErrorKind::data, path +
                                         ": expected a grey PGM image, which begins with P2 or "
                                         "P5");
    }
    PgmNumbers numbers(path, bytes);
    GreyPicture picture;
    picture.columns = numbers.next(1, largest_side, "the width");
    picture.rows = numbers.next(1, largest_side, "the height");
    const int largest = numbers.next(1, 255, "the largest level");
    const std::size_t pixels =
        static_cast<std::size_t>(picture.rows) * static_cast<std::size_t>(picture.columns);
    const std::string_view body = numbers.rest();
    if (!is_text && body.size() < pixels) {
        throw Error(ErrorKind::data,
                    fmt::format("{}: {} x {} pixels need {} bytes, but there are {}: the file is "
                                "cut",
                                path, picture.columns, picture.rows, pixels, body.size()));
    }
    for (std::size_t at = 0; at < pixels; ++at) {
        const int level =
            is_text ? numbers.next(0, largest, "a level") : static_cast<unsigned char>(body[at]);
        if (level > largest) {
            throw Error(ErrorKind::data, fmt::format("{}: pixel {} has the level {}, above the "
                                                     "largest, {}",
                                                     path, at, level, largest));
        }
        picture.values.push_back(static_cast<std::uint8_t>((level * 255 + largest / 2) / largest));
    }
    return picture;
}

}  // namespace elm
