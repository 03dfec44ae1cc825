#include "kernels/ops/scan/recurrent/gated_scan.h"

#include "kernels/core/buffer.h"
#include "kernels/ops/scan/recurrent/gated_cell_body.h"
#include "kernels/ops/scan/recurrent/recurrent_block.cuh"

namespace elm {
namespace {

constexpr int block_threads = recurrent_block_threads;
constexpr int tile = recurrent_block_samples;

template <class Real>
struct ScalarFunctions {
    using Value = Real;
    ELM_HD static Real sigmoid(Real x) { return Real(1) / (Real(1) + exp(-x)); }
    ELM_HD static Real tanh(Real x) { return ::tanh(x); }
};
template <class Real>
using Lstm = LstmCell<Real, ScalarFunctions<Real>>;
template <class Real>
using Gru = GruCell<Real, ScalarFunctions<Real>>;

template <class Real, class Cell, bool in_shared>
__global__ void __launch_bounds__(block_threads)
    scan_kernel(GatedScanArgs<Real> args, const Real* transposed, RecurrentSharedPlan plan) {
    const std::int64_t steps = args.hidden.extent[1], units = args.hidden.extent[2];
    const std::int64_t rows = Cell::gates * units, first = std::int64_t{blockIdx.x} * tile;
    const std::int64_t rest = args.hidden.extent[0] - first;
    const int count = static_cast<int>(rest < tile ? rest : tile);
    Real* const hidden = dynamic_shared<Real>(static_cast<std::size_t>(plan.state + plan.weights));
    Real* const cell = hidden + tile * units;
    Real* const slots = cell + tile * units;  // (tile, 4, units)
    const Real* const weights =
        place_recurrent_weights<Real, in_shared>(transposed, units * rows, hidden + plan.state);
    for (std::int64_t i = threadIdx.x; i < tile * units; i += block_threads) {
        const std::int64_t s = i / units, unit = i % units;
        hidden[i] = s < count ? args.initial_hidden(first + s, unit) : Real(0);
        if (Cell::has_cell) cell[i] = s < count ? args.initial_cell(first + s, unit) : Real(0);
    }
    __syncthreads();

    for (std::int64_t t = 0; t < steps; ++t) {
        for (std::int64_t row = threadIdx.x; row < rows; row += block_threads) {
            // The input's part of a GRU's last gate stays out of the recurrent product.
            const bool apart = !Cell::has_cell && row >= rows - units;
            Real sums[tile];
            for (int s = 0; s < tile; ++s) {
                const Real projected = s < count ? args.projected(first + s, t, row) : Real(0);
                sums[s] = apart ? args.bias(row) : projected + args.bias(row);
                if (apart) slots[(s * gate_slots + 1) * units + row] = projected;
            }
            for (std::int64_t k = 0; k < units; ++k) {
                const Real weight = weights[k * rows + row];
                for (int s = 0; s < tile; ++s) sums[s] += weight * hidden[s * units + k];
            }
            for (int s = 0; s < tile; ++s) slots[s * gate_slots * units + row] = sums[s];
        }
        __syncthreads();
        for (std::int64_t i = threadIdx.x; i < count * units; i += block_threads) {
            const std::int64_t s = i / units, unit = i % units;
            Real values[gate_slots];
            for (int slot = 0; slot < gate_slots; ++slot) {
                values[slot] = slots[(s * gate_slots + slot) * units + unit];
            }
            Cell::forward(values, hidden[i], cell[i]);
            for (int slot = 0; slot < gate_slots; ++slot) {
                args.saved_gates(first + s, t, slot * units + unit) = values[slot];
            }
            args.hidden(first + s, t, unit) = hidden[i];
            if (Cell::has_cell) args.saved_cell(first + s, t, unit) = cell[i];
        }
        __syncthreads();
    }
    for (std::int64_t i = threadIdx.x; i < count * units; i += block_threads) {
        args.final_hidden(first + i / units, i % units) = hidden[i];
        if (Cell::has_cell) args.final_cell(first + i / units, i % units) = cell[i];
    }
}

template <class Real, class Cell, bool in_shared>
__global__ void __launch_bounds__(block_threads)
    scan_backward_kernel(GatedScanBackwardArgs<Real> args, const Real* matrix,
                         RecurrentSharedPlan plan) {
    const std::int64_t steps = args.hidden.extent[1], units = args.hidden.extent[2];
    const std::int64_t rows = Cell::gates * units, first = std::int64_t{blockIdx.x} * tile;
    const std::int64_t rest = args.hidden.extent[0] - first;
    const std::int64_t elements = (rest < tile ? rest : tile) * units;
    Real* const hidden_gradient =
        dynamic_shared<Real>(static_cast<std::size_t>(plan.state + plan.weights));
    Real* const cell_gradient = hidden_gradient + tile * units;
    Real* const recurrent_rows = cell_gradient + tile * units;  // (tile, rows)
    const Real* const weights = place_recurrent_weights<Real, in_shared>(
        matrix, rows * units, hidden_gradient + plan.state);
    // Each thread keeps to its elements i, so only recurrent_rows passes between threads.
    for (std::int64_t i = threadIdx.x; i < elements; i += block_threads) {
        hidden_gradient[i] = args.final_hidden_gradient(first + i / units, i % units);
        cell_gradient[i] =
            Cell::has_cell ? args.final_cell_gradient(first + i / units, i % units) : Real(0);
    }
    __syncthreads();

    for (std::int64_t t = steps - 1; t >= 0; --t) {
        for (std::int64_t i = threadIdx.x; i < elements; i += block_threads) {
            const std::int64_t s = i / units, unit = i % units, sample = first + s;
            Real values[gate_slots], projected[gate_slots], recurrent[gate_slots];
            for (int slot = 0; slot < gate_slots; ++slot) {
                values[slot] = args.saved_gates(sample, t, slot * units + unit);
            }
            const Real before =
                t > 0 ? args.hidden(sample, t - 1, unit) : args.initial_hidden(sample, unit);
            args.previous_hidden(sample, t, unit) = before;
            Real cell = 0, cell_before = 0;
            if (Cell::has_cell) {
                cell = args.saved_cell(sample, t, unit);
                cell_before =
                    t > 0 ? args.saved_cell(sample, t - 1, unit) : args.initial_cell(sample, unit);
            }
            Real gradient = hidden_gradient[i] + args.hidden_gradient(sample, t, unit);
            Cell::backward(values, cell, before, cell_before, gradient, cell_gradient[i], projected,
                           recurrent);
            hidden_gradient[i] = gradient;
            for (int gate = 0; gate < Cell::gates; ++gate) {
                const std::int64_t row = gate * units + unit;
                args.projected_gradient(sample, t, row) = projected[gate];
                args.recurrent_gradient(sample, t, row) = recurrent[gate];
                recurrent_rows[s * rows + row] = recurrent[gate];
            }
        }
        __syncthreads();
        for (std::int64_t i = threadIdx.x; i < elements; i += block_threads) {
            const std::int64_t unit = i % units;
            const Real* const row_gradient = recurrent_rows + i / units * rows;
            Real sum = hidden_gradient[i];
            for (std::int64_t row = 0; row < rows; ++row) {
                sum += row_gradient[row] * weights[row * units + unit];
            }
            hidden_gradient[i] = sum;
        }
        __syncthreads();
    }
    for (std::int64_t i = threadIdx.x; i < elements; i += block_threads) {
        args.initial_hidden_gradient(first + i / units, i % units) = hidden_gradient[i];
        if (Cell::has_cell) {
            args.initial_cell_gradient(first + i / units, i % units) = cell_gradient[i];
        }
    }
}

template <class Real, class Cell>
void launch_forward(Stream& stream, const GatedScanArgs<Real>& args) {
    const std::int64_t units = args.hidden.extent[2], count = args.weight.size();
    if (units == 0) return;
    const Buffer transposed(stream, static_cast<std::size_t>(count) * sizeof(Real));
    auto* const weights = reinterpret_cast<Real*>(transposed.data());
    Cuda::for_each_index(stream, count, TransposeRecurrentWeight<Real>{args.weight, weights});
    launch_recurrent_scan<Real>(stream, "gated_scan", args.hidden.extent[0],
                                {.state = tile * (2 + gate_slots) * units, .weights = count},
                                static_cast<const Real*>(weights), args,
                                &scan_kernel<Real, Cell, true>, &scan_kernel<Real, Cell, false>);
}

template <class Real, class Cell>
void launch_backward(Stream& stream, const GatedScanBackwardArgs<Real>& args) {
    const std::int64_t units = args.hidden.extent[2];
    if (units == 0) return;
    launch_recurrent_scan<Real>(
        stream, "gated_scan_backward", args.hidden.extent[0],
        {.state = tile * (2 + Cell::gates) * units, .weights = args.weight.size()},
        static_cast<const Real*>(args.weight.data), args, &scan_backward_kernel<Real, Cell, true>,
        &scan_backward_kernel<Real, Cell, false>);
}

template <class Real>
void run_forward(Stream& stream, const GatedScanArgs<Real>& args) {
    args.kind == GatedCell::lstm ? launch_forward<Real, Lstm<Real>>(stream, args)
                                 : launch_forward<Real, Gru<Real>>(stream, args);
}

template <class Real>
void run_backward(Stream& stream, const GatedScanBackwardArgs<Real>& args) {
    args.kind == GatedCell::lstm ? launch_backward<Real, Lstm<Real>>(stream, args)
                                 : launch_backward<Real, Gru<Real>>(stream, args);
}

}  // namespace

template <>
void run_gated_scan<Cuda, float>(Stream& stream, const GatedScanArgs<float>& args) {
    run_forward(stream, args);
}
template <>
void run_gated_scan<Cuda, double>(Stream& stream, const GatedScanArgs<double>& args) {
    run_forward(stream, args);
}
template <>
void run_gated_scan_backward<Cuda, float>(Stream& stream,
                                          const GatedScanBackwardArgs<float>& args) {
    run_backward(stream, args);
}
template <>
void run_gated_scan_backward<Cuda, double>(Stream& stream,
                                           const GatedScanBackwardArgs<double>& args) {
    run_backward(stream, args);
}

}  // namespace elm
