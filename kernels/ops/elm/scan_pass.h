#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "kernels/core/kernel.h"
#include "kernels/core/spike_train.h"
#include "kernels/core/tensor.h"
#include "kernels/ops/elm/scan.h"

/// The recurrence of elm_scan.h forward and backward, with its numbers as tensors on any device.
/// Equations of the way back: elm_gradient.h.
namespace elm {

/// How a CUDA device multiplies: exact is that of the tensors' type; bf16 and tf32 round weights
/// and what they are multiplied with to bfloat16 or tf32 and sum in float32 on the tensor cores,
/// with a float32 state. Every other product of a pass stays exact.
enum class ElmArithmetic : std::uint8_t { exact, bf16, tf32 };

constexpr const char* name_of(ElmArithmetic arithmetic) {
    switch (arithmetic) {
        case ElmArithmetic::bf16:
            return "bf16";
        case ElmArithmetic::tf32:
            return "tf32";
        default:
            return "exact";
    }
}

/// Layers of an ELM's network that are not its last, branches, memory units, units of a layer.
struct ElmSizes {
    std::int64_t hidden_layers = 0, n_branch = 0, n_memory = 0, n_hidden = 0;
};
/// Throws Error{invalid} where no kernel of this arithmetic takes the sizes.
void check_sizes(ElmArithmetic arithmetic, const ElmSizes& sizes);

/// What of an ELM is not trained. Lengths are those of ElmScanModel.
struct ElmScanStructure {
    std::int64_t n_input = 0, n_branch = 0, n_synapse_per_branch = 1;
    std::vector<std::int64_t> input_of_synapse;  // (d_b * n_s), -1: none
    bool trace_per_synapse = false;
    std::vector<double> trace_decay;  // (d_b) or (d_b * n_s)
    std::vector<double> input_sign;   // (n_input): +1 or -1
    HiddenUnit hidden_unit = HiddenUnit::relu;
    ElmArithmetic arithmetic = ElmArithmetic::exact;
    /// A backward pass whose intermediate values would take more than this many bytes repeats the
    /// forward pass segment by segment.
    std::int64_t most_stored_bytes = std::int64_t{8} << 30;
    std::int64_t segment_steps = 0;  // steps of a segment; 0: as many as most_stored_bytes allows

    /// Throws Error{invalid} naming what does not fit.
    void check() const;
};

/// The trained numbers, or their gradients.
struct ElmScanTensors {
    struct Layer {
        Tensor weight, bias;  // (n_out, n_in), (n_out)
    };
    Tensor synapse_weight;             // (d_b * n_s), never negative
    Tensor memory_decay, memory_gain;  // (d_m)
    std::vector<Layer> layers;         // the first takes [b, d], the last gives d_m values
    Layer readout;                     // (d_out, d_m)

    std::int64_t n_memory() const { return memory_decay.shape()[0]; }
    std::int64_t n_output() const { return readout.weight.shape()[0]; }
    std::int64_t n_hidden() const { return layers.size() > 1 ? layers[0].weight.shape()[0] : 0; }
};

struct ElmScanGradients {
    ElmScanTensors numbers;
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

/// What the runs of one structure with numbers of the same sizes keep on the CPU from one to the
/// next: packed weights, which each run gives its numbers, and the memory of passes.
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
    const ElmScanStructure* structure = nullptr;
    ElmScanTensors numbers;
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
