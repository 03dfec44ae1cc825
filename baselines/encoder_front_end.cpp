#include "baselines/encoder_front_end.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "baselines/listed_options.h"
#include "baselines/wrapped_model.h"
#include "encoders/encoder_registry.h"
#include "encoders/law/batch.h"
#include "kernels/core/support/check.h"
#include "kernels/ops/basic/layout.h"

namespace elm {
namespace {

constexpr std::array own_options = {"encoder", "encoder_options", "value_ms", "low",
                                    "high",    "encoder_seed"};

/// An encoder with its options, as it stands before a model.
class ValueEncoder {
public:
    explicit ValueEncoder(const OptionSet& options)
        : entry_(entry_of(options)),
          options_(entry_.options),
          value_ms_(options.get<double>("value_ms")),
          map_(map_of(options, entry_.range)),
          seed_(static_cast<std::uint64_t>(options.get<std::int64_t>("encoder_seed"))) {
        with_context("the options of the encoder " + entry_.name, [&] {
            set_listed(options_, options.get<std::string>("encoder_options"), "encoder_options");
        });
    }

    RandomKey fixed_key() const { return {.seed = seed_}; }
    bool looks_ahead() const noexcept { return entry_.looks_ahead; }

    Encoding of(Signal signal, const RandomKey& key) const {
        signal.step_ms = value_ms_;
        for (float& value : signal.values) value = map_(double{value});
        return encode(entry_, options_, signal, key);
    }
    /// The same of a batch on its device: (samples, steps, units), or nothing where encode_batch()
    /// leaves it to the CPU.
    std::optional<Tensor> of_batch(Stream& stream, SignalBatch batch) const {
        batch.step_ms = value_ms_;
        const Tensor mapped = Tensor::empty(stream, batch.values.shape(), DType::f32);
        map_values_kernel(stream, {.map = map_,
                                   .values = view<const float, 3>(batch.values),
                                   .mapped = view<float, 3>(mapped)});
        batch.values = mapped;
        return encode_batch(stream, entry_, options_, batch);
    }
    /// What becomes of two silent steps of this many values.
    Encoding of_silence(std::int64_t n_input) const {
        Signal silence{.n_steps = 2, .n_channels = n_input};
        silence.values.assign(static_cast<std::size_t>(2 * n_input),
                              static_cast<float>(std::max(0.0, entry_.range.lowest)));
        silence.step_ms = value_ms_;
        return encode(entry_, options_, silence, {});
    }

private:
    static const EncoderEntry& entry_of(const OptionSet& options) {
        const EncoderEntry& entry = find_encoder(options.get<std::string>("encoder"));
        ELM_CHECK(entry.reads == SignalKind::values || entry.reads == SignalKind::bytes,
                  "the encoder {} takes {}, and a model gets values.", entry.name,
                  words_for(entry.reads));
        return entry;
    }

    static ValueMap map_of(const OptionSet& options, const SignalRange& range) {
        const auto low = options.get<double>("low"), high = options.get<double>("high");
        ELM_CHECK(high > low, "high is {} and low {}: expected more.", high, low);
        return {.low = low,
                .scale = 1 / (high - low),
                .rounds = range.whole_numbers,
                .cuts = range.lowest > SignalRange{}.lowest,
                .lowest = static_cast<float>(range.lowest),
                .highest = static_cast<float>(range.highest)};
    }

    const EncoderEntry& entry_;
    OptionSet options_;
    double value_ms_;
    ValueMap map_;
    std::uint64_t seed_;
};

class EncoderFrontEnd final : public WrappedModel {
public:
    EncoderFrontEnd(const OptionSet& options, std::int64_t n_input,
                    std::unique_ptr<SequenceModel> model)
        : WrappedModel({n_input, model->shape().n_output}, std::move(model)), encoder_(options) {
        const Encoding silence = encoder_.of_silence(n_input);
        steps_each_ = silence.n_steps / 2;
        ELM_CHECK(steps_each_ > 0 && silence.n_steps == 2 * steps_each_,
                  "the encoder {} makes {} steps of 2 values, not as many of each: it cannot stand "
                  "before a model with these options.",
                  options.get<std::string>("encoder"), silence.n_steps);
        makes_values_ = !silence.values.empty();
        const InputKinds kinds = inner_.traits().inputs;
        ELM_CHECK(makes_values_ ? kinds.dense : kinds.spikes,
                  "this model does not take {}, which the encoder {} makes.",
                  makes_values_ ? "values" : "spikes", options.get<std::string>("encoder"));
    }

    ModelTraits traits() const override {
        ModelTraits traits = WrappedModel::traits();
        traits.inputs = {.spikes = false, .dense = true};
        traits.streams = false;  // an encoder looks at a whole signal
        traits.causal = traits.causal && !encoder_.looks_ahead();
        return traits;
    }
    double flops_per_step(std::int64_t steps) override {
        return static_cast<double>(steps_each_) * WrappedModel::flops_per_step(steps * steps_each_);
    }

protected:
    Var run(Context& context, const SequenceInput& input, SequenceState&) override {
        return run_once(context, input);
    }
    Var run_once(Context& context, const SequenceInput& input) override {
        const std::int64_t batch = input.batch(), steps = input.steps();
        if (batch == 0 || steps == 0) {
            return {Tensor::zeros(context.stream, {batch, steps, shape().n_output},
                                  input.dense.value.dtype())};
        }
        // The tape reads the spikes again on its way back.
        if (context.tape == nullptr || context.tape->size() == 0) recorded_.clear();
        SequenceInput encoded{.lengths = longer(input), .first_sample = input.first_sample};
        if (const std::optional<Tensor> dense = made_on_device(context, input)) {
            encoded.dense = Var{*dense};
        } else if (makes_values_) {
            encoded.dense = Var{values_of(context, input)};
        } else {
            recorded_.push_back(std::make_unique<SpikeTrain>(spikes_of(context, input)));
            encoded.spikes = recorded_.back().get();
        }
        Var answers = inner_.forward(context, encoded);
        if (steps_each_ == 1) return answers;
        const std::int64_t width = shape().n_output;
        const Var by_value = reshape(context, answers, {batch, steps, steps_each_ * width});
        return slice(context, by_value, 2, (steps_each_ - 1) * width, steps_each_ * width);
    }

private:
    RandomKey key_of(const Context& context) const {
        return (context.training ? context.random : encoder_.fixed_key())
            .for_purpose("encoder before a model");
    }
    /// The model's input as a dense tensor, where its values stay on their CUDA device. Spikes are
    /// counts then, and larger than a list of them: above the bound they come as one, by the CPU.
    std::optional<Tensor> made_on_device(Context& context, const SequenceInput& input) const {
        constexpr double most_bytes = 2e9;
        const Tensor& values = input.dense.value;
        const double cells = static_cast<double>(input.batch() * input.steps() * steps_each_) *
                             static_cast<double>(inner_.shape().n_input);
        if (context.stream.device().kind != DeviceKind::cuda || values.dtype() != DType::f32 ||
            !inner_.traits().inputs.dense || cells * sizeof(float) > most_bytes) {
            return std::nullopt;
        }
        std::vector<std::int32_t> lengths(static_cast<std::size_t>(input.batch()),
                                          static_cast<std::int32_t>(input.steps()));
        if (input.lengths.defined()) {
            std::ranges::copy(input.lengths.host<std::int32_t>(), lengths.begin());
        }
        return encoder_.of_batch(context.stream, {.values = values,
                                                  .lengths = Tensor::from<std::int32_t>(
                                                      context.stream, {input.batch()}, lengths),
                                                  .key = key_of(context),
                                                  .first_sample = input.first_sample});
    }
    /// Of the steps that count: an encoder may look at the next value, and padding is none.
    std::vector<Encoding> encodings_of(Context& context, const SequenceInput& input) const {
        Stream host{Device{}};
        const Tensor values = input.dense.value.to(host);
        const RandomKey key = key_of(context);
        std::vector<Encoding> encodings;
        for (std::int64_t sample = 0; sample < input.batch(); ++sample) {
            const auto number = static_cast<std::uint32_t>(input.first_sample + sample);
            Signal signal = signal_of(values, sample, input.lengths);
            encodings.push_back(encoding_of(std::move(signal), key.for_part(number)));
            Encoding& padded = encodings.back();
            padded.n_steps = input.steps() * steps_each_;
            if (!makes_values_) continue;
            padded.values.resize(static_cast<std::size_t>(padded.n_steps * padded.n_units));
        }
        return encodings;
    }
    /// The steps of a sample that count.
    static Signal signal_of(const Tensor& values, std::int64_t sample, const Tensor& lengths) {
        const std::int64_t steps = values.shape()[1], width = values.shape()[2];
        Signal signal{.n_steps = steps, .n_channels = width};
        if (lengths.defined()) {
            signal.n_steps = lengths.host<std::int32_t>()[static_cast<std::size_t>(sample)];
        }
        visit_real(values.dtype(), [&]<class Real>(Real) {
            const auto own =
                values.host<Real>().subspan(static_cast<std::size_t>(sample * steps * width),
                                            static_cast<std::size_t>(signal.n_steps * width));
            signal.values.assign(own.begin(), own.end());
        });
        return signal;
    }
    Encoding encoding_of(Signal signal, const RandomKey& key) const {
        const std::int64_t steps = signal.n_steps;
        if (steps == 0) return {.n_units = encoder_.of_silence(signal.n_channels).n_units};
        Encoding encoding = encoder_.of(std::move(signal), key);
        ELM_CHECK(encoding.n_steps == steps * steps_each_,
                  "an encoder before a model made {} steps of {} values, expected {}: leave its "
                  "length to the input.",
                  encoding.n_steps, steps, steps * steps_each_);
        return encoding;
    }
    SpikeTrain spikes_of(Context& context, const SequenceInput& input) const {
        std::vector<SpikeTrain> trains;
        for (const Encoding& encoding : encodings_of(context, input)) {
            trains.push_back(encoding.train());
        }
        return stack_samples(trains);
    }
    Tensor values_of(Context& context, const SequenceInput& input) const {
        const std::vector<Encoding> encodings = encodings_of(context, input);
        const Encoding& first = encodings.front();
        Stream host{Device{}};
        const Tensor values = Tensor::empty(
            host, {std::ssize(encodings), first.n_steps, first.n_units}, input.dense.value.dtype());
        visit_real(values.dtype(), [&]<class Real>(Real) {
            auto to = values.host<Real>().begin();
            for (const Encoding& encoding : encodings) {
                to = std::copy(encoding.values.begin(), encoding.values.end(), to);
            }
        });
        return values.to(context.stream);
    }
    /// Lengths in steps of the model.
    Tensor longer(const SequenceInput& input) const {
        if (!input.lengths.defined() || steps_each_ == 1) return input.lengths;
        std::vector<std::int32_t> lengths;
        for (const std::int32_t length : input.lengths.host<std::int32_t>()) {
            lengths.push_back(static_cast<std::int32_t>(length * steps_each_));
        }
        Stream host{Device{}};
        return Tensor::from<std::int32_t>(host, {std::ssize(lengths)}, lengths);
    }

    ValueEncoder encoder_;
    std::int64_t steps_each_ = 1;
    bool makes_values_ = false;
    std::vector<std::unique_ptr<SpikeTrain>> recorded_;  // since the tape was empty
};

}  // namespace

void declare_encoder(OptionSet& options) {
    options.declare({.name = "encoder",
                     .value = std::string("poisson"),
                     .help = "of the kind encoder: see elmsim list encoders"});
    options.declare({.name = "encoder_options",
                     .value = std::string(),
                     .help = "of the encoder: NAME=VALUE, NAME=VALUE"});
    options.declare({.name = "value_ms",
                     .value = 1.0,
                     .help = "how long the encoder is given a value",
                     .unit = "ms",
                     .lowest = 1e-3,
                     .highest = 1e6});
    options.declare({.name = "low", .value = 0.0, .help = "value that the encoder gets as 0"});
    options.declare({.name = "high", .value = 1.0, .help = "value that the encoder gets as 1"});
    options.declare({.name = "encoder_seed",
                     .value = std::int64_t{0},
                     .help = "of its draws where a model is tested",
                     .lowest = 0,
                     .highest = 9e15});
}

bool is_encoder_option(const std::string& name) {
    return std::find(own_options.begin(), own_options.end(), name) != own_options.end();
}

std::int64_t encoded_width(const OptionSet& options, std::int64_t n_input) {
    return ValueEncoder(options).of_silence(n_input).n_units;
}

std::unique_ptr<SequenceModel> with_encoder(const OptionSet& options, std::int64_t n_input,
                                            std::unique_ptr<SequenceModel> model) {
    return std::make_unique<EncoderFrontEnd>(options, n_input, std::move(model));
}

}  // namespace elm
