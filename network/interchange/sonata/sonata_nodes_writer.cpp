#include "network/interchange/sonata/sonata_nodes_writer.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <vector>

#include "kernels/io/hdf5_file.h"
#include "network/neurons/parameter_draws.h"
#include "network/recording/spike_group.h"
#include "neuron/point/neuron_registry.h"

namespace elm::network {
namespace {

constexpr double nothing = std::numeric_limits<double>::quiet_NaN();

bool can_say(const SonataNeuron& neuron, const Population& population) {
    // A membrane without resistance would have an infinite capacitance.
    const auto resistance = population.parameters.find("membrane_resistance");
    if (resistance != population.parameters.end() && Draw(resistance->second).lowest() <= 0) {
        return false;
    }
    const auto knows = [&](const std::string& name, bool is_state) {
        return std::any_of(neuron.quantities.begin(), neuron.quantities.end(),
                           [&](const SonataQuantity& quantity) {
                               return quantity.ours == name && quantity.is_state == is_state;
                           });
    };
    return std::all_of(population.parameters.begin(), population.parameters.end(),
                       [&](const auto& entry) { return knows(entry.first, false); }) &&
           std::all_of(population.initial.begin(), population.initial.end(),
                       [&](const auto& entry) { return knows(entry.first, true); });
}

/// The values of a quantity, in their unit; nothing where neither we nor they need it said.
class Values {
public:
    Values(const NetworkDescription& network, std::size_t population)
        : network_(&network),
          population_(&network.populations[population]),
          draws_(network, population) {}

    std::optional<std::vector<double>> of(const SonataQuantity& quantity) const {
        std::vector<double> values;
        for (std::int64_t i = 0; i < population_->size; ++i) {
            const double value =
                quantity.is_state ? state(quantity, i) : parameter(quantity.ours, i);
            if (std::isnan(value)) return std::nullopt;
            values.push_back(quantity.is_capacitance_of_resistance
                                 ? in_their_unit(parameter("tau_m", i) / value, quantity.per)
                                 : in_their_unit(value, quantity.per));
        }
        return values;
    }

private:
    double parameter(const std::string& name, std::int64_t neuron) const {
        return draws_.of(neuron)[NeuronModel::index_of(draws_.model().parameters, name)];
    }
    double state(const SonataQuantity& quantity, std::int64_t neuron) const {
        const double told = draws_.initial(quantity.ours, neuron, nothing);
        if (!std::isnan(told) || std::isnan(quantity.otherwise)) return told;
        const NeuronModel& model = draws_.model();
        const auto start =
            model.initial_of(model.coefficients_of(draws_.of(neuron), network_->time_step_ms));
        return start[NeuronModel::index_of(model.states, quantity.ours)];
    }

    const NetworkDescription* network_;
    const Population* population_;
    ParameterDraws draws_;
};

}  // namespace

SonataNeuron sonata_neuron_for(const NetworkDescription& network, std::size_t population) {
    const Population& described = network.populations[population];
    SonataNeuron theirs = sonata_neuron_of(described.model);
    if (can_say(theirs, described)) return theirs;
    return *find_sonata_neuron("elmsim:" + described.model);
}

std::map<std::string, double> write_sonata_nodes(const OutputFile& output,
                                                 const NetworkDescription& network,
                                                 std::size_t population) {
    const Population& described = network.populations[population];
    Hdf5File file = Hdf5File::create(output.temporary_path());
    mark_as_sonata(file);
    const std::string group = "/nodes/" + described.name;
    std::vector<std::int64_t> numbers(static_cast<std::size_t>(described.size), 0);
    const auto write_numbers = [&](const std::string& name) {
        file.write<std::int64_t>(group + "/" + name, {described.size}, numbers, FileType::u64);
    };
    write_numbers("node_type_id");
    write_numbers("node_group_id");
    for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = static_cast<std::int64_t>(i);
    write_numbers("node_id");
    write_numbers("node_group_index");
    file.make_group(group + "/0");
    std::map<std::string, double> shared;
    if (described.model == "poisson") shared["rate_hz"] = described.rate_hz;
    if (!described.is_source()) {
        const Values all(network, population);
        for (const SonataQuantity& quantity : sonata_neuron_for(network, population).quantities) {
            const std::optional<std::vector<double>> values = all.of(quantity);
            if (!values) continue;
            if (std::equal(values->begin() + 1, values->end(), values->begin())) {
                shared[quantity.theirs] = values->front();
                continue;
            }
            file.write<double>(group + "/0/dynamics_params/" + quantity.theirs, {described.size},
                               *values, FileType::f64);
        }
    }
    file.close();
    return shared;
}

}  // namespace elm::network
