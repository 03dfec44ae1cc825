#include "kernels/ops/scan/gated_scan.h"

#include "kernels/core/buffer.h"
#include "kernels/core/cuda/cuda_runtime.h"
#include "kernels/core/cuda/parallel.cuh"
#include "kernels/core/cuda/shared.cuh"
#include "kernels/ops/scan/gated_cell_body.h"

/// One block carries a few samples through all steps. Weights lie in shared memory where they fit,
/// else every step reads them through the cache. Sums run over the units in rising order in one
/// thread, so they depend on nothing but the weights and the sample.
namespace elm {
namespace {

constexpr int block_threads = 256;
constexpr int tile = 4;  // samples of a block

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

/// Elements of shared memory: what a block keeps of its samples, and the weights or nothing.
struct SharedPlan {
    std::int64_t state = 0;
    std::int64_t weights = 0;
};

/// transposed[column][row] = matrix[row][column].
template <class Real>
struct TransposeOneElement {
    View<const Real, 2> matrix;
    Real* transposed;
    ELM_HD void operator()(std::int64_t index) const {
        const std::int64_t rows = matrix.extent[0];
        transposed[index] = matrix(index % rows, index / rows);
    }
};

/// The weights where this block reads them; a barrier must follow.
template <class Real, bool in_shared>
__device__ const Real* place_weights(const Real* weights, std::int64_t count, Real* shared) {
    if constexpr (in_shared) {
        for (std::int64_t i = threadIdx.x; i < count; i += block_threads) shared[i] = weights[i];
        return shared;
    } else {
        return weights;
    }
}

template <class Real, class Cell, bool in_shared>
__global__ void __launch_bounds__(block_threads)
    scan_kernel(GatedScanArgs<Real> args, const Real* transposed, SharedPlan plan) {
    const std::int64_t steps = args.hidden.extent[1], units = args.hidden.extent[2];
    const std::int64_t rows = Cell::gates * units, first = std::int64_t{blockIdx.x} * tile;
    const std::int64_t rest = args.hidden.extent[0] - first;
    const int count = static_cast<int>(rest < tile ? rest : tile);
    Real* const hidden = dynamic_shared<Real>(static_cast<std::size_t>(plan.state + plan.weights));
    Real* const cell = hidden + tile * units;
    Real* const slots = cell + tile * units;  // (tile, 4, units)
    const Real* const weights =
        place_weights<Real, in_shared>(transposed, units * rows, hidden + plan.state);
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
    scan_backward_kernel(GatedScanBackwardArgs<Real> args, const Real* matrix, SharedPlan plan) {
    const std::int64_t steps = args.hidden.extent[1], units = args.hidden.extent[2];
    const std::int64_t rows = Cell::gates * units, first = std::int64_t{blockIdx.x} * tile;
    const std::int64_t rest = args.hidden.extent[0] - first;
    const std::int64_t elements = (rest < tile ? rest : tile) * units;
    Real* const hidden_gradient =
        dynamic_shared<Real>(static_cast<std::size_t>(plan.state + plan.weights));
    Real* const cell_gradient = hidden_gradient + tile * units;
    Real* const recurrent_rows = cell_gradient + tile * units;  // (tile, rows)
    const Real* const weights =
        place_weights<Real, in_shared>(matrix, rows * units, hidden_gradient + plan.state);
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

/// Launches one of two kernels: with the weights in shared memory if they fit.
template <class Real, class Args>
void launch_scan(Stream& stream, const char* name, std::int64_t samples, SharedPlan plan,
                 const Real* weights, const Args& args,
                 void (*resident)(Args, const Real*, SharedPlan),
                 void (*streaming)(Args, const Real*, SharedPlan)) {
    const auto bytes = [](std::int64_t elements) {
        return static_cast<std::size_t>(elements) * sizeof(Real);
    };
    const bool fits =
        bytes(plan.state + plan.weights) <= cuda::max_shared_bytes(stream.device().index);
    if (!fits) plan.weights = 0;
    launch(stream, name,
           {.blocks = dim3(static_cast<unsigned>((samples + tile - 1) / tile)),
            .threads = dim3(block_threads),
            .shared_bytes = bytes(plan.state + plan.weights)},
           fits ? resident : streaming, args, weights, plan);
}

template <class Real, class Cell>
void launch_forward(Stream& stream, const GatedScanArgs<Real>& args) {
    const std::int64_t units = args.hidden.extent[2], count = args.weight.size();
    if (units == 0) return;
    const Buffer transposed(stream, static_cast<std::size_t>(count) * sizeof(Real));
    auto* const weights = reinterpret_cast<Real*>(transposed.data());
    Cuda::for_each_index(stream, count, TransposeOneElement<Real>{args.weight, weights});
    launch_scan<Real>(stream, "gated_scan", args.hidden.extent[0],
                      {.state = tile * (2 + gate_slots) * units, .weights = count},
                      static_cast<const Real*>(weights), args, &scan_kernel<Real, Cell, true>,
                      &scan_kernel<Real, Cell, false>);
}

template <class Real, class Cell>
void launch_backward(Stream& stream, const GatedScanBackwardArgs<Real>& args) {
    const std::int64_t units = args.hidden.extent[2];
    if (units == 0) return;
    launch_scan<Real>(stream, "gated_scan_backward", args.hidden.extent[0],
                      {.state = tile * (2 + Cell::gates) * units, .weights = args.weight.size()},
                      static_cast<const Real*>(args.weight.data), args,
                      &scan_backward_kernel<Real, Cell, true>,
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
