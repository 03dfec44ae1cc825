// One window is as many steps as no spike needs to arrive within. It takes a launch for each source
// and each model of neurons, which puts spikes into the log, and one that delivers them. Windows
// follow each other without the host until the log could be full.

#include "network/time_stepped/cuda/cuda_engine.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <iterator>
#include <utility>

#include <fmt/format.h>

#include "kernels/core/memory.h"
#include "kernels/core/support/check.h"
#include "network/time_stepped/cuda/device_kernels.h"
#include "network/time_stepped/cuda/device_neurons.h"
#include "network/time_stepped/cuda/device_sources.h"
#include "network/time_stepped/cuda/host_network.h"
#include "network/time_stepped/cuda/synapse_segments.h"
#include "network/time_stepped/network_wiring.h"
#include "network/time_stepped/slice_exchange.h"

namespace elm::network {
namespace {

/// Sums of a slot stay below 2^61 units.
double unit_for(double largest_sum) {
    int exponent = 0;
    std::frexp(largest_sum, &exponent);
    return std::ldexp(1.0, std::max(exponent, -900) - 61);
}

template <class Real>
class CudaEngine final : public Engine {
public:
    CudaEngine(NetworkDescription network, Device device)
        : network_(std::move(network)),
          stream_(device),
          window_(steps_at_once(network_)),
          host_(network_) {
        std::uint32_t first_id = 0;
        for (const Population& population : network_.populations) {
            first_ids_.push_back(first_id);
            first_id += static_cast<std::uint32_t>(population.size);
        }
        record_.resize(network_.populations.size());
        for (const TraceRequest& request : network_.traces) {
            traces_.push_back({std::ssize(request.states), std::ssize(request.neurons), {}});
        }
        SegmentedRows<Real> segments =
            segment_rows<Real>(std::span<const SynapseRows<Real>>(host_.rows), host_.first_slots);
        plan(segments, std::int64_t{first_id});
        require_device_memory();
        take(segments);
        host_.rows.clear();
    }

    void advance(std::int64_t steps) override {
        if (steps <= 0) return;
        const std::int64_t end = step_ + steps;
        for (TraceRecord& trace : traces_) {
            trace.values.resize(static_cast<std::size_t>(end * trace.n_states * trace.n_neurons));
        }
        while (step_ < end) run_batch(std::min(end, step_ + window_ * windows_));
    }

    std::int64_t current_step() const override { return step_; }
    int n_threads() const override { return 1; }
    std::int64_t n_synapses() const override { return n_synapses_; }
    std::int64_t synapse_bytes() const override { return synapse_bytes_; }
    std::int64_t state_bytes() const override { return state_bytes_; }
    std::int64_t n_events() const override { return n_events_; }
    const SpikeRecord& spikes() const override { return record_; }
    const std::vector<TraceRecord>& traces() const override { return traces_; }
    std::vector<SynapseWeight> weights(std::size_t /*connection*/) override { return {}; }
    void exchange_state(StateFile& state) override {
        exchange_progress(state, step_, n_events_);
        std::vector<SliceParts<Real>> parts;
        for (std::size_t s = 0; s < host_.slices.size(); ++s) {
            parts.push_back({&host_.slices[s], &host_.drives[s], nullptr});
        }
        if (state.is_saving()) copy_arena(true);
        for (std::size_t p = 0; p < network_.populations.size(); ++p) {
            exchange_neurons(state, p, std::span<const SliceParts<Real>>(parts));
        }
        exchange_spikes(state, step_, std::ssize(degrees_), on_their_way_);
        exchange_records(state, network_, step_, record_, traces_);
        if (state.is_saving()) return;
        copy_arena(false);
        send_rest();
    }

private:
    /// How much of everything there will be.
    void plan(const SegmentedRows<Real>& segments, std::int64_t n_ids) {
        constexpr std::int64_t spikes_at_once = 1 << 22, steps_at_most = 1024;
        ring_.slots = host_.first_slots.back();
        ring_.steps = static_cast<std::int64_t>(
            std::bit_ceil(static_cast<std::uint64_t>(segments.longest_delay + 1)));
        ring_.unit = unit_for(segments.largest_sum);
        ring_.per_unit = 1 / ring_.unit;
        const std::int64_t windows =
            std::min(spikes_at_once / std::max<std::int64_t>(1, n_ids), steps_at_most) / window_;
        windows_ = std::max<std::int64_t>(1, windows);
        most_spikes_ = n_ids * window_ * windows_;
        n_synapses_ = host_.n_synapses();
        synapse_bytes_ = host_.synapse_bytes() +
                         std::ssize(segments.segments) *
                             static_cast<std::int64_t>(sizeof(SynapseSegment<Real>)) +
                         std::ssize(segments.begins) * 8;
        std::int64_t numbers = ring_.slots;
        for (NetworkSlice<Real>& slice : host_.slices) {
            for (const PopulationSlice<Real>& part : slice.populations()) {
                for (const auto& values : part.coefficients) numbers += std::ssize(values);
            }
        }
        for (const TraceRequest& request : network_.traces) {
            numbers +=
                window_ * windows_ * std::ssize(request.neurons) *
                std::ssize(neuron_model(network_.populations[request.population].model).states);
        }
        state_bytes_ = numbers * static_cast<std::int64_t>(sizeof(Real)) +
                       8 * (ring_.slots * ring_.steps + most_spikes_);
    }

    void require_device_memory() const {
        const double room = free_memory_bytes(stream_.device());
        const auto bytes = static_cast<double>(synapse_bytes_ + state_bytes_);
        if (bytes <= room) return;
        throw Error(ErrorKind::memory,
                    fmt::format("{} synapses need {:.3g} GB and neurons, with events on their way "
                                "for {} steps, {:.3g} GB; {:.3g} GB are free on {}. Take fewer "
                                "synapses, shorter delays, or the device cpu.",
                                n_synapses_, static_cast<double>(synapse_bytes_) / 1e9, ring_.steps,
                                static_cast<double>(state_bytes_) / 1e9, room / 1e9,
                                to_string(stream_.device())));
    }

    void take(SegmentedRows<Real>& segments) {
        synapses_ = NetworkArray<std::byte>::zeros(stream_, host_.synapse_bytes());
        std::int64_t at = 0;
        for (const SynapseRows<Real>& rows : host_.rows) {
            synapses_.write(stream_, std::as_bytes(rows.entries()), at);
            at += static_cast<std::int64_t>(rows.entries().size_bytes());
        }
        segments_ = {stream_, std::span<const SynapseSegment<Real>>(segments.segments)};
        segment_begins_ = {stream_, std::span<const std::int64_t>(segments.begins)};
        most_segments_ = segments.most_segments;
        degrees_ = std::move(segments.degrees);
        delays_ = std::move(segments.delays);
        sums_ = NetworkArray<EventSum>::zeros(stream_, ring_.slots * ring_.steps);
        ring_.sums = sums_.data();
        logged_ = NetworkArray<EventSum>::zeros(stream_, most_spikes_);
        log_count_ = NetworkArray<EventSum>::zeros(stream_, 1);
        ends_ = NetworkArray<EventSum>::zeros(stream_, windows_ + 1);
        failure_ = NetworkArray<EventSum>::zeros(stream_, 1);
        neurons_ = std::make_unique<DeviceNeurons<Real>>(
            stream_, network_, host_.slices, host_.drives, host_.first_slots, window_ * windows_);
        sources_ = DeviceSources(stream_, network_, host_.drives);
        n_blocks_ = 8U * static_cast<unsigned>(cuda::multiprocessor_count(stream_.device().index));
        stream_.synchronize();
    }

    /// Steps up to `end`, what acts at the end included.
    void run_batch(std::int64_t end) {
        log_count_.clear(stream_);
        ends_.clear(stream_);
        failure_.clear(stream_, 0xFF);
        const SpikeLog log{logged_.data(), log_count_.data(), step_};
        NeuronWindow window{ring_, log, failure_.data(), step_, step_, false};
        for (std::int64_t delivery = 0; window.first_step < end; ++delivery) {
            window.end_step = std::min(end, window.first_step + window_);
            sources_.advance(stream_, log, window.first_step, window.end_step);
            neurons_->advance(stream_, window);
            deliver(log, delivery);
            window.first_step = window.end_step;
        }
        window.arrives_at_end = true;
        neurons_->advance(stream_, window);
        keep_spikes(end);
        neurons_->read_traces(stream_, step_, end - step_, traces_);
        step_ = end;
    }

    void deliver(const SpikeLog& log, std::int64_t delivery, std::int64_t arrived = -1) {
        if (n_synapses_ == 0) return;
        spike_delivery_kernel<Real>()(
            stream_, {synapses_.data(), segments_.data(), segment_begins_.data(), most_segments_,
                      ring_, log, ends_.data(), delivery, arrived, n_blocks_});
    }

    /// The arenas of the slices from the device, or to it.
    void copy_arena(bool is_saving) {
        std::vector<Real> all(static_cast<std::size_t>(host_.first_slots.back()));
        if (is_saving) neurons_->arena().read(stream_, std::span<Real>(all));
        for (std::size_t s = 0; s < host_.slices.size(); ++s) {
            Real* const whole = all.data() + host_.first_slots[s];
            Real* const own = host_.slices[s].arena();
            const std::int64_t count = host_.first_slots[s + 1] - host_.first_slots[s];
            std::copy_n(is_saving ? whole : own, count, is_saving ? own : whole);
        }
        if (!is_saving) neurons_->arena().write(stream_, std::span<const Real>(all));
    }

    /// Fills the ring with what is to arrive after step_.
    void send_rest() {
        sums_.clear(stream_);
        const SpikeLog log{logged_.data(), log_count_.data(),
                           std::max<std::int64_t>(0, step_ - ring_.steps)};
        std::vector<EventSum> entries;
        const auto send = [&] {
            const EventSum count = entries.size();
            logged_.write(stream_, std::span<const EventSum>(entries));
            log_count_.write(stream_, {&count, 1});
            ends_.clear(stream_);
            deliver(log, 0, step_);
            entries.clear();
        };
        for (const SpikeOnItsWay& spike : on_their_way_) {
            if (spike.step < log.first_step) continue;
            entries.push_back(log.entry(spike.step, static_cast<std::uint32_t>(spike.source)));
            if (std::ssize(entries) == most_spikes_) send();
        }
        if (!entries.empty()) send();
        stream_.synchronize();
    }

    /// Reads the log; then its spikes are in order of step, population and neuron.
    void keep_spikes(std::int64_t end) {
        EventSum count = 0, failure = 0;
        log_count_.read(stream_, {&count, 1});
        failure_.read(stream_, {&failure, 1});
        if (~failure != 0) refuse_number(failure);
        read_.resize(static_cast<std::size_t>(count));
        logged_.read(stream_, std::span<EventSum>(read_));
        std::sort(read_.begin(), read_.end());
        for (const EventSum spike : read_) {
            const auto id = static_cast<std::uint32_t>(spike);
            const std::size_t p = population_of(id);
            const std::int64_t step = step_ + static_cast<std::int64_t>(spike >> 32);
            record_[p].add(static_cast<double>(step + 1) * network_.time_step_ms,
                           id - first_ids_[p]);
            n_events_ += degrees_[id];
            on_their_way_.push_back({step, id, 1});
        }
        std::erase_if(on_their_way_, [&](const SpikeOnItsWay& spike) {
            return spike.step + delays_[static_cast<std::size_t>(spike.source)] <= end;
        });
    }
    std::size_t population_of(std::uint32_t id) const {
        const auto behind = std::upper_bound(first_ids_.begin(), first_ids_.end(), id);
        return static_cast<std::size_t>(behind - first_ids_.begin()) - 1;
    }
    [[noreturn]] void refuse_number(EventSum failure) const {
        const auto id = static_cast<std::uint32_t>(failure);
        const std::size_t p = population_of(id);
        refuse_not_finite(network_.populations[p], id - first_ids_[p],
                          step_ + static_cast<std::int64_t>(failure >> 32), network_.time_step_ms);
    }

    NetworkDescription network_;
    Stream stream_;
    std::int64_t window_;       // steps
    std::int64_t windows_ = 1;  // until the host reads the log
    std::int64_t most_spikes_ = 0;
    HostNetwork<Real> host_;  // rows are gone once the device has them
    EventRing ring_;
    NetworkArray<std::byte> synapses_;
    NetworkArray<SynapseSegment<Real>> segments_;
    NetworkArray<std::int64_t> segment_begins_;
    std::int64_t most_segments_ = 1;
    unsigned n_blocks_ = 1;  // of a delivery
    NetworkArray<EventSum> sums_, logged_, log_count_, ends_, failure_;
    std::unique_ptr<DeviceNeurons<Real>> neurons_;
    DeviceSources sources_;
    std::vector<std::uint32_t> first_ids_;  // by population
    std::vector<std::uint32_t> degrees_;    // by source
    std::vector<std::uint16_t> delays_;     // the longest by source
    std::vector<SpikeOnItsWay> on_their_way_;
    std::vector<EventSum> read_;
    SpikeRecord record_;
    std::vector<TraceRecord> traces_;
    std::int64_t n_synapses_ = 0, synapse_bytes_ = 0, state_bytes_ = 0, n_events_ = 0, step_ = 0;
};

}  // namespace

std::unique_ptr<Engine> make_cuda_engine(NetworkDescription network, DType precision,
                                         Device device) {
    check(network);
    ELM_CHECK(precision == DType::f32 || precision == DType::f64,
              "a network runs in f32 or f64 (got {})", name_of(precision));
    ELM_CHECK(device.kind == DeviceKind::cuda, "a CUDA device was expected (got {})",
              to_string(device));
    require_cuda_support(network);
    if (precision == DType::f32) {
        return std::make_unique<CudaEngine<float>>(std::move(network), device);
    }
    return std::make_unique<CudaEngine<double>>(std::move(network), device);
}

}  // namespace elm::network
