#include "kernels/modules/input_dropout.h"

#include <vector>

#include "kernels/ops/basic/elementwise.h"
#include "kernels/ops/basic/reduction.h"

namespace elm {

void drop_spikes(const InputDropout& dropout, const SpikeTrain& train, SpikeTrain& kept) {
    kept.n_samples = train.n_samples;
    kept.n_steps = train.n_steps;
    kept.n_units = train.n_units;
    kept.row_begin.assign(1, 0);
    kept.row_begin.reserve(train.row_begin.size());
    kept.units.resize(train.units.size());
    std::size_t end = 0;  // of the units so far
    std::vector<std::uint8_t> keeps(static_cast<std::size_t>(train.n_units));
    for (std::int64_t sample = 0; sample < train.n_samples; ++sample) {
        for (std::int64_t unit = 0; unit < train.n_units; ++unit) {
            keeps[static_cast<std::size_t>(unit)] =
                dropout.keeps(sample, unit, train.n_units) ? 1 : 0;
        }
        for (std::int64_t step = 0; step < train.n_steps; ++step) {
            // Every unit is written, and the next one over it where it is dropped: no branch.
            for (const std::int32_t unit : train.row(sample, step)) {
                kept.units[end] = unit;
                end += keeps[static_cast<std::size_t>(unit)];
            }
            kept.row_begin.push_back(static_cast<std::int64_t>(end));
        }
    }
    kept.units.resize(end);
}

void drop_channels(const InputDropout& dropout, const Tensor& input, Tensor& kept) {
    const Shape& shape = input.shape();
    if (!kept.defined() || kept.shape() != shape || kept.dtype() != input.dtype()) {
        Stream host{Device{}};
        kept = Tensor::empty(host, shape, input.dtype());
    }
    visit_real(input.dtype(), [&]<class Real>(Real) {
        const auto from = view<const Real, 3>(input);
        const auto to = view<Real, 3>(kept);
        for (std::int64_t sample = 0; sample < shape[0]; ++sample) {
            for (std::int64_t channel = 0; channel < shape[2]; ++channel) {
                const bool keeps = dropout.keeps(sample, channel, shape[2]);
                for (std::int64_t step = 0; step < shape[1]; ++step) {
                    to(sample, step, channel) = keeps ? from(sample, step, channel) : Real(0);
                }
            }
        }
    });
}

Var drop_values(Context& context, const InputDropout& dropout, const Var& input) {
    const Shape& shape = input.value.shape();
    const std::int64_t batch = shape[0], channels = shape[2];
    const Tensor factors = Tensor::empty(context.stream, shape, input.value.dtype());
    visit_real(input.value.dtype(), [&]<class Real>(Real) {
        std::vector<Real> mask;
        mask.reserve(static_cast<std::size_t>(batch * channels));
        for (std::int64_t sample = 0; sample < batch; ++sample) {
            for (std::int64_t channel = 0; channel < channels; ++channel) {
                mask.push_back(dropout.keeps(sample, channel, channels) ? Real(1) : Real(0));
            }
        }
        const Tensor rows = Tensor::from<Real>(context.stream, {batch, channels}, mask);
        repeat_kernel<Real>(
            context.stream,
            {view<const Real, 2>(rows), static_cast<Real>(dropout.gain()), view<Real, 3>(factors)});
    });
    return multiply(context, input, Var{factors});
}

}  // namespace elm
