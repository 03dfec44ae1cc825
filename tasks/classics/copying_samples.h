#pragma once

#include "tasks/classics/token_samples.h"

/// What copying and selective copying share.
namespace elm {

/// "memorised", "delay" and "symbols".
OptionSet copying_options();

/// Steps that count and their targets, which are tokens uniform in 1 .. symbols - 2; with a lag the
/// first `memorised` of them are 0.
SetStatistics copying_statistics(const Values& options, const SetColumns& samples);

TileFigure copying_picture(const Values& options, const SetColumns& samples);

}  // namespace elm
