#pragma once

#include <cstdint>
#include <vector>

namespace elm::pathfinder {

/// A square or rectangular picture of grey levels 0 .. 255, row-major.
struct Picture {
    int rows = 0, columns = 0;
    std::vector<std::uint8_t> pixels;

    Picture() = default;
    Picture(int n_rows, int n_columns)
        : rows(n_rows),
          columns(n_columns),
          pixels(static_cast<std::size_t>(n_rows) * static_cast<std::size_t>(n_columns)) {}
    std::uint8_t& at(int row, int column) { return pixels[index(row, column)]; }
    std::uint8_t at(int row, int column) const { return pixels[index(row, column)]; }

private:
    std::size_t index(int row, int column) const {
        return static_cast<std::size_t>(row) * static_cast<std::size_t>(columns) +
               static_cast<std::size_t>(column);
    }
};

/// Offsets within a disc: dy^2 + dx^2 <= radius^2.
struct Offset {
    int row, column;
    friend bool operator==(const Offset&, const Offset&) = default;
};
std::vector<Offset> disc(double radius);

/// Draws a line of grey 255 as Pillow does (version 9.4, ImageDraw.line). Width 1: Bresenham's
/// line. Wider: the filled quadrilateral around it, corners rounded to pixels.
void draw_line(Picture& picture, Offset from, Offset to, int width);

/// Largest grey level within the disc around each pixel; nothing counts beyond the picture.
Picture dilated(const Picture& picture, double radius);

/// Resampled to another size with a Lanczos filter of three lobes, as Pillow does (version 9.4,
/// Image.resize of 8-bit pictures): first along rows, then along columns, weights in fixed point of
/// 22 bits, each pass rounded and cut to 0 .. 255.
Picture shrunk(const Picture& picture, int rows, int columns);

/// Shape that a paddle is drawn with.
struct PaddleShape {
    int length = 0;        // px
    double thickness = 0;  // px
    int margin = 0;        // px around it that nothing else should touch
    static constexpr int antialias = 2;

    /// Half size of its stamps, which are (2 half + 1) px wide and have its start in their middle.
    int half() const;
};

/// Picture of one paddle and of the place that it takes up.
struct PaddleStamp {
    Picture line, mask;
};

/// Stamp of a paddle that points along (sin angle, cos angle) in (row, column).
PaddleStamp paddle_stamp(const PaddleShape& shape, double angle);

/// A marker, a disc of `radius` px, in a window of `window` px; where it leaves the window it is
/// cut off.
Picture marker_picture(int window, double radius, Offset centre);

}  // namespace elm::pathfinder
