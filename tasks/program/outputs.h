#pragma once

#include <string>

#include "tasks/report/plot.h"
#include "tasks/report/results_writer.h"
#include "tasks/simulation/run_output.h"

namespace elm {

class Arguments;

/// Throws, before the work and not after it, where the picture of a flag such as "plot" cannot be
/// put; nothing without that flag.
void require_place(const Arguments& arguments, const std::string& flag, bool may_replace = false);

/// Draws where that flag says; nothing without it.
void draw_figure(const Arguments& arguments, const std::string& flag, const Figure& figure,
                 bool may_replace = false);

/// --out, --force and --plot of a simulation; says so where nothing is kept. `remedy`: what to do
/// where the disk is too small. Throws as OutputFile does where --out cannot be written.
RunOutput run_output(const Arguments& arguments, std::string config, std::string remedy);

/// The result of a simulation: the object with --json, else the text.
void print_run(const Arguments& arguments, Record record, const std::string& text,
               double neuron_steps_per_second, double real_time_factor);

}  // namespace elm
