#include "network/event_driven/event_elm.h"

#include <algorithm>
#include <cmath>

namespace elm::network {
namespace {

ElmScanModel at_fit_step(ElmModel model, double fit_step_ms) {
    model.options.time_step_ms = fit_step_ms;
    model.check();
    return scan_model(model);
}

double hidden(HiddenUnit unit, double value) {
    if (unit == HiddenUnit::silu) return value / (1 + std::exp(-value));
    const double above = std::max(value, 0.0);
    return unit == HiddenUnit::relu2 ? above * above : above;
}

/// 1 - exp(-time / tau).
double reached(double time_ms, double tau_ms) {
    return -std::expm1(-time_ms / std::max(tau_ms, 1e-6));
}

}  // namespace

EventElm::EventElm(const ElmModel& model, double fit_step_ms)
    : scan_(at_fit_step(model, fit_step_ms)) {
    const ElmOptions& options = model.options;
    const ElmStructure& structure = scan_.structure;
    const bool is_v1 = options.version == ElmVersion::v1;
    const std::int64_t per_branch = options.n_synapse_per_branch;

    begins_.assign(static_cast<std::size_t>(options.n_input) + 1, 0);
    for (const std::int64_t input : structure.input_of_synapse) {
        if (input >= 0) ++begins_[static_cast<std::size_t>(input) + 1];
    }
    for (std::size_t i = 1; i < begins_.size(); ++i) begins_[i] += begins_[i - 1];
    entries_.resize(static_cast<std::size_t>(begins_.back()));
    std::vector<std::int64_t> next(begins_.begin(), begins_.end() - 1);
    const std::int64_t n_synapses = std::ssize(structure.input_of_synapse);
    for (std::int64_t synapse = 0; synapse < n_synapses; ++synapse) {
        const std::int64_t input = structure.input_of_synapse[static_cast<std::size_t>(synapse)];
        if (input < 0) continue;
        const auto place = static_cast<std::size_t>(next[static_cast<std::size_t>(input)]++);
        entries_[place] = {structure.trace_per_synapse ? synapse : synapse / per_branch,
                           scan_.parameters.synapse_weight[static_cast<std::size_t>(synapse)]};
    }

    const std::vector<double>& tau = model.at(is_v1 ? "tau_s" : "tau_b").values;
    const std::int64_t n_traces = std::ssize(structure.trace_decay);
    const std::int64_t apart = std::ssize(tau) / n_traces;
    for (std::int64_t i = 0; i < n_traces; ++i) {
        trace_tau_ms_.push_back(std::max(tau[static_cast<std::size_t>(i * apart)], 1e-6));
        traces_decay_alike_ &= trace_tau_ms_.back() == trace_tau_ms_.front();
    }
    for (const double proto : model.at("_proto_tau_m").values) {
        const double tau_ms = memory_tau(options, proto).value_ms;
        memory_tau_ms_.push_back(std::max(tau_ms, 1e-6));
        strength_.push_back(is_v1 ? options.lambda
                                  : reached(options.lambda * fit_step_ms, tau_ms) /
                                        reached(fit_step_ms, tau_ms));
    }
    for (const ElmScanModel::Layer& layer : scan_.parameters.layers) {
        layers_.push_back(transposed(layer));
    }
}

EventElm::Transposed EventElm::transposed(const ElmScanModel::Layer& layer) {
    const auto n_out = static_cast<std::size_t>(ElmScanModel::n_out(layer));
    const auto n_in = static_cast<std::size_t>(ElmScanModel::n_in(layer));
    Transposed result{std::vector<double>(n_in * n_out), layer.bias};
    for (std::size_t out = 0; out < n_out; ++out) {
        for (std::size_t in = 0; in < n_in; ++in) {
            result.weight[in * n_out + out] = layer.weight[out * n_in + in];
        }
    }
    return result;
}

void EventElm::apply(const Transposed& layer, const std::vector<double>& input,
                     std::vector<double>& output) {
    output = layer.bias;
    const std::size_t n_out = output.size();
    double* const out = output.data();
    for (std::size_t in = 0; in < input.size(); ++in) {
        const double* const row = layer.weight.data() + in * n_out;
        const double value = input[in];
        for (std::size_t unit = 0; unit < n_out; ++unit) out[unit] += row[unit] * value;
    }
}

EventElm::State EventElm::initial() const {
    return {std::vector<double>(trace_tau_ms_.size()), std::vector<double>(memory_tau_ms_.size())};
}

void EventElm::decay(State& state, double gap_ms) const {
    if (traces_decay_alike_) {
        const double factor = std::exp(-gap_ms / trace_tau_ms_.front());
        for (double& trace : state.traces) trace *= factor;
    } else {
        for (std::size_t i = 0; i < trace_tau_ms_.size(); ++i) {
            state.traces[i] *= std::exp(-gap_ms / trace_tau_ms_[i]);
        }
    }
    for (std::size_t i = 0; i < memory_tau_ms_.size(); ++i) {
        state.memory[i] *= std::exp(-gap_ms / memory_tau_ms_[i]);
    }
}

void EventElm::receive(State& state, std::int64_t input, double value) const {
    for (std::int64_t i = begins_[static_cast<std::size_t>(input)];
         i < begins_[static_cast<std::size_t>(input) + 1]; ++i) {
        const Entry& entry = entries_[static_cast<std::size_t>(i)];
        state.traces[static_cast<std::size_t>(entry.trace)] += entry.weight * value;
    }
}

void EventElm::drive(State& state, double gap_ms, Scratch& scratch) const {
    const auto n_branch = static_cast<std::size_t>(scan_.structure.n_branch);
    const std::size_t per_branch = state.traces.size() / n_branch;
    scratch.values.assign(n_branch, 0.0);
    for (std::size_t i = 0; i < state.traces.size(); ++i) {
        scratch.values[i / per_branch] += state.traces[i];
    }
    scratch.values.insert(scratch.values.end(), state.memory.begin(), state.memory.end());
    for (std::size_t layer = 0; layer < layers_.size(); ++layer) {
        apply(layers_[layer], scratch.values, scratch.next);
        if (layer + 1 < layers_.size()) {
            for (double& value : scratch.next) value = hidden(scan_.structure.hidden_unit, value);
        }
        std::swap(scratch.values, scratch.next);
    }
    for (std::size_t i = 0; i < state.memory.size(); ++i) {
        const double phi = 1.7159 * std::tanh(2.0 / 3.0 * scratch.values[i]);
        state.memory[i] += strength_[i] * reached(gap_ms, memory_tau_ms_[i]) * phi;
    }
}

void EventElm::read_out(const State& state, std::span<double> values) const {
    const ElmScanModel::Layer& readout = scan_.parameters.readout;
    const std::size_t n_memory = state.memory.size();
    for (std::size_t out = 0; out < values.size(); ++out) {
        double sum = readout.bias[out];
        for (std::size_t i = 0; i < n_memory; ++i) {
            sum += readout.weight[out * n_memory + i] * state.memory[i];
        }
        values[out] = sum;
    }
}

}  // namespace elm::network
