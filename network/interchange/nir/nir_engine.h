#pragma once

#include <memory>
#include <string>
#include <vector>

#include "kernels/core/dtype.h"
#include "network/interchange/nir/nir_graph.h"

/// NIR graphs on a grid of time. In each step nodes are evaluated one after the other, each after
/// what leads to it, so a signal passes through all of them within the step; x is held over it.
///
///     I[t] = I[t-1] + a_syn (w_in x[t] - I[t-1])
///     v[t] = v[t-1] + a_mem (v_leak + r I[t] - v[t-1]);  I and IF: v[t] = v[t-1] + h r x[t]
///     z[t] = 1 if v[t] > v_threshold, then v[t] = v_reset
///
/// h: time step. a = h / tau (Euler, which is what programs that write NIR mean) or
/// 1 - exp(-h / tau) (exact for an input that is constant within a step). Before the first step
/// v is v_leak, or 0 where there is none, and I is 0. An edge that closes a cycle without a Delay
/// takes one step (nir_order.h).
namespace elm::network {

enum class NirRule : std::uint8_t { euler, exact };

struct NirGrid {
    double time_step_s = 1e-3;
    NirRule rule = NirRule::euler;
};

/// An Input or Output of a graph.
struct NirPort {
    std::string name;
    std::int64_t size = 0;
    bool has_spikes = false;  // what goes out is 0 or 1
};

/// A signal on the grid, (steps, elements).
struct NirSignal {
    std::int64_t n_steps = 0, size = 0;
    std::vector<double> values = {};

    double at(std::int64_t step, std::int64_t element) const {
        return values[static_cast<std::size_t>(step * size + element)];
    }
};
/// One signal for each Input, or each Output.
using NirSample = std::vector<NirSignal>;

class NirEngine {
public:
    /// Throws Error{data} for what shapes_of() and without_closed_cycles() refuse, and for time
    /// constants shorter than the step with Euler's rule. Real numbers are f32 or f64.
    NirEngine(const NirGraph& graph, const NirGrid& grid, DType precision);
    ~NirEngine();
    NirEngine(NirEngine&&) noexcept;
    NirEngine& operator=(NirEngine&&) noexcept;

    const std::vector<NirPort>& inputs() const;
    const std::vector<NirPort>& outputs() const;
    std::int64_t n_neurons() const;
    std::int64_t n_connections() const;

    /// Throws Error{memory} where the outputs of all samples, of so many steps together, do not fit
    /// beside what a run takes; `makes_inputs`: with their inputs.
    void require_memory(double steps, std::int64_t n_samples, bool makes_inputs) const;

    /// Runs samples, each from the start, on all threads; a sample's output does not depend on
    /// their number. All signals of a sample are of equal length. Throws Error{invalid} for others,
    /// Error{memory}, and Error{numeric} naming the Output where a value stops being finite.
    std::vector<NirSample> run(const std::vector<NirSample>& samples) const;

    struct Program;

private:
    std::unique_ptr<Program> program_;
};

}  // namespace elm::network
