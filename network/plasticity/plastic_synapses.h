#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "network/connectivity/synapse_rows.h"
#include "network/plasticity/homeostasis.h"
#include "network/plasticity/stdp_rule.h"

namespace elm::network {

class StateFile;

/// What the plastic synapses of a connection go on from, of all slices. Numbers of Real are doubles
/// here, without loss.
struct PlasticState {
    std::vector<std::int64_t> sources, targets;  // of each synapse
    std::vector<double> weights, open_traces;
    std::vector<std::int64_t> last, taken;  // of each source
    std::vector<double> traces;
    std::vector<std::int64_t> history_sizes, history_steps;  // of each target
    std::vector<double> history_traces;
    std::vector<double> arriving;  // (targets, slots)
    std::int64_t next_cleaning = 0;
    std::vector<double> rates, rates_before;  // of each target, where weights follow its rate
    std::vector<std::int64_t> rate_steps, rate_spikes;

    void exchange(StateFile& state, const std::string& name, bool has_rates, bool has_open_traces);
};

/// Synapses of one connection onto one slice whose weights follow the spikes of both sides, or are
/// scaled together. Which pairs of spikes count is the rule's (StdpPairs); the whole delay lies on
/// the dendrite, so a presynaptic spike of time t meets postsynaptic ones of t - d.
///
/// A weight is brought up to date when its source spikes, as NEST does: what the postsynaptic
/// spikes since then add, what the last ones before t - d take away; then it is transmitted. Spikes
/// of targets are kept as long as a weight waits for them. Times are whole steps. Where weights are
/// scaled all of them are brought up to date first; those of a target are summed in order of
/// source, whatever the slice.
template <class Real>
class PlasticSynapses {
public:
    /// The projection is looked at here and not kept.
    explicit PlasticSynapses(const ProjectionPart& part);

    static constexpr std::size_t bytes_each() { return sizeof(Plastic); }
    std::int64_t n_synapses() const { return static_cast<std::int64_t>(synapses_.size()); }
    std::int64_t n_events() const { return n_events_; }
    std::int64_t bytes() const;
    std::int64_t first_source() const { return part_.first_source; }

    /// All spikes before `step` were told, none of it. Now and then lets go of spikes that no
    /// weight waits for, which rounds the weights: at times that do not depend on when spikes are
    /// told.
    void begin_spikes_of(std::int64_t step);
    /// Source `source` of the connection spiked in `step`; its weights are sent on their way times
    /// `share`. Calls follow in order of step and source.
    void presynaptic(std::int64_t source, std::int64_t step, double share);
    /// Target `target` of the population spiked in `step`.
    void postsynaptic(std::int64_t target, std::int64_t step);
    /// All spikes of `step` were told: scales the weights where that is due.
    void end_spikes_of(std::int64_t step);
    /// Adds what acts in `step`.
    void arrive(std::int64_t step, Real* arena);
    /// Calls body(source, target, weight) for all synapses as they are at the end of `step`, and
    /// leaves them as they are.
    template <class Body>
    void for_each_weight(std::int64_t step, const Body& body) const {
        for (std::size_t s = 0; s + 1 < begins_.size(); ++s) {
            for (std::int64_t i = begins_[s]; i < begins_[s + 1]; ++i) {
                const Plastic& synapse = synapses_[static_cast<std::size_t>(i)];
                const double weight = potentiated(synapse.weight, sources_[s], open_trace(i),
                                                  histories_[synapse.target], step - delay_)
                                          .weight;
                body(static_cast<std::int64_t>(s), synapse.target + part_.first,
                     double{static_cast<Real>(weight)});
            }
        }
    }

    /// Adds the part of this slice; slices come in the order of their targets.
    void add_to(PlasticState& state) const;
    /// False if it is of other synapses.
    bool take_from(const PlasticState& state);

private:
    struct Plastic {
        Real weight;
        std::uint32_t target;  // from the first one of the slice
    };
    struct Source {
        std::int64_t last = -1;   // step of the last spike; -1: none yet
        std::int64_t taken = -1;  // postsynaptic spikes up to this step are in the weights
        double trace = 0;         // K+ just behind the last spike
    };
    struct PostSpike {
        std::int64_t step;
        double trace;  // K- just behind it
    };

    /// All weights hold what spikes of targets up to step `until` make of them.
    void bring_up_to(std::int64_t until);
    void scale(std::int64_t step);
    struct Potentiated {
        double weight, open_trace;
    };
    /// Potentiation by the postsynaptic spikes behind `source.taken`, up to step `until`. Of the
    /// pairs that a postsynaptic spike ends, the trace is that of the synapse and is 0 then.
    Potentiated potentiated(double weight, const Source& source, double open_trace,
                            const std::vector<PostSpike>& history, std::int64_t until) const;
    double depressed(double weight, const std::vector<PostSpike>& history, std::int64_t at) const;
    double open_trace(std::int64_t synapse) const {
        return open_traces_.empty() ? 0 : open_traces_[static_cast<std::size_t>(synapse)];
    }
    bool take_weights(const PlasticState& state);
    bool take_histories(const PlasticState& state);
    bool take_arriving(const PlasticState& state);
    bool take_rates(const PlasticState& state);

    ProjectionPart part_;
    StdpRule rule_;
    std::optional<HomeostasisRule> homeostasis_;
    std::int64_t n_all_targets_;  // of all slices
    std::int64_t delay_, slots_;
    std::vector<std::int64_t> begins_;  // by source
    std::vector<Plastic> synapses_;
    std::vector<double> open_traces_;  // K+ of each, of presynaptic spikes since the last other one
    std::vector<Source> sources_;
    std::vector<std::vector<PostSpike>> histories_;  // by target
    std::vector<Real> arriving_;                     // (slots, targets)
    std::vector<RateEstimate> rates_;                // by target; empty: no rule asks for them
    std::int64_t next_cleaning_ = 0, n_events_ = 0;
};

}  // namespace elm::network
