#include "tasks/data/spikes/spike_rows.h"

#include "kernels/core/support/check.h"

namespace elm {

void begin_rows(SpikeTrain& train, std::int64_t n_samples, std::int64_t n_steps,
                std::int64_t n_units) {
    train.n_samples = 0;
    train.n_steps = n_steps;
    train.n_units = n_units;
    train.row_begin.assign(1, 0);
    train.row_begin.reserve(static_cast<std::size_t>(n_samples * n_steps) + 1);
    train.units.clear();
    train.units.reserve(static_cast<std::size_t>(n_samples * n_steps));
}

void append_one_hot(SpikeTrain& train, std::span<const std::int32_t> units) {
    ELM_ASSERT(static_cast<std::int64_t>(units.size()) <= train.n_steps);
    ++train.n_samples;
    // Room for a spike a step, filled without a branch: a batch of long samples is as large as
    // memory is fast.
    std::size_t end = train.units.size();
    const std::size_t row = train.row_begin.size();
    train.units.resize(end + units.size());
    train.row_begin.resize(row + units.size());
    for (std::size_t k = 0; k < units.size(); ++k) {
        ELM_ASSERT(units[k] < train.n_units);
        train.units[end] = units[k];
        end += units[k] >= 0 ? 1 : 0;
        train.row_begin[row + k] = static_cast<std::int64_t>(end);
    }
    train.units.resize(end);
    train.row_begin.resize(static_cast<std::size_t>(train.n_samples * train.n_steps) + 1,
                           static_cast<std::int64_t>(end));
}

void append_binary(SpikeTrain& train, std::span<const float> values) {
    ELM_ASSERT(static_cast<std::int64_t>(values.size()) == train.n_steps * train.n_units);
    ++train.n_samples;
    std::size_t at = 0;
    for (std::int64_t step = 0; step < train.n_steps; ++step) {
        for (std::int32_t unit = 0; unit < train.n_units; ++unit) {
            if (values[at++] == 1) train.units.push_back(unit);
        }
        train.row_begin.push_back(static_cast<std::int64_t>(train.units.size()));
    }
}

}  // namespace elm
