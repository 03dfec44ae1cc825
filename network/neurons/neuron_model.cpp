#include "network/neurons/neuron_model.h"

#include <algorithm>
#include <bit>
#include <iterator>

#include "kernels/core/support/check.h"
#include "neuron/point/neighbouring_neurons.h"
#include "neuron/point/neuron_headers.h"
#include "neuron/point/neuron_registry.h"

namespace elm::network {
namespace {

/// Appends the numbers of the lanes of a mask.
ELM_INLINE std::int64_t list_spikes(unsigned mask, std::uint32_t first, std::uint32_t* to) {
    std::int64_t count = 0;
    for (; mask != 0; mask &= mask - 1) {
        to[count++] = first + static_cast<std::uint32_t>(std::countr_zero(mask));
    }
    return count;
}

/// `gets_rows`: some input has an array of its own. What the loop uses of `args` is copied first:
/// for all the compiler knows a store to a state changes it.
template <class Neuron, class Real, bool uniform, bool gets_rows>
NeuronStepResult step_neurons(const NeuronStep<Real>& args) {
    using Lanes = NeighbouringNeurons<Real>;
    using Value = typename Lanes::Value;
    constexpr int width = Lanes::width;
    constexpr std::size_t n_inputs = std::size(Neuron::inputs);
    constexpr std::size_t n_states = std::size(Neuron::states);
    const auto one = [](Real value) { return lanes::broadcast<Real, width>(value); };

    typename Neuron::template Coefficients<Value> c{};
    Value refractory_steps = one(args.refractory_steps[0]);
    Value levels[n_inputs];
    Real* rows[n_inputs];
    Real* states[n_states];
    for (std::size_t i = 0; i < n_inputs; ++i) {
        levels[i] = one(args.levels[i]);
        rows[i] = args.rows[i];
    }
    std::copy_n(args.states, n_states, states);
    Real *const spike = args.spike, *const refractory_left = args.refractory_left;
    std::uint32_t* const spikes = args.spikes;
    const std::int64_t count = args.count;
    const ResetKind reset = args.reset;
    const auto load_coefficients = [&](std::int64_t first) {
        int i = 0;
        Neuron::template Coefficients<Value>::each(c, [&](Value& value) {
            const Real* const from = args.coefficients[i++];
            value = uniform ? one(from[0]) : Lanes::load(from + first);
        });
        if (!uniform) refractory_steps = Lanes::load(args.refractory_steps + first);
    };
    if (uniform) load_coefficients(0);

    NeuronStepResult result;
    Value not_finite{};
    for (std::int64_t first = 0; first < count; first += width) {
        if (!uniform) load_coefficients(first);
        GridState<Neuron, Value> state{};
        int s = 0;
        Neuron::template State<Value>::each(
            state.own, [&](Value& value) { value = Lanes::load(states[s++] + first); });
        if constexpr (uses_last_spike<Neuron>) state.spike = Lanes::load(spike + first);
        state.refractory_left = Lanes::load(refractory_left + first);
        typename Neuron::template Input<Value> input{};
        std::size_t i = 0;
        Neuron::template Input<Value>::each(input, [&](Value& value) {
            value = levels[i];
            if (gets_rows && rows[i] != nullptr) {
                value = value + Lanes::load(rows[i] + first);
                Lanes::store(rows[i] + first, Value{});
            }
            ++i;
        });
        grid_step<Neuron, Lanes>(c, reset, refractory_steps, state, input);
        s = 0;
        Neuron::template State<Value>::each(
            state.own, [&](Value& value) { Lanes::store(states[s++] + first, value); });
        if constexpr (uses_last_spike<Neuron>) Lanes::store(spike + first, state.spike);
        Lanes::store(refractory_left + first, state.refractory_left);
        // NaN from one that is NaN or infinite, else 0.
        not_finite = not_finite + state.own.membrane_potential * Value{};
        unsigned mask = lanes::nonzero_mask<Real, width>(state.spike);
        if (mask == 0) continue;
        if (count - first < width) mask &= (1U << (count - first)) - 1;
        result.n_spikes += list_spikes(mask, args.first_id + static_cast<std::uint32_t>(first),
                                       spikes + result.n_spikes);
    }
    const Value zero{};
    if (lanes::nonzero_mask<Real, width>(Lanes::select(not_finite == zero, zero, one(1))) != 0) {
        for (std::int64_t i = args.count; i-- > 0;) {
            if (!std::isfinite(args.states[0][i])) result.not_finite = i;
        }
    }
    return result;
}

template <class Neuron, class Real>
NeuronStepResult step_any(const NeuronStep<Real>& args) {
    bool gets_rows = false;
    for (std::size_t i = 0; i < std::size(Neuron::inputs); ++i) {
        gets_rows |= args.rows[i] != nullptr;
    }
    if (!args.uniform) return step_neurons<Neuron, Real, false, true>(args);
    return gets_rows ? step_neurons<Neuron, Real, true, true>(args)
                     : step_neurons<Neuron, Real, true, false>(args);
}

template <class Members>
Members members_of(std::span<const double> values) {
    Members members{};
    std::size_t i = 0;
    Members::each(members, [&](double& value) { value = values[i++]; });
    return members;
}
template <class Members>
std::vector<double> values_of(const Members& members) {
    std::vector<double> values;
    Members::each(members, [&](const double& value) { values.push_back(value); });
    return values;
}

template <class Neuron>
NeuronModel model_of() {
    using Parameters = typename Neuron::template Parameters<double>;
    using Coefficients = typename Neuron::template Coefficients<double>;
    NeuronModel model;
    model.name = Neuron::name;
    model.parameters = Neuron::parameters;
    model.inputs = Neuron::inputs;
    model.states = Neuron::states;
    if constexpr (DepositNeuron<Neuron>) {
        model.deposits.assign(std::begin(Neuron::deposits), std::end(Neuron::deposits));
    } else {
        model.deposits.resize(std::size(Neuron::inputs));
    }
    model.uses_last_spike = uses_last_spike<Neuron>;
    const auto* const resets_end = std::end(Neuron::resets);
    model.reset =
        std::find(std::begin(Neuron::resets), resets_end, ResetKind::to_value) != resets_end
            ? ResetKind::to_value
            : Neuron::resets[0];
    model.conflict = [](std::span<const double> parameters, ResetKind reset) {
        return Neuron::conflict(members_of<Parameters>(parameters), reset);
    };
    model.coefficients_of = [](std::span<const double> parameters, double time_step_ms) {
        return values_of(Neuron::coefficients_of(members_of<Parameters>(parameters), time_step_ms));
    };
    model.initial_of = [](std::span<const double> coefficients) {
        return values_of(
            Neuron::template initial<OneLane<double>>(members_of<Coefficients>(coefficients)));
    };
    model.step_f32 = &step_any<Neuron, float>;
    model.step_f64 = &step_any<Neuron, double>;
    return model;
}

}  // namespace

std::size_t NeuronModel::index_of(std::span<const NeuronQuantity> quantities,
                                  std::string_view name) {
    const auto found =
        std::find_if(quantities.begin(), quantities.end(),
                     [&](const NeuronQuantity& quantity) { return quantity.name == name; });
    ELM_ASSERT(found != quantities.end());
    return static_cast<std::size_t>(found - quantities.begin());
}

const NeuronModel& neuron_model(std::string_view name) {
    static const std::vector<NeuronModel> models{
#define ELM_ENTRY(id) model_of<id##_neuron>(),
#include "neuron/point/neurons.def"
#undef ELM_ENTRY
    };
    find_neuron(name);
    return *std::find_if(models.begin(), models.end(),
                         [&](const NeuronModel& model) { return model.name == name; });
}

}  // namespace elm::network
