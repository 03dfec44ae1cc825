#include "kernels/core/spike_train.h"

#include <algorithm>

#include "kernels/core/support/check.h"

namespace elm {

void SpikeTrain::check() const {
    const auto fail = [](const std::string& what) { throw Error(ErrorKind::data, what); };
    if (static_cast<std::int64_t>(row_begin.size()) != n_samples * n_steps + 1) {
        fail(fmt::format("a spike train of {} samples and {} steps has {} row marks, expected {}",
                         n_samples, n_steps, row_begin.size(), n_samples * n_steps + 1));
    }
    // Every spike is read before each run: largest and smallest values make vector loops.
    std::int64_t smallest_rise = 0;
    for (std::size_t row = 1; row < row_begin.size(); ++row) {
        smallest_rise = std::min(smallest_rise, row_begin[row] - row_begin[row - 1]);
    }
    std::uint32_t largest_unit = 0;  // a negative unit is a large one
    for (const std::int32_t unit : units) {
        largest_unit = std::max(largest_unit, static_cast<std::uint32_t>(unit));
    }
    if (smallest_rise < 0 || row_begin.front() != 0 ||
        row_begin.back() != static_cast<std::int64_t>(units.size())) {
        fail("the row marks of a spike train must rise from 0 to its number of spikes");
    }
    if (units.empty() || std::int64_t{largest_unit} < n_units) return;
    for (const std::int32_t unit : units) {
        if (unit < 0 || unit >= n_units) {
            fail(fmt::format("a spike of unit {}: expected 0 to {}", unit, n_units - 1));
        }
    }
}

SpikeTrain make_spike_train(std::span<const SpikeEvent> events, std::int64_t n_steps,
                            std::int64_t n_units) {
    SpikeTrain train{
        .n_samples = 1, .n_steps = n_steps, .n_units = n_units, .row_begin = {}, .units = {}};
    train.row_begin.assign(static_cast<std::size_t>(n_steps) + 1, 0);
    for (const SpikeEvent& event : events) {
        if (event.step < 0 || event.step >= n_steps) {
            throw Error(ErrorKind::data, fmt::format("a spike at step {}: expected 0 to {}",
                                                     event.step, n_steps - 1));
        }
        if (event.unit < 0 || event.unit >= n_units) {
            throw Error(ErrorKind::data, fmt::format("a spike of unit {}: expected 0 to {}",
                                                     event.unit, n_units - 1));
        }
        ++train.row_begin[static_cast<std::size_t>(event.step) + 1];
    }
    for (std::size_t row = 1; row < train.row_begin.size(); ++row) {
        train.row_begin[row] += train.row_begin[row - 1];
    }
    train.units.resize(events.size());
    std::vector<std::int64_t> next(train.row_begin.begin(), train.row_begin.end() - 1);
    for (const SpikeEvent& event : events) {
        train.units[static_cast<std::size_t>(next[static_cast<std::size_t>(event.step)]++)] =
            event.unit;
    }
    for (std::size_t row = 0; row + 1 < train.row_begin.size(); ++row) {
        std::sort(train.units.begin() + train.row_begin[row],
                  train.units.begin() + train.row_begin[row + 1]);
    }
    return train;
}

SpikeTrain stack_samples(std::span<const SpikeTrain> parts) {
    SpikeTrain all;
    for (const SpikeTrain& part : parts) {
        if (all.n_samples == 0) {
            all.n_steps = part.n_steps;
            all.n_units = part.n_units;
        }
        ELM_CHECK(part.n_steps == all.n_steps && part.n_units == all.n_units,
                  "samples of one batch must agree in steps and units: {} x {} and {} x {}",
                  all.n_steps, all.n_units, part.n_steps, part.n_units);
        const std::int64_t base = all.row_begin.back();
        for (std::size_t row = 1; row < part.row_begin.size(); ++row) {
            all.row_begin.push_back(base + part.row_begin[row]);
        }
        all.units.insert(all.units.end(), part.units.begin(), part.units.end());
        all.n_samples += part.n_samples;
    }
    return all;
}

SpikeTrain slice_steps(const SpikeTrain& train, std::int64_t begin, std::int64_t n_steps) {
    ELM_CHECK(begin >= 0 && n_steps >= 0, "steps {} to {} of a spike train", begin,
              begin + n_steps);
    SpikeTrain part{.n_samples = train.n_samples,
                    .n_steps = n_steps,
                    .n_units = train.n_units,
                    .row_begin = {0},
                    .units = {}};
    part.row_begin.reserve(static_cast<std::size_t>(train.n_samples * n_steps) + 1);
    for (std::int64_t sample = 0; sample < train.n_samples; ++sample) {
        for (std::int64_t step = begin; step < begin + n_steps; ++step) {
            if (step < train.n_steps) {
                const auto row = train.row(sample, step);
                part.units.insert(part.units.end(), row.begin(), row.end());
            }
            part.row_begin.push_back(static_cast<std::int64_t>(part.units.size()));
        }
    }
    return part;
}

SpikeTrain join_steps(const SpikeTrain& first, const SpikeTrain& second) {
    ELM_CHECK(first.n_samples == second.n_samples && first.n_units == second.n_units,
              "spike trains that follow each other must agree in samples and units: {} x {} and {} "
              "x {}",
              first.n_samples, first.n_units, second.n_samples, second.n_units);
    SpikeTrain joined{.n_samples = first.n_samples,
                      .n_steps = first.n_steps + second.n_steps,
                      .n_units = first.n_units,
                      .row_begin = {0},
                      .units = {}};
    joined.row_begin.reserve(static_cast<std::size_t>(joined.n_samples * joined.n_steps) + 1);
    joined.units.reserve(first.units.size() + second.units.size());
    for (std::int64_t sample = 0; sample < joined.n_samples; ++sample) {
        for (const SpikeTrain* part : {&first, &second}) {
            for (std::int64_t step = 0; step < part->n_steps; ++step) {
                const auto row = part->row(sample, step);
                joined.units.insert(joined.units.end(), row.begin(), row.end());
                joined.row_begin.push_back(static_cast<std::int64_t>(joined.units.size()));
            }
        }
    }
    return joined;
}

Tensor to_dense(Stream& stream, const SpikeTrain& train, DType dtype) {
    Stream host{Device{}};
    Tensor dense = Tensor::zeros(host, {train.n_samples, train.n_steps, train.n_units}, dtype);
    visit_real(dtype, [&]<class Real>(Real) {
        const auto counts = view<Real, 3>(dense);
        for (std::int64_t sample = 0; sample < train.n_samples; ++sample) {
            for (std::int64_t step = 0; step < train.n_steps; ++step) {
                for (const std::int32_t unit : train.row(sample, step)) {
                    counts(sample, step, unit) += Real(1);
                }
            }
        }
    });
    return stream.device().kind == DeviceKind::cpu ? dense : dense.to(stream);
}

}  // namespace elm
