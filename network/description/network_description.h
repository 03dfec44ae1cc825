#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "network/description/distribution.h"

namespace elm {
struct ElmModel;
}

/// Networks as a user describes them. Times are in ms, potentials in mV, currents in nA,
/// conductances in uS, capacitances in nF. `place` says where a part stands ("net.toml:12:1"), for
/// messages.
namespace elm::network {

/// Depression and facilitation of synapses, see plasticity/short_term.h.
struct ShortTermPlasticity {
    double release = 0.5;            // U: share of the resources that a rested synapse releases
    double tau_recovery_ms = 800;    // of the resources
    double tau_facilitation_ms = 0;  // of the share; 0: none
    double tau_current_ms = 0;       // resources act so long before they recover; 0: not at all
};

/// An ELM neuron as the neurons of a population. Its first output is the logit of a spike in a step
/// of `fit_step_ms`; where the network's steps h are others, a step spikes with the probability
/// 1 - (1 - p)^(h / fit_step).
struct ElmNode {
    std::string name = {};                       // as the user called it
    std::shared_ptr<const ElmModel> model = {};  // its time step is that of the network
    double fit_step_ms = 1;
    bool is_fit = true;        // else made for any step, as the leaky integrator is
    bool draws_spikes = true;  // by chance; else where the probability reaches the threshold
    /// Event-driven alone: a neuron that no input reaches is advanced after so long; 0: after a
    /// step of the fit.
    double longest_gap_ms = 0;
};

/// Neurons of one model, or a source of spikes.
struct Population {
    std::string name = {};
    std::int64_t size = 0;
    /// A neuron of neurons.def; "elm": that of `elm`; "poisson": each neuron a train of `rate_hz`
    /// of its own; "spikes": what `spike_times` and `spike_neurons` list.
    std::string model = {};
    std::map<std::string, Distribution> parameters = {};  // by name; others have their defaults
    std::map<std::string, Distribution> initial = {};     // states before the first step
    double rate_hz = 0;
    std::vector<double> spike_times = {};  // ms, in any order
    std::vector<std::int64_t> spike_neurons = {};
    std::optional<ShortTermPlasticity> short_term = {};  // of all synapses of these neurons
    std::optional<ElmNode> elm = {};
    std::string place = {};

    bool is_source() const { return model == "poisson" || model == "spikes"; }
};

enum class ConnectionRule : std::uint8_t {
    all_to_all,
    one_to_one,
    fixed_probability,  // each pair with `probability`
    fixed_in_degree,    // each target draws `degree` sources
    fixed_out_degree,   // each source draws `degree` targets
    fixed_total,        // `degree` pairs, both ends drawn, with replacement
    list                // `sources` and `targets`
};
/// "all-to-all", ...; the same order.
extern const std::vector<std::string> rule_names;

/// Which pairs of a presynaptic and a postsynaptic spike count. Morrison, Diesmann & Gerstner 2008,
/// doi:10.1007/s00422-008-0233-1, figure 7.
enum class StdpPairs : std::uint8_t {
    all,
    nearest,              // each spike with the last one of the other side
    presynaptic_centred,  // each presynaptic one with the last and the next of the other side
    restricted            // likewise, and each postsynaptic one in one pair of a kind at most
};
/// "all", "nearest", ...; the same order.
extern const std::vector<std::string> stdp_pairs_names;

/// Plasticity by the times of spikes on both sides, see plasticity/stdp_rule.h.
struct Stdp {
    double tau_plus_ms = 20, tau_minus_ms = 20;  // of the traces of both sides
    double rate = 0.01;                          // lambda
    double asymmetry = 1;                        // alpha: depression / potentiation
    double mu_plus = 1, mu_minus = 1;            // exponents of the weight
    double unit_weight = 1;                      // the largest one, or that of the power law
    bool is_power_law = false;                   // else bounded by the largest weight
    bool is_balancing = false;                   // bounded, Vogels & Sprekeler's rule of inhibition
    StdpPairs pairs = StdpPairs::all;
};

/// Slow control of all weights onto a neuron, see plasticity/homeostasis.h.
struct Homeostasis {
    enum class Rule : std::uint8_t { normalise, scale };
    Rule rule = Rule::normalise;
    double every_ms = 1000;     // rounded to whole steps
    double total = 0;           // normalise: sum of the weights onto a neuron, in their unit
    double target_rate_hz = 5;  // scale: of the neuron
    double gain = 0.01;         // scale: of each spike too few, in parts of the weight
    double tau_ms = 10000;      // scale: of the estimate of the rate
};

struct Connection {
    std::size_t from = 0, to = 0;  // populations
    ConnectionRule rule = ConnectionRule::all_to_all;
    double probability = 0;
    std::int64_t degree = 0;
    bool allow_autapses = true;   // a neuron onto itself
    bool allow_multapses = true;  // several synapses of a pair, where both ends are drawn
    std::vector<std::int64_t> sources = {}, targets = {};  // of a list
    /// In the unit of the input channel. Where no channel is named, positive weights act on the
    /// first one and negative ones on the second; conductances take the magnitude.
    Distribution weight = {};
    Distribution delay_ms = {};  // rounded to whole steps
    std::string input = {};      // channel of the target neurons; empty: by the sign
    /// Onto ELM neurons: which of the inputs of the model, counted within those of `input`: one,
    /// from one to another (uniform), or a list. Empty: drawn from all of them.
    std::optional<Distribution> synapse = {};
    std::optional<Stdp> stdp = {};
    std::optional<Homeostasis> homeostasis = {};
    std::string place = {};

    /// Its weights change.
    bool is_plastic() const { return stdp.has_value() || homeostasis.has_value(); }
};

/// A Poisson train of `rate_hz` for each neuron of a population, independent of each other.
struct PoissonInput {
    std::size_t to = 0;
    double rate_hz = 0, weight = 0;
    std::string input = {};
    double start_ms = 0;
    std::optional<double> stop_ms = {};
    std::int64_t first = 0;                  // neurons that get it
    std::optional<std::int64_t> count = {};  // all
    std::string place = {};
};

/// A current into all neurons of a population, from the step that begins at start_ms.
struct CurrentInput {
    std::size_t to = 0;
    double amplitude = 0;  // nA
    double start_ms = 0;
    std::optional<double> stop_ms = {};
    std::string place = {};
};

/// States of some neurons at the end of each step.
struct TraceRequest {
    std::size_t population = 0;
    std::vector<std::string> states = {};
    std::vector<std::int64_t> neurons = {};
    std::string place = {};
};

struct NetworkDescription {
    std::string name = "network";
    double time_step_ms = 0.1;
    double duration_ms = 1000;
    double discard_ms = 0;  // what statistics leave out at the beginning
    std::uint64_t seed = 0;
    std::vector<Population> populations = {};
    std::vector<Connection> connections = {};
    std::vector<PoissonInput> poisson = {};
    std::vector<CurrentInput> currents = {};
    std::vector<TraceRequest> traces = {};

    std::int64_t n_neurons() const;  // sources of spikes are not counted
};

/// Synapses that a connection will have; their expected number where it is drawn.
double expected_synapses(const NetworkDescription& network, const Connection& connection);

/// Throws Error{invalid} that begins with the place of the part that cannot be, and names what is
/// near an unknown name: models, parameters and their ranges, states, channels, populations,
/// delays below a step, degrees without multapses that are too large, lists of other lengths,
/// times off the run.
void check(const NetworkDescription& network);

}  // namespace elm::network
