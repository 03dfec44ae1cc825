#include "tasks/program/input_flags.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "kernels/core/support/check.h"
#include "neuron/cable/cell/cell_file.h"
#include "tasks/data/spikes/poisson_source.h"
#include "tasks/data/spikes/spike_file.h"
#include "tasks/neuronio/neuronio_writer.h"
#include "tasks/neuronio/protocol_spikes.h"

namespace elm {
namespace {

constexpr double published_seconds = 6;  // Beniaguev, Segev, London 2021
constexpr std::int64_t most_trials = 100'000;

std::int64_t n_trials(const Arguments& arguments) {
    const std::int64_t trials = arguments.has("trials") ? arguments.integer("trials") : 1;
    ELM_CHECK(trials >= 1 && trials <= most_trials, "--trials {}: expected 1 to {}.", trials,
              most_trials);
    return trials;
}

std::vector<SampleInput> read_file(const Arguments& arguments, const InputTarget& target) {
    ELM_CHECK(!arguments.has("trials"),
              "--trials is for --poisson and --input-protocol: of --input all samples are run, or "
              "the one of --population.");
    const auto seconds = arguments.optional_number("seconds");
    return with_flag("--input", [&] {
        return open_spike_file(arguments.text("input"), target.n_units, target.time_step_ms,
                               seconds ? std::optional(*seconds * 1000) : std::nullopt,
                               arguments.has("population") ? arguments.text("population") : "");
    });
}

std::vector<SampleInput> draw_poisson(const Arguments& arguments, const InputTarget& target) {
    ELM_CHECK(arguments.has("seconds"), "--poisson needs a length: add --seconds S.");
    const double steps = arguments.number("seconds") * 1000 / target.time_step_ms;
    ELM_CHECK(steps >= 1 && steps < 1e15, "--seconds {}: this is {} steps of {} ms.",
              arguments.number("seconds"), steps, target.time_step_ms);
    const std::int64_t trials = n_trials(arguments);
    std::vector<SampleInput> inputs;
    for (std::int64_t trial = 0; trial < trials; ++trial) {
        inputs.push_back(with_flag("--poisson", [&] {
            return poisson_input(arguments.number("poisson"), target.n_units, std::llround(steps),
                                 target.time_step_ms, arguments.seed(),
                                 static_cast<std::uint32_t>(trial));
        }));
        if (trials > 1) inputs.back().name += fmt::format("_{:05}", trial);
    }
    return inputs;
}

std::vector<SampleInput> draw_protocol(const Arguments& arguments, const InputTarget& target) {
    const int duration_ms = protocol_duration_ms(arguments);
    const auto sites = std::make_shared<const InputSites>(target.sites());
    const std::int64_t trials = n_trials(arguments);
    std::vector<SampleInput> inputs;
    for (std::int64_t trial = 0; trial < trials; ++trial) {
        inputs.push_back(open_spikes(protocol_spikes(sites, duration_ms, arguments.seed(),
                                                     static_cast<std::uint64_t>(trial)),
                                     target.n_units, target.time_step_ms));
    }
    return inputs;
}

}  // namespace

std::vector<Flag> input_flags() {
    return {{"input", "FILE",
             "spikes: NeuronIO, SONATA, arrays times (ms) and units, or text (time, unit)"},
            {"population", "NAME", "of --input, take this population or trial alone"},
            {"poisson", "HZ", "Poisson input of this rate on every input channel"},
            {"input-protocol",
             "NAME",
             "input as generate draws it for the same --seed",
             "",
             false,
             {"neuronio"}},
            {"seconds", "S", "length of drawn input (neuronio: 6), or of what is run of a file"},
            {"trials", "N", "how many samples of drawn input are run; 1 where not given"}};
}

std::vector<SampleInput> resolve_input(const Arguments& arguments, const InputTarget& target) {
    static constexpr std::pair<const char*,
                               std::vector<SampleInput> (*)(const Arguments&, const InputTarget&)>
        kinds[] = {
            {"input", read_file}, {"poisson", draw_poisson}, {"input-protocol", draw_protocol}};
    const auto given = std::count_if(std::begin(kinds), std::end(kinds),
                                     [&](const auto& kind) { return arguments.has(kind.first); });
    ELM_CHECK(given <= 1, "give one of --input, --poisson and --input-protocol, not several.");
    const auto seconds = arguments.optional_number("seconds");
    ELM_CHECK(!seconds || (*seconds > 0 && std::isfinite(*seconds)),
              "--seconds {}: expected a number above 0.", *seconds);
    for (const auto& [flag, make] : kinds) {
        if (arguments.has(flag)) return make(arguments, target);
    }
    ELM_CHECK(!arguments.has("trials"), "--trials is for --poisson and --input-protocol.");
    return {};
}

InputSites model_input_sites(std::int64_t n_input) {
    InputSites sites = input_sites(cable::load_cell("l5pc", std::nullopt));
    const auto n_synapses = static_cast<std::int64_t>(2 * sites.tree.size());
    ELM_CHECK(n_input == n_synapses,
              "--input-protocol neuronio draws the input of the {} synapses of the cell l5pc, and "
              "the model has {} inputs. Draw that of the cell it was fitted to: elmsim generate "
              "neuronio --cell FILE --simulations 1 --out input.h5. Then give --input input.h5.",
              n_synapses, n_input);
    return sites;
}

int protocol_duration_ms(const Arguments& arguments) {
    const double seconds = arguments.optional_number("seconds").value_or(published_seconds);
    const double ms = seconds * 1000;
    ELM_CHECK(ms >= 1 && ms <= 1e6 && std::abs(ms - std::round(ms)) < 1e-9 * ms,
              "--seconds {}: expected a whole number of ms, from 0.001 to 1000 s.", seconds);
    return static_cast<int>(std::lround(ms));
}

}  // namespace elm
