#include "network/time_stepped/elm_population.h"

#include <cmath>

#include <fmt/format.h>

#include "kernels/core/simd/lanes.h"
#include "kernels/core/support/error.h"
#include "neuron/elm/elm_output.h"

namespace elm::network {

template <class Real>
ElmPopulation<Real>::ElmPopulation(const NetworkDescription& network, std::size_t p,
                                   const PopulationSlice<Real>& slice)
    : neuron_(stream_, *network.populations[p].elm->model, dtype_of<Real>),
      state_(neuron_.initial_state(stream_, slice.count())),
      output_(
          Tensor::zeros(stream_, {slice.count(), 1, neuron_.options().n_output}, dtype_of<Real>)),
      key_(RandomKey{network.seed, 0, 0}
               .for_purpose("elm spike")
               .for_part(static_cast<std::uint32_t>(p))),
      time_step_ms_(network.time_step_ms),
      share_of_fit_step_(network.time_step_ms / network.populations[p].elm->fit_step_ms),
      draws_spikes_(network.populations[p].elm->draws_spikes) {}

template <class Real>
std::int64_t ElmPopulation<Real>::step(std::int64_t step, PopulationSlice<Real>& slice,
                                       std::uint32_t* spikes) {
    const std::int64_t n = slice.count(), n_output = neuron_.options().n_output;
    Real* const inputs = slice.rows[0];
    const View<const Real, 3> input{inputs, {n, 1, slice.row_stride}};
    neuron_.template run<Real>(stream_, input, state_, view<Real, 3>(output_));
    clear_inputs(inputs, n * slice.row_stride);

    const RandomKey key = key_.at_step(static_cast<std::uint64_t>(step));
    const Real* const output = output_.template host<Real>().data();
    std::int64_t n_spikes = 0;
    for (std::int64_t i = 0; i < n; ++i) {
        const Real logit = output[i * n_output];
        if (!std::isfinite(logit)) refuse(step, slice, slice.first + i);
        const double probability = step_probability(logit);
        slice.states[0][i] = static_cast<Real>(probability);
        if (slice.states.size() > 1) {
            slice.states[1][i] = static_cast<Real>(
                predicted_voltage_mV(static_cast<double>(output[i * n_output + 1])));
        }
        Real& refractory_left = slice.refractory_left[i];
        if (refractory_left >= Real(1)) {
            refractory_left -= Real(1);
            continue;
        }
        const std::size_t own = slice.uniform ? 0 : static_cast<std::size_t>(i);
        const bool spikes_now =
            draws_spikes_ ? draw_bernoulli(random_word(key, slice.first + i), probability)
                          : probability >= static_cast<double>(slice.coefficients[0][own]);
        if (!spikes_now) continue;
        refractory_left = slice.refractory_steps[own];
        spikes[n_spikes++] = static_cast<std::uint32_t>(slice.first_id + i);
    }
    return n_spikes;
}

/// Few of them are not zero: reading is all that most of them need.
template <class Real>
void ElmPopulation<Real>::clear_inputs(Real* inputs, std::int64_t count) const {
    constexpr int width = lanes::native<Real>;
    const lanes::Vec<Real, width> zero{};
    std::int64_t at = 0;
    for (; at + width <= count; at += width) {
        if (lanes::nonzero_mask<Real, width>(lanes::load<Real, width>(inputs + at)) == 0) continue;
        lanes::store<Real, width>(inputs + at, zero);
    }
    for (; at < count; ++at) inputs[at] = Real(0);
}

template <class Real>
double ElmPopulation<Real>::step_probability(Real logit) const {
    const double probability = spike_probability(logit);
    if (share_of_fit_step_ == 1) return probability;
    return -std::expm1(share_of_fit_step_ * std::log1p(-probability));
}

template <class Real>
void ElmPopulation<Real>::refuse(std::int64_t step, const PopulationSlice<Real>& slice,
                                 std::int64_t neuron) const {
    throw Error(
        ErrorKind::numeric,
        fmt::format("population {}, neuron {}: the output of {} stopped being finite in the "
                    "step that ends at {:.6g} ms. Look at the weights onto it.",
                    slice.population->name, neuron, slice.population->elm->name,
                    static_cast<double>(step + 1) * time_step_ms_));
}

template class ElmPopulation<float>;
template class ElmPopulation<double>;

}  // namespace elm::network
