#include "tasks/comparison/index/benchmark_grid.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "baselines/fitted_model.h"
#include "kernels/core/support/check.h"
#include "kernels/io/registry.h"

namespace elm {
namespace {

constexpr const char* exact_mixer = "attention";

struct CountedMetric {
    const char *task, *metric;
    bool higher_is_better, of_logarithm;
};
constexpr std::array counted_metrics{CountedMetric{"tts-syn", "mcd", false, false},
                                     CountedMetric{"tts-syn", "msd", false, false},
                                     CountedMetric{"sum-syn", "rouge_1", true, false},
                                     CountedMetric{"sum-syn", "rouge_2", true, false},
                                     CountedMetric{"sum-syn", "rouge_l", true, false},
                                     CountedMetric{"sr-syn", "psnr", true, false},
                                     CountedMetric{"sr-syn", "ssim", true, false},
                                     CountedMetric{"mlm-syn", "ppl", false, true},
                                     CountedMetric{"lm-syn", "ppl", false, true},
                                     CountedMetric{"pcc-syn", "cd_l1_x1000", false, false},
                                     CountedMetric{"pcc-syn", "cd_l2_x1000", false, false},
                                     CountedMetric{"pcc-syn", "f_at_001", true, false},
                                     CountedMetric{"lstf-syn", "mse", false, true},
                                     CountedMetric{"lstf-syn", "mae", false, false}};

const Option* option_of(const OptionSet& options, std::string_view name) {
    const auto all = options.options();
    const auto found = std::find_if(all.begin(), all.end(),
                                    [&](const Option& option) { return option.name == name; });
    return found == all.end() ? nullptr : &*found;
}

bool is_model(const std::string& name) {
    const auto& all = all_models();
    return std::any_of(all.begin(), all.end(),
                       [&](const ModelEntry& entry) { return entry.name == name; });
}

std::int64_t number_of(const OptionSet& options, const char* name) {
    return options.get<std::int64_t>(name);
}

/// The options of a model that has the mixer in all of its blocks.
void seat_in_blocks(const BenchmarkCell& cell, const MixerChoice& choice, SeatedModel& seated) {
    const OptionSet options = model_options(choice.model, seated.options);
    if (option_of(options, "causal") != nullptr) seated.options["causal"] = cell.is_causal();
    if (choice.name == window_mixer) {
        // Three steps: one to either side, or the last two and itself.
        seated.options["window"] = std::int64_t{cell.is_causal() ? 3 : 1};
    }
    if (choice.name == wide_mixer) {
        // As many parameters more as the four maps of an attention have.
        seated.options["mlp_width"] =
            number_of(options, "mlp_width") + 2 * number_of(options, "width");
    }
}

/// The options of an encoder-decoder that has the mixer in one of its roles.
void seat_in_role(const BenchmarkCell& cell, const MixerChoice& choice, SeatedModel& seated) {
    const std::string role(name_of(cell.seat));
    // What the decoder does with the target follows from the task, whoever sits in the encoder.
    seated.options["causal"] = cell.seat == Seat::encoder || cell.is_causal();
    seated.options[role + "_mixer"] = choice.mixer;
    if (choice.name == window_mixer) {
        seated.options[role + "_options"] = fmt::format("window={}", cell.is_causal() ? 3 : 1);
    }
}

/// Why a mixer cannot have this kind of seat at all.
std::string unseated(const BenchmarkCell& cell, const MixerChoice& choice) {
    if (cell.seat == Seat::blocks || !choice.mixer.empty()) return "";
    return choice.name == wide_mixer
               ? "perceptrons of an encoder-decoder are as wide in both of its stacks"
               : "it is a whole model, and no part of an encoder-decoder";
}

}  // namespace

std::string_view name_of(Seat seat) noexcept {
    return seat == Seat::blocks    ? "blocks"
           : seat == Seat::encoder ? "encoder"
           : seat == Seat::decoder ? "decoder"
                                   : "cross";
}

const std::vector<BenchmarkCell>& benchmark_cells() {
    static const Values autoregressive{{"role", std::string("autoregressive")}};
    static const std::vector<BenchmarkCell> cells{
        {self_noncausal, "tts-syn", Seat::blocks, {{"role", std::string("durations")}}},
        {self_noncausal, "sum-syn", Seat::encoder, autoregressive},
        {self_noncausal, "sr-syn"},
        {self_noncausal, "mlm-syn"},
        {self_noncausal, "pcc-syn", Seat::blocks, {}, false},
        {self_noncausal, "lstf-syn", Seat::blocks, {}, false},
        {self_causal, "tts-syn", Seat::decoder, autoregressive},
        {self_causal, "sum-syn", Seat::decoder, autoregressive},
        {self_causal, "lm-syn"},
        {cross_noncausal, "pcc-syn", Seat::cross},
        {cross_noncausal, "lstf-syn", Seat::cross},
        {cross_causal, "tts-syn", Seat::cross, autoregressive},
        {cross_causal, "sum-syn", Seat::cross, autoregressive}};
    return cells;
}

const std::vector<MixerChoice>& benchmark_mixers() {
    static const std::vector<MixerChoice> mixers{
        {vanilla_mixer, "transformer", exact_mixer},
        {"local", "local_transformer", "local_attention"},
        {"abc", "abc", "abc"},
        {"performer", "performer", "performer"},
        {"linear", "linear_transformer", "linear_attention"},
        {"cosformer", "cosformer", "cosformer"},
        {"nystrom", "nystromformer", "nystrom"},
        {"lara", "lara", "lara"},
        {"prob-sparse", "prob_sparse", "prob_sparse"},
        {"long-short", "long_short", "long_short"},
        {"s4d", "s4d", "s4d"},
        {no_mixer, "identity_transformer", "none", true},
        {wide_mixer, "identity_transformer", "", true},
        {window_mixer, "local_transformer", "local_attention", true}};
    return mixers;
}

MixerChoice find_choice(const std::string& name) {
    std::vector<std::string> known;
    for (const MixerChoice& choice : benchmark_mixers()) {
        if (choice.name == name) return choice;
        known.push_back(choice.name);
    }
    if (is_model(name)) return {name, name, ""};
    throw Error(ErrorKind::invalid,
                fmt::format("there is no mixer {}: expected {}, or a model of elmsim list "
                            "models.{}",
                            name, fmt::join(known, ", "), nearest_hint(name, known)));
}

std::vector<IndexMetric> index_metrics(std::string_view pattern, bool of_logarithms) {
    std::vector<IndexMetric> metrics;
    for (const BenchmarkCell& cell : benchmark_cells()) {
        if (cell.pattern != pattern || !cell.counts) continue;
        for (const CountedMetric& one : counted_metrics) {
            if (cell.task != one.task) continue;
            metrics.push_back(
                {one.task, one.metric, one.higher_is_better, of_logarithms && one.of_logarithm});
        }
    }
    return metrics;
}

SeatedModel seat(const BenchmarkCell& cell, const MixerChoice& choice, const Values& given,
                 const SequenceShape& shape, const Values& suited) {
    SeatedModel seated{.model = cell.seat == Seat::blocks ? choice.model : two_stack_model,
                       .options = {},
                       .unsupported = unseated(cell, choice)};
    if (!seated.unsupported.empty()) return seated;
    const OptionSet known = find_model(seated.model).options();
    for (const Values& values : {suited, given}) {
        for (const auto& [name, value] : values) {
            if (option_of(known, name) != nullptr) seated.options[name] = value;
        }
    }
    model_options(seated.model, seated.options);  // what a user chose is refused, and not left out
    (cell.seat == Seat::blocks ? seat_in_blocks : seat_in_role)(cell, choice, seated);
    try {
        const FittedModel made =
            make_model({.model = seated.model, .options = seated.options, .shape = shape});
        if (cell.seat == Seat::blocks && made.model->traits().causal != cell.is_causal()) {
            seated.unsupported = cell.is_causal() ? "it does not read a sequence causally"
                                                  : "it reads a sequence causally alone";
        }
    } catch (const Error& error) {
        if (error.kind() != ErrorKind::invalid) throw;
        seated.unsupported = error.message();
    }
    return seated;
}

}  // namespace elm
