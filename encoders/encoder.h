#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "kernels/core/random/random_key.h"
#include "kernels/core/spike_train.h"
#include "kernels/core/tensor.h"
#include "kernels/io/option_set.h"

namespace elm {

/// One event of a stream, such as a pixel of an event camera.
struct SignalEvent {
    double time_ms;
    std::int32_t unit;
};

/// Input of an encoder: values of some channels over time, or a stream of events.
struct Signal {
    std::int64_t n_steps = 0, n_channels = 0;
    double step_ms = 1;                    // how long a value lasts
    std::vector<float> values = {};        // (steps, channels)
    std::vector<SignalEvent> events = {};  // instead of values, in order of time

    float at(std::int64_t step, std::int64_t channel) const {
        return values[static_cast<std::size_t>(step * n_channels + channel)];
    }
    double duration_ms() const { return static_cast<double>(n_steps) * step_ms; }
};

/// Output of an encoder on a grid of time: spikes, or real values where it injects currents.
struct Encoding {
    std::int64_t n_steps = 0, n_units = 0;
    double step_ms = 1;
    std::vector<SpikeEvent> spikes = {};  // in order of step, then unit; equal ones are counts
    std::vector<float> values = {};       // (steps, units); empty where there are spikes

    double time_ms(const SpikeEvent& spike) const {
        return static_cast<double>(spike.step) * step_ms;
    }
    /// The spikes in rows, as models take them.
    SpikeTrain train() const { return make_spike_train(spikes, n_steps, n_units); }
};

/// Signals of equal extent on a device.
struct SignalBatch {
    Tensor values;   // (samples, steps, channels), f32
    Tensor lengths;  // (samples), i32: steps of each that count
    double step_ms = 1;
    RandomKey key = {};
    std::int64_t first_sample = 0;  // sample s draws by key.for_part(first_sample + s)
};

enum class SignalKind { values, sound, bytes, events };

/// Values that an encoder takes.
struct SignalRange {
    double lowest = -1e30, highest = 1e30;
    bool whole_numbers = false;
};

/// An encoder that is known by name. Unit u of channel c is c * (units of a channel) + u, unless
/// its summary says otherwise.
struct EncoderEntry {
    std::string name, summary;
    std::string source;  // authors, year, DOI or arXiv id; or the program whose convention it is
    OptionSet options;
    SignalKind reads = SignalKind::values;
    SignalRange range = {};
    bool along_time = false;  // looks at the order of values, or keeps one step a value
    /// When its spike comes tells a value: no more values than it lasts steps are told apart.
    bool by_time = false;
    bool looks_ahead = false;  // spikes of a value depend on values after it
    /// Draws by `key`, element by element: equal bits on any number of threads. What it is called
    /// with was checked by encode() below.
    Encoding (*encode)(const OptionSet&, const Signal&, const RandomKey& key);
    /// The same of a batch on a CUDA device, as encode_batch() below has it; null: the CPU alone.
    std::optional<Tensor> (*encode_batch)(Stream&, const OptionSet&, const SignalBatch&) = nullptr;
    /// The signal that an encoding stands for, whose values last `value_ms`; may be null.
    Signal (*decode)(const OptionSet&, const Encoding&, double value_ms) = nullptr;
};

/// "a sound of one channel", "whole numbers from 0 to 255": what it takes, for people.
const char* words_for(SignalKind kind);
std::string words_for(const SignalRange& range);

/// Checks the signal and encodes it. Throws Error{data} naming step and channel of a value that is
/// not finite or not in the encoder's range, for events out of order, and for a signal of another
/// kind or without values; Error{invalid} for options that do not go with each other or with it.
Encoding encode(const EncoderEntry& encoder, const OptionSet& options, const Signal& signal,
                const RandomKey& key);

/// The encodings of a batch on a CUDA device as one tensor (samples, steps, units), f32: counts of
/// spikes or real values, with the bits of encode(), and 0 behind the end of a sample. Nothing
/// where the encoder has no such form, and where a value does not fit: encode() has the answer
/// then, or says what is wrong with it. Reads a number for each 8192 values back, before it
/// encodes.
std::optional<Tensor> encode_batch(Stream& stream, const EncoderEntry& encoder,
                                   const OptionSet& options, const SignalBatch& batch);

/// Difference between a signal and what is decoded of its encoding.
struct ReconstructionError {
    double root_mean_square = 0, largest = 0;
};

/// Of an encoder that can decode.
ReconstructionError reconstruction_error(const EncoderEntry& encoder, const OptionSet& options,
                                         const Signal& signal, const Encoding& encoding);

// --- for encoders

/// "step_ms": the time step of the output.
void declare_step(OptionSet& options);

/// Output steps that a value of `value_ms` lasts, each "step_ms" long. Throws Error{invalid} unless
/// they are a whole number of at least `fewest`.
std::int64_t steps_per_value(const OptionSet& options, double value_ms, std::int64_t fewest = 1);

/// An empty encoding whose steps are "step_ms" long, or, without that option, parts of a value.
Encoding empty_encoding(const OptionSet& options, const Signal& signal, std::int64_t steps_each,
                        std::int64_t units_each);

/// An empty signal of what `steps_each` steps and `units_each` units of an encoding stand for.
Signal empty_signal(const Encoding& encoding, double value_ms, std::int64_t steps_each,
                    std::int64_t units_each);

/// Calls body(step, channel, value) for all values.
template <class Body>
void for_each_value(const Signal& signal, const Body& body) {
    for (std::int64_t step = 0; step < signal.n_steps; ++step) {
        for (std::int64_t channel = 0; channel < signal.n_channels; ++channel) {
            body(step, channel, signal.at(step, channel));
        }
    }
}

}  // namespace elm
