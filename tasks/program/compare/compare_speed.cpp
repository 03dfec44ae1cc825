#include "tasks/program/compare/compare_speed.h"

#include <algorithm>

#include <fmt/format.h>

#include "baselines/model_file.h"
#include "kernels/core/support/check.h"
#include "kernels/core/support/log.h"
#include "kernels/core/support/parallel.h"
#include "tasks/comparison/comparison_page.h"
#include "tasks/comparison/speed/plain_attention.h"
#include "tasks/comparison/speed/speed_curve.h"
#include "tasks/comparison/speed/speed_results.h"
#include "tasks/program/arguments.h"
#include "tasks/program/compare/compare_results.h"
#include "tasks/program/interrupt.h"
#include "tasks/program/outputs.h"
#include "tasks/program/run_context.h"
#include "tasks/program/training/training_options.h"

namespace elm {
namespace {

constexpr const char *plain_attention = "plain attention", *fused_attention = "transformer";
constexpr std::int64_t wanted_head_width = 64, longest = std::int64_t{1} << 24;

/// "4k" is 4096.
std::int64_t length_of(const std::string& text) {
    const bool kilo = text.ends_with('k');
    const Value value = parse_value(kilo ? text.substr(0, text.size() - 1) : text);
    const auto* number = std::get_if<std::int64_t>(&value);
    ELM_CHECK(number != nullptr && *number >= 1 && *number <= longest,
              "--lengths: '{}' is no length: expected for example 1000 or 4k (4096).", text);
    return *number * (kilo ? 1024 : 1);
}

std::vector<std::int64_t> lengths_of(const Arguments& arguments) {
    std::vector<std::int64_t> lengths;
    for (const std::string& item : arguments.items("lengths")) lengths.push_back(length_of(item));
    std::sort(lengths.begin(), lengths.end());
    lengths.erase(std::unique(lengths.begin(), lengths.end()), lengths.end());
    return lengths;
}

std::int64_t positive(const Arguments& arguments, const std::string& flag) {
    const std::int64_t number = arguments.integer(flag);
    ELM_CHECK(number >= 1 && number <= 1'000'000, "--{} {}: expected 1 to 1000000.", flag, number);
    return number;
}

FittedModel registered(const Arguments& arguments, const std::string& name, std::int64_t width) {
    return make_model({.model = name,
                       .options = arguments.component(name),
                       .shape = {.n_input = width, .n_output = width}});
}

FittedModel attention(std::int64_t width) {
    std::int64_t heads = std::max<std::int64_t>(1, width / wanted_head_width);
    while (width % heads != 0) --heads;
    FittedModel fitted;
    fitted.spec = {.model = plain_attention, .shape = {.n_input = width, .n_output = width}};
    fitted.model = make_plain_attention(width, heads);
    return fitted;
}

std::vector<SpeedCurve> measure_all(const Arguments& arguments, RunContext& context,
                                    std::vector<std::string> models, const SpeedOptions& options) {
    const std::int64_t width = positive(arguments, "width");
    const RandomKey key = RandomKey{options.seed}.for_purpose("first values");
    std::vector<FittedModel> all;
    for (const std::string& name : models) {
        all.push_back(with_flag("--models", [&] { return registered(arguments, name, width); }));
    }
    models.emplace_back(plain_attention);
    all.push_back(attention(width));
    std::vector<SpeedCurve> curves;
    for (std::size_t k = 0; k < all.size(); ++k) {
        log::info("{}", models[k]);
        allocate(context.stream(), all[k], context.precision(), key);
        curves.push_back(
            measure_speed(context.stream(), models[k], all[k], options, throw_if_interrupted));
        all[k] = {};
    }
    const bool whole = std::all_of(curves.begin(), curves.end(), [](const SpeedCurve& curve) {
        return std::all_of(curve.points.begin(), curve.points.end(),
                           [](const SpeedPoint& point) { return point.measured(); });
    });
    if (!whole) log::warn("less of --batch or --width makes room for what was left out");
    return curves;
}

/// Models of the list, and the registered transformer, which others are held against.
std::vector<std::string> models_of(const Arguments& arguments) {
    std::vector<std::string> models = registered_models(arguments, "models");
    ELM_CHECK(!models.empty(),
              "--models is missing: expected names with commas between them, see elmsim list "
              "models.");
    const auto& known = all_models();
    const bool has_fused = std::any_of(known.begin(), known.end(), [](const ModelEntry& entry) {
        return entry.name == fused_attention;
    });
    if (!has_fused) {
        log::info("this build has no model {}: models are held against plain attention alone",
                  fused_attention);
    } else if (std::find(models.begin(), models.end(), fused_attention) == models.end()) {
        models.emplace_back(fused_attention);
    }
    return models;
}

}  // namespace

int compare_speed(const Arguments& arguments) {
    for (const char* const of_training :
         {"task", "budget", "tune", "cells", "ratings", "against", "resume", "data", "preset",
          "out", "train", "validate", "validate-every"}) {
        const bool given = arguments.has(of_training) &&
                           !(std::string(of_training) == "tune" && arguments.text("tune") == "0");
        ELM_CHECK(!given, "--{} is for comparisons that train, and --speed measures alone.",
                  of_training);
    }
    ELM_CHECK(arguments.has("lengths"),
              "--lengths is missing: expected lengths of sequences such as 1k,2k,4k,8k.");
    require_comparison_places(arguments);
    SpeedOptions options{.lengths = lengths_of(arguments), .batch = positive(arguments, "batch")};
    const std::vector<std::string> models = models_of(arguments);
    RunContext context(arguments, true);
    context.announce();
    options.precision = context.precision();
    options.seed = arguments.seed();
    const std::vector<SpeedCurve> curves = measure_all(arguments, context, models, options);
    const Table speeds = speed_table(curves, options.batch);
    const Table lengths =
        efficiency_table(curves, {fused_attention, plain_attention}, RandomKey{options.seed});
    const Figure figure = speed_figure(curves, options.batch);
    const bool force = arguments.has("force");
    draw_figure(arguments, "plot", figure, force);
    if (arguments.has("report")) {
        ComparisonPage page{.title = "elmsim: speed against length",
                            .verdict = "From which length on a model is cheaper than attention",
                            .facts = page_facts(arguments, context.stream().device()),
                            .tables = {{"Efficiency lengths", lengths}, {"Speed", speeds}},
                            .figures = {figure},
                            .commands = arguments.command_line(),
                            .config = arguments.effective()};
        write_page(page, arguments.text("report"), force);
    }
    if (arguments.has("json")) {
        Record record = result_header(arguments, context.stream().device());
        record.set("batch", options.batch)
            .set("width", arguments.integer("width"))
            .set("speed", speeds.to_records())
            .set("efficiency_lengths", lengths.to_records());
        print_result(record.to_json());
    } else {
        print_result(table_text(arguments, speeds) + "\n" + table_text(arguments, lengths));
    }
    return 0;
}

}  // namespace elm
