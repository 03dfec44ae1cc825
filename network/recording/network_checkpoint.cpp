#include "network/recording/network_checkpoint.h"

#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "kernels/core/build_info.h"
#include "kernels/core/support/error.h"
#include "kernels/io/fingerprint.h"
#include "kernels/io/hdf5_file.h"
#include "kernels/io/output_file.h"
#include "kernels/io/toml_config.h"
#include "network/recording/state_file.h"
#include "neuron/elm/elm_model.h"

namespace elm::network {
namespace {

constexpr std::string_view format_name = "network-checkpoint";
constexpr std::int64_t format_version = 1;

void add(Fingerprint& sum, const Distribution& d) {
    sum.add(static_cast<int>(d.kind));
    for (const double value : {d.first, d.second, d.lowest, d.highest}) sum.add(value);
    sum.add(d.values);
}
void add(Fingerprint& sum, const std::vector<std::int64_t>& values) {
    sum.add(std::ssize(values));
    for (const std::int64_t value : values) sum.add(value);
}
/// What need not be there.
template <class T, class Add>
void add_if(Fingerprint& sum, const std::optional<T>& value, const Add& add_value) {
    sum.add(value ? 1 : 0);
    if (value) add_value(*value);
}

void add(Fingerprint& sum, const ElmNode& elm) {
    for (const NamedArray& array : elm.model->parameters) {
        sum.add(array.name);
        sum.add(array.values);
    }
    const ElmOptions& options = elm.model->options;
    for (const std::int64_t number :
         {static_cast<std::int64_t>(options.version), options.n_input, options.n_output,
          options.n_branch, static_cast<std::int64_t>(options.routing)}) {
        sum.add(number);
    }
    for (const double number : {options.lambda, options.memory_tau_min_ms,
                                options.memory_tau_max_ms, options.time_step_ms, elm.fit_step_ms}) {
        sum.add(number);
    }
    sum.add(elm.draws_spikes ? 1 : 0);
    if (elm.longest_gap_ms > 0) sum.add(elm.longest_gap_ms);
}

std::string of_populations(const NetworkDescription& network) {
    Fingerprint sum;
    for (const Population& population : network.populations) {
        sum.add(population.name);
        sum.add(population.size);
        sum.add(population.model);
        for (const auto* const quantities : {&population.parameters, &population.initial}) {
            for (const auto& [name, distribution] : *quantities) {
                sum.add(name);
                add(sum, distribution);
            }
        }
        sum.add(population.rate_hz);
        sum.add(population.spike_times);
        add(sum, population.spike_neurons);
        add_if(sum, population.short_term, [&](const ShortTermPlasticity& rule) {
            for (const double value :
                 {rule.release, rule.tau_recovery_ms, rule.tau_facilitation_ms}) {
                sum.add(value);
            }
            if (rule.tau_current_ms > 0) sum.add(rule.tau_current_ms);
        });
        add_if(sum, population.elm, [&](const ElmNode& elm) { add(sum, elm); });
    }
    return sum.text();
}

std::string of_connections(const NetworkDescription& network) {
    Fingerprint sum;
    for (const Connection& c : network.connections) {
        for (const std::int64_t number :
             {static_cast<std::int64_t>(c.from), static_cast<std::int64_t>(c.to),
              static_cast<std::int64_t>(c.rule), c.degree, std::int64_t{c.allow_autapses},
              std::int64_t{c.allow_multapses}}) {
            sum.add(number);
        }
        sum.add(c.probability);
        add(sum, c.sources);
        add(sum, c.targets);
        add(sum, c.weight);
        add(sum, c.delay_ms);
        sum.add(c.input);
        add_if(sum, c.synapse, [&](const Distribution& synapse) { add(sum, synapse); });
        add_if(sum, c.stdp, [&](const Stdp& stdp) {
            for (const double value :
                 {stdp.tau_plus_ms, stdp.tau_minus_ms, stdp.rate, stdp.asymmetry, stdp.mu_plus,
                  stdp.mu_minus, stdp.unit_weight, stdp.is_power_law ? 1.0 : 0.0}) {
                sum.add(value);
            }
            // Left out where they say nothing new: older checkpoints stay valid.
            if (stdp.is_balancing) sum.add("balancing");
            if (stdp.pairs != StdpPairs::all) sum.add(static_cast<std::int64_t>(stdp.pairs));
        });
        if (c.homeostasis) {
            sum.add(static_cast<std::int64_t>(c.homeostasis->rule));
            for (const double value :
                 {c.homeostasis->every_ms, c.homeostasis->total, c.homeostasis->target_rate_hz,
                  c.homeostasis->gain, c.homeostasis->tau_ms}) {
                sum.add(value);
            }
        }
    }
    return sum.text();
}

std::string of_inputs(const NetworkDescription& network) {
    Fingerprint sum;
    const auto add_stop = [&](const std::optional<double>& stop_ms) {
        add_if(sum, stop_ms, [&](double value) { sum.add(value); });
    };
    for (const PoissonInput& input : network.poisson) {
        sum.add(static_cast<std::int64_t>(input.to));
        for (const double value : {input.rate_hz, input.weight, input.start_ms}) sum.add(value);
        sum.add(input.input);
        add_stop(input.stop_ms);
        sum.add(input.first);
        add_if(sum, input.count, [&](std::int64_t count) { sum.add(count); });
    }
    for (const CurrentInput& input : network.currents) {
        sum.add(static_cast<std::int64_t>(input.to));
        for (const double value : {input.amplitude, input.start_ms}) sum.add(value);
        add_stop(input.stop_ms);
    }
    return sum.text();
}

std::string of_traces(const NetworkDescription& network) {
    Fingerprint sum;
    for (const TraceRequest& trace : network.traces) {
        sum.add(static_cast<std::int64_t>(trace.population));
        for (const std::string& state : trace.states) sum.add(state);
        add(sum, trace.neurons);
    }
    return sum.text();
}

/// What must agree, by attribute.
std::vector<std::pair<std::string, std::string>> parts_of(const CheckpointOwner& owner) {
    const NetworkDescription& network = *owner.network;
    return {{"engine", owner.engine},
            {"precision", std::string(name_of(owner.precision))},
            {"time_step_ms", fmt::format("{}", network.time_step_ms)},
            {"seed", fmt::format("{}", network.seed)},
            {"populations", of_populations(network)},
            {"connections", of_connections(network)},
            {"inputs", of_inputs(network)},
            {"traces", of_traces(network)}};
}

std::string text_of(const Values& attributes, const std::string& name) {
    const auto found = attributes.find(name);
    if (found == attributes.end()) return "";
    const auto* const text = std::get_if<std::string>(&found->second);
    return text != nullptr ? *text : to_text(found->second);
}

void require_format(const Hdf5File& file, const Values& attributes) {
    if (text_of(attributes, "format") != format_name) {
        throw Error(ErrorKind::data, fmt::format("{} is no checkpoint of a network.", file.path()));
    }
    if (text_of(attributes, "format_version") != fmt::format("{}", format_version)) {
        throw Error(
            ErrorKind::data,
            fmt::format("{} is of version {} of the format, this program knows {}.", file.path(),
                        text_of(attributes, "format_version"), format_version));
    }
}

}  // namespace

void write_network_checkpoint(const std::string& path, const CheckpointOwner& owner,
                              const std::string& config, Engine& engine) {
    OutputFile output(path, true);
    Hdf5File file = Hdf5File::create(output.temporary_path());
    file.set_attribute("/", "format", std::string(format_name));
    file.set_attribute("/", "format_version", format_version);
    file.set_attribute("/", "program_version", std::string(build_info::version));
    file.set_attribute("/", "network", owner.network->name);
    for (const auto& [name, text] : parts_of(owner)) file.set_attribute("/", name, text);
    file.write_string("/config", config);
    StateFile state(file);
    engine.exchange_state(state);
    file.close();
    output.commit();
}

void read_network_checkpoint(const std::string& path, const CheckpointOwner& owner,
                             Engine& engine) {
    const Hdf5File file = Hdf5File::open(path);
    const Values attributes = file.attributes("/");
    require_format(file, attributes);
    std::vector<std::string> different;
    for (const auto& [name, text] : parts_of(owner)) {
        const std::string found = text_of(attributes, name);
        if (found != text) different.push_back(fmt::format("{} ({}, here {})", name, found, text));
    }
    if (!different.empty()) {
        throw Error(
            ErrorKind::invalid,
            fmt::format("{} belongs to another run; different are {}. Give what it was begun "
                        "with, or begin anew.",
                        path, fmt::join(different, ", ")));
    }
    StateFile state(file);
    engine.exchange_state(state);
}

}  // namespace elm::network
