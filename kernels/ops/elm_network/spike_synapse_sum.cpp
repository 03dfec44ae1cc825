#include "kernels/ops/elm_network/spike_synapse_sum.h"

#include <algorithm>
#include <vector>

#include "kernels/core/support/parallel.h"

namespace elm {
namespace {

/// Rows in the order of the sources.
std::vector<std::int32_t> rows_by_source(const SynapsesView& synapses) {
    std::vector<std::int32_t> rows;
    for (std::int64_t k = 0; k < synapses.count(); ++k) {
        rows.push_back(synapses.row(synapses.by_source(k)));
    }
    return rows;
}

}  // namespace

template <class Real>
void sum_spikes(const SpikeTrain& spikes, const SynapsesView& synapses,
                const View<const Real, 2>& gain, const View<const Real, 1>& weight,
                const View<Real, 3>& output) {
    const std::int64_t rows = synapses.rows();
    const std::vector<std::int32_t> row = rows_by_source(synapses);
    std::vector<Real> weights;
    for (std::int64_t k = 0; k < synapses.count(); ++k) {
        weights.push_back(weight(synapses.by_source(k)));
    }
    constexpr std::int64_t steps_at_once = 32;
    const std::int64_t pieces = (spikes.n_steps + steps_at_once - 1) / steps_at_once;
    Cpu::for_each_task(spikes.n_samples * pieces, [&](std::int64_t task) {
        const std::int64_t sample = task / pieces, first = task % pieces * steps_at_once;
        const std::int64_t end = std::min(spikes.n_steps, first + steps_at_once);
        for (std::int64_t t = first; t < end; ++t) {
            Real* const sums = output.data + (sample * spikes.n_steps + t) * rows;
            std::fill_n(sums, rows, Real(0));
            for (const std::int32_t unit : spikes.row(sample, t)) {
                const Real factor = gain(sample, unit);
                const std::int32_t last = synapses.source_begin(unit + 1);
                for (std::int32_t k = synapses.source_begin(unit); k < last; ++k) {
                    const auto at = static_cast<std::size_t>(k);
                    sums[row[at]] += weights[at] * factor;
                }
            }
        }
    });
}

template <class Real>
void sum_spike_gradients(const SpikeTrain& spikes, const SynapsesView& synapses,
                         const View<const Real, 2>& gain,
                         const View<const Real, 3>& output_gradient,
                         const View<Real, 2>& weight_gradient) {
    const std::int64_t rows = synapses.rows();
    const std::vector<std::int32_t> row = rows_by_source(synapses);
    Cpu::for_each_task(spikes.n_samples, [&](std::int64_t sample) {
        std::vector<Real> sums(row.size(), Real(0));
        for (std::int64_t t = 0; t < spikes.n_steps; ++t) {
            const Real* const gradient =
                output_gradient.data + (sample * spikes.n_steps + t) * rows;
            for (const std::int32_t unit : spikes.row(sample, t)) {
                const Real factor = gain(sample, unit);
                const std::int32_t last = synapses.source_begin(unit + 1);
                for (std::int32_t k = synapses.source_begin(unit); k < last; ++k) {
                    const auto at = static_cast<std::size_t>(k);
                    sums[at] += factor * gradient[row[at]];
                }
            }
        }
        for (std::size_t k = 0; k < sums.size(); ++k) {
            weight_gradient(sample, synapses.by_source(k)) = sums[k];
        }
    });
}

template void sum_spikes<float>(const SpikeTrain&, const SynapsesView&, const View<const float, 2>&,
                                const View<const float, 1>&, const View<float, 3>&);
template void sum_spikes<double>(const SpikeTrain&, const SynapsesView&,
                                 const View<const double, 2>&, const View<const double, 1>&,
                                 const View<double, 3>&);
template void sum_spike_gradients<float>(const SpikeTrain&, const SynapsesView&,
                                         const View<const float, 2>&, const View<const float, 3>&,
                                         const View<float, 2>&);
template void sum_spike_gradients<double>(const SpikeTrain&, const SynapsesView&,
                                          const View<const double, 2>&,
                                          const View<const double, 3>&, const View<double, 2>&);

}  // namespace elm
