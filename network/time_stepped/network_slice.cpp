#include "network/time_stepped/network_slice.h"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "kernels/core/support/check.h"
#include "network/neurons/population_neuron.h"
#include "neuron/elm/elm_model.h"

namespace elm::network {
template <class Real>
NetworkSlice<Real>::NetworkSlice(const NetworkDescription& network, int index, int count,
                                 const std::vector<std::vector<bool>>& rows)
    : populations_(network.populations.size()) {
    std::vector<std::optional<ParameterDraws>> draws(populations_.size());
    std::vector<std::vector<std::vector<double>>> coefficients(populations_.size());
    std::int64_t first_id = 0;
    for (std::size_t p = 0; p < populations_.size(); ++p) {
        const Population& population = network.populations[p];
        PopulationSlice<Real>& slice = populations_[p];
        const std::int64_t groups = (population.size + 63) / 64;
        slice.population = &population;
        slice.first = std::min(population.size, groups * index / count * 64);
        slice.last = std::min(population.size, groups * (index + 1) / count * 64);
        slice.first_id = first_id + slice.first;
        first_id += population.size;
        if (population.is_source()) continue;
        draws[p].emplace(network, p);
        slice.model = &draws[p]->model();
        slice.uniform = draws[p]->uniform();
        set_parameters(slice, *draws[p], network.time_step_ms, coefficients[p]);
    }
    lay_out(rows);
    for (std::size_t p = 0; p < populations_.size(); ++p) {
        if (draws[p]) set_initial(populations_[p], *draws[p], coefficients[p]);
    }
}

template <class Real>
void NetworkSlice<Real>::set_parameters(PopulationSlice<Real>& slice, const ParameterDraws& draws,
                                        double time_step_ms,
                                        std::vector<std::vector<double>>& coefficients) {
    const NeuronModel& model = *slice.model;
    const std::size_t refractory = NeuronModel::index_of(model.parameters, "refractory_period");
    const std::int64_t different = slice.uniform ? 1 : slice.padded();
    for (std::int64_t i = 0; i < different; ++i) {
        // Those that fill the last vector are like the last neuron.
        const std::vector<double> values =
            draws.of(std::min(slice.first + i, slice.population->size - 1));
        coefficients.push_back(model.coefficients_of(values, time_step_ms));
        slice.refractory_steps.push_back(
            static_cast<Real>(refractory_steps_of(values[refractory], time_step_ms)));
    }
    const std::size_t n_coefficients = coefficients.empty() ? 0 : coefficients[0].size();
    for (std::size_t c = 0; c < n_coefficients; ++c) {
        lanes::AlignedVector<Real> array;
        for (const auto& of_neuron : coefficients) array.push_back(static_cast<Real>(of_neuron[c]));
        slice.coefficients.push_back(std::move(array));
    }
    for (const auto& array : slice.coefficients) slice.coefficient_data.push_back(array.data());
    for (const InputDeposit& deposit : model.deposits) {
        std::vector<double>& factors = slice.factors.emplace_back();
        if (synapses_of(*slice.population, slice.factors.size() - 1).is_negative) {
            factors.assign(static_cast<std::size_t>(slice.count()), -1);
        }
        if (deposit.state < 0 || deposit.coefficient < 0) continue;
        for (std::int64_t i = 0; i < slice.count(); ++i) {
            factors.push_back(coefficients[static_cast<std::size_t>(slice.uniform ? 0 : i)]
                                          [static_cast<std::size_t>(deposit.coefficient)]);
        }
    }
}

template <class Real>
void NetworkSlice<Real>::lay_out(const std::vector<std::vector<bool>>& rows) {
    std::int64_t size = 0;
    const auto for_each_array = [&](const auto& body) {
        for (std::size_t p = 0; p < populations_.size(); ++p) {
            PopulationSlice<Real>& slice = populations_[p];
            if (slice.model == nullptr) continue;
            for (std::size_t s = 0; s < slice.states.size(); ++s) {
                body(slice, slice.states[s], slice.model->states[s].name, 1);
            }
            body(slice, slice.refractory_left, "refractory_left", 1);
            if (slice.model->uses_last_spike) body(slice, slice.spike, "spike", 1);
            if (slice.population->elm) {
                body(slice, slice.rows[0], "inputs", slice.row_stride);
                continue;
            }
            for (std::size_t i = 0; i < slice.rows.size(); ++i) {
                if (rows[p][i]) {
                    body(slice, slice.rows[i], fmt::format("input_{}", slice.model->inputs[i].name),
                         1);
                }
            }
        }
    };
    for (PopulationSlice<Real>& slice : populations_) {
        if (slice.model == nullptr) continue;
        slice.states.resize(slice.model->states.size());
        slice.rows.resize(slice.model->inputs.size());
        if (slice.population->elm) slice.row_stride = slice.population->elm->model->options.n_input;
    }
    for_each_array([&](const PopulationSlice<Real>& slice, Real*&, const std::string&,
                       std::int64_t stride) { size += slice.padded() * stride; });
    ELM_CHECK(size < std::int64_t{1} << 32,
              "{} state variables on one thread, at most 2^32 have numbers: use more threads.",
              size);
    arena_ = HugeArray<Real>(size);
    Real* next = arena_.data();
    for_each_array([&](PopulationSlice<Real>& slice, Real*& array, const std::string& name,
                       std::int64_t stride) {
        array = next;
        slice.arrays.push_back({name, array, stride});
        next += slice.padded() * stride;
    });
    // The inputs of an ELM neuron are one row.
    for (PopulationSlice<Real>& slice : populations_) {
        if (slice.model == nullptr || !slice.population->elm) continue;
        for (std::size_t i = 1; i < slice.rows.size(); ++i) {
            slice.rows[i] = slice.rows[0] + synapses_of(*slice.population, i).first;
        }
    }
}

template <class Real>
void NetworkSlice<Real>::set_initial(PopulationSlice<Real>& slice, const ParameterDraws& draws,
                                     const std::vector<std::vector<double>>& coefficients) {
    for (std::int64_t i = 0; i < slice.padded(); ++i) {
        const std::vector<double> values =
            slice.model->initial_of(coefficients[static_cast<std::size_t>(slice.uniform ? 0 : i)]);
        for (std::size_t s = 0; s < values.size(); ++s) {
            const double value = i < slice.count() ? draws.initial(slice.model->states[s].name,
                                                                   slice.first + i, values[s])
                                                   : values[s];
            slice.states[s][i] = static_cast<Real>(value);
        }
    }
}

template class NetworkSlice<float>;
template class NetworkSlice<double>;

}  // namespace elm::network
