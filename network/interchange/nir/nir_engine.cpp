#include "network/interchange/nir/nir_engine.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include <fmt/format.h>

#include "kernels/core/memory.h"
#include "kernels/core/support/check.h"
#include "kernels/core/support/parallel.h"
#include "network/interchange/nir/nir_connections.h"
#include "network/interchange/nir/nir_order.h"
#include "network/interchange/nir/nir_step.h"

namespace elm::network {

/// What does not change while samples run.
struct NirEngine::Program {
    Program() = default;
    Program(const Program&) = delete;
    Program& operator=(const Program&) = delete;
    virtual ~Program() = default;
    virtual NirSample run(const NirSample& inputs) const = 0;

    std::vector<NirPort> inputs, outputs;
    std::int64_t n_neurons = 0, n_connections = 0;
    double run_bytes = 0;  // of one sample, beside its signals
};

namespace {

template <class Real>
class ProgramOf final : public NirEngine::Program {
public:
    ProgramOf(const NirGraph& given, const NirGrid& grid) {
        const NirGraph graph = without_closed_cycles(given, grid.time_step_s);
        const NirShapes shapes = shapes_of(graph);
        require_memory(graph, shapes, grid.time_step_s);
        for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
            compile(graph.nodes[i], shapes.in[i], shapes.out[i], grid);
        }
        for (const NirEdge& edge : graph.edges) {
            nodes_[edge.to].from.push_back(nodes_[edge.from].first);
        }
        order_ = order_of(graph, grid.time_step_s);
        run_bytes = static_cast<double>(n_values_ + std::ssize(start_) + most_) * sizeof(Real);
        add_ports(graph);
    }

    NirSample run(const NirSample& given) const override {
        const std::int64_t n_steps = given[0].n_steps;
        Run run{std::vector<Real>(static_cast<std::size_t>(n_values_)), start_,
                std::vector<Real>(static_cast<std::size_t>(most_)), &given, 0};
        NirSample result;
        for (const NirPort& port : outputs) {
            result.push_back({n_steps, port.size,
                              std::vector<double>(static_cast<std::size_t>(n_steps * port.size))});
        }
        for (; run.step < n_steps; ++run.step) {
            step(run);
            record(run, result);
        }
        return result;
    }

private:
    struct Run {
        std::vector<Real> values, states, sum;
        const NirSample* inputs;
        std::int64_t step;
    };

    /// Before anything is taken.
    static void require_memory(const NirGraph& graph, const NirShapes& shapes, double time_step_s) {
        double elements = 0;
        for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
            const NirNode& node = graph.nodes[i];
            double per_element = 16;  // its value, states and numbers
            if (node.kind == NirKind::delay) {
                const std::vector<std::int64_t> steps = delay_steps(node, time_step_s);
                per_element += static_cast<double>(*std::max_element(steps.begin(), steps.end()));
            }
            elements += per_element * static_cast<double>(elements_of(shapes.out[i]));
        }
        const double bytes = elements * sizeof(Real), room = free_memory_bytes(Device{});
        if (bytes <= room) return;
        throw Error(ErrorKind::memory,
                    fmt::format("{}: its nodes need {:.3g} GB, and {:.3g} GB are free. Take "
                                "shorter delays or a longer step.",
                                graph.origin, bytes / 1e9, room / 1e9));
    }

    void compile(const NirNode& node, const NirShape& in, const NirShape& out,
                 const NirGrid& grid) {
        CompiledNode<Real> compiled;
        compiled.kind = node.kind;
        compiled.has_state = node.type().is_neuron;
        compiled.spikes = node.type().spikes;
        compiled.waits = waits_a_step(node, grid.time_step_s);
        compiled.size = elements_of(out);
        compiled.input_size = node.kind == NirKind::input ? compiled.size : elements_of(in);
        compiled.first = n_values_;
        compiled.numbers = numbers_of<Real>(node, in, out, grid);
        compiled.state = std::ssize(start_);
        most_ = std::max({most_, compiled.input_size, compiled.size});
        n_values_ += compiled.size;
        const auto count = static_cast<std::size_t>(compiled.size);
        if (compiled.has_state) {
            const NodeNumbers<Real>& numbers = compiled.numbers;
            if (numbers.v_leak.empty()) {
                start_.resize(start_.size() + count);
            } else {
                start_.insert(start_.end(), numbers.v_leak.begin(), numbers.v_leak.end());
            }
            if (!numbers.a_syn.empty()) start_.resize(start_.size() + count);
            n_neurons += compiled.size;
        }
        start_.resize(start_.size() + static_cast<std::size_t>(compiled.numbers.slots) * count);
        n_connections += std::ssize(compiled.numbers.weights);
        nodes_.push_back(std::move(compiled));
    }

    void add_ports(const NirGraph& graph) {
        const std::vector<bool> spikes = nodes_with_spikes(graph);
        for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
            const NirNode& node = graph.nodes[i];
            const bool is_input = node.kind == NirKind::input;
            if (!is_input && node.kind != NirKind::output) continue;
            (is_input ? inputs : outputs).push_back({node.name, nodes_[i].size, spikes[i]});
            (is_input ? input_nodes_ : output_nodes_).push_back(i);
        }
    }

    /// Nodes of which 0 or 1 goes out.
    std::vector<bool> nodes_with_spikes(const NirGraph& graph) const {
        std::vector<bool> spikes;
        for (const NirNode& node : graph.nodes) {
            spikes.push_back(node.type().spikes || node.kind == NirKind::threshold);
        }
        // A Delay may stand before what leads to it.
        for (bool changed = true; changed;) {
            changed = false;
            for (const NirEdge& edge : graph.edges) {
                const NirKind kind = graph.nodes[edge.to].kind;
                const bool hands_on = kind == NirKind::output || kind == NirKind::port ||
                                      kind == NirKind::flatten || kind == NirKind::delay;
                if (!hands_on || nodes_[edge.to].from.size() != 1) continue;
                if (spikes[edge.to] || !spikes[edge.from]) continue;
                spikes[edge.to] = changed = true;
            }
        }
        return spikes;
    }

    void step(Run& run) const {
        for (const CompiledNode<Real>& node : nodes_) {
            if (!node.waits) continue;
            read_slots(node, run.states.data() + node.state, run.step,
                       run.values.data() + node.first);
        }
        for (std::size_t k = 0; k < input_nodes_.size(); ++k) {
            const CompiledNode<Real>& node = nodes_[input_nodes_[k]];
            const NirSignal& signal = (*run.inputs)[k];
            for (std::int64_t i = 0; i < node.size; ++i) {
                run.values[static_cast<std::size_t>(node.first + i)] =
                    static_cast<Real>(signal.at(run.step, i));
            }
        }
        for (const std::size_t i : order_) {
            if (nodes_[i].kind != NirKind::input && !nodes_[i].waits) evaluate(nodes_[i], run);
        }
        for (const CompiledNode<Real>& node : nodes_) {
            if (!node.waits) continue;
            write_slots(node, gather(node, run), run.step, run.states.data() + node.state);
        }
    }

    /// The sum of what comes in.
    const Real* gather(const CompiledNode<Real>& node, Run& run) const {
        if (node.from.size() == 1) return run.values.data() + node.from[0];
        Real* const sum = run.sum.data();
        std::fill_n(sum, node.input_size, Real(0));
        for (const std::int64_t from : node.from) {
            const Real* const more = run.values.data() + from;
            for (std::int64_t i = 0; i < node.input_size; ++i) sum[i] += more[i];
        }
        return sum;
    }

    void evaluate(const CompiledNode<Real>& node, Run& run) const {
        Real* const y = run.values.data() + node.first;
        const Real* const x = gather(node, run);
        if (has_connections(node.kind)) return connect(node, x, y);
        if (node.has_state) return step_neurons(node, x, run.states.data() + node.state, y);
        std::copy_n(x, node.size, y);
        const NodeNumbers<Real>& n = node.numbers;
        if (node.kind == NirKind::scale) {
            for (std::int64_t i = 0; i < node.size; ++i) {
                y[i] *= n.scale[static_cast<std::size_t>(i)];
            }
        } else if (node.kind == NirKind::threshold) {
            for (std::int64_t i = 0; i < node.size; ++i) {
                y[i] = x[i] > n.threshold[static_cast<std::size_t>(i)] ? Real(1) : Real(0);
            }
        } else if (node.kind == NirKind::delay) {
            Real* const slots = run.states.data() + node.state;
            read_slots(node, slots, run.step, y);
            write_slots(node, x, run.step, slots);
        }
    }

    void record(const Run& run, NirSample& result) const {
        for (std::size_t k = 0; k < output_nodes_.size(); ++k) {
            const CompiledNode<Real>& node = nodes_[output_nodes_[k]];
            double* const row = result[k].values.data() + run.step * node.size;
            for (std::int64_t i = 0; i < node.size; ++i) {
                row[i] = static_cast<double>(run.values[static_cast<std::size_t>(node.first + i)]);
                if (std::isfinite(row[i])) continue;
                throw Error(ErrorKind::numeric,
                            fmt::format("Output {}, element {}: {} in step {}, expected finite "
                                        "numbers.",
                                        outputs[k].name, i, row[i], run.step));
            }
        }
    }

    std::vector<CompiledNode<Real>> nodes_;
    std::vector<std::size_t> order_, input_nodes_, output_nodes_;
    std::vector<Real> start_;  // states before the first step
    std::int64_t n_values_ = 0, most_ = 0;
};

}  // namespace

NirEngine::NirEngine(const NirGraph& graph, const NirGrid& grid, DType precision) {
    ELM_CHECK(grid.time_step_s > 0 && std::isfinite(grid.time_step_s),
              "a time step of {} s, expected a positive time.", grid.time_step_s);
    ELM_CHECK(precision == DType::f32 || precision == DType::f64,
              "a network runs in f32 or f64 (got {})", name_of(precision));
    if (precision == DType::f32) {
        program_ = std::make_unique<ProgramOf<float>>(graph, grid);
    } else {
        program_ = std::make_unique<ProgramOf<double>>(graph, grid);
    }
}
NirEngine::~NirEngine() = default;
NirEngine::NirEngine(NirEngine&&) noexcept = default;
NirEngine& NirEngine::operator=(NirEngine&&) noexcept = default;

const std::vector<NirPort>& NirEngine::inputs() const { return program_->inputs; }
const std::vector<NirPort>& NirEngine::outputs() const { return program_->outputs; }
std::int64_t NirEngine::n_neurons() const { return program_->n_neurons; }
std::int64_t NirEngine::n_connections() const { return program_->n_connections; }

void NirEngine::require_memory(double steps, std::int64_t n_samples, bool makes_inputs) const {
    double elements = 0;
    for (const NirPort& port : outputs()) elements += static_cast<double>(port.size);
    for (const NirPort& port : inputs()) {
        if (makes_inputs) elements += static_cast<double>(port.size);
    }
    const auto at_once = static_cast<double>(std::min<std::int64_t>(thread_count(), n_samples));
    const double bytes = sizeof(double) * steps * elements + at_once * program_->run_bytes;
    const double room = free_memory_bytes(Device{});
    if (bytes <= room) return;
    throw Error(ErrorKind::memory,
                fmt::format("{:g} steps of the signals and states of {} samples need {:.3g} GB, "
                            "and {:.3g} GB are free. Take a shorter time, longer steps or fewer "
                            "samples.",
                            steps, n_samples, bytes / 1e9, room / 1e9));
}

std::vector<NirSample> NirEngine::run(const std::vector<NirSample>& samples) const {
    for (std::size_t k = 0; k < samples.size(); ++k) {
        const NirSample& sample = samples[k];
        ELM_CHECK(sample.size() == inputs().size(), "sample {} has {} signals, expected {}.", k,
                  sample.size(), inputs().size());
        for (std::size_t i = 0; i < sample.size(); ++i) {
            const NirSignal& signal = sample[i];
            ELM_CHECK(signal.size == inputs()[i].size &&
                          std::ssize(signal.values) == signal.n_steps * signal.size &&
                          signal.n_steps == sample[0].n_steps,
                      "sample {}: Input {} takes {} steps of {} elements, and {} of {} come.", k,
                      inputs()[i].name, sample[0].n_steps, inputs()[i].size, signal.n_steps,
                      signal.size);
        }
    }
    double steps = 0;
    for (const NirSample& sample : samples) steps += static_cast<double>(sample[0].n_steps);
    require_memory(steps, std::ssize(samples), false);
    std::vector<NirSample> results(samples.size());
    Cpu::for_each_task(std::ssize(samples), [&](std::int64_t k) {
        results[static_cast<std::size_t>(k)] = program_->run(samples[static_cast<std::size_t>(k)]);
    });
    return results;
}

}  // namespace elm::network
