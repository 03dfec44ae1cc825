#include <algorithm>
#include <bit>
#include <vector>

#include "kernels/core/simd/many_lanes.h"
#include "kernels/ops/scan/recurrent/recurrent_tile.h"
#include "kernels/ops/spiking/spiking_scan.h"
#include "kernels/ops/spiking/spiking_unit_body.h"

/// Each task carries a few samples through all steps: kernels/ops/scan/recurrent/recurrent_tile.h.
/// The lanes of a vector are units. Forward, only the rows of units that spiked are read of the
/// weights. Padding has no weights and a threshold of 1, so that it never spikes.
namespace elm {
namespace {

template <class R>
struct UnitLanes : ManyLanes<R> {
    using typename ManyLanes<R>::Value;
    ELM_INLINE static Value smooth_step(const SurrogateOf<R>& surrogate, const Value& x) {
        return ManyLanes<R>::each(x, [&](R lane) { return surrogate.smooth_step(lane); });
    }
};

/// Coefficients of all units in padded rows, as units of vectors take them.
template <class Real, SpikingAdaptation adaptation>
class PaddedUnits {
public:
    using Lanes = UnitLanes<Real>;
    using Unit = SpikingUnit<Real, Lanes, adaptation>;

    PaddedUnits(const View<const Real, 1> (&coefficients)[spiking_coefficients], std::int64_t units)
        : row_(lanes::padded<Real>(units)),
          values_(static_cast<std::size_t>(spiking_coefficients * row_)) {
        for (int i = 0; i < spiking_coefficients; ++i) {
            Real* const to = &values_[static_cast<std::size_t>(i * row_)];
            const bool is_threshold = i == static_cast<int>(SpikingCoefficient::threshold);
            std::fill_n(to, row_, is_threshold ? Real(1) : Real(0));
            if (coefficients[i].data != nullptr) std::copy_n(coefficients[i].data, units, to);
        }
    }

    ELM_INLINE Unit at(std::int64_t unit) const {
        Unit result;
        for (int i = 0; i < spiking_coefficients; ++i) {
            result.coefficients[i] =
                Lanes::load(&values_[static_cast<std::size_t>(i * row_ + unit)]);
        }
        return result;
    }

private:
    std::int64_t row_;
    lanes::AlignedVector<Real> values_;
};

/// Units of a sample whose spikes are not 0, in rising order.
template <class Real>
std::int64_t list_spikes(const Real* spikes, std::int64_t row, std::int32_t* listed) {
    constexpr int width = lanes::native<Real>;
    std::int64_t count = 0;
    for (std::int64_t unit = 0; unit < row; unit += width) {
        unsigned left = lanes::nonzero_mask<Real, width>(lanes::load<Real, width>(spikes + unit));
        for (; left != 0; left &= left - 1) {
            listed[count++] = static_cast<std::int32_t>(unit + std::countr_zero(left));
        }
    }
    return count;
}

template <class Real, SpikingAdaptation adaptation>
void scan(const SpikingScanArgs<Real>& args) {
    using Units = PaddedUnits<Real, adaptation>;
    using Lanes = typename Units::Lanes;
    constexpr bool adapts = Units::Unit::adapts;
    constexpr std::int64_t state_rows = spiking_state_rows(adaptation);
    const std::int64_t samples = args.spikes.extent[0], steps = args.spikes.extent[1];
    const std::int64_t n_units = args.spikes.extent[2];
    if (n_units == 0) return;
    const std::int64_t row = lanes::padded<Real>(n_units);
    const Units units(args.coefficients, n_units);
    const RecurrentPanels<Real> weight(row, row, [&](std::int64_t from, std::int64_t to) {
        return from < n_units && to < n_units ? args.weight(to, from) : Real(0);
    });

    Cpu::for_each_task(samples, [&](std::int64_t sample) {
        lanes::AlignedVector<Real> memory(static_cast<std::size_t>(5 * row));
        std::vector<std::int32_t> listed(static_cast<std::size_t>(row));
        Real* const spikes = memory.data();
        Real* const membranes = spikes + row;
        Real* const adaptations = membranes + row;
        Real* const currents = adaptations + row;
        Real* const potentials = currents + row;
        for (std::int64_t part = 0; part < state_rows; ++part) {
            std::copy_n(&args.start(sample, part, 0), n_units, spikes + part * row);
        }
        for (std::int64_t t = 0; t < steps; ++t) {
            std::copy_n(&args.projected(sample, t, 0), n_units, currents);
            const std::int64_t n_spikes = list_spikes(spikes, row, listed.data());
            weight.multiply_add_listed(listed.data(), n_spikes, spikes, currents);
            for (std::int64_t unit = 0; unit < row; unit += Lanes::width) {
                SpikingUnitState<typename Lanes::Value> state{Lanes::load(spikes + unit),
                                                              Lanes::load(membranes + unit),
                                                              Lanes::load(adaptations + unit)};
                const auto potential =
                    units.at(unit).forward(args.rule, Lanes::load(currents + unit), state);
                Lanes::store(potentials + unit, potential);
                Lanes::store(spikes + unit, state.spike);
                Lanes::store(membranes + unit, state.membrane);
                Lanes::store(adaptations + unit, state.adaptation);
            }
            std::copy_n(spikes, n_units, &args.spikes(sample, t, 0));
            if (args.saved_potential.data == nullptr) continue;
            std::copy_n(potentials, n_units, &args.saved_potential(sample, t, 0));
            if (adapts) std::copy_n(adaptations, n_units, &args.saved_adaptation(sample, t, 0));
        }
        for (std::int64_t part = 0; part < state_rows; ++part) {
            std::copy_n(spikes + part * row, n_units, &args.end(sample, part, 0));
        }
    });
}

/// The backward scan of a few samples. Rows of what they carry, one for each sample of the tile:
/// gradients of spikes, membranes and adaptation, those of the currents of a step, and the sums
/// that are the gradients of the coefficients.
template <class Real, SpikingAdaptation adaptation>
class BackwardTile {
public:
    using Units = PaddedUnits<Real, adaptation>;
    using Lanes = typename Units::Lanes;
    using Value = typename Lanes::Value;

    BackwardTile(const SpikingScanBackwardArgs<Real>& args, const Units& units,
                 std::int64_t first_sample, std::int64_t count)
        : args_(args),
          units_(units),
          first_(first_sample),
          count_(count),
          n_units_(args.spikes.extent[2]),
          row_(lanes::padded<Real>(n_units_)),
          memory_(sample_tile_memory<Real>((4 + n_sums) * row_)) {
        for (std::int64_t s = 0; s < count; ++s) {
            for (std::int64_t part = 0; part < state_rows; ++part) {
                std::copy_n(&args.end_gradient(first_ + s, part, 0), n_units_, at(part, s));
            }
        }
    }

    /// One step back: from the gradients of the state after step t to those of the one before it.
    void step_back(std::int64_t t, const RecurrentPanels<Real>& weight) {
        for (std::int64_t s = 0; s < count_; ++s) units_back(s, t);
        weight.multiply_add(count_, at(currents, 0), at(0, 0), row_);
    }

    void finish() {
        for (std::int64_t s = 0; s < count_; ++s) {
            const std::int64_t sample = first_ + s;
            for (std::int64_t part = 0; part < state_rows; ++part) {
                std::copy_n(at(part, s), n_units_, &args_.start_gradient(sample, part, 0));
            }
            const Real* const decay = args_.coefficients[0].data;
            for (std::int64_t unit = 0; unit < n_units_; ++unit) {
                at(first_sum, s)[unit] /= Real(1) - decay[unit];
            }
            for (std::int64_t i = 0; i < n_sums; ++i) {
                std::copy_n(at(first_sum + i, s), n_units_,
                            &args_.coefficient_gradients(i, sample, 0));
            }
        }
    }

private:
    static constexpr std::int64_t state_rows = spiking_state_rows(adaptation);
    static constexpr std::int64_t n_sums = spiking_coefficient_count(adaptation);
    static constexpr std::int64_t currents = 3, first_sum = 4;  // after the state's rows
    static_assert(static_cast<int>(SpikingCoefficient::decay) == 0);

    Real* at(std::int64_t part, std::int64_t s) {
        return &memory_[static_cast<std::size_t>((part * largest_sample_tile + s) * row_)];
    }

    void units_back(std::int64_t s, std::int64_t t) {
        const std::int64_t sample = first_ + s;
        const auto part_of = [&](const Real* row, std::int64_t unit) -> Value {
            return load_part<Real>(row, unit, n_units_);
        };
        const Real* const spikes = &args_.spikes(sample, t, 0);
        const Real* const start = &args_.start(sample, 0, 0);
        const Real* const spikes_before = t > 0 ? spikes - n_units_ : start;
        const Real* const potentials = &args_.saved_potential(sample, t, 0);
        const Real* adaptations = nullptr;
        if (Units::Unit::adapts) {
            adaptations = t > 0 ? &args_.saved_adaptation(sample, t - 1, 0) : start + 2 * n_units_;
        }
        std::copy_n(spikes_before, n_units_, &args_.previous_spikes(sample, t, 0));
        for (std::int64_t unit = 0; unit < n_units_; unit += Lanes::width) {
            const auto own = units_.at(unit);
            SpikingUnitGradient<Value> gradient{
                Lanes::load(at(0, s) + unit) + part_of(&args_.spikes_gradient(sample, t, 0), unit),
                Lanes::load(at(1, s) + unit), Lanes::load(at(2, s) + unit)};
            const Value membrane_before =
                t > 0 ? own.after_reset(args_.rule, part_of(potentials - n_units_, unit),
                                        part_of(spikes_before, unit))
                      : part_of(start + n_units_, unit);
            const Value adaptation_before =
                Units::Unit::adapts ? part_of(adaptations, unit) : Value{};
            Value sums[spiking_coefficients]{};
            for (int i = 0; i < n_sums; ++i) sums[i] = Lanes::load(at(first_sum + i, s) + unit);
            const Value current =
                own.backward(args_.rule, part_of(potentials, unit), part_of(spikes, unit),
                             membrane_before, adaptation_before, gradient, sums);
            for (int i = 0; i < n_sums; ++i) Lanes::store(at(first_sum + i, s) + unit, sums[i]);
            store_part<Real>(&args_.projected_gradient(sample, t, 0), unit, n_units_, current);
            Lanes::store(at(currents, s) + unit, current);
            Lanes::store(at(0, s) + unit, gradient.spike);
            Lanes::store(at(1, s) + unit, gradient.membrane);
            Lanes::store(at(2, s) + unit, gradient.adaptation);
        }
    }

    const SpikingScanBackwardArgs<Real>& args_;
    const Units& units_;
    std::int64_t first_, count_, n_units_, row_;
    lanes::AlignedVector<Real> memory_;
};

template <class Real, SpikingAdaptation adaptation>
void scan_backward(const SpikingScanBackwardArgs<Real>& args) {
    const std::int64_t n_units = args.spikes.extent[2], row = lanes::padded<Real>(n_units);
    if (n_units == 0) return;
    const PaddedUnits<Real, adaptation> units(args.coefficients, n_units);
    const RecurrentPanels<Real> weight(row, row, [&](std::int64_t to, std::int64_t from) {
        return from < n_units && to < n_units ? args.weight(to, from) : Real(0);
    });
    for_each_sample_tile(args.spikes.extent[0], [&](std::int64_t begin, std::int64_t count) {
        BackwardTile<Real, adaptation> tile(args, units, begin, count);
        for (std::int64_t t = args.spikes.extent[1] - 1; t >= 0; --t) tile.step_back(t, weight);
        tile.finish();
    });
}

template <class Real>
void run_forward(const SpikingScanArgs<Real>& args) {
    with_spiking_adaptation(args.rule.adaptation,
                            [&]<SpikingAdaptation adaptation>() { scan<Real, adaptation>(args); });
}

template <class Real>
void run_backward(const SpikingScanBackwardArgs<Real>& args) {
    with_spiking_adaptation(args.rule.adaptation, [&]<SpikingAdaptation adaptation>() {
        scan_backward<Real, adaptation>(args);
    });
}

}  // namespace

template <>
void run_spiking_scan<Cpu, float>(Stream&, const SpikingScanArgs<float>& args) {
    run_forward(args);
}
template <>
void run_spiking_scan<Cpu, double>(Stream&, const SpikingScanArgs<double>& args) {
    run_forward(args);
}
template <>
void run_spiking_scan_backward<Cpu, float>(Stream&, const SpikingScanBackwardArgs<float>& args) {
    run_backward(args);
}
template <>
void run_spiking_scan_backward<Cpu, double>(Stream&, const SpikingScanBackwardArgs<double>& args) {
    run_backward(args);
}

}  // namespace elm
