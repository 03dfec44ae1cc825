#include "tasks/program/compare/compare_speed.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "baselines/fitted_model.h"
#include "kernels/core/memory.h"
#include "kernels/core/support/check.h"
#include "kernels/core/support/log.h"
#include "kernels/core/support/parallel.h"
#include "tasks/comparison/comparison_page.h"
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

/// What models are held against: stacks of attention that keep no matrix of weights, and one.
const std::vector<std::string> attentions{"transformer", "plain_transformer"};
constexpr const char* both_directions = " (both directions)";
constexpr std::int64_t longest = std::int64_t{1} << 24;
constexpr double share_of_free = 0.25, giga = 1e9;

/// "4k" is 4096.
std::int64_t length_of(const std::string& text) {
    const bool kilo = text.ends_with('k');
    const Value value = parse_value(kilo ? text.substr(0, text.size() - 1) : text);
    const auto* number = std::get_if<std::int64_t>(&value);
    ELM_CHECK(number != nullptr && *number >= 1 && *number <= longest,
              "--lengths: '{}' is no length: expected for example 1000 or 4k (4096).", text);
    return *number * (kilo ? 1024 : 1);
}

std::int64_t positive(const Arguments& arguments, const std::string& flag) {
    const std::int64_t number = arguments.integer(flag);
    ELM_CHECK(number >= 1 && number <= 1'000'000, "--{} {}: expected 1 to 1000000.", flag, number);
    return number;
}

/// What is measured, by the name that tables have for it.
struct Entrant {
    std::string name;
    FittedModel fitted = {};
    std::vector<SpeedPoint> beyond = {};  // the longest lengths, where it cannot be made for them
};

/// What all are made for.
struct Course {
    std::int64_t width;
    std::vector<std::int64_t> lengths;  // rising
    double room;                        // bytes that parameters and their gradients may take
    DType precision;
};

bool is_known(const std::string& model) {
    const auto& known = all_models();
    return std::any_of(known.begin(), known.end(),
                       [&](const ModelEntry& entry) { return entry.name == model; });
}
bool is_attention(const std::string& model) {
    return std::find(attentions.begin(), attentions.end(), model) != attentions.end();
}

Values known_to(const std::string& model, Values options) {
    const OptionSet known = find_model(model).options();
    std::erase_if(options, [&](const auto& named) {
        return std::ranges::none_of(
            known.options(), [&](const Option& option) { return option.name == named.first; });
    });
    return options;
}

/// With the width of all where the model has one and no other was chosen for it.
FittedModel registered(const std::string& model, Values options, std::int64_t width) {
    options.merge(known_to(model, {{"width", width}}));
    return with_context("making the model " + model, [&] {
        return make_model({.model = model,
                           .options = std::move(options),
                           .shape = {.n_input = width, .n_output = width}});
    });
}

/// The option that says what length a model has tables or scales for, where it has one.
std::optional<Option> reach_of(const std::string& model) {
    const OptionSet known = find_model(model).options();
    for (const Option& option : known.options()) {
        const bool whole = std::holds_alternative<std::int64_t>(option.value);
        if (option.name == "longest" && whole) return option;
    }
    return {};
}

/// A model for sequences of all lengths; where these take another value of its option "longest"
/// than it has, and none was chosen, for as long ones as its parameters have room for.
Entrant entrant(const std::string& name, const std::string& model, const Values& options,
                const Course& course) {
    Entrant made{.name = name, .fitted = registered(model, options, course.width)};
    const std::optional<Option> reach = reach_of(model);
    if (!reach || options.contains(reach->name)) return made;
    for (auto length = course.lengths.rbegin(); length != course.lengths.rend(); ++length) {
        if (*length <= std::get<std::int64_t>(reach->value)) break;
        SpeedPoint point{.length = *length};
        if (static_cast<double>(*length) > reach->highest) {
            point.left_out =
                fmt::format("its option {} is at most {:.0f}", reach->name, reach->highest);
        } else {
            Values longer = options;
            longer[reach->name] = *length;
            FittedModel fitted = registered(model, std::move(longer), course.width);
            const double bytes = 2 * static_cast<double>(trainable_count(*fitted.model)) *
                                 static_cast<double>(size_of(course.precision));
            if (bytes <= course.room) {
                made.fitted = std::move(fitted);
                break;
            }
            point.left_out = fmt::format("its parameters need about {:.3g} GB of {:.3g}",
                                         bytes / giga, course.room / giga);
        }
        made.beyond.insert(made.beyond.begin(), std::move(point));
    }
    return made;
}

/// Both attentions in each direction in which a model reads, in stacks of the same options.
void add_attentions(const Arguments& arguments, const Course& course, std::vector<Entrant>& all) {
    const Values of_both = arguments.component(attentions.front());
    std::set<bool> directions;
    for (const Entrant& one : all) directions.insert(one.fitted.model->traits().causal);
    if (directions.empty()) {
        const auto chosen = of_both.find("causal");
        directions.insert(chosen == of_both.end() || std::get<bool>(chosen->second));
    }
    for (const std::string& model : attentions) {
        if (!is_known(model)) {
            log::info("this build has no model {}: nothing is held against it", model);
            continue;
        }
        for (const bool causal : directions) {
            Values options = arguments.component(model);
            options["causal"] = causal;
            options.merge(known_to(model, of_both));
            all.push_back(
                entrant(causal ? model : model + both_directions, model, options, course));
        }
    }
}

std::vector<Entrant> entrants(const Arguments& arguments, const Course& course) {
    const std::vector<std::string> models = registered_models(arguments, "models");
    ELM_CHECK(!models.empty(),
              "--models is missing: expected names with commas between them, see elmsim list "
              "models.");
    std::vector<Entrant> all;
    with_flag("--models", [&] {
        for (const std::string& model : models) {
            if (is_attention(model)) continue;  // both are there in any case
            all.push_back(entrant(model, model, arguments.component(model), course));
        }
        add_attentions(arguments, course, all);
    });
    return all;
}

std::vector<SpeedCurve> measure_all(RunContext& context, std::vector<Entrant> all,
                                    const SpeedOptions& options) {
    std::vector<SpeedCurve> curves;
    bool lacks_room = false;
    for (Entrant& one : all) {
        log::info("{}", one.name);
        SpeedOptions own = options;
        own.lengths.resize(own.lengths.size() - one.beyond.size());
        SpeedCurve curve =
            measure_speed(context.stream(), one.name, one.fitted, own, throw_if_interrupted);
        one.fitted = {};
        for (SpeedPoint& point : one.beyond) {
            log::warn("{} at {} steps: {}", one.name, point.length, point.left_out);
            curve.points.push_back(std::move(point));
        }
        lacks_room = lacks_room || std::any_of(curve.points.begin(), curve.points.end(),
                                               [](const auto& point) { return point.lacks_room; });
        curves.push_back(std::move(curve));
    }
    if (lacks_room) {
        log::warn("less of --batch or --width makes room for what lacked memory or time");
    }
    return curves;
}

}  // namespace

std::vector<std::int64_t> speed_lengths(const Arguments& arguments) {
    std::vector<std::int64_t> lengths;
    for (const std::string& item : arguments.items("lengths")) lengths.push_back(length_of(item));
    std::sort(lengths.begin(), lengths.end());
    lengths.erase(std::unique(lengths.begin(), lengths.end()), lengths.end());
    return lengths;
}

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
    SpeedOptions options{.lengths = speed_lengths(arguments),
                         .batch = positive(arguments, "batch")};
    const std::int64_t width = positive(arguments, "width");
    RunContext context(arguments, true);
    options.precision = context.precision();
    options.seed = arguments.seed();
    std::vector<Entrant> all =
        entrants(arguments, {.width = width,
                             .lengths = options.lengths,
                             .room = share_of_free * free_memory_bytes(context.stream().device()),
                             .precision = options.precision});
    context.announce();
    const std::vector<SpeedCurve> curves = measure_all(context, std::move(all), options);
    const Table speeds = speed_table(curves, options.batch);
    std::vector<std::string> references = attentions;
    for (const std::string& model : attentions) references.push_back(model + both_directions);
    const Table lengths = efficiency_table(curves, references, RandomKey{options.seed});
    const Table exponents = exponent_table(curves);
    const Figure figure = speed_figure(curves, options.batch);
    const bool force = arguments.has("force");
    draw_figure(arguments, "plot", figure, force);
    if (arguments.has("report")) {
        ComparisonPage page{.title = "elmsim: speed against length",
                            .verdict = "From which length on a model is cheaper than attention",
                            .facts = page_facts(arguments, context.stream().device()),
                            .tables = {{"Efficiency lengths", lengths},
                                       {"Exponents of the costs", exponents},
                                       {"Speed", speeds}},
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
            .set("exponents", exponents.to_records())
            .set("efficiency_lengths", lengths.to_records());
        print_result(record.to_json());
    } else {
        print_result(table_text(arguments, speeds) + "\n" + table_text(arguments, exponents) +
                     "\n" + table_text(arguments, lengths));
    }
    return 0;
}

}  // namespace elm
