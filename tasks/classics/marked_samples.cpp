#include "tasks/classics/marked_samples.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/format.h>

namespace elm {
namespace {

struct Marked {
    std::vector<double> target, variance, first_step, second_step, value;
};

/// What both tasks have in common: targets, marked steps and the values of channel 0.
Marked measure(const SetColumns& samples, double expected_mean) {
    Marked marked;
    const SetColumn& inputs = column_of(samples, "input");
    for (std::int64_t k = 0; k < inputs.samples(); ++k) {
        const auto input = inputs.at<float>(k);
        const double target = column_of(samples, "target").at<float>(k)[0];
        marked.target.push_back(target);
        marked.variance.push_back((target - expected_mean) * (target - expected_mean));
        double sum = 0;
        bool is_second = false;
        for (std::size_t at = 0; at < input.size(); at += 2) {
            sum += input[at];
            if (input[at + 1] == 0) continue;
            (is_second ? marked.second_step : marked.first_step)
                .push_back(static_cast<double>(at / 2));
            is_second = true;
        }
        marked.value.push_back(sum / (static_cast<double>(input.size()) / 2));
    }
    return marked;
}

}  // namespace

SetGenerator marked_generator(std::int64_t n_steps, FillMarked fill) {
    SetGenerator set;
    set.fields = {{.name = "input", .type = SetType::f32, .row = {n_steps, 2}},
                  {.name = "target", .type = SetType::f32}};
    set.draw = [n_steps, fill = std::move(fill)](std::uint64_t seed, std::uint64_t index,
                                                 SetColumns& columns) {
        thread_local std::vector<float> input;
        input.resize(static_cast<std::size_t>(2 * n_steps));
        columns[1].add(fill(seed, index, input));
        columns[0].add<float>(input);
    };
    return set;
}

SetStatistics marked_statistics(const SetColumns& samples, double mean, double variance) {
    const Marked marked = measure(samples, mean);
    const auto length = static_cast<double>(column_of(samples, "input").field.row[0]);
    const double half = std::floor(length / 2);
    SetStatistics table;
    table.add("target", marked.target, {.mean = mean});
    table.add("squared error of the constant guess", marked.variance, {.mean = variance});
    table.add("channel 0", marked.value, {.mean = 0.5});
    table.add("first marked step", marked.first_step, {.mean = (half - 1) / 2});
    table.add("second marked step", marked.second_step, {.mean = (half + length - 1) / 2});
    return table;
}

TileFigure marked_picture(const std::string& title, const SetColumns& samples) {
    TileFigure figure{.title = title};
    const SetColumn& inputs = column_of(samples, "input");
    for (std::int64_t k = 0; k < std::min<std::int64_t>(4, inputs.samples()); ++k) {
        Tile tile{
            .title = fmt::format("target {:.4g}", column_of(samples, "target").at<float>(k)[0]),
            .y_label = "channel 0",
            .has_axes = true};
        Curve values{.mark = Mark::impulses, .colour = colour::hue::grey};
        Curve chosen{.title = "marked", .mark = Mark::dots, .colour = colour::hue::vermilion};
        const auto input = inputs.at<float>(k);
        for (std::size_t at = 0; at < input.size(); at += 2) {
            const auto step = static_cast<double>(at / 2);
            values.x.push_back(step);
            values.y.push_back(input[at]);
            if (input[at + 1] == 0) continue;
            chosen.x.push_back(step);
            chosen.y.push_back(input[at]);
        }
        tile.curves = {std::move(values), std::move(chosen)};
        figure.rows.push_back({std::move(tile)});
    }
    return figure;
}

}  // namespace elm
