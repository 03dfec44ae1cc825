#include "tasks/data/png_image.h"

#include <png.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "kernels/core/support/check.h"
#include "tasks/data/file_bytes.h"

namespace elm {
namespace {

constexpr std::string_view signature("\x89PNG\r\n\x1a\n", 8);
constexpr std::size_t header_end = 29;  // signature, length, "IHDR", 13 bytes
constexpr std::uint32_t largest_side = 4096;

[[noreturn]] void refuse(const std::string& name, const std::string& what) {
    throw Error(ErrorKind::data, fmt::format("{}: {}", name, what));
}

std::uint32_t big_endian(std::string_view bytes, std::size_t at) {
    std::uint32_t number = 0;
    for (std::size_t k = 0; k < 4; ++k) {
        number = number << 8 | static_cast<std::uint8_t>(bytes[at + k]);
    }
    return number;
}

/// What the decoder keeps: its errors come back by a jump over this function alone, which has
/// nothing to destroy.
struct Decoder {
    png_structp png = nullptr;
    png_infop info = nullptr;
    const char* next = nullptr;
    std::size_t left = 0;
    std::array<char, 128> reason{};
};

[[noreturn]] void on_error(png_structp png, png_const_charp message) {
    auto* const decoder = static_cast<Decoder*>(png_get_error_ptr(png));
    std::strncpy(decoder->reason.data(), message, decoder->reason.size() - 1);
    png_longjmp(png, 1);
}
void on_warning(png_structp, png_const_charp) {}

void on_read(png_structp png, png_bytep out, png_size_t size) {
    auto* const decoder = static_cast<Decoder*>(png_get_io_ptr(png));
    if (size > decoder->left) png_error(png, "the file is cut");
    std::memcpy(out, decoder->next, size);
    decoder->next += size;
    decoder->left -= size;
}

/// False, with a reason, for damaged bytes. `rows` are places for the rows of the image.
bool decode(Decoder& decoder, png_bytep* rows) {
    if (setjmp(png_jmpbuf(decoder.png)) != 0) return false;
    png_set_read_fn(decoder.png, &decoder, on_read);
    png_set_user_limits(decoder.png, largest_side, largest_side);
    png_set_chunk_cache_max(decoder.png, 16);
    png_read_info(decoder.png, decoder.info);
    png_read_image(decoder.png, rows);
    png_read_end(decoder.png, nullptr);
    return true;
}

}  // namespace

GreyPicture read_grey_png(std::string_view bytes, const std::string& name) {
    if (bytes.empty()) refuse(name, "the file is empty; expected a grey PNG image.");
    if (bytes.size() < header_end || !bytes.starts_with(signature) ||
        bytes.substr(12, 4) != "IHDR") {
        refuse(name, "no PNG image.");
    }
    const std::uint32_t columns = big_endian(bytes, 16), rows = big_endian(bytes, 20);
    const int depth = static_cast<std::uint8_t>(bytes[24]);
    const int colour = static_cast<std::uint8_t>(bytes[25]);
    if (depth != 8 || colour != PNG_COLOR_TYPE_GRAY) {
        refuse(name,
               fmt::format("a PNG image of colour type {} and {} bits; expected type 0, grey, "
                           "and 8 bits.",
                           colour, depth));
    }
    if (columns == 0 || rows == 0 || columns > largest_side || rows > largest_side) {
        refuse(name, fmt::format("an image of {} x {} px; expected sides of 1 to {}.", columns,
                                 rows, largest_side));
    }
    // An image cannot be much larger than what it is unpacked from: deflate gains at most 1032.
    if (std::uint64_t{columns} * rows > 1040 * std::uint64_t{bytes.size()}) {
        refuse(name, "a damaged PNG image: the file is cut.");
    }
    GreyPicture picture{static_cast<int>(rows), static_cast<int>(columns), {}};
    picture.values.resize(std::size_t{rows} * columns);
    std::vector<png_bytep> places(rows);
    for (std::size_t row = 0; row < rows; ++row) {
        places[row] = picture.values.data() + row * columns;
    }
    Decoder decoder{.next = bytes.data(), .left = bytes.size()};
    decoder.png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &decoder, on_error, on_warning);
    if (decoder.png != nullptr) decoder.info = png_create_info_struct(decoder.png);
    const bool read = decoder.info != nullptr && decode(decoder, places.data());
    png_destroy_read_struct(&decoder.png, &decoder.info, nullptr);
    if (!read) refuse(name, fmt::format("a damaged PNG image: {}.", decoder.reason.data()));
    return picture;
}

GreyPicture read_grey_png_file(const std::string& path) {
    return read_grey_png(read_file_bytes(path, "a grey PNG image"), path);
}

}  // namespace elm
