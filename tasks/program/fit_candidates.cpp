#include "tasks/program/fit_candidates.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "baselines/model_registry.h"
#include "kernels/core/check.h"
#include "kernels/io/option_set.h"
#include "neuron/elm/elm_model_file.h"
#include "tasks/program/arguments.h"
#include "tasks/program/run_context.h"
#include "tasks/training/elm_fit.h"
#include "tasks/training/sequence_fit.h"

namespace elm {
namespace {

/// A branched neuron for as many channels, half of them inhibitory, in the proportions of Spieler
/// et al. 2024, arXiv 2306.16922: 45 branches, each with 100 synapses on a stretch that advances by
/// 29 channels from branch to branch.
ElmOptions usual_options(std::int64_t n_channels) {
    ElmOptions options;
    options.n_input = n_channels;
    options.n_output = 2;
    options.n_memory = 20;
    options.n_branch = std::min<std::int64_t>(45, n_channels);
    const std::int64_t advance = (n_channels + options.n_branch - 1) / options.n_branch;
    options.n_synapse_per_branch = (advance * 100 + 28) / 29;
    options.routing = n_channels % 2 == 0 ? SynapseRouting::neuronio : SynapseRouting::random;
    options.memory_tau_max_ms = 150;
    return options;
}

ElmOptions elm_options(const Arguments& arguments, const Config& preset, std::int64_t n_channels) {
    ElmOptions options = usual_options(n_channels);
    if (const auto found = preset.sections.find("elm"); found != preset.sections.end()) {
        options = with_values(options, found->second);
    }
    return with_values(options, arguments.component("elm"));
}

std::vector<std::int64_t> memory_sizes(const Arguments& arguments, const ElmOptions& options) {
    std::vector<std::int64_t> sizes;
    for (const std::string& item : arguments.items("memory")) {
        const Value value = parse_value(item);
        const auto* size = std::get_if<std::int64_t>(&value);
        ELM_CHECK(size != nullptr && *size > 0 && *size <= 100000,
                  "--memory {}: '{}' is no number of memory units. Expected for example 20 or "
                  "1,2,5,10,20,50.",
                  arguments.text("memory"), item);
        sizes.push_back(*size);
    }
    if (sizes.empty()) sizes.push_back(options.n_memory);
    return sizes;
}

/// The model of --init-from, which must be what would be made anew in all but its numbers.
ElmModel initial_model(const Arguments& arguments, const ElmOptions& options, std::uint64_t seed) {
    if (!arguments.has("init-from")) return make_elm_model(options, seed);
    const std::string path = arguments.text("init-from");
    ElmModel model = load_elm_model(path);
    if (arguments.has("memory")) {
        ELM_CHECK(model.options.n_memory == options.n_memory,
                  "--memory {} and --init-from {}: that model has {} memory units.",
                  options.n_memory, path, model.options.n_memory);
    }
    model.options = with_values(model.options, arguments.component("elm"));
    with_context("checking --init-from " + path, [&] { model.check(); });
    ELM_CHECK(model.options.n_input == options.n_input && model.options.n_output == 2,
              "--init-from {}: that model has {} inputs and {} outputs, the data needs {} and 2.",
              path, model.options.n_input, model.options.n_output, options.n_input);
    return model;
}

/// One candidate for each size of memory.
std::vector<FitCandidate> elm_candidates(const Arguments& arguments, RunContext& context,
                                         const Config& preset, std::int64_t n_channels,
                                         std::uint64_t seed) {
    std::vector<FitCandidate> candidates;
    ElmOptions options = elm_options(arguments, preset, n_channels);
    for (const std::int64_t n_memory : memory_sizes(arguments, options)) {
        options.n_memory = n_memory;
        FitCandidate candidate;
        candidate.name = fmt::format("elm-{}", n_memory);
        const ElmModel start = initial_model(arguments, options, seed);
        candidate.options = to_values(start.options);
        candidate.make = [start, precision = context.precision(),
                          device = context.stream().device(), arithmetic = context.arithmetic()] {
            return elm_fit(start, precision, device, arithmetic);
        };
        candidates.push_back(std::move(candidate));
    }
    return candidates;
}

FitCandidate sequence_candidate(const Arguments& arguments, const RunContext& context,
                                const Config& preset, const std::string& kind,
                                std::int64_t n_channels) {
    ELM_CHECK(context.arithmetic() == ElmArithmetic::exact,
              "--precision {} is of ELM neurons, and --model {} is none.",
              name_of(context.arithmetic()), kind);
    const DType precision = context.precision();
    Values values;
    if (const auto found = preset.sections.find(kind); found != preset.sections.end()) {
        values = found->second;
    }
    for (const auto& [key, value] : arguments.component(kind)) values[key] = value;
    SequenceModelSpec spec{.model = kind, .options = values, .shape = {n_channels, 2}};
    std::string start;
    if (arguments.has("init-from")) {
        start = arguments.text("init-from");
        Stream host{Device{}};
        const SequenceModelSpec other = load_sequence_model(host, start, precision).spec;
        ELM_CHECK(
            other.model == kind && other.shape.n_input == n_channels && other.shape.n_output == 2,
            "--init-from {}: this is a model {} of {} inputs, expected {} of {}.", start,
            other.model, other.shape.n_input, kind, n_channels);
        ELM_CHECK(values.empty() || to_values(model_options(kind, values)) == other.options,
                  "--init-from {}: the options of section {} differ from those of that model. "
                  "Leave them out.",
                  start, kind);
        spec.options = other.options;
    }
    FitCandidate candidate;
    candidate.name = kind;
    candidate.options = to_values(model_options(kind, spec.options));
    candidate.make = [spec, precision, start] { return sequence_fit(spec, precision, start); };
    return candidate;
}

std::vector<std::string> kinds_of(const Arguments& arguments) {
    std::vector<std::string> known{"elm"}, kinds;
    for (const ModelEntry& entry : all_models()) known.push_back(entry.name);
    for (const std::string& given : arguments.items("model")) {
        ELM_CHECK(std::find(known.begin(), known.end(), given) != known.end(),
                  "--model {}: there is no such model to fit: expected {}.{}", given,
                  fmt::join(known, ", "), nearest_hint(given, known));
        kinds.push_back(given);
    }
    if (kinds.empty()) kinds.emplace_back("elm");
    ELM_CHECK(
        !arguments.has("memory") || std::find(kinds.begin(), kinds.end(), "elm") != kinds.end(),
        "--memory is the size of an ELM neuron and --model {} is none. Its size is an option "
        "of section {}: see elmsim list models.",
        kinds.front(), kinds.front());
    return kinds;
}

}  // namespace

std::vector<FitCandidate> fit_candidates(const Arguments& arguments, RunContext& context,
                                         const Config& preset, std::int64_t n_channels) {
    const std::int64_t n_seeds = arguments.integer("seeds");
    ELM_CHECK(n_seeds >= 1 && n_seeds <= 10000, "--seeds {}: expected 1 or more.", n_seeds);
    std::vector<FitCandidate> candidates;
    for (const std::string& kind : kinds_of(arguments)) {
        for (std::int64_t k = 0; k < n_seeds; ++k) {
            const std::uint64_t seed = arguments.seed() + static_cast<std::uint64_t>(k);
            std::vector<FitCandidate> found;
            if (kind == "elm") {
                found = elm_candidates(arguments, context, preset, n_channels, seed);
            } else {
                found.push_back(sequence_candidate(arguments, context, preset, kind, n_channels));
            }
            for (FitCandidate& candidate : found) {
                candidate.kind = candidate.section = kind;
                candidate.seed = seed;
                if (n_seeds > 1) candidate.name += fmt::format("-seed{}", seed);
                candidates.push_back(std::move(candidate));
            }
        }
    }
    ELM_CHECK(candidates.size() == 1 || !arguments.has("init-from"),
              "--init-from begins one fit, and these options ask for {}.", candidates.size());
    const std::string out = arguments.text("out");
    for (FitCandidate& candidate : candidates) {
        candidate.path =
            candidates.size() == 1 || !out.ends_with(".h5")
                ? out
                : fmt::format("{}_{}.h5", out.substr(0, out.size() - 3), candidate.name);
    }
    return candidates;
}

}  // namespace elm
