#include "tasks/simulation/plot_data.h"

#include <algorithm>
#include <limits>

namespace elm {
namespace {

std::int64_t divide_up(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

}  // namespace

TraceDecimator::TraceDecimator(std::int64_t n_steps, double start_s, double step_s)
    : n_steps_(n_steps),
      steps_per_column_(std::max<std::int64_t>(1, n_steps / max_columns)),
      start_s_(start_s),
      step_s_(step_s) {
    const auto n_columns = static_cast<std::size_t>(divide_up(n_steps, steps_per_column_));
    lowest_.assign(n_columns, std::numeric_limits<double>::infinity());
    highest_.assign(n_columns, -std::numeric_limits<double>::infinity());
}

void TraceDecimator::add(std::span<const double> values) {
    for (const double value : values) {
        if (position_ == n_steps_) return;
        const auto column = static_cast<std::size_t>(position_++ / steps_per_column_);
        lowest_[column] = std::min(lowest_[column], value);
        highest_[column] = std::max(highest_[column], value);
    }
}

Curve TraceDecimator::curve(std::string title, std::string colour, Mark mark) const {
    Curve curve{
        .title = std::move(title), .mark = mark, .colour = std::move(colour), .x = {}, .y = {}};
    const std::int64_t n_filled = divide_up(position_, steps_per_column_);
    for (std::int64_t column = 0; column < n_filled; ++column) {
        const auto at = static_cast<std::size_t>(column);
        const double time = start_s_ + static_cast<double>(column * steps_per_column_) * step_s_;
        curve.x.push_back(time);
        curve.y.push_back(lowest_[at]);
        if (steps_per_column_ == 1) continue;
        curve.x.push_back(time);
        curve.y.push_back(highest_[at]);
    }
    return curve;
}

RasterDecimator::RasterDecimator(std::int64_t n_units, std::int64_t n_steps, double start_s,
                                 double step_s)
    : n_units_(n_units),
      n_steps_(n_steps),
      steps_per_column_(std::max<std::int64_t>(1, n_steps / TraceDecimator::max_columns)),
      units_per_row_(divide_up(n_units, max_rows)),
      n_columns_(divide_up(n_steps, steps_per_column_)),
      start_s_(start_s),
      step_s_(step_s) {
    cells_.assign(static_cast<std::size_t>(divide_up(n_units, units_per_row_) * n_columns_), 0);
}

void RasterDecimator::add(const SpikeTrain& spikes, std::int64_t begin, std::int64_t end) {
    for (std::int64_t step = begin; step < end && position_ < n_steps_; ++step, ++position_) {
        const std::int64_t column = position_ / steps_per_column_;
        for (const std::int32_t unit : spikes.row(0, step)) {
            cells_[static_cast<std::size_t>(unit / units_per_row_ * n_columns_ + column)] = 1;
        }
    }
}

Curve RasterDecimator::curve(std::int64_t first, std::int64_t last, std::string title,
                             std::string colour) const {
    Curve curve{.title = std::move(title),
                .mark = Mark::dots,
                .colour = std::move(colour),
                .x = {},
                .y = {}};
    for (std::int64_t row = divide_up(first, units_per_row_);
         row < std::min(divide_up(last, units_per_row_), divide_up(n_units_, units_per_row_));
         ++row) {
        for (std::int64_t column = 0; column < n_columns_; ++column) {
            if (cells_[static_cast<std::size_t>(row * n_columns_ + column)] == 0) continue;
            curve.x.push_back(start_s_ + static_cast<double>(column * steps_per_column_) * step_s_);
            curve.y.push_back(static_cast<double>(row * units_per_row_));
        }
    }
    return curve;
}

}  // namespace elm
