#include "network/time_stepped/cuda/device_neurons.h"

#include <algorithm>
#include <iterator>

#include "kernels/core/support/check.h"
#include "network/neurons/neuron_model.h"

namespace elm::network {

template <class Real>
DeviceNeurons<Real>::DeviceNeurons(Stream& stream, const NetworkDescription& network,
                                   std::vector<NetworkSlice<Real>>& slices,
                                   const std::vector<SliceDrive<Real>>& drives,
                                   const std::vector<std::int64_t>& first_slots,
                                   std::int64_t most_steps)
    : network_(network),
      arena_(NetworkArray<Real>::zeros(stream, first_slots.back())),
      traced_(network.populations.size()) {
    trace(stream, most_steps);
    std::vector<NeuronPart<Real>> parts;
    for (std::size_t s = 0; s < slices.size(); ++s) {
        const std::int64_t first_slot = first_slots[s];
        arena_.write(stream,
                     std::span<const Real>(slices[s].arena(), static_cast<std::size_t>(
                                                                  first_slots[s + 1] - first_slot)),
                     first_slot);
        for (std::size_t p = 0; p < traced_.size(); ++p) {
            const PopulationSlice<Real>& own = slices[s].populations()[p];
            if (own.model == nullptr || own.count() == 0) continue;
            add_blocks(own.model->name, static_cast<std::int32_t>(parts.size()), own.count());
            parts.push_back(part_of(stream, p, slices[s], drives[s], first_slot));
        }
    }
    parts_ = NetworkArray<NeuronPart<Real>>(stream, std::span<const NeuronPart<Real>>(parts));
    for (Model& model : models_) {
        model.device_blocks =
            NetworkArray<NeuronBlock>(stream, std::span<const NeuronBlock>(model.blocks));
    }
}

template <class Real>
void DeviceNeurons<Real>::trace(Stream& stream, std::int64_t most_steps) {
    for (const TraceRequest& request : network_.traces) {
        TracedPopulation& traced = traced_[request.population];
        const Population& population = network_.populations[request.population];
        traced.rows.resize(static_cast<std::size_t>(population.size), -1);
        for (const std::int64_t neuron : request.neurons) {
            std::int32_t& row = traced.rows[static_cast<std::size_t>(neuron)];
            if (row < 0) row = traced.count++;
        }
        traced.n_states = std::ssize(neuron_model(population.model).states);
    }
    for (TracedPopulation& traced : traced_) {
        if (traced.rows.empty()) continue;
        traced.device_rows =
            NetworkArray<std::int32_t>(stream, std::span<const std::int32_t>(traced.rows));
        traced.values =
            NetworkArray<Real>::zeros(stream, most_steps * traced.count * traced.n_states);
    }
}

template <class Real>
NeuronPart<Real> DeviceNeurons<Real>::part_of(Stream& stream, std::size_t p,
                                              NetworkSlice<Real>& slice,
                                              const SliceDrive<Real>& drive,
                                              std::int64_t first_slot) {
    const PopulationSlice<Real>& own = slice.populations()[p];
    NeuronPart<Real> part{};
    part.count = own.count();
    part.first = own.first;
    part.first_id = static_cast<std::uint32_t>(own.first_id);
    part.reset = own.model->reset;
    std::fill(std::begin(part.state_slots), std::end(part.state_slots), -1);
    std::fill(std::begin(part.input_slots), std::end(part.input_slots), -1);
    const auto slot_of = [&](const Real* array) { return first_slot + slice.slot_of(array); };
    const auto device = [&](const Real* array) { return arena_.data() + slot_of(array); };
    ELM_ASSERT(std::ssize(own.states) <= NeuronPart<Real>::most_states &&
               std::ssize(own.rows) <= NeuronPart<Real>::most_inputs);
    for (std::size_t s = 0; s < own.states.size(); ++s) {
        part.states[s] = device(own.states[s]);
        part.state_slots[s] = slot_of(own.states[s]);
    }
    for (std::size_t i = 0; i < own.rows.size(); ++i) {
        if (own.rows[i] == nullptr) continue;
        part.inputs[i] = device(own.rows[i]);
        part.input_slots[i] = slot_of(own.rows[i]);
    }
    part.refractory_left = device(own.refractory_left);
    if (own.spike != nullptr) part.spike = device(own.spike);

    std::vector<Real> coefficients;
    for (const auto& values : own.coefficients) {
        coefficients.insert(coefficients.end(), values.begin(), values.end());
    }
    part.coefficients = keep(stream, numbers_, std::span<const Real>(coefficients));
    part.refractory_steps = keep(stream, numbers_, std::span<const Real>(own.refractory_steps));
    part.coefficient_stride = std::ssize(own.refractory_steps);
    part.neuron_stride = own.uniform ? 0 : 1;
    add_inputs(stream, p, slice, drive, part);

    const TracedPopulation& traced = traced_[p];
    if (!traced.rows.empty()) {
        part.trace_rows = traced.device_rows.data() + own.first;
        part.trace = traced.values.data();
        part.traced = traced.count;
    }
    return part;
}

template <class Real>
void DeviceNeurons<Real>::add_inputs(Stream& stream, std::size_t p, NetworkSlice<Real>& slice,
                                     const SliceDrive<Real>& drive, NeuronPart<Real>& part) {
    const PopulationSlice<Real>& own = slice.populations()[p];
    std::vector<PoissonTrains<Real>> all_trains;
    for (const auto& poisson : drive.poisson()) {
        if (poisson.population != p) continue;
        const auto target_among = [&](const std::vector<Real*>& arrays) {
            return static_cast<std::int32_t>(
                std::find(arrays.begin(), arrays.end(), slice.arena() + poisson.slot) -
                arrays.begin());
        };
        const auto n_states = static_cast<std::int32_t>(own.states.size());
        std::int32_t target = target_among(own.states);
        if (target == n_states) target += target_among(own.rows);
        std::vector<std::uint32_t> purposes;
        for (std::uint32_t k = 0; k < poisson.counts.parts(); ++k) {
            purposes.push_back(poisson.counts.parts() == 1 ? poisson.key.purpose
                                                           : poisson.key.for_part(k).purpose);
        }
        const auto& thresholds = poisson.counts.thresholds();
        all_trains.push_back({poisson.key,
                              keep(stream, words_, std::span<const std::uint32_t>(purposes)),
                              static_cast<std::int32_t>(purposes.size()),
                              keep(stream, words_, std::span<const std::uint32_t>(thresholds)),
                              static_cast<std::int32_t>(thresholds.size()), target, poisson.first,
                              poisson.last, poisson.start, poisson.stop,
                              keep(stream, numbers_, std::span<const Real>(poisson.weights)),
                              poisson.weights.size() == 1 ? 0 : 1});
    }
    std::vector<LevelCurrent<Real>> levels;
    for (const auto& current : drive.currents()) {
        if (current.population != p) continue;
        levels.push_back({current.start, current.stop, current.amplitude,
                          static_cast<std::int32_t>(current.input)});
    }
    part.n_poisson = static_cast<std::int32_t>(all_trains.size());
    part.poisson = keep(stream, poisson_, std::span<const PoissonTrains<Real>>(all_trains));
    part.n_currents = static_cast<std::int32_t>(levels.size());
    part.currents = keep(stream, currents_, std::span<const LevelCurrent<Real>>(levels));
}

template <class Real>
void DeviceNeurons<Real>::add_blocks(std::string_view name, std::int32_t part, std::int64_t count) {
    auto model = std::find_if(models_.begin(), models_.end(),
                              [&](const Model& known) { return known.name == name; });
    if (model == models_.end()) {
        models_.push_back({name, {}, {}});
        model = models_.end() - 1;
    }
    for (std::int64_t first = 0; first < count; first += NeuronAdvance<Real>::block_threads) {
        model->blocks.push_back({part, static_cast<std::int32_t>(first)});
    }
}

template <class Real>
void DeviceNeurons<Real>::advance(Stream& stream, const NeuronWindow& window) const {
    for (const Model& model : models_) {
        neuron_advance_kernel<Real>(model.name)(
            stream, {parts_.data(), model.device_blocks.data(), model.device_blocks.size(),
                     window.ring, window.log, window.failure, window.first_step, window.end_step,
                     window.arrives_at_end});
    }
}

template <class Real>
void DeviceNeurons<Real>::read_traces(Stream& stream, std::int64_t first, std::int64_t steps,
                                      std::vector<TraceRecord>& traces) const {
    std::vector<std::vector<Real>> values(traced_.size());
    for (std::size_t p = 0; p < traced_.size(); ++p) {
        const TracedPopulation& traced = traced_[p];
        values[p].resize(static_cast<std::size_t>(steps * traced.count * traced.n_states));
        if (!values[p].empty()) traced.values.read(stream, std::span<Real>(values[p]));
    }
    for (std::size_t r = 0; r < traces.size(); ++r) {
        const TraceRequest& request = network_.traces[r];
        const TracedPopulation& traced = traced_[request.population];
        const auto& states = neuron_model(network_.populations[request.population].model).states;
        auto to = traces[r].values.begin() +
                  static_cast<std::ptrdiff_t>(first * traces[r].n_states * traces[r].n_neurons);
        for (std::int64_t step = 0; step < steps; ++step) {
            for (const std::string& name : request.states) {
                const auto state = static_cast<std::int64_t>(NeuronModel::index_of(states, name));
                for (const std::int64_t neuron : request.neurons) {
                    const std::int64_t row = traced.rows[static_cast<std::size_t>(neuron)];
                    const std::int64_t at = (step * traced.count + row) * traced.n_states + state;
                    *to++ = values[request.population][static_cast<std::size_t>(at)];
                }
            }
        }
    }
}

template class DeviceNeurons<float>;
template class DeviceNeurons<double>;

}  // namespace elm::network
