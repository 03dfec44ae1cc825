#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

namespace elm {

namespace pathfinder {
struct Tables;
struct Drawing;
}  // namespace pathfinder

/// Number of paddles of a contour: 6, 9 and 14. Long Range Arena reports the hard one.
enum class PathfinderDifficulty { easy, intermediate, hard };

struct PathfinderOptions {
    int size = 32;  // px: 32, 64, 128 or 256; 128 and hard is Path-X
    PathfinderDifficulty difficulty = PathfinderDifficulty::hard;
    /// Number of distracting contours that are tried; else as many as their length allows.
    std::optional<int> distractors = {};
};

/// A paddle: where it starts (row, column) and where it points, (sin angle, cos angle).
struct PathfinderPaddle {
    int row = 0, column = 0;
    double angle = 0;  // radians
};

struct PathfinderPlace {
    int row = 0, column = 0;
};

/// One image and how it came about.
struct PathfinderSample {
    std::vector<std::uint8_t> image;  // (size, size)
    int label = 0;                    // 1: both markers lie on one contour
    int margin = 0;                   // px
    PathfinderPlace origin_marker, terminal_marker;
    int origin_snake = 0;                       // contour whose beginning carries the origin marker
    std::vector<PathfinderPaddle> targets;      // (2, contour length)
    std::vector<PathfinderPaddle> distractors;  // (placed, distractor length)
    double brightest = 0;                       // pixel before grey levels are scaled to 0 .. 255
    std::int64_t attempts = 0;                  // at both contours, the successful one included
    std::int64_t seed_failures = 0;             // of these, whose very first paddle had no place
    int distractor_tries = 0;
};

/// Memory that drawing needs besides the tables; one a thread. It warms up with the first sample.
class PathfinderWorkspace {
public:
    PathfinderWorkspace();
    ~PathfinderWorkspace();
    PathfinderWorkspace(PathfinderWorkspace&&) noexcept;
    PathfinderWorkspace& operator=(PathfinderWorkspace&&) noexcept;

private:
    friend class PathfinderGenerator;
    std::unique_ptr<pathfinder::Drawing> drawing_;
};

/// Draws images of dashed contours with a marker on the beginning of one and on the end of the same
/// or of the other; the task is to tell which.
///
///   targets      two contours of N paddles, the first two a fixed distance apart; the next paddle
///                lies m beyond the last one, at one of the pixels of a circle, with probability
///                ~ cos^2(min(c turn, pi / 2)) (1 - largest mask around it); masks may not overlap
///                much. A contour that cannot go on starts the image anew
///   distractors  floor(total / d) contours of d = floor(N / 3) paddles where there is room
///   grey levels  relative to the brightest pixel of the image
///
/// Source: Linsley et al. 2018, arXiv 1805.08315; parameters and use as a sequence: Tay et al.
/// 2021, arXiv 2011.04006. The generator that was published makes first paddles at few angles only
/// (30 of 360 degrees at 32 px), and so does this one. Random numbers are those of `random_key.h`,
/// so images are others with the same statistics. Contours of the easy and intermediate sets have
/// as many distractors as the totals of the hard ones allow, which is not documented.
class PathfinderGenerator {
public:
    /// Throws Error{invalid} for a size that is not there or distractors below 0.
    explicit PathfinderGenerator(const PathfinderOptions& options);

    /// Sample `index` of `seed`: the same bits whatever else is drawn, on any thread. Allocates
    /// nothing once sample and workspace have been used.
    void draw(std::uint64_t seed, std::uint64_t index, PathfinderSample& sample,
              PathfinderWorkspace& workspace) const;

    int size() const { return size_; }
    int contour_length() const { return contour_length_; }         // paddles
    int distractor_length() const { return contour_length_ / 3; }  // paddles
    int distractor_count() const { return distractor_count_; }     // that are tried
    /// Contrast of a contour and of a distractor: grey of a full pixel before scaling.
    double target_contrast() const;
    double distractor_contrast() const;

private:
    int size_, contour_length_, distractor_count_;
    std::vector<std::shared_ptr<const pathfinder::Tables>> tables_;  // one a margin
};

}  // namespace elm
