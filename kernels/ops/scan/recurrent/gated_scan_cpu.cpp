#include <algorithm>

#include "kernels/core/simd/lanes.h"
#include "kernels/ops/scan/recurrent/gated_cell_body.h"
#include "kernels/ops/scan/recurrent/gated_scan.h"
#include "kernels/ops/scan/recurrent/recurrent_tile.h"

/// Each task carries a few samples through all steps: recurrent_tile.h. Padding is 0 in weights and
/// in hidden states.
namespace elm {
namespace {

template <class Real>
using Lanes = NativeLanes<Real>;

template <class Real>
struct LaneFunctions {
    using Value = Lanes<Real>;
    static constexpr int width = lanes::native<Real>;
    ELM_INLINE static Lanes<Real> sigmoid(const Lanes<Real>& x) {
        return lanes::sigmoid<Real, width>(x);
    }
    ELM_INLINE static Lanes<Real> tanh(const Lanes<Real>& x) {
        return lanes::hyperbolic_tangent<Real, width>(x);
    }
};
template <class Real>
using Lstm = LstmCell<Real, LaneFunctions<Real>>;
template <class Real>
using Gru = GruCell<Real, LaneFunctions<Real>>;

template <class Real, class Cell>
void scan(const GatedScanArgs<Real>& args) {
    constexpr int width = lanes::native<Real>, gates = Cell::gates;
    const std::int64_t samples = args.hidden.extent[0], steps = args.hidden.extent[1];
    const std::int64_t units = args.hidden.extent[2];
    if (units == 0) return;
    const std::int64_t row = lanes::padded<Real>(units), slot_row = gate_slots * row;
    const RecurrentPanels<Real> weight(row, gates * row, [&](std::int64_t k, std::int64_t column) {
        const std::int64_t gate = column / row, unit = column % row;
        return k < units && unit < units ? args.weight(gate * units + unit, k) : Real(0);
    });

    for_each_sample_tile(samples, [&](std::int64_t begin, std::int64_t count) {
        auto memory = sample_tile_memory<Real>(2 * row + slot_row);
        Real* const hidden = memory.data();
        Real* const cell = hidden + largest_sample_tile * row;
        Real* const slots = cell + largest_sample_tile * row;
        for (std::int64_t s = 0; s < count; ++s) {
            std::copy_n(&args.initial_hidden(begin + s, 0), units, &hidden[s * row]);
            if (Cell::has_cell)
                std::copy_n(&args.initial_cell(begin + s, 0), units, &cell[s * row]);
        }
        for (std::int64_t t = 0; t < steps; ++t) {
            for (std::int64_t s = 0; s < count; ++s) {
                const Real* projected = &args.projected(begin + s, t, 0);
                for (std::int64_t gate = 0; gate < gates; ++gate) {
                    Real* const slot = &slots[s * slot_row + gate * row];
                    // The input's part of a GRU's last gate stays out of the recurrent product.
                    const bool apart = !Cell::has_cell && gate == gates - 1;
                    const Real* const bias = args.bias.data + gate * units;
                    for (std::int64_t unit = 0; unit < units; ++unit) {
                        slot[unit] =
                            apart ? bias[unit] : projected[gate * units + unit] + bias[unit];
                    }
                    if (apart) std::copy_n(projected + gate * units, units, slot + row);
                }
            }
            weight.multiply_add(count, hidden, slots, slot_row);
            for (std::int64_t s = 0; s < count; ++s) {
                for (std::int64_t unit = 0; unit < row; unit += width) {
                    Real* const own = &slots[s * slot_row + unit];
                    Lanes<Real> values[gate_slots];
                    for (int slot = 0; slot < gate_slots; ++slot) {
                        values[slot] = lanes::load<Real, width>(own + slot * row);
                    }
                    auto h = lanes::load<Real, width>(&hidden[s * row + unit]);
                    auto c = lanes::load<Real, width>(&cell[s * row + unit]);
                    Cell::forward(values, h, c);
                    for (int slot = 0; slot < gate_slots; ++slot) {
                        lanes::store<Real, width>(own + slot * row, values[slot]);
                    }
                    lanes::store<Real, width>(&hidden[s * row + unit], h);
                    lanes::store<Real, width>(&cell[s * row + unit], c);
                }
                std::copy_n(&hidden[s * row], units, &args.hidden(begin + s, t, 0));
                for (int slot = 0; slot < gate_slots; ++slot) {
                    std::copy_n(&slots[s * slot_row + slot * row], units,
                                &args.saved_gates(begin + s, t, slot * units));
                }
                if (Cell::has_cell) {
                    std::copy_n(&cell[s * row], units, &args.saved_cell(begin + s, t, 0));
                }
            }
        }
        for (std::int64_t s = 0; s < count; ++s) {
            std::copy_n(&hidden[s * row], units, &args.final_hidden(begin + s, 0));
            if (Cell::has_cell) std::copy_n(&cell[s * row], units, &args.final_cell(begin + s, 0));
        }
    });
}

template <class Real, class Cell>
void scan_backward(const GatedScanBackwardArgs<Real>& args) {
    constexpr int width = lanes::native<Real>, gates = Cell::gates;
    const std::int64_t samples = args.hidden.extent[0], steps = args.hidden.extent[1];
    const std::int64_t units = args.hidden.extent[2];
    if (units == 0) return;
    const std::int64_t row = lanes::padded<Real>(units), gate_row = gates * row;
    const RecurrentPanels<Real> weight(gate_row, row, [&](std::int64_t k, std::int64_t column) {
        const std::int64_t gate = k / row, unit = k % row;
        return column < units && unit < units ? args.weight(gate * units + unit, column) : Real(0);
    });
    const auto load = [=](const Real* from, std::int64_t unit) {
        return load_part<Real>(from, unit, units);
    };
    const auto store = [=](Real* to, std::int64_t unit, const Lanes<Real>& value) {
        store_part<Real>(to, unit, units, value);
    };

    for_each_sample_tile(samples, [&](std::int64_t begin, std::int64_t count) {
        auto memory = sample_tile_memory<Real>(2 * row + gate_row);
        Real* const hidden_gradient = memory.data();
        Real* const cell_gradient = hidden_gradient + largest_sample_tile * row;
        Real* const recurrent_rows = cell_gradient + largest_sample_tile * row;
        for (std::int64_t s = 0; s < count; ++s) {
            std::copy_n(&args.final_hidden_gradient(begin + s, 0), units,
                        &hidden_gradient[s * row]);
            if (Cell::has_cell) {
                std::copy_n(&args.final_cell_gradient(begin + s, 0), units,
                            &cell_gradient[s * row]);
            }
        }
        for (std::int64_t t = steps - 1; t >= 0; --t) {
            for (std::int64_t s = 0; s < count; ++s) {
                const std::int64_t sample = begin + s;
                const Real* const gate_values = &args.saved_gates(sample, t, 0);
                const Real* const previous_hidden =
                    t > 0 ? &args.hidden(sample, t - 1, 0) : &args.initial_hidden(sample, 0);
                const Real* previous_cell = nullptr;
                if (Cell::has_cell) {
                    previous_cell =
                        t > 0 ? &args.saved_cell(sample, t - 1, 0) : &args.initial_cell(sample, 0);
                }
                std::copy_n(previous_hidden, units, &args.previous_hidden(sample, t, 0));
                for (std::int64_t unit = 0; unit < units; unit += width) {
                    Lanes<Real> values[gate_slots], projected[gate_slots], recurrent[gate_slots];
                    for (int slot = 0; slot < gate_slots; ++slot) {
                        values[slot] = load(gate_values + slot * units, unit);
                    }
                    Lanes<Real> cell{}, before{};
                    if (Cell::has_cell) {
                        cell = load(&args.saved_cell(sample, t, 0), unit);
                        before = load(previous_cell, unit);
                    }
                    Real* const carried = &hidden_gradient[s * row + unit];
                    Real* const carried_cell = &cell_gradient[s * row + unit];
                    auto h = lanes::load<Real, width>(carried) +
                             load(&args.hidden_gradient(sample, t, 0), unit);
                    auto c = lanes::load<Real, width>(carried_cell);
                    Cell::backward(values, cell, load(previous_hidden, unit), before, h, c,
                                   projected, recurrent);
                    for (int gate = 0; gate < gates; ++gate) {
                        store(&args.projected_gradient(sample, t, gate * units), unit,
                              projected[gate]);
                        store(&args.recurrent_gradient(sample, t, gate * units), unit,
                              recurrent[gate]);
                        lanes::store<Real, width>(&recurrent_rows[s * gate_row + gate * row + unit],
                                                  recurrent[gate]);
                    }
                    lanes::store<Real, width>(carried, h);
                    lanes::store<Real, width>(carried_cell, c);
                }
            }
            weight.multiply_add(count, recurrent_rows, hidden_gradient, row);
        }
        for (std::int64_t s = 0; s < count; ++s) {
            std::copy_n(&hidden_gradient[s * row], units,
                        &args.initial_hidden_gradient(begin + s, 0));
            if (Cell::has_cell) {
                std::copy_n(&cell_gradient[s * row], units,
                            &args.initial_cell_gradient(begin + s, 0));
            }
        }
    });
}

template <class Real>
void run_forward(const GatedScanArgs<Real>& args) {
    args.kind == GatedCell::lstm ? scan<Real, Lstm<Real>>(args) : scan<Real, Gru<Real>>(args);
}

template <class Real>
void run_backward(const GatedScanBackwardArgs<Real>& args) {
    args.kind == GatedCell::lstm ? scan_backward<Real, Lstm<Real>>(args)
                                 : scan_backward<Real, Gru<Real>>(args);
}

}  // namespace

template <>
void run_gated_scan<Cpu, float>(Stream&, const GatedScanArgs<float>& args) {
    run_forward(args);
}
template <>
void run_gated_scan<Cpu, double>(Stream&, const GatedScanArgs<double>& args) {
    run_forward(args);
}
template <>
void run_gated_scan_backward<Cpu, float>(Stream&, const GatedScanBackwardArgs<float>& args) {
    run_backward(args);
}
template <>
void run_gated_scan_backward<Cpu, double>(Stream&, const GatedScanBackwardArgs<double>& args) {
    run_backward(args);
}

}  // namespace elm
