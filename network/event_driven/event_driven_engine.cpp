#include "network/event_driven/event_driven_engine.h"

#include <algorithm>
#include <cmath>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "kernels/core/memory.h"
#include "kernels/core/random/random_key.h"
#include "kernels/core/support/check.h"
#include "network/event_driven/event_elm_population.h"
#include "network/event_driven/event_neurons.h"
#include "network/event_driven/event_population.h"
#include "network/event_driven/event_sources.h"
#include "network/event_driven/event_synapses.h"
#include "network/neurons/population_neuron.h"
#include "network/plasticity/short_term.h"
#include "network/recording/state_file.h"
#include "neuron/elm/elm_model.h"

namespace elm::network {
namespace {

void require_supported(const NetworkDescription& network) {
    const auto refuse = [](const std::string& place, const std::string& what,
                           const std::string& otherwise = "") {
        throw Error(
            ErrorKind::unsupported,
            fmt::format("{}{}the event-driven engine has no {}. Use the time-stepped one{}.", place,
                        place.empty() ? "" : ": ", what, otherwise));
    };
    for (const Population& population : network.populations) {
        if (population.is_source() || population.model == EventLif::name ||
            population.model == EventLifExponential::name ||
            population.model == EventLifAlpha::name || population.elm) {
            continue;
        }
        refuse(population.place, "neuron " + population.model);
    }
    for (const Connection& connection : network.connections) {
        if (connection.stdp) refuse(connection.place, "plasticity of both sides");
        if (connection.homeostasis) refuse(connection.place, "homeostasis");
    }
    for (const CurrentInput& input : network.currents) refuse(input.place, "step currents");
    for (const TraceRequest& trace : network.traces) {
        refuse(trace.place, "traces", ", or take [[trace]] out");
    }
}

/// Before anything is taken: synapses by source, and the places of their rows.
void require_memory(const NetworkDescription& network) {
    double synapses = 0;
    for (const Connection& connection : network.connections) {
        synapses += expected_synapses(network, connection);
    }
    double bytes = synapses * static_cast<double>(sizeof(EventSynapse)) +
                   100.0 * static_cast<double>(network.n_neurons());
    for (const Population& population : network.populations) {
        if (!population.elm) continue;
        const ElmOptions& options = population.elm->model->options;
        const std::int64_t values = options.synapses() + options.n_memory;
        bytes += 8.0 * static_cast<double>(values) * static_cast<double>(population.size);
    }
    const double room = free_memory_bytes(Device{});
    if (bytes <= room) return;
    throw Error(ErrorKind::memory,
                fmt::format("{:.4g} synapses of {} neurons need {:.3g} GB without a grid, and "
                            "{:.3g} GB are free. Take fewer synapses, or a smaller scale.",
                            synapses, network.n_neurons(), bytes / 1e9, room / 1e9));
}

class EventDrivenEngine final : public Engine {
public:
    explicit EventDrivenEngine(NetworkDescription network)
        : network_(std::move(network)),
          synapses_(network_),
          sources_(network_),
          short_term_(short_term_states(network_)),
          record_(network_.populations.size()) {
        std::uint32_t first = 0;
        for (std::size_t p = 0; p < network_.populations.size(); ++p) {
            const Population& population = network_.populations[p];
            if (population.model == EventLif::name) {
                populations_.push_back(make_event_population<EventLif>(network_, p));
            } else if (population.model == EventLifExponential::name) {
                populations_.push_back(make_event_population<EventLifExponential>(network_, p));
            } else if (population.model == EventLifAlpha::name) {
                populations_.push_back(make_event_population<EventLifAlpha>(network_, p));
            } else if (population.elm) {
                populations_.push_back(make_event_elm_population(network_, p));
            } else {
                populations_.push_back(nullptr);
            }
            first_ids_.push_back(first);
            first += static_cast<std::uint32_t>(population.size);
        }
        const double steps = synapses_.longest_delay_ms() / network_.time_step_ms;
        arrivals_.resize(static_cast<std::size_t>(std::ceil(steps)) + 3);
    }

    void advance(std::int64_t steps) override {
        for (const std::int64_t end = step_ + steps; step_ < end; ++step_) run_step();
    }
    std::int64_t current_step() const override { return step_; }
    int n_threads() const override { return 1; }
    std::int64_t n_synapses() const override { return synapses_.size(); }
    std::int64_t synapse_bytes() const override {
        return synapses_.size() * static_cast<std::int64_t>(sizeof(EventSynapse));
    }
    std::int64_t state_bytes() const override {
        std::int64_t bytes = 0;
        for (const auto& population : populations_) {
            if (population != nullptr) bytes += population->bytes();
        }
        return bytes;
    }
    std::int64_t n_events() const override { return n_events_; }
    const SpikeRecord& spikes() const override { return record_; }
    const std::vector<TraceRecord>& traces() const override { return no_traces_; }
    std::vector<SynapseWeight> weights(std::size_t /*connection*/) override { return {}; }

    void exchange_state(StateFile& state) override {
        exchange_progress(state, step_, n_events_);
        for (std::size_t p = 0; p < populations_.size(); ++p) {
            short_term_[p].exchange(state, fmt::format("short_term/{}", p));
            if (populations_[p] == nullptr) continue;
            populations_[p]->exchange(state, fmt::format("neurons/{}", p));
        }
        exchange_arrivals(state);
        std::vector<TraceRecord> no_traces;
        exchange_records(state, network_, step_, record_, no_traces);
        if (!state.is_saving()) sources_.skip_to(step_);
    }

private:
    std::vector<Arrival>& arrivals_in(std::int64_t step) {
        return arrivals_[static_cast<std::size_t>(step) % arrivals_.size()];
    }

    /// Those of the steps to come, by how many steps ahead they are.
    void exchange_arrivals(StateFile& state) {
        std::vector<std::int64_t> ahead;
        std::vector<double> times, weights;
        std::vector<std::uint32_t> targets, sources, orders, inputs;
        const std::int64_t n_ahead = std::ssize(arrivals_);
        for (std::int64_t k = 0; k < n_ahead; ++k) {
            for (const Arrival& arrival : arrivals_in(step_ + k)) {
                ahead.push_back(k);
                times.push_back(arrival.time_ms);
                weights.push_back(arrival.weight);
                targets.push_back(arrival.target);
                sources.push_back(arrival.source);
                orders.push_back(arrival.order);
                inputs.push_back(arrival.input);
            }
        }
        state.array("arrivals/ahead", ahead, true);
        state.array("arrivals/times_ms", times, true);
        state.array("arrivals/weights", weights, true);
        state.array("arrivals/targets", targets, true);
        state.array("arrivals/sources", sources, true);
        state.array("arrivals/orders", orders, true);
        state.array("arrivals/inputs", inputs, true);
        if (state.is_saving()) return;
        for (const std::size_t size : {times.size(), weights.size(), targets.size(), sources.size(),
                                       orders.size(), inputs.size()}) {
            if (size != ahead.size()) refuse_state(state, "arrivals");
        }
        for (std::size_t i = 0; i < ahead.size(); ++i) {
            const Arrival arrival{times[i],   weights[i], targets[i],
                                  sources[i], orders[i],  inputs[i]};
            if (ahead[i] < 0 || ahead[i] >= n_ahead || !can_be(arrival)) {
                refuse_state(state, "arrivals");
            }
            arrivals_in(step_ + ahead[i]).push_back(arrival);
        }
    }
    bool can_be(const Arrival& arrival) const {
        if (!std::isfinite(arrival.time_ms) || !std::isfinite(arrival.weight)) return false;
        const std::int64_t n_ids = first_ids_.back() + network_.populations.back().size;
        if (arrival.target >= n_ids || arrival.source >= n_ids) return false;
        const std::size_t p = population_of(arrival.target);
        if (populations_[p] == nullptr) return false;
        const Population& population = network_.populations[p];
        const std::size_t n_inputs =
            population.elm ? static_cast<std::size_t>(population.elm->model->options.n_input)
                           : model_of(population).inputs.size();
        return arrival.input < n_inputs;
    }

    void run_step() {
        const double h = network_.time_step_ms;
        const double end = static_cast<double>(step_ + 1) * h;
        std::vector<Arrival>& arrivals = arrivals_in(step_);
        n_events_ += std::ssize(arrivals);
        sources_.add_inputs(step_, first_ids_, arrivals);
        std::sort(arrivals.begin(), arrivals.end(), [](const Arrival& a, const Arrival& b) {
            return std::tie(a.target, a.time_ms, a.source, a.order) <
                   std::tie(b.target, b.time_ms, b.source, b.order);
        });
        spikes_.clear();
        auto next = arrivals.begin();
        for (std::size_t p = 0; p < populations_.size(); ++p) {
            if (populations_[p] == nullptr) {
                sources_.spikes_of(p, step_, first_ids_[p], spikes_);
                continue;
            }
            const auto size = static_cast<std::uint32_t>(network_.populations[p].size);
            const auto last = std::find_if(next, arrivals.end(), [&](const Arrival& arrival) {
                return arrival.target >= first_ids_[p] + size;
            });
            populations_[p]->run(first_ids_[p], end, {next, last}, spikes_);
            next = last;
        }
        arrivals.clear();
        std::sort(spikes_.begin(), spikes_.end(), [](const ExactSpike& a, const ExactSpike& b) {
            return std::tie(a.time_ms, a.id) < std::tie(b.time_ms, b.id);
        });
        for (const ExactSpike& spike : spikes_) {
            keep(spike);
            send(spike);
        }
    }

    std::size_t population_of(std::uint32_t id) const {
        std::size_t p = first_ids_.size() - 1;
        while (first_ids_[p] > id) --p;
        return p;
    }

    void keep(const ExactSpike& spike) {
        const std::size_t p = population_of(spike.id);
        record_[p].add(spike.time_ms, spike.id - first_ids_[p]);
    }

    void send(const ExactSpike& spike) {
        const std::size_t p = population_of(spike.id);
        const double share = short_term_[p].empty()
                                 ? 1
                                 : short_term_[p].release(spike.id - first_ids_[p], spike.time_ms);
        std::uint32_t order = 0;
        for (const EventSynapse* synapse = synapses_.begin(spike.id);
             synapse != synapses_.end(spike.id); ++synapse) {
            const double time = spike.time_ms + synapse->delay_ms;
            // A step holds its end, to which rounding may add some bits.
            const std::int64_t step = std::max(
                step_ + 1,
                static_cast<std::int64_t>(std::ceil(time / network_.time_step_ms - 1e-9)) - 1);
            arrivals_in(step).push_back({time, share * synapse->weight, synapse->target, spike.id,
                                         order++, synapse->input});
        }
    }

    NetworkDescription network_;
    EventSynapses synapses_;
    EventSources sources_;
    std::vector<ShortTermState> short_term_;                     // by population
    std::vector<std::unique_ptr<EventPopulation>> populations_;  // null: a source
    std::vector<std::uint32_t> first_ids_;
    std::vector<std::vector<Arrival>> arrivals_;  // by step, around
    std::vector<ExactSpike> spikes_;              // of the step
    SpikeRecord record_;
    std::vector<TraceRecord> no_traces_;
    std::int64_t step_ = 0, n_events_ = 0;
};

}  // namespace

std::unique_ptr<Engine> make_event_driven_engine(NetworkDescription network) {
    check(network);
    require_supported(network);
    require_memory(network);
    return std::make_unique<EventDrivenEngine>(std::move(network));
}

}  // namespace elm::network
