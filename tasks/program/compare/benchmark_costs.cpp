#include "tasks/program/compare/benchmark_costs.h"

#include <algorithm>

#include "kernels/core/support/log.h"
#include "kernels/io/output_file.h"
#include "tasks/comparison/index/benchmark_runs.h"
#include "tasks/data/file_bytes.h"
#include "tasks/program/arguments.h"
#include "tasks/program/compare/benchmark_folder.h"
#include "tasks/program/compare/benchmark_options.h"
#include "tasks/program/compare/compare_speed.h"
#include "tasks/program/interrupt.h"
#include "tasks/program/run_context.h"

namespace elm {
namespace {

const std::vector<std::int64_t> usual_lengths{128, 256, 512, 1024};

/// A stack with the mixer in all of its blocks; null where it has neither pattern.
std::unique_ptr<FittedModel> stack_of(const Arguments& arguments, const MixerChoice& choice,
                                      std::int64_t width) {
    const SequenceShape shape{.n_input = width, .n_output = width};
    for (const char* const pattern : {self_noncausal, self_causal}) {
        const BenchmarkCell cell{.pattern = pattern, .task = {}};
        Values given = given_options(arguments, cell, choice);
        given.try_emplace("width", width);
        const SeatedModel seated = seat(cell, choice, given, shape, {});
        if (!seated.unsupported.empty()) continue;
        return std::make_unique<FittedModel>(
            make_model({.model = seated.model, .options = seated.options, .shape = shape}));
    }
    return nullptr;
}

/// Whether a length of a model was measured.
bool holds(const std::vector<SpeedCurve>& curves, const std::string& model, std::int64_t length) {
    return std::any_of(curves.begin(), curves.end(), [&](const SpeedCurve& curve) {
        return curve.model == model &&
               std::any_of(curve.points.begin(), curve.points.end(),
                           [&](const SpeedPoint& point) { return point.length == length; });
    });
}

}  // namespace

void measure_costs(const Arguments& arguments, RunContext& context,
                   const std::vector<MixerChoice>& mixers, const std::string& path, bool goes_on) {
    const std::int64_t width = arguments.integer("width");
    const SpeedOptions options{
        .lengths = arguments.has("lengths") ? speed_lengths(arguments) : usual_lengths,
        .batch = arguments.integer("batch"),
        .precision = context.precision(),
        .seed = arguments.seed()};
    MeasuredCosts costs{.place = {.device = to_string(context.stream().device()),
                                  .dtype = std::string(name_of(context.precision())),
                                  .width = width,
                                  .batch = options.batch}};
    // What was measured stays, with the place where it was.
    std::string text = goes_on && is_there(path) ? read_file_bytes(path, "costs") : "";
    std::vector<SpeedCurve> known;
    if (!text.empty()) {
        for (MeasuredCosts& before : costs_from_csv(text, path)) {
            if (before.place == costs.place) known = std::move(before.curves);
        }
    }
    const auto measure = [&](const std::string& name, FittedModel& fitted) {
        SpeedOptions missing = options;
        std::erase_if(missing.lengths,
                      [&](std::int64_t length) { return holds(known, name, length); });
        if (missing.lengths.empty()) return;
        log::info("speed of {}", name);
        costs.curves.push_back(
            measure_speed(context.stream(), name, fitted, missing, throw_if_interrupted));
    };
    for (const MixerChoice& choice : mixers) {
        const auto fitted = stack_of(arguments, choice, width);
        if (fitted != nullptr) measure(choice.name, *fitted);
    }
    const auto plain =
        stack_of(arguments, {.name = plain_mixer, .model = plain_model, .mixer = {}}, width);
    if (plain != nullptr) measure(plain_mixer, *plain);
    const std::string rows = costs_to_csv(costs);
    if (!text.empty() && !text.ends_with('\n')) text += '\n';
    text += text.empty() ? rows : rows.substr(rows.find('\n') + 1);
    write_text_file(path, true, text);
}

}  // namespace elm
