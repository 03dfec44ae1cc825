#include "network/event_driven/event_elm_population.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "kernels/core/random/random_key.h"
#include "kernels/core/support/error.h"
#include "network/event_driven/event_elm.h"
#include "network/neurons/parameter_draws.h"
#include "network/recording/state_file.h"
#include "neuron/elm/elm_output.h"

namespace elm::network {
namespace {

class EventElmPopulation final : public EventPopulation {
public:
    EventElmPopulation(const NetworkDescription& network, std::size_t p)
        : name_(network.populations[p].name),
          node_(*network.populations[p].elm),
          elm_(*node_.model, node_.fit_step_ms),
          output_(static_cast<std::size_t>(elm_.n_output())),
          longest_gap_(node_.longest_gap_ms > 0 ? node_.longest_gap_ms : node_.fit_step_ms),
          key_(RandomKey{network.seed, 0, 0}
                   .for_purpose("elm spike")
                   .for_part(static_cast<std::uint32_t>(p))) {
        const ParameterDraws draws(network, p);
        const NeuronModel& model = draws.model();
        const std::size_t threshold = NeuronModel::index_of(model.parameters, "threshold");
        const std::size_t period = NeuronModel::index_of(model.parameters, "refractory_period");
        for (std::int64_t i = 0; i < network.populations[p].size; ++i) {
            const std::vector<double> values = draws.of(i);
            thresholds_.push_back(values[threshold]);
            refractory_.push_back(values[period]);
            neurons_.push_back({.state = elm_.initial()});
        }
    }

    void run(std::uint32_t first_id, double end_ms, std::span<const Arrival> arrivals,
             std::vector<ExactSpike>& spikes) override {
        auto next = arrivals.begin();
        for (std::size_t i = 0; i < neurons_.size(); ++i) {
            const std::uint32_t id = first_id + static_cast<std::uint32_t>(i);
            Neuron& neuron = neurons_[i];
            while (next != arrivals.end() && next->target == id) {
                const double time = next->time_ms;  // rounding may put it before the neuron's own
                fill_gaps(neuron, time, false, id, i, spikes);
                const double gap = std::max(0.0, time - neuron.time);
                elm_.decay(neuron.state, gap);
                for (; next != arrivals.end() && next->target == id && next->time_ms == time;
                     ++next) {
                    elm_.receive(neuron.state, next->input, next->weight);
                }
                update(neuron, std::max(time, neuron.time), gap, id, i, spikes);
            }
            fill_gaps(neuron, end_ms, true, id, i, spikes);
        }
    }
    std::int64_t bytes() const override {
        return static_cast<std::int64_t>(neurons_.size()) *
               (static_cast<std::int64_t>(sizeof(Neuron)) +
                8 * (elm_.n_traces() + elm_.n_memory()));
    }
    void exchange(StateFile& state, const std::string& name) override {
        std::vector<double> values;  // (neurons, numbers of one)
        const auto for_each_number = [&](const auto& body) {
            for (Neuron& neuron : neurons_) {
                for (double& value : neuron.state.traces) body(value);
                for (double& value : neuron.state.memory) body(value);
                for (double* const one : {&neuron.time, &neuron.released, &neuron.n_updates}) {
                    body(*one);
                }
            }
        };
        for_each_number([&](const double& value) { values.push_back(value); });
        state.array(name, values);
        std::size_t at = 0;
        for_each_number([&](double& value) { value = values[at++]; });
    }

private:
    struct Neuron {
        EventElm::State state = {};  // at `time`
        double time = 0;
        double released = -1;  // end of the refractory time
        double n_updates = 0;  // a whole number: what a draw of a spike belongs to
    };

    /// Advances by the longest gap as often as that ends before `until`, or, `closed`, at it.
    void fill_gaps(Neuron& neuron, double until, bool closed, std::uint32_t id, std::size_t i,
                   std::vector<ExactSpike>& spikes) {
        for (;;) {
            const double time = neuron.time + longest_gap_;
            if (closed ? time > until : time >= until) return;
            elm_.decay(neuron.state, longest_gap_);
            update(neuron, time, longest_gap_, id, i, spikes);
        }
    }

    void update(Neuron& neuron, double time, double gap, std::uint32_t id, std::size_t i,
                std::vector<ExactSpike>& spikes) {
        elm_.drive(neuron.state, gap, scratch_);
        elm_.read_out(neuron.state, output_);
        neuron.time = time;
        const auto draw = static_cast<std::uint64_t>(neuron.n_updates);
        neuron.n_updates += 1;
        const double logit = output_[0];
        if (!std::isfinite(logit)) refuse(time, i);
        if (time <= neuron.released) return;
        double p = spike_probability(logit);
        if (node_.draws_spikes) {
            p = -std::expm1(gap / node_.fit_step_ms * std::log1p(-p));
            if (!draw_bernoulli(random_word(key_.at_step(draw), static_cast<std::int64_t>(i)), p))
                return;
        } else if (p < thresholds_[i]) {
            return;
        }
        spikes.push_back({time, id});
        neuron.released = time + refractory_[i];
    }

    [[noreturn]] void refuse(double time, std::size_t neuron) const {
        throw Error(ErrorKind::numeric,
                    fmt::format("population {}, neuron {}: the output of {} stopped being finite "
                                "at {:.6g} ms. Look at the weights onto it.",
                                name_, neuron, node_.name, time));
    }

    std::string name_;
    ElmNode node_;
    EventElm elm_;
    EventElm::Scratch scratch_;
    std::vector<double> output_;
    double longest_gap_;
    RandomKey key_;
    std::vector<double> thresholds_, refractory_;
    std::vector<Neuron> neurons_;
};

}  // namespace

std::unique_ptr<EventPopulation> make_event_elm_population(const NetworkDescription& network,
                                                           std::size_t p) {
    return std::make_unique<EventElmPopulation>(network, p);
}

}  // namespace elm::network
