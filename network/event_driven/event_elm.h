#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "neuron/elm/elm_model.h"
#include "neuron/elm/elm_scan_model.h"

namespace elm::network {

/// An ELM neuron that is advanced over gaps of any length, as its inputs come. In float64.
///
///     b <- exp(-gap / tau_b) b + sum over branch (w_s x)      exact; v1: a trace per synapse where
///     m <- exp(-gap / tau_m) m                                those of a branch differ
///     m <- m + L (1 - exp(-gap / tau_m)) phi( MLP [b, m] ),   y = W_y m + c_y
///
/// L, of each memory unit, makes the step of the fit, T, that of the model:
///
///     v1   L = lambda
///     v2   L = (1 - exp(-lambda T / tau_m)) / (1 - exp(-T / tau_m))
///
/// so inputs that come every T are the model on its grid, in both versions. Over other gaps the
/// decay is exact and the drive phi, which the model holds over a step, is held over the gap with
/// the value at its end: an error of first order in the gap.
/// Source of the model: Spieler et al. 2024, arXiv 2306.16922; b, m, w_s, phi as in
/// neuron/README.md.
class EventElm {
public:
    /// `fit_step_ms`: T. Throws what ElmModel::check throws.
    EventElm(const ElmModel& model, double fit_step_ms);

    struct State {
        std::vector<double> traces, memory;
    };
    /// Room for one update, for any neuron in turn.
    struct Scratch {
        std::vector<double> values, next;
    };

    std::int64_t n_input() const { return std::ssize(begins_) - 1; }
    std::int64_t n_traces() const { return std::ssize(trace_tau_ms_); }
    std::int64_t n_memory() const { return std::ssize(memory_tau_ms_); }
    std::int64_t n_output() const { return ElmScanModel::n_out(scan_.parameters.readout); }
    State initial() const;

    /// What decays over a gap of at least 0.
    void decay(State& state, double gap_ms) const;
    /// A value on an input, as the dense input of the model has it: inhibitory spikes are -1.
    void receive(State& state, std::int64_t input, double value) const;
    /// What drives the memory over the gap that decay() was told.
    void drive(State& state, double gap_ms, Scratch& scratch) const;
    /// `values` (n_output).
    void read_out(const State& state, std::span<double> values) const;

private:
    struct Entry {
        std::int64_t trace;
        double weight;
    };
    struct Transposed {  // (in, out), for loops whose lanes are the units of a layer
        std::vector<double> weight, bias;
    };
    static Transposed transposed(const ElmScanModel::Layer& layer);
    static void apply(const Transposed& layer, const std::vector<double>& input,
                      std::vector<double>& output);

    ElmScanModel scan_;
    std::vector<std::int64_t> begins_;  // by input, in entries_
    std::vector<Entry> entries_;
    std::vector<double> trace_tau_ms_, memory_tau_ms_;
    std::vector<double> strength_;  // L
    bool traces_decay_alike_ = true;
    std::vector<Transposed> layers_;
};

}  // namespace elm::network
