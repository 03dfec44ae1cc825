#include "network/time_stepped/time_stepped_engine.h"

#include <algorithm>
#include <iterator>
#include <span>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "kernels/core/simd/denormals_are_zero.h"
#include "kernels/core/support/check.h"
#include "kernels/core/support/parallel.h"
#include "network/plasticity/short_term.h"
#include "network/time_stepped/delivery.h"
#include "network/time_stepped/network_wiring.h"
#include "network/time_stepped/plastic_connections.h"
#include "network/time_stepped/slice_count.h"
#include "network/time_stepped/slice_drive.h"
#include "network/time_stepped/slice_exchange.h"
#include "network/time_stepped/spike_exchange.h"

namespace elm::network {
namespace {

/// A slice with all that its thread needs.
template <class Real>
struct Worker {
    NetworkSlice<Real> slice;
    Delivery<Real> delivery;
    SliceDrive<Real> drive;
    std::vector<PlasticConnection<Real>> plastic;
    std::vector<ShortTermState> short_term;  // of all senders: each worker sees all spikes
    WindowSpikes spikes[2];                  // of this window and the one before, in turn
};

template <class Real>
class TimeSteppedEngine final : public Engine {
public:
    TimeSteppedEngine(NetworkDescription network, Communicator* processes)
        : network_(std::move(network)),
          window_(steps_at_once(network_)),
          exchange_(processes,
                    slices_for(network_, window_, processes == nullptr ? 1 : processes->size()),
                    window_ * static_cast<std::int64_t>(n_populations())) {
        require_memory<Real>(network_);
        const auto rows = rows_needed(network_);
        const auto projections = projections_of(network_);
        for (int slice = 0; slice < exchange_.n_slices(); ++slice) {
            if (exchange_.is_own(slice)) workers_.emplace_back();
        }
        Cpu::for_each_task(std::ssize(workers_), [&](std::int64_t i) {
            NetworkSlice<Real> slice(network_, exchange_.first_own() + static_cast<int>(i),
                                     exchange_.n_slices(), rows);
            SynapseRows<Real> synapses = wire(network_, projections, slice);
            SliceDrive<Real> drive(network_, slice);
            std::vector<PlasticConnection<Real>> plastic =
                plastic_onto(network_, projections, slice);
            workers_[static_cast<std::size_t>(i)] =
                std::make_unique<Worker<Real>>(Worker<Real>{std::move(slice),
                                                            Delivery<Real>(std::move(synapses)),
                                                            std::move(drive),
                                                            std::move(plastic),
                                                            short_term_states(network_),
                                                            {}});
        });
        record_.resize(network_.populations.size());
        std::uint32_t first_id = 0;
        for (const Population& population : network_.populations) {
            first_ids_.push_back(first_id);
            first_id += static_cast<std::uint32_t>(population.size);
        }
        for (const TraceRequest& request : network_.traces) {
            traces_.push_back({std::ssize(request.states), std::ssize(request.neurons), {}});
        }
        for (auto& worker : workers_) make_room(*worker);
        count_all();
    }

    void advance(std::int64_t steps) override {
        if (steps <= 0) return;
        for (TraceRecord& trace : traces_) {
            trace.values.resize(
                static_cast<std::size_t>((step_ + steps) * trace.n_states * trace.n_neurons));
        }
        const std::int64_t begin = step_, end = step_ + steps;
        while (step_ < end) {
            const std::int64_t next = std::min(end, step_ + window_);
            Cpu::for_each_task(std::ssize(workers_), [&](std::int64_t i) {
                run_window(*workers_[static_cast<std::size_t>(i)], next);
            });
            windows_.clear();
            for (const auto& worker : workers_) windows_.push_back(&worker->spikes[parity_]);
            exchange_.exchange(windows_);
            keep_spikes(next);
            first_of_last_ = step_;
            step_ = next;
            parity_ ^= 1;
            has_arrived_ = false;
        }
        // What arrives at the end belongs to the states at that time.
        Cpu::for_each_task(std::ssize(workers_), [&](std::int64_t i) {
            const DenormalsAreZero mode;
            begin_step(*workers_[static_cast<std::size_t>(i)], step_, true);
        });
        has_arrived_ = true;
        // What a process does not hold is 0 there.
        for (TraceRecord& trace : traces_) {
            const auto row = static_cast<std::size_t>(trace.n_states * trace.n_neurons);
            exchange_.sum(std::span{trace.values}.subspan(static_cast<std::size_t>(begin) * row));
        }
        count_events();
    }

    std::int64_t current_step() const override { return step_; }
    int n_threads() const override { return exchange_.n_slices(); }
    std::int64_t n_synapses() const override { return n_synapses_; }
    std::int64_t synapse_bytes() const override { return synapse_bytes_; }
    std::int64_t state_bytes() const override { return state_bytes_; }
    std::int64_t n_events() const override { return events_before_ + n_events_; }
    std::int64_t received_bytes() const override { return exchange_.received_bytes(); }
    std::int64_t n_exchanges() const override { return exchange_.n_exchanges(); }
    const SpikeRecord& spikes() const override { return record_; }
    const std::vector<TraceRecord>& traces() const override { return traces_; }
    std::vector<SynapseWeight> weights(std::size_t connection) override {
        std::vector<SynapseWeight> all;
        for (const PlasticSynapses<Real>* const part : plastic_parts(connection)) {
            part->for_each_weight(step_,
                                  [&](std::int64_t source, std::int64_t target, double weight) {
                                      all.push_back({source, target, weight});
                                  });
        }
        all = exchange_.gather(all);
        std::stable_sort(all.begin(), all.end(),
                         [](const SynapseWeight& a, const SynapseWeight& b) {
                             return std::tie(a.source, a.target) < std::tie(b.source, b.target);
                         });
        return all;
    }

    void exchange_state(StateFile& state) override {
        ELM_CHECK(std::ssize(workers_) == exchange_.n_slices(),
                  "the network is on {} threads, {} of them in other processes: checkpoints are of "
                  "networks in one process.",
                  exchange_.n_slices(), exchange_.n_slices() - std::ssize(workers_));
        std::int64_t events = n_events();
        exchange_progress(state, step_, events);
        std::vector<SliceParts<Real>> parts;
        for (auto& worker : workers_) {
            parts.push_back({&worker->slice, &worker->drive, &worker->delivery});
        }
        const std::span<const SliceParts<Real>> all(parts);
        for (std::size_t p = 0; p < n_populations(); ++p) {
            exchange_neurons(state, p, all);
            exchange_short_term(state, p);
        }
        exchange_spikes_on_their_way(state, step_, all);
        for (std::size_t c = 0; c < network_.connections.size(); ++c) {
            if (!network_.connections[c].is_plastic()) continue;
            exchange_plastic<Real>(state, network_, c, plastic_parts(c));
        }
        exchange_records(state, network_, step_, record_, traces_);
        if (state.is_saving()) return;
        events_before_ = events;
        first_of_last_ = step_;
        has_arrived_ = true;
    }

private:
    /// Each worker has all of it.
    void exchange_short_term(StateFile& state, std::size_t p) {
        for (auto& worker : workers_) {
            worker->short_term[p].exchange(state, fmt::format("short_term/{}", p));
            if (state.is_saving()) return;
        }
    }
    /// Those of a connection, in order of the slices.
    std::vector<PlasticSynapses<Real>*> plastic_parts(std::size_t connection) {
        std::vector<PlasticSynapses<Real>*> parts;
        for (auto& worker : workers_) {
            for (auto& plastic : worker->plastic) {
                if (plastic.connection == connection) parts.push_back(&plastic.synapses);
            }
        }
        return parts;
    }

    /// Over all slices of all processes.
    template <class Term>
    std::int64_t sum(const Term& term) const {
        std::int64_t total = 0;
        for (const auto& worker : workers_) total += term(*worker);
        return exchange_.sum(total);
    }
    void count_all() {
        n_synapses_ = sum([](const Worker<Real>& w) {
            std::int64_t count = w.delivery.rows().n_synapses();
            for (const auto& plastic : w.plastic) count += plastic.synapses.n_synapses();
            return count;
        });
        synapse_bytes_ = sum([](const Worker<Real>& w) {
            auto bytes = static_cast<std::int64_t>(w.delivery.rows().bytes());
            for (const auto& plastic : w.plastic) bytes += plastic.synapses.bytes();
            return bytes;
        });
        state_bytes_ =
            sum([](const Worker<Real>& w) { return static_cast<std::int64_t>(w.slice.bytes()); });
    }
    void count_events() {
        n_events_ = sum([](const Worker<Real>& w) {
            std::int64_t count = w.delivery.n_events();
            for (const auto& plastic : w.plastic) count += plastic.synapses.n_events();
            return count;
        });
    }
    double end_of(std::int64_t step) const {
        return static_cast<double>(step + 1) * network_.time_step_ms;
    }
    std::size_t n_populations() const { return network_.populations.size(); }

    /// No step allocates: every neuron may spike in every step of a window.
    void make_room(Worker<Real>& worker) {
        std::int64_t neurons = 0;
        for (const auto& slice : worker.slice.populations()) neurons += slice.padded();
        for (WindowSpikes& spikes : worker.spikes) {
            spikes.ids.resize(static_cast<std::size_t>(neurons * window_));
            spikes.ends.resize(static_cast<std::size_t>(window_) * n_populations());
        }
    }

    /// Steps up to `next`. Reads what all slices sent in the window before, which nobody changes
    /// now; writes its own spikes, which nobody reads before the window has ended.
    void run_window(Worker<Real>& worker, std::int64_t next) {
        const DenormalsAreZero mode;
        WindowSpikes& spikes = worker.spikes[parity_];
        std::int64_t count = 0;
        for (std::int64_t step = step_; step < next; ++step) {
            if (step > step_ || !has_arrived_) begin_step(worker, step, step == step_);
            worker.drive.add_poisson(step, worker.slice);
            for (std::size_t p = 0; p < n_populations(); ++p) {
                count += worker.drive.step(p, step, worker.slice, spikes.ids.data() + count);
                spikes.ends[static_cast<std::size_t>(step - step_) * n_populations() + p] = count;
            }
        }
        // The end of a call may cut a window short.
        const std::int64_t used = (next - step_) * static_cast<std::int64_t>(n_populations());
        std::fill(spikes.ends.begin() + used, spikes.ends.end(), count);
    }

    /// Lets events arrive that act in `step`; then states are those of the end of the step before.
    void begin_step(Worker<Real>& worker, std::int64_t step, bool begins_window) {
        if (begins_window) take_spikes(worker);
        worker.delivery.arrive(step, worker.slice.arena());
        for (auto& plastic : worker.plastic) plastic.synapses.arrive(step, worker.slice.arena());
        if (step > 0) sample(worker, step - 1);
    }

    /// Sends the spikes of the last window on to the neurons of a slice, in order of step,
    /// population and neuron, whichever slices they come from.
    void take_spikes(Worker<Real>& worker) {
        for (std::int64_t step = first_of_last_; step < step_; ++step) {
            const double time = end_of(step);
            for (auto& plastic : worker.plastic) plastic.synapses.begin_spikes_of(step);
            for (std::size_t p = 0; p < n_populations(); ++p) {
                ShortTermState& state = worker.short_term[p];
                for_each_spike(step, p, parity_ ^ 1,
                               [&](const std::uint32_t* id, std::int64_t left) {
                                   if (left > 8) worker.delivery.prefetch(id[8]);
                                   const double share =
                                       state.empty() ? 1 : state.release(*id - first_ids_[p], time);
                                   worker.delivery.send(*id, step, share);
                                   for (auto& plastic : worker.plastic) {
                                       const std::int64_t neuron = *id - first_ids_[p];
                                       if (plastic.to == p)
                                           plastic.synapses.postsynaptic(neuron, step);
                                       if (plastic.from == p)
                                           plastic.synapses.presynaptic(neuron, step, share);
                                   }
                               });
            }
            for (auto& plastic : worker.plastic) plastic.synapses.end_spikes_of(step);
        }
    }

    /// Calls body(id, spikes left in this run) for the spikes of a population in a step of the
    /// window that is kept under `parity` and began at first_of_last_.
    template <class Body>
    void for_each_spike(std::int64_t step, std::size_t p, int parity, const Body& body) const {
        const std::size_t at =
            static_cast<std::size_t>(step - first_of_last_) * n_populations() + p;
        const auto run = [&](const WindowSpikes& spikes) {
            const std::int64_t begin = at == 0 ? 0 : spikes.ends[at - 1];
            for (std::int64_t i = begin; i < spikes.ends[at]; ++i) {
                body(spikes.ids.data() + i, spikes.ends[at] - i);
            }
        };
        for (int rank = 0; rank < exchange_.n_ranks(); ++rank) {
            if (rank == exchange_.rank()) {
                for (const auto& worker : workers_) run(worker->spikes[parity]);
            } else {
                run(exchange_.window_of(rank));
            }
        }
    }

    void keep_spikes(std::int64_t next) {
        first_of_last_ = step_;
        for (std::int64_t step = step_; step < next; ++step) {
            const double time = end_of(step);
            for (std::size_t p = 0; p < n_populations(); ++p) {
                for_each_spike(step, p, parity_, [&](const std::uint32_t* id, std::int64_t) {
                    record_[p].add(time, *id - first_ids_[p]);
                });
            }
        }
    }

    void sample(Worker<Real>& worker, std::int64_t step) {
        for (std::size_t r = 0; r < traces_.size(); ++r) {
            const TraceRequest& request = network_.traces[r];
            TraceRecord& trace = traces_[r];
            const auto& slice = worker.slice.populations()[request.population];
            for (std::size_t s = 0; s < request.states.size(); ++s) {
                const Real* const state =
                    slice.states[NeuronModel::index_of(slice.model->states, request.states[s])];
                for (std::size_t n = 0; n < request.neurons.size(); ++n) {
                    const std::int64_t local = request.neurons[n] - slice.first;
                    if (local < 0 || local >= slice.count()) continue;
                    const std::int64_t row = step * trace.n_states + static_cast<std::int64_t>(s);
                    trace.values[static_cast<std::size_t>(row * trace.n_neurons) + n] =
                        state[local];
                }
            }
        }
    }

    NetworkDescription network_;
    std::int64_t window_;
    SpikeExchange exchange_;
    std::vector<std::unique_ptr<Worker<Real>>> workers_;  // slices of this process
    std::vector<const WindowSpikes*> windows_;            // theirs, while they are exchanged
    SpikeRecord record_;
    std::vector<TraceRecord> traces_;
    std::vector<std::uint32_t> first_ids_;  // by population
    std::int64_t n_synapses_ = 0, synapse_bytes_ = 0, state_bytes_ = 0, n_events_ = 0;
    std::int64_t step_ = 0, first_of_last_ = 0;
    std::int64_t events_before_ = 0;  // of a run that was taken up
    int parity_ = 0;
    bool has_arrived_ = false;  // events that act in step_ were added
};

}  // namespace

std::unique_ptr<Engine> make_time_stepped_engine(NetworkDescription network, DType precision,
                                                 Communicator* processes) {
    check(network);
    ELM_CHECK(precision == DType::f32 || precision == DType::f64,
              "a network runs in f32 or f64 (got {})", name_of(precision));
    if (precision == DType::f32) {
        return std::make_unique<TimeSteppedEngine<float>>(std::move(network), processes);
    }
    return std::make_unique<TimeSteppedEngine<double>>(std::move(network), processes);
}

}  // namespace elm::network
