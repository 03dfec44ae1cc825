#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "kernels/core/kernel.h"
#include "kernels/core/spike_train.h"
#include "kernels/core/tensor.h"
#include "kernels/ops/elm/scan.h"

/// The recurrence of elm_scan.h forward and backward, with its parameters as tensors on any device.
/// Equations of the backward pass: elm_gradient.h.
namespace elm {

/// Layers of an ELM's network that are not its last, branches, memory units, units of a layer.
struct ElmSizes {
    std::int64_t hidden_layers = 0, n_branch = 0, n_memory = 0, n_hidden = 0;
};
/// Throws Error{invalid} where no kernel of this arithmetic takes the sizes.
void check_sizes(ElmArithmetic arithmetic, const ElmSizes& sizes);

struct ElmScanGradients {
    ElmParameters<Tensor> parameters;
    Tensor input;  // (batch, time, n_input), where asked for
};

/// Gradients that cost something of their own; where they are not wanted they may be undefined.
struct ElmScanWanted {
    bool input = false;
    bool time_constants = true;  // memory_decay and memory_gain
};

/// A forward pass that can be walked back, once.
class ElmScanSaved {
public:
    ElmScanSaved() = default;
    ElmScanSaved(const ElmScanSaved&) = delete;
    ElmScanSaved& operator=(const ElmScanSaved&) = delete;
    virtual ~ElmScanSaved() = default;

    /// output_gradient (batch, time, d_out).
    virtual ElmScanGradients backward(Stream& stream, const Tensor& output_gradient) = 0;
};

/// Memory that the runs of one structure with parameters of the same sizes keep on the CPU from one
/// to the next: packed weights, which each run gives its parameters, and the memory of passes.
class ElmScanCache {
public:
    ElmScanCache();
    ~ElmScanCache();
    ElmScanCache(ElmScanCache&&) noexcept;
    ElmScanCache& operator=(ElmScanCache&&) noexcept;

    struct Parts;  // of each real type
    Parts& parts() { return *parts_; }

private:
    std::unique_ptr<Parts> parts_;
};

/// Structure and spikes must live as long as `saved`.
template <class Real>
struct ElmScanPassArgs {
    const ElmStructure* structure = nullptr;
    ElmParameters<Tensor> parameters;
    const SpikeTrain* spikes = nullptr;  // exactly one of spikes and input
    Tensor input;                        // (batch, time, n_input)
    Tensor memory_state;                 // (batch, d_m): read and written
    Tensor trace_state;                  // (batch, d_b or d_b * n_s): read and written
    bool stateless = false;  // both states are zeros, and nobody reads what is written there
    Tensor output;           // (batch, time, d_out): written
    std::shared_ptr<ElmScanSaved>* saved = nullptr;  // null: forward only
    ElmScanWanted wanted;                            // of the gradients that `saved` gives
    ElmScanCache* cache = nullptr;                   // null: nothing is kept
};

template <class Backend, class Real>
void run_elm_scan_pass(Stream&, const ElmScanPassArgs<Real>&);

template <class Real>
inline constexpr Kernel<ElmScanPassArgs<Real>> elm_scan_pass_kernel{
    "elm_scan_pass", &run_elm_scan_pass<Cpu, Real>, ELM_IF_CUDA((&run_elm_scan_pass<Cuda, Real>))};

}  // namespace elm
