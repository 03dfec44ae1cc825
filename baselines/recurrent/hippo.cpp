// HiPPO: memories that keep polynomial coefficients of their input
// (kernels/ops/scan/state_space/memory_scan.h, systems: hippo_system.h), of which training changes
// nothing, in one of two cells:
//   memory   m[t] = memory(W x + b)                             y[t] = W' m[t] + b'
//   gated    m[t] = memory(W [x; h] + b)    c = tanh(W_c [x; m] + b_c)    g = sigmoid(W_g [x; m] +
//   b_g)
//            h[t] = (1 - g) * h[t-1] + g * c                    y[t] = W' h[t] + b'
// where x is the input of the step, h the hidden state of the step before and *: element by
// element. The memory of a whole sequence is one kernel, at O(states) a step for legs but by zoh,
// else O(states^2). The gated cell hears itself and goes step by step, a dozen kernels each.
// Source: Gu et al. 2020, arXiv 2008.07669, section 3 and appendix F.2. Where we differ from the
// authors' code: parameters of one input are one matrix, and begin as those of a fully connected
// layer of PyTorch of their own fan-in.

#include <cmath>
#include <vector>

#include "baselines/convolution/causal_layers.h"
#include "baselines/mixers/state_space/complex_recurrence.h"
#include "baselines/mixers/state_space/hippo_system.h"
#include "baselines/model_registry.h"
#include "kernels/io/option_set.h"
#include "kernels/io/whole_option.h"
#include "kernels/modules/layers.h"
#include "kernels/ops/basic/elementwise.h"
#include "kernels/ops/basic/layout.h"
#include "kernels/ops/basic/tabulate.h"
#include "kernels/ops/product/matmul.h"
#include "kernels/ops/scan/state_space/memory_scan.h"

namespace elm {
namespace {

/// The rule of a memory as options describe it, with its table on a device.
class Memory {
public:
    explicit Memory(const OptionSet& options)
        : states_(options.get<std::int64_t>("states")),
          rule_(options.get<std::string>("rule")),
          grows_(options.get<std::string>("measure") == "legs"),
          longest_(options.get<std::int64_t>("longest")) {
        const LinearSystem system = hippo_system(options.get<std::string>("measure"), states_);
        if (!grows_) {
            add_entry(discretised(system, rule_, options.get<double>("step")));
        } else if (rule_ == "zoh") {
            // Time is its logarithm: from step t to the next, log((t + 1) / t).
            for (std::int64_t t = 1; t <= longest_; ++t) {
                add_entry(discretised(system, rule_, std::log1p(1 / static_cast<double>(t))));
            }
        }
    }

    std::int64_t states() const { return states_; }
    bool is_tabled() const { return !matrices_.empty(); }

    MemoryRule on(Stream& stream, DType dtype) const {
        MemoryRule rule{.alpha = rule_ == "bilinear" ? 0.5 : (rule_ == "backward" ? 1.0 : 0.0),
                        .longest = longest_};
        if (!is_tabled()) return rule;
        const auto entries = static_cast<std::int64_t>(vectors_.size()) / states_;
        const auto from = [](const std::vector<double>& numbers) {
            return [&numbers](std::int64_t i) { return numbers[static_cast<std::size_t>(i)]; };
        };
        rule.matrices = tabulate(stream, {entries, states_, states_}, dtype, from(matrices_));
        rule.vectors = tabulate(stream, {entries, states_}, dtype, from(vectors_));
        return rule;
    }

private:
    void add_entry(const LinearSystem& step) {
        matrices_.insert(matrices_.end(), step.matrix.begin(), step.matrix.end());
        vectors_.insert(vectors_.end(), step.vector.begin(), step.vector.end());
    }

    std::int64_t states_;
    std::string rule_;
    bool grows_;
    std::int64_t longest_;
    std::vector<double> matrices_, vectors_;  // empty where a step needs none
};

class HippoModel : public SequenceModel {
public:
    HippoModel(const OptionSet& options, const SequenceShape& shape)
        : SequenceModel(shape),
          memory_(options),
          is_gated_(options.get<std::string>("cell") == "gated"),
          memories_(options.get<std::int64_t>("memories")),
          units_(is_gated_ ? options.get<std::int64_t>("units") : 0),
          input_(
              child("input", std::make_unique<InputLayer>(shape.n_input, memories_ + 2 * units_))) {
        const std::int64_t kept = memories_ * memory_.states();
        if (is_gated_) {
            hidden_weight_ = &parameter("hidden_weight", {memories_, units_},
                                        initialise::uniform_fan_in(units_));
            memory_weight_ =
                &parameter("memory_weight", {2 * units_, kept}, initialise::uniform_fan_in(kept));
        }
        readout_ =
            &child("readout", std::make_unique<Linear>(is_gated_ ? units_ : kept, shape.n_output));
    }

    /// A step of the memory besides the products by parameters.
    double flops_per_step(std::int64_t steps) override {
        const auto states = static_cast<double>(memory_.states());
        const double each = memory_.is_tabled() ? 2 * states * states : 14 * states;
        return SequenceModel::flops_per_step(steps) + static_cast<double>(memories_) * each;
    }

protected:
    Var run(Context& context, const SequenceInput& input, SequenceState& state) override {
        const std::size_t trains = input.spikes != nullptr ? 1 : 0;
        require_state(state, (is_gated_ ? 4 : 3) - trains, trains, input.batch());
        StateCursor cursor(state);
        const Var driven = input_.forward(context, input, cursor);
        const std::int64_t batch = input.batch();
        const DType dtype = driven.value.dtype();
        const Tensor counted = cursor.take_tensor();
        const std::int64_t first_step = counted.defined() ? counted.shape()[1] : 0;
        // The number of steps so far: an extent of a tensor without elements.
        cursor.keep(Tensor::empty(context.stream, {batch, first_step + input.steps(), 0}, dtype));
        Var memory = state_or_zeros(context, &cursor, {batch, memories_, memory_.states()}, dtype);
        const MemoryRule rule = memory_.on(context.stream, dtype);
        if (is_gated_) return gated(context, driven, memory, rule, first_step, cursor);
        const Var all = memory_scan(context, driven, memory, rule, first_step);
        const std::int64_t kept = memories_ * memory_.states();
        const Var rows = reshape(context, all, {batch, input.steps(), kept});
        cursor.keep(last_step(context, rows, reshape(context, memory, {batch, kept}))
                        .reshape({batch, memories_, memory_.states()}));
        cursor.finish();
        return readout_->forward(context, rows);
    }

private:
    /// Step by step, for the memory hears the hidden state.
    Var gated(Context& context, const Var& driven, Var memory, const MemoryRule& rule,
              std::int64_t first_step, StateCursor& cursor) {
        const Shape& shape = driven.value.shape();
        const std::int64_t batch = shape[0], kept = memories_ * memory_.states();
        Var hidden = state_or_zeros(context, &cursor, {batch, units_}, driven.value.dtype());
        const Var from_hidden = use(context, *hidden_weight_);
        const Var from_memory = use(context, *memory_weight_);
        std::vector<Var> steps;
        std::int64_t t = first_step;
        for (const Var& step : split(context, driven, 1)) {
            const Var now = reshape(context, step, {batch, memories_ + 2 * units_});
            const Var heard = add(context, slice(context, now, 1, 0, memories_),
                                  linear(context, hidden, from_hidden));
            memory = reshape(context,
                             memory_scan(context, reshape(context, heard, {batch, 1, memories_}),
                                         memory, rule, t++),
                             {batch, memories_, memory_.states()});
            const Var gates =
                add(context, slice(context, now, 1, memories_, memories_ + 2 * units_),
                    linear(context, reshape(context, memory, {batch, kept}), from_memory));
            const Var candidate =
                activate(context, slice(context, gates, 1, 0, units_), Activation::tanh);
            const Var gate = activate(context, slice(context, gates, 1, units_, 2 * units_),
                                      Activation::sigmoid);
            hidden =
                add(context, hidden, multiply(context, gate, subtract(context, candidate, hidden)));
            steps.push_back(reshape(context, hidden, {batch, 1, units_}));
        }
        cursor.keep(memory.value);
        cursor.keep(hidden.value);
        cursor.finish();
        const Var all =
            steps.empty() ? slice(context, driven, 2, 0, units_) : concatenate(context, steps, 1);
        return readout_->forward(context, all);
    }

    Memory memory_;
    bool is_gated_;
    std::int64_t memories_, units_;
    InputLayer& input_;
    ModuleParameter* hidden_weight_ = nullptr;  // of the gated cell
    ModuleParameter* memory_weight_ = nullptr;
    Linear* readout_ = nullptr;
};

OptionSet options() {
    OptionSet options;
    options.declare({.name = "cell",
                     .value = std::string("gated"),
                     .help = "a recurrent cell beside the memories, or the memories alone",
                     .choices = {"gated", "memory"}});
    options.declare(whole_option("units", 16, "hidden units of the gated cell", 1, 65536));
    options.declare(whole_option("memories", 8,
                                 "inputs that are remembered, each in its own states", 1, 65536));
    options.declare(whole_option("states", 16, "coefficients of each memory", 1, 1024));
    options.declare({.name = "measure",
                     .value = std::string("legs"),
                     .help =
                         "what of the past counts: all of it (legs), a window (legt, lmu, fout), "
                         "or an exponential (lagt)",
                     .choices = {"legs", "legt", "lmu", "fout", "lagt"}});
    options.declare({.name = "rule",
                     .value = std::string("bilinear"),
                     .help = "how a step of time is taken",
                     .choices = {"bilinear", "zoh", "forward", "backward"}});
    options.declare(whole_option("longest", 1024,
                                 "number of steps up to which the window of legs grows", 1, 1 << 24,
                                 "steps"));
    options.declare({.name = "step",
                     .value = 0.01,
                     .help = "length of a step against the window, of all but legs",
                     .lowest = 1e-6,
                     .highest = 10});
    return options;
}

}  // namespace

ModelEntry hippo_entry() {
    return {.name = "hippo",
            .summary = "memories of polynomial coefficients (HiPPO) and a gated cell",
            .source = "Gu et al. 2020, arXiv 2008.07669",
            .options = options,
            .make = [](const OptionSet& chosen, const SequenceShape& shape,
                       std::uint64_t) -> std::unique_ptr<SequenceModel> {
                return std::make_unique<HippoModel>(chosen, shape);
            }};
}

}  // namespace elm
