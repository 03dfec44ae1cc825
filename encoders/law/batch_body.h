#pragma once

#include "encoders/law/batch.h"

namespace elm {

/// One value, or all of a channel where the law goes along time.
template <class Law>
struct EncodeOne {
    EncodeBatchArgs<Law> args;

    ELM_HD void operator()(std::int64_t index) const {
        const std::int64_t channels = args.values.extent[2];
        const std::int64_t row = index / channels, channel = index % channels;
        if constexpr (ScansTime<Law>) {
            ChannelValue value = value_at(row, 0, channel);
            if (value.n_steps == 0) return;
            auto state = args.law.start(value);
            for (; value.step < value.n_steps; ++value.step) {
                args.law(state, value, cells_of(row, value.step, channel));
            }
        } else {
            const std::int64_t steps = args.values.extent[1];
            const ChannelValue value = value_at(row / steps, row % steps, channel);
            if (value.step >= value.n_steps) return;
            args.law(value, cells_of(row / steps, value.step, channel));
        }
    }

private:
    ELM_HD ChannelValue value_at(std::int64_t sample, std::int64_t step,
                                 std::int64_t channel) const {
        return {&args.values(sample, 0, channel), args.values.extent[2], step,
                args.lengths(sample)};
    }
    ELM_HD DenseCells cells_of(std::int64_t sample, std::int64_t step, std::int64_t channel) const {
        return {&args.cells(sample, step * args.law.steps_each, channel * args.law.units_each),
                args.cells.extent[2]};
    }
};

template <class Check>
struct CountRefusedOfRow {
    CountRefusedArgs<Check> args;

    template <class Row>
    ELM_HD void operator()(const Row& along, std::int64_t row) const {
        const std::int64_t first = row * refused_each, left = args.values.size() - first;
        const std::int64_t channels = args.values.extent[2];
        const std::int32_t refused = along.sum(
            left < refused_each ? left : refused_each, [&](std::int64_t at) -> std::int32_t {
                const std::int64_t step = (first + at) / channels;
                const std::int64_t sample = step / args.values.extent[1];
                if (step - sample * args.values.extent[1] >= args.lengths(sample)) return 0;
                return args.check.takes(args.values.data[first + at]) ? 0 : 1;
            });
        if (along.leads()) args.refused(row) = refused;
    }
};

struct MapOneValue {
    MapValuesArgs args;
    ELM_HD void operator()(std::int64_t at) const {
        args.mapped.data[at] = args.map(double{args.values.data[at]});
    }
};

template <class Backend, class Law>
void run_encode_batch(Stream& stream, const EncodeBatchArgs<Law>& args) {
    const std::int64_t steps = ScansTime<Law> ? 1 : args.values.extent[1];
    Backend::for_each_index(stream, args.values.extent[0] * steps * args.values.extent[2],
                            EncodeOne<Law>{args});
}

template <class Backend, class Check>
void run_count_refused(Stream& stream, const CountRefusedArgs<Check>& args) {
    Backend::for_each_row(stream, args.refused.extent[0], refused_each,
                          CountRefusedOfRow<Check>{args});
}

template <class Backend>
void run_map_values(Stream& stream, const MapValuesArgs& args) {
    Backend::for_each_index(stream, args.values.size(), MapOneValue{args});
}

}  // namespace elm
