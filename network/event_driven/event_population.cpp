#include "network/event_driven/event_population.h"

#include <algorithm>

#include "network/event_driven/event_neurons.h"
#include "network/neurons/parameter_draws.h"
#include "network/recording/state_file.h"

namespace elm::network {
namespace {

template <class Model>
class PopulationOf final : public EventPopulation {
public:
    PopulationOf(std::vector<typename Model::Coefficients> coefficients,
                 std::vector<double> refractory, std::vector<typename Model::State> states)
        : coefficients_(std::move(coefficients)), refractory_(std::move(refractory)) {
        for (const typename Model::State& state : states) neurons_.push_back({state});
    }

    void run(std::uint32_t first_id, double end_ms, std::span<const Arrival> arrivals,
             std::vector<ExactSpike>& spikes) override {
        auto next = arrivals.begin();
        for (std::size_t i = 0; i < neurons_.size(); ++i) {
            const std::uint32_t id = first_id + static_cast<std::uint32_t>(i);
            while (next != arrivals.end() && next->target == id) {
                // Who arrives at the same time is added before one looks again.
                const double time = next->time_ms;
                spike_until(i, time, id, spikes);
                Neuron& neuron = neurons_[i];
                move(neuron, coefficients(i), time);
                const bool is_refractory = time <= neuron.released;
                for (; next != arrivals.end() && next->target == id && next->time_ms == time;
                     ++next) {
                    Model::receive(coefficients(i), neuron.state, next->input, next->weight,
                                   is_refractory);
                }
                neuron.next_look = std::max(time, neuron.released);
            }
            spike_until(i, end_ms, id, spikes);
        }
    }
    std::int64_t bytes() const override {
        return static_cast<std::int64_t>(neurons_.size() * sizeof(Neuron));
    }
    void exchange(StateFile& state, const std::string& name) override {
        std::vector<double> values;  // (neurons, numbers of one)
        const auto for_each_number = [&](const auto& body) {
            for (Neuron& neuron : neurons_) {
                Model::State::each(neuron.state, body);
                for (double* const time : {&neuron.time, &neuron.released, &neuron.next_look}) {
                    body(*time);
                }
            }
        };
        for_each_number([&](const double& value) { values.push_back(value); });
        state.array(name, values);
        std::size_t next = 0;
        for_each_number([&](double& value) { value = values[next++]; });
    }

private:
    /// Time for which a prediction is made, ms: after it one looks again.
    static constexpr double reach = 25;

    struct Neuron {
        typename Model::State state;  // at `time`
        double time = 0;
        double released = 0;   // end of the refractory time
        double next_look = 0;  // until then there is no spike, unless an event comes
    };

    const typename Model::Coefficients& coefficients(std::size_t i) const {
        return coefficients_[coefficients_.size() == 1 ? 0 : i];
    }

    /// Adds the spikes up to `end`.
    void spike_until(std::size_t i, double end, std::uint32_t id, std::vector<ExactSpike>& spikes) {
        Neuron& neuron = neurons_[i];
        const auto& c = coefficients(i);
        while (neuron.next_look <= end) {
            move(neuron, c, std::max(neuron.time, neuron.released));
            const double gap = Model::next_spike(c, neuron.state, reach);
            if (neuron.time + gap > end) {
                neuron.next_look = neuron.time + std::min(gap, reach);
                // One looks again from there.
                if (neuron.next_look <= end) move(neuron, c, neuron.next_look);
                continue;
            }
            move(neuron, c, neuron.time + gap);
            Model::reset(c, neuron.state);
            spikes.push_back({neuron.time, id});
            neuron.released = neuron.time + refractory_[refractory_.size() == 1 ? 0 : i];
            neuron.next_look = neuron.released;
        }
    }

    /// To a time before which there is no spike.
    static void move(Neuron& neuron, const typename Model::Coefficients& c, double to) {
        const double held = std::min(neuron.released, to);
        if (held > neuron.time) {
            Model::hold(c, neuron.state, held - neuron.time);
            neuron.time = held;
        }
        if (to > neuron.time) {
            Model::advance(c, neuron.state, to - neuron.time);
            neuron.time = to;
        }
    }

    std::vector<typename Model::Coefficients> coefficients_;  // one for all, or one each
    std::vector<double> refractory_;
    std::vector<Neuron> neurons_;
};

}  // namespace

template <class Model>
std::unique_ptr<EventPopulation> make_event_population(const NetworkDescription& network,
                                                       std::size_t p) {
    const ParameterDraws draws(network, p);
    std::vector<typename Model::Coefficients> coefficients;
    std::vector<double> refractory;
    std::vector<typename Model::State> states;
    const NeuronModel& model = draws.model();
    const std::size_t period = NeuronModel::index_of(model.parameters, "refractory_period");
    for (std::int64_t i = 0; i < network.populations[p].size; ++i) {
        if (i == 0 || !draws.uniform()) {
            const std::vector<double> values = draws.of(i);
            typename Model::Parameters parameters{};
            std::size_t next = 0;
            Model::Parameters::each(parameters, [&](double& value) { value = values[next++]; });
            coefficients.push_back(Model::coefficients_of(parameters));
            refractory.push_back(values[period]);
        }
        typename Model::State state = Model::initial(coefficients.back());
        std::size_t s = 0;
        Model::State::each(
            state, [&](double& value) { value = draws.initial(model.states[s++].name, i, value); });
        states.push_back(state);
    }
    return std::make_unique<PopulationOf<Model>>(std::move(coefficients), std::move(refractory),
                                                 std::move(states));
}

template std::unique_ptr<EventPopulation> make_event_population<EventLif>(const NetworkDescription&,
                                                                          std::size_t);
template std::unique_ptr<EventPopulation> make_event_population<EventLifExponential>(
    const NetworkDescription&, std::size_t);
template std::unique_ptr<EventPopulation> make_event_population<EventLifAlpha>(
    const NetworkDescription&, std::size_t);

}  // namespace elm::network
