#include "tasks/program/fit_candidates.h"

#include <algorithm>

#include <fmt/format.h>

#include "kernels/core/check.h"
#include "kernels/io/option_set.h"
#include "tasks/program/arguments.h"
#include "tasks/program/run_context.h"

namespace elm {
namespace {

constexpr const char* memory_option = "num_memory";

bool has_option(const std::string& model, const std::string& name) {
    return to_values(find_model(model).options()).contains(name);
}

/// What suits ground truth of this many channels, for options that a model has: a branched neuron,
/// half of its inputs inhibitory, in the proportions of Spieler et al. 2024, arXiv 2306.16922: 45
/// branches, each with 100 synapses on a stretch that advances by 29 channels from branch to
/// branch.
Values suited_options(const std::string& model, std::int64_t n_channels) {
    const std::int64_t n_branch = std::min<std::int64_t>(45, n_channels);
    const std::int64_t advance = (n_channels + n_branch - 1) / n_branch;
    const Values all{{memory_option, std::int64_t{20}},
                     {"num_branch", n_branch},
                     {"num_synapse_per_branch", (advance * 100 + 28) / 29},
                     {"input_to_synapse_routing",
                      std::string(n_channels % 2 == 0 ? "neuronio_routing" : "random_routing")},
                     {"memory_tau_max", 150.0}};
    Values suited;
    for (const auto& [name, value] : all) {
        if (has_option(model, name)) suited[name] = value;
    }
    return suited;
}

void put(Values& options, const Values& others) {
    for (const auto& [name, value] : others) options[name] = value;
}

std::vector<std::int64_t> memory_sizes(const Arguments& arguments) {
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
    return sizes;
}

/// The model of --init-from, which must fit the data and what is asked for beside it.
FittedModel initial_model(const Arguments& arguments, const ModelSpec& wanted, DType precision) {
    const std::string path = arguments.text("init-from");
    Stream host{Device{}};
    FittedModel fitted = load_model(host, path, precision);
    const ModelSpec& found = fitted.spec;
    ELM_CHECK(found.model == wanted.model && found.shape.n_input == wanted.shape.n_input &&
                  found.shape.n_output == wanted.shape.n_output,
              "--init-from {}: this is a model {} of {} inputs and {} outputs, expected {} of {} "
              "and {}.",
              path, found.model, found.shape.n_input, found.shape.n_output, wanted.model,
              wanted.shape.n_input, wanted.shape.n_output);
    if (arguments.has("memory")) {
        const Value &size = wanted.options.at(memory_option),
                    &own = found.options.at(memory_option);
        ELM_CHECK(own == size, "--memory {} and --init-from {}: that model has {} memory units.",
                  to_text(size), path, to_text(own));
    }
    fitted = with_context("--init-from " + path, [&] {
        return with_options(host, std::move(fitted), arguments.component(wanted.model));
    });
    keep_numbers(*fitted.model);
    return fitted;
}

FitCandidate candidate(const Arguments& arguments, const RunContext& context, ModelSpec spec,
                       std::uint64_t seed) {
    FitCandidate candidate;
    candidate.seed = seed;
    const auto arithmetic = context.arithmetic();
    const auto ready = [arithmetic](FittedModel fitted) {
        with_context("--precision and --model " + fitted.spec.model,
                     [&] { fitted.model->use_arithmetic(arithmetic); });
        return fitted;
    };
    if (arguments.has("init-from")) {
        candidate.make = [ready, &arguments, spec, precision = context.precision()] {
            return ready(initial_model(arguments, spec, precision));
        };
    } else {
        candidate.make = [ready, spec, seed] { return ready(make_model(spec, seed)); };
    }
    candidate.spec = candidate.make().spec;
    const auto size = candidate.spec.options.find(memory_option);
    candidate.name = size == candidate.spec.options.end()
                         ? spec.model
                         : fmt::format("{}-{}", spec.model, to_text(size->second));
    return candidate;
}

/// One candidate for each size of memory.
std::vector<FitCandidate> candidates_of(const Arguments& arguments, const RunContext& context,
                                        const Config& preset, const std::string& model,
                                        std::int64_t n_channels, std::uint64_t seed) {
    ModelSpec spec{
        .model = model, .options = suited_options(model, n_channels), .shape = {n_channels, 2}};
    if (const auto found = preset.sections.find(model); found != preset.sections.end()) {
        put(spec.options, found->second);
    }
    put(spec.options, arguments.component(model));
    std::vector<FitCandidate> candidates;
    const std::vector<std::int64_t> sizes = memory_sizes(arguments);
    if (sizes.empty() || !has_option(model, memory_option)) {
        return {candidate(arguments, context, spec, seed)};
    }
    for (const std::int64_t size : sizes) {
        spec.options[memory_option] = size;
        candidates.push_back(candidate(arguments, context, spec, seed));
    }
    return candidates;
}

std::vector<std::string> models_of(const Arguments& arguments) {
    std::vector<std::string> known, models = arguments.all_items("model");
    for (const ModelEntry& entry : all_models()) known.push_back(entry.name);
    for (const std::string& given : models) {
        ELM_CHECK(std::find(known.begin(), known.end(), given) != known.end(),
                  "--model {}: there is no such model to fit: expected {}.{}", given,
                  fmt::join(known, ", "), nearest_hint(given, known));
    }
    if (models.empty()) models.emplace_back("elm");
    ELM_CHECK(!arguments.has("memory") ||
                  std::any_of(models.begin(), models.end(),
                              [](const auto& model) { return has_option(model, memory_option); }),
              "--memory is the size of an ELM neuron and --model {} is none. Its size is an option "
              "of section {}: see elmsim list models.",
              fmt::join(models, ","), models.front());
    return models;
}

}  // namespace

std::vector<FitCandidate> fit_candidates(const Arguments& arguments, RunContext& context,
                                         const Config& preset, std::int64_t n_channels) {
    const std::int64_t n_seeds = arguments.integer("seeds");
    ELM_CHECK(n_seeds >= 1 && n_seeds <= 10000, "--seeds {}: expected 1 or more.", n_seeds);
    std::vector<FitCandidate> candidates;
    for (const std::string& model : models_of(arguments)) {
        for (std::int64_t k = 0; k < n_seeds; ++k) {
            const std::uint64_t seed = arguments.seed() + static_cast<std::uint64_t>(k);
            for (FitCandidate& one :
                 candidates_of(arguments, context, preset, model, n_channels, seed)) {
                if (n_seeds > 1) one.name += fmt::format("-seed{}", seed);
                candidates.push_back(std::move(one));
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
