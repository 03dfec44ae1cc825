// Pathfinder images: building blocks and whole pictures against the published generator.

#include "tasks/lra/pathfinder/pathfinder.h"

#include <algorithm>
#include <cmath>
#include <set>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "kernels/core/support/error.h"
#include "kernels/core/support/parallel.h"
#include "tasks/lra/pathfinder/pathfinder_painting.h"
#include "tasks/lra/pathfinder/pathfinder_search.h"
#include "tests/tasks/data/golden_tasks.h"

namespace elm::pathfinder {
namespace {

struct UnitSet {
    int window, margin;
};
constexpr UnitSet unit_sets[] = {{32, 1}, {64, 1}, {128, 2}, {128, 3}, {256, 3}};

std::string group_of(const UnitSet& set) {
    return fmt::format("/pathfinder/units/{}_margin{}", set.window, set.margin);
}

TEST(PathfinderGolden, stamps_are_exact) {
    ELM_OPEN_GOLDEN_TASKS(golden);
    for (const UnitSet& set : unit_sets) {
        const std::string group = group_of(set);
        const auto angles = golden.read<double>(group + "/stamp_angle");
        const auto lines = golden.read<std::uint8_t>(group + "/stamp_line_x255");
        const auto masks = golden.read<std::uint8_t>(group + "/stamp_mask_x255");
        const PaddleShape paddle = shape_of(set.window).paddle(set.margin);
        const auto width = static_cast<std::size_t>(2 * paddle.half() + 1);
        ASSERT_EQ(lines.size(), angles.size() * width * width);
        for (std::size_t at = 0; at < angles.size(); ++at) {
            const PaddleStamp stamp = paddle_stamp(paddle, angles[at]);
            const std::size_t from = at * width * width;
            EXPECT_TRUE(std::equal(stamp.line.pixels.begin(), stamp.line.pixels.end(),
                                   lines.begin() + static_cast<std::ptrdiff_t>(from)))
                << group << ", line of angle " << angles[at];
            EXPECT_TRUE(std::equal(stamp.mask.pixels.begin(), stamp.mask.pixels.end(),
                                   masks.begin() + static_cast<std::ptrdiff_t>(from)))
                << group << ", mask of angle " << angles[at];
        }
    }
}

TEST(PathfinderGolden, candidates_and_first_tails_are_exact) {
    ELM_OPEN_GOLDEN_TASKS(golden);
    for (const UnitSet& set : unit_sets) {
        const std::string group = group_of(set);
        const Tables tables(shape_of(set.window), set.margin);
        const auto offsets = golden.read<std::int32_t>(group + "/candidate_offsets");
        const auto angles = golden.read<double>(group + "/candidate_angles");
        const auto stamp_angles = golden.read<double>(group + "/stamp_angle");
        const auto tails =
            golden.read<std::int32_t>(group + "/first_seed_allowed_tails_by_degree_m180_to_179");
        ASSERT_EQ(tables.candidates.size() * 2, offsets.size()) << group;
        ASSERT_EQ(tables.directions.size(), stamp_angles.size()) << group;
        for (std::size_t at = 0; at < tables.candidates.size(); ++at) {
            EXPECT_EQ(tables.candidates[at].row, offsets[2 * at]);
            EXPECT_EQ(tables.candidates[at].column, offsets[2 * at + 1]);
            EXPECT_DOUBLE_EQ(tables.directions[degree_count + at].angle, angles[at]);
        }
        for (std::size_t at = 0; at < stamp_angles.size(); ++at) {
            EXPECT_DOUBLE_EQ(tables.directions[at].stamp_angle, stamp_angles[at]) << group << at;
        }
        for (std::size_t degree = 0; degree < degree_count; ++degree) {
            const SeedPlaces& places = tables.seeds[degree];
            EXPECT_EQ(places.possible ? places.count() : 0, tails[degree])
                << group << ", degree " << static_cast<int>(degree) - 180;
        }
    }
}

/// Probabilities that the search offers at a pivot, for all candidates in the window.
std::vector<double> offered(Search& search, const Tables& tables, const Direction& direction,
                            const Offset& pivot) {
    const double total = search.weigh(direction, pivot);
    std::vector<double> probability(tables.candidates.size(), 0);
    double before = 0;
    for (std::size_t at = 0; at < direction.choices.size(); ++at) {
        const double sum = search.running_weights()[at];
        probability[static_cast<std::size_t>(direction.choices[at].candidate)] =
            (sum - before) / total;
        before = sum;
    }
    return probability;
}

TEST(PathfinderGolden, extensions_offer_the_same_choices) {
    ELM_OPEN_GOLDEN_TASKS(golden);
    for (const UnitSet& set : unit_sets) {
        const Tables tables(shape_of(set.window), set.margin);
        const std::string cases = group_of(set) + "/extension_cases";
        for (const std::string& name : golden.links(cases)) {
            const std::string group = cases + "/" + name;
            Search search;
            search.begin(tables);
            search.set_mask(golden.read<std::uint8_t>(group + "/mask_x255"));
            const auto last = golden.read<std::int32_t>(group + "/last_pivot");
            const double angle = golden.read<double>(group + "/orientation").front();
            const Direction& direction =
                tables.directions[static_cast<std::size_t>(tables.direction_of(angle))];
            const Offset pivot = pixel_at_end({last[0], last[1]}, direction.step);
            if (!golden.has(group + "/probability")) {
                EXPECT_LT(search.weigh(direction, pivot), 1e-4) << group;
                continue;
            }
            EXPECT_EQ(golden.read<std::int32_t>(group + "/new_pivot"),
                      (std::vector<std::int32_t>{pivot.row, pivot.column}))
                << group;
            const std::vector<double> ours = offered(search, tables, direction, pivot);
            const auto places = golden.read<std::int32_t>(group + "/candidates");
            const auto theirs = golden.read<double>(group + "/probability");
            double sum = 0;
            for (std::size_t at = 0; at < theirs.size(); ++at) {
                const Offset offset{places[2 * at] - pivot.row, places[2 * at + 1] - pivot.column};
                const auto found =
                    std::find(tables.candidates.begin(), tables.candidates.end(), offset);
                ASSERT_NE(found, tables.candidates.end()) << group;
                const double own =
                    ours[static_cast<std::size_t>(found - tables.candidates.begin())];
                EXPECT_NEAR(own, theirs[at], 1e-12) << group;
                sum += own;
            }
            EXPECT_NEAR(sum, 1, 1e-12) << group;  // nothing beyond the window
        }
    }
}

TEST(PathfinderGolden, markers_are_exact) {
    ELM_OPEN_GOLDEN_TASKS(golden);
    for (const UnitSet& set : unit_sets) {
        const Tables tables(shape_of(set.window), set.margin);
        const auto centres = golden.read<std::int32_t>(group_of(set) + "/marker_centre");
        const auto images = golden.read<std::uint8_t>(group_of(set) + "/marker_image");
        const auto pixels =
            static_cast<std::size_t>(set.window) * static_cast<std::size_t>(set.window);
        for (std::size_t k = 0; k < centres.size() / 2; ++k) {
            Painting painting;
            painting.begin(tables);
            painting.draw_marker(centres[2 * k], centres[2 * k + 1]);
            std::vector<std::uint8_t> image;
            EXPECT_EQ(painting.finish(image), 1);
            EXPECT_TRUE(std::equal(image.begin(), image.end(),
                                   images.begin() + static_cast<std::ptrdiff_t>(k * pixels)))
                << group_of(set) << ", marker " << k;
        }
    }
}

int direction_of_stamp(const Tables& tables, double angle, bool first) {
    const std::size_t from = first ? 0 : degree_count;
    const std::size_t to = first ? degree_count : tables.directions.size();
    for (std::size_t at = from; at < to; ++at) {
        const double turn = tables.directions[at].stamp_angle - angle;
        if (std::fabs(std::remainder(turn, 2 * std::acos(-1.0))) < 1e-9)
            return static_cast<int>(at);
    }
    ADD_FAILURE() << "no stamp of angle " << angle;
    return 0;
}

/// Draws contours of `length` paddles: (contours, length, 3), NaN for those that were left out.
void draw_contours(Painting& painting, const Tables& tables, std::span<const double> paddles,
                   std::size_t length, Layer layer) {
    for (std::size_t at = 0; at < paddles.size() / 3; ++at) {
        if (std::isnan(paddles[3 * at])) continue;
        painting.draw_paddle(
            {static_cast<int>(paddles[3 * at]), static_cast<int>(paddles[3 * at + 1]),
             direction_of_stamp(tables, paddles[3 * at + 2], at % length == 0)},
            layer);
    }
}

TEST(PathfinderGolden, every_sample_is_redrawn_from_its_coordinates) {
    ELM_OPEN_GOLDEN_TASKS(golden);
    int redrawn = 0;
    for (const std::string& set : golden.links("/pathfinder")) {
        if (set == "units") continue;
        const std::string group = "/pathfinder/" + set + "/samples";
        const auto shape = golden.shape(group + "/image");
        const int window = static_cast<int>(shape[1]);
        const auto images = golden.read<std::uint8_t>(group + "/image");
        const auto margins = golden.read<std::int32_t>(group + "/margin");
        const auto origins = golden.read<std::int32_t>(group + "/origin_marker");
        const auto terminals = golden.read<std::int32_t>(group + "/terminal_marker");
        const auto brightest = golden.read<double>(group + "/raw_maximum");
        const auto targets = golden.read<double>(group + "/paddles_of_targets");
        const auto distractors = golden.read<double>(group + "/paddles_of_distractors");
        const auto n = static_cast<std::size_t>(shape[0]);
        const auto target_length =
            static_cast<std::size_t>(golden.shape(group + "/paddles_of_targets")[2]);
        const auto distractor_length =
            static_cast<std::size_t>(golden.shape(group + "/paddles_of_distractors")[2]);
        for (const int margin : shape_of(window).margins) {
            const Tables tables(shape_of(window), margin);
            for (std::size_t k = 0; k < n; ++k) {
                if (margins[k] != margin) continue;
                Painting painting;
                painting.begin(tables);
                const std::size_t a = targets.size() / n, b = distractors.size() / n;
                draw_contours(painting, tables, std::span(targets).subspan(k * a, a), target_length,
                              Layer::targets);
                draw_contours(painting, tables, std::span(distractors).subspan(k * b, b),
                              distractor_length, Layer::distractors);
                painting.draw_marker(origins[2 * k], origins[2 * k + 1]);
                painting.draw_marker(terminals[2 * k], terminals[2 * k + 1]);
                std::vector<std::uint8_t> image;
                EXPECT_NEAR(painting.finish(image), brightest[k], 1e-12) << set << ' ' << k;
                const std::size_t pixels = image.size();
                int wrong = 0;
                for (std::size_t at = 0; at < pixels; ++at) {
                    wrong += image[at] != images[k * pixels + at];
                }
                EXPECT_EQ(wrong, 0) << set << ", sample " << k;
                ++redrawn;
            }
        }
    }
    EXPECT_GT(redrawn, 100);
}

}  // namespace
}  // namespace elm::pathfinder
