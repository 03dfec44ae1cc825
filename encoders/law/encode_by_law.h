#pragma once

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "encoders/encoder.h"
#include "encoders/law/batch.h"

/// The encodings of a law (law.h): of one signal as a list of spikes, of a batch on a device as a
/// dense tensor.
namespace elm {

/// Applies the law to all values, in order of step and channel; what emit_of(step, channel) gives
/// takes what a value becomes. A value that the law refuses leaves by law.refuse(value).
template <class Law, class EmitOf>
void apply_law(const Law& law, const Signal& signal, const EmitOf& emit_of) {
    const auto value_at = [&](std::int64_t step, std::int64_t channel) {
        return ChannelValue{signal.values.data() + channel, signal.n_channels, step,
                            signal.n_steps};
    };
    if constexpr (ScansTime<Law>) {
        std::vector<typename Law::State> states;
        for (std::int64_t channel = 0; channel < signal.n_channels; ++channel) {
            states.push_back(law.start(value_at(0, channel)));
        }
        for_each_value(signal, [&](std::int64_t step, std::int64_t channel, float) {
            law(states[static_cast<std::size_t>(channel)], value_at(step, channel),
                emit_of(step, channel));
        });
    } else {
        for_each_value(signal, [&](std::int64_t step, std::int64_t channel, float x) {
            if constexpr (MayRefuse<Law>) {
                if (!law.takes(x)) law.refuse(x);
            }
            law(value_at(step, channel), emit_of(step, channel));
        });
    }
}

/// An end of a list of spikes to which those of a value are added.
struct SpikeList {
    std::vector<SpikeEvent>* spikes;
    std::int64_t first_step, first_unit;

    void operator()(std::int64_t step, std::int64_t unit, std::int64_t count = 1) const {
        const SpikeEvent spike{first_step + step, static_cast<std::int32_t>(first_unit + unit)};
        if (count == 1) {
            spikes->push_back(spike);
        } else {
            spikes->insert(spikes->end(), static_cast<std::size_t>(count), spike);
        }
    }
};

template <class Law>
Encoding encode_with(const Law& law, const OptionSet& options, const Signal& signal) {
    Encoding encoding = empty_encoding(options, signal, law.steps_each, law.units_each);
    if constexpr (MakesValues<Law>) {
        encoding.values.resize(static_cast<std::size_t>(encoding.n_steps * encoding.n_units));
    }
    apply_law(law, signal, [&](std::int64_t step, std::int64_t channel) {
        const std::int64_t first_step = step * law.steps_each,
                           first_unit = channel * law.units_each;
        if constexpr (MakesValues<Law>) {
            return DenseCells{encoding.values.data() + first_step * encoding.n_units + first_unit,
                              encoding.n_units};
        } else {
            return SpikeList{&encoding.spikes, first_step, first_unit};
        }
    });
    return encoding;
}

/// Whether there is a value that the check does not take, in a step that counts. Waits for the
/// device.
template <class Check>
bool any_refused(Stream& stream, const Check& check, const SignalBatch& batch) {
    const std::int64_t rows = (batch.values.shape().size() + refused_each - 1) / refused_each;
    const Tensor refused = Tensor::empty(stream, {rows}, DType::i32);
    count_refused_kernel<Check>(stream, {.check = check,
                                         .values = view<const float, 3>(batch.values),
                                         .lengths = view<const std::int32_t, 1>(batch.lengths),
                                         .refused = view<std::int32_t, 1>(refused)});
    Stream host{Device{}};
    const Tensor counts = refused.to(host);
    const auto all = counts.host<std::int32_t>();
    return std::any_of(all.begin(), all.end(), [](std::int32_t count) { return count != 0; });
}

template <class Law>
std::optional<Tensor> encode_batch_with(Stream& stream, const Law& law, const SignalBatch& batch) {
    if constexpr (MayRefuse<Law>) {
        if (any_refused(stream, law, batch)) return std::nullopt;
    }
    const Shape& shape = batch.values.shape();
    Tensor cells = Tensor::zeros(
        stream, {shape[0], shape[1] * law.steps_each, shape[2] * law.units_each}, DType::f32);
    encode_batch_kernel<Law>(stream, {.law = law,
                                      .values = view<const float, 3>(batch.values),
                                      .lengths = view<const std::int32_t, 1>(batch.lengths),
                                      .cells = view<float, 3>(cells)});
    return cells;
}

/// EncoderEntry::encode and encode_batch of an encoder whose law follows from its options:
/// `law_of(options, value_ms)` throws Error{invalid} for options that do not go with each other.
template <auto law_of>
Encoding encode_by(const OptionSet& options, const Signal& signal, const RandomKey& /*key*/) {
    return encode_with(law_of(options, signal.step_ms), options, signal);
}
template <auto law_of>
std::optional<Tensor> encode_batch_by(Stream& stream, const OptionSet& options,
                                      const SignalBatch& batch) {
    return encode_batch_with(stream, law_of(options, batch.step_ms), batch);
}

}  // namespace elm
