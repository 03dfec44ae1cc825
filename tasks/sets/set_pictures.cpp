#include "tasks/sets/set_pictures.h"

#include <algorithm>

#include <fmt/format.h>

#include "tasks/data/ignored_target.h"

namespace elm {
namespace {

constexpr std::int64_t images_shown = 8, images_of_row = 4;
constexpr std::int64_t strips_shown = 6, steps_shown = 40;

}  // namespace

TileFigure image_figure(const std::string& title, const SetColumns& samples,
                        const std::function<std::string(int label)>& name) {
    const SetColumn& images = column_of(samples, "image");
    const SetColumn& labels = column_of(samples, "label");
    TileFigure figure{.title = title, .width_px = 1400, .height_px = 1080};
    for (std::int64_t k = 0; k < std::min(images_shown, images.samples()); ++k) {
        if (k % images_of_row == 0) figure.rows.emplace_back();
        const auto image = images.at<std::uint8_t>(k);
        Tile tile{.title = name(labels.at<std::uint8_t>(k)[0])};
        tile.grey = {static_cast<int>(images.field.row[0]),
                     static_cast<int>(images.field.row[1]),
                     {image.begin(), image.end()}};
        figure.rows.back().push_back(std::move(tile));
    }
    if (figure.rows.empty()) return figure;
    Tile sequence{.title = "the first image as a sequence",
                  .x_label = "step",
                  .y_label = "grey level",
                  .has_axes = true,
                  .height = 0.65};
    Curve curve{.mark = Mark::line, .colour = colour::hue::blue};
    const auto image = images.at<std::uint8_t>(0);
    for (std::size_t step = 0; step < image.size(); ++step) {
        curve.x.push_back(static_cast<double>(step));
        curve.y.push_back(image[step]);
    }
    sequence.curves.push_back(std::move(curve));
    figure.rows.push_back({std::move(sequence)});
    return figure;
}

TileFigure token_figure(const std::string& title, const SetColumns& samples,
                        const std::function<std::string(std::int32_t token)>& colour_of) {
    const SetColumn& tokens = column_of(samples, "tokens");
    const SetColumn& targets = column_of(samples, "targets");
    TileFigure figure{.title = title, .width_px = 1500, .height_px = 760};
    for (std::int64_t k = 0; k < std::min(strips_shown, tokens.samples()); ++k) {
        const auto row = tokens.at<std::int32_t>(k);
        const auto wanted = targets.at<std::int32_t>(k);
        const std::int64_t shown = std::min(steps_shown, std::ssize(row));
        // Of a long sample its beginning and, where the targets are, its end.
        const std::int64_t head = shown < std::ssize(row) ? shown / 2 : shown;
        Tile tile;
        Curve frame{.mark = Mark::line, .colour = colour::grid};
        frame.x = {-0.7, static_cast<double>(shown) - 0.3};
        frame.y = {-0.9, -0.9};
        for (std::int64_t at = 0; at < shown; ++at) {
            const std::int64_t step = at < head ? at : std::ssize(row) - shown + at;
            const auto i = static_cast<std::size_t>(step);
            const auto x = static_cast<double>(at);
            tile.labels.push_back({x, 1, fmt::format("{}", row[i]), colour_of(row[i])});
            if (wanted[i] != ignored_target) {
                tile.labels.push_back({x, 0, fmt::format("{}", wanted[i]), colour::prediction});
            }
        }
        if (head < shown) {
            tile.title = fmt::format("steps 0 to {}, then {} to {}", head - 1,
                                     std::ssize(row) - shown + head, std::ssize(row) - 1);
        }
        tile.curves.push_back(std::move(frame));
        figure.rows.push_back({std::move(tile)});
    }
    return figure;
}

Tile text_tile(const std::string& title, std::span<const std::uint8_t> bytes) {
    constexpr std::size_t per_line = 80, most_lines = 17;
    Tile tile{.title = title};
    const std::size_t shown = std::min(bytes.size(), per_line * most_lines);
    for (std::size_t at = 0; at < shown; at += per_line) {
        std::string line;
        for (const std::uint8_t byte : bytes.subspan(at, std::min(per_line, shown - at))) {
            const bool is_space = byte == ' ' || (byte >= '\t' && byte <= '\r');
            const bool is_seen = byte > ' ' && byte < 0x7f;
            line += is_space ? ' ' : is_seen ? static_cast<char>(byte) : byte == 0 ? '|' : '.';
        }
        tile.text.push_back(line);
    }
    if (shown < bytes.size()) {
        tile.text.push_back(fmt::format("(and {} bytes more)", bytes.size() - shown));
    }
    return tile;
}

}  // namespace elm
