#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kernels/core/simd/lanes.h"
#include "network/connectivity/huge_array.h"
#include "network/description/network_description.h"
#include "network/neurons/neuron_model.h"
#include "network/neurons/parameter_draws.h"

namespace elm::network {

/// Neurons [first, last) of a population as one thread holds them; arrays stand in the arena of its
/// NetworkSlice.
template <class Real>
struct PopulationSlice {
    const Population* population = nullptr;
    const NeuronModel* model = nullptr;  // null: a source of spikes
    std::int64_t first = 0, last = 0;
    std::int64_t first_id = 0;        // number of neuron `first` in the network
    std::vector<Real*> states, rows;  // by state, by input (null where nothing needs them)
    std::int64_t row_stride = 1;      // numbers of a neuron in a row: of an ELM neuron its inputs
    Real* spike = nullptr;
    Real* refractory_left = nullptr;
    bool uniform = true;
    std::vector<lanes::AlignedVector<Real>> coefficients;  // one number, or one a neuron
    std::vector<const Real*> coefficient_data;
    lanes::AlignedVector<Real> refractory_steps;
    std::vector<std::vector<double>> factors;  // by input, by neuron, of weights; empty: 1

    /// All that the neurons go on from, laid out in the arena; the same list in every slice.
    struct Array {
        std::string name;
        Real* data;
        std::int64_t stride;  // numbers of a neuron
    };
    std::vector<Array> arrays;

    std::int64_t count() const { return last - first; }
    std::int64_t padded() const { return (count() + 63) / 64 * 64; }
};

/// A share of all populations. Its bounds are multiples of 64 neurons within a population.
template <class Real>
class NetworkSlice {
public:
    /// Share `index` of `count`. `rows[p][i]`: input i of population p needs an array. Throws
    /// Error{invalid} for parameters that do not go together, naming the neuron.
    NetworkSlice(const NetworkDescription& network, int index, int count,
                 const std::vector<std::vector<bool>>& rows);

    std::vector<PopulationSlice<Real>>& populations() { return populations_; }
    Real* arena() { return arena_.data(); }
    std::int64_t slot_of(const Real* array) const { return array - arena_.data(); }
    std::size_t bytes() const { return arena_.bytes(); }

private:
    void set_parameters(PopulationSlice<Real>& slice, const ParameterDraws& draws,
                        double time_step_ms, std::vector<std::vector<double>>& coefficients);
    void lay_out(const std::vector<std::vector<bool>>& rows);
    void set_initial(PopulationSlice<Real>& slice, const ParameterDraws& draws,
                     const std::vector<std::vector<double>>& coefficients);

    std::vector<PopulationSlice<Real>> populations_;
    HugeArray<Real> arena_;
};

}  // namespace elm::network
