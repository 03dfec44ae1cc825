#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "kernels/io/option_set.h"
#include "tasks/report/tile_plot.h"
#include "tasks/samples/sample_task.h"
#include "tasks/sets/set_statistics.h"

/// Samples that are streams of events, for tasks that read them: fields "events" (event_bins.h) and
/// "label".
namespace elm {

SetField event_field();

/// The options "bin_ms", "duration_ms" and "counts", and "pooling".
void declare_event_form(OptionSet& options, double bin_ms, double duration_ms);
/// How they are learnt: `n_parts` sequences of events of `n_units` units behind each other, one of
/// `n_classes` answers.
SampleForm event_form(const OptionSet& options, std::int64_t n_units, std::int64_t n_classes,
                      std::int64_t n_parts = 1);

/// Events a sample, how long a sample lasts, units that are active, the largest label.
SetStatistics event_statistics(const SetColumns& samples);

/// Up to six samples as rasters of unit over time, named by their labels.
TileFigure raster_figure(const std::string& title, const SetColumns& samples,
                         const std::function<std::string(int label)>& name);

/// Up to eight samples of a sensor of width x height pixels with two polarities, unit = (polarity *
/// height + y) * width + x: where events were, the darker the more, ON and OFF alike; and the first
/// sample's events over time.
TileFigure sensor_figure(const std::string& title, const SetColumns& samples, std::int64_t width,
                         std::int64_t height, const std::function<std::string(int label)>& name);

}  // namespace elm
