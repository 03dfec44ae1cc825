// Speech from phonemes (speech_samples.h), in two roles:
//
//   durations        every frame is told its phoneme, and where in it the frame lies, as by a
//                    length regulator: a model answers all frames at once
//   autoregressive   phonemes are the source; then groups of 4 frames, each told the last frame
//                    before it. When it is scored, a model reads its own frames
//
// Loss: mean absolute difference of log mels, scaled, plus a tenth of the squared error of the
// pitch. Metrics are of mels, without a vocoder, after dynamic time warping. The rule "mean
// spectrum" answers every frame with the mean frame of 64 training samples.

#include <algorithm>
#include <cmath>
#include <memory>
#include <mutex>
#include <numeric>
#include <utility>

#include "tasks/attention_benchmark/benchmark_task.h"
#include "tasks/attention_benchmark/mel_distance.h"
#include "tasks/attention_benchmark/speech_samples.h"

namespace elm {
namespace {

constexpr ByTier frames_of_tier{220, 560, 560}, tokens_of_tier{64, 160, 160},
    train_of_tier{200, 3000, 13000};
constexpr std::int64_t group = 4;                 // frames of a step of the autoregressive role
constexpr double mel_mean = -4.5, mel_scale = 3;  // about those of the samples
constexpr double pitch_weight = 0.1;
constexpr std::int64_t samples_of_mean = 64;  // training samples that the mean spectrum is of

OptionSet options() {
    OptionSet options;
    declare_tier(options);
    options.declare({.name = "role",
                     .value = std::string("durations"),
                     .help = "durations: all frames at once, phonemes as long as they are; "
                             "autoregressive: frames after frames",
                     .choices = {"durations", "autoregressive"}});
    declare_length(options, "frames", "frames of an utterance; 0: as the tier says");
    return options;
}

struct Layout {
    bool autoregressive = false;
    std::int64_t frames = 0, slots = 0;  // slots: of phonemes, before the frames

    std::int64_t frames_per_step() const { return autoregressive ? group : 1; }
    std::int64_t source_steps() const { return autoregressive ? slots : 0; }
    std::int64_t target_steps() const { return frames / frames_per_step(); }
    std::int64_t steps() const { return source_steps() + target_steps(); }
    /// Phonemes, place in the phoneme and its length, or the last frame; a mark of the target.
    std::int64_t width() const { return speech_tokens + (autoregressive ? n_mels : 2) + 1; }
    std::int64_t outputs() const { return frames_per_step() * (n_mels + 1); }
};

Layout layout_of(const OptionSet& options) {
    return {.autoregressive = options.get<std::string>("role") == "autoregressive",
            .frames = length_of(options, "frames", frames_of_tier, 20, 1 << 16) / group * group,
            .slots = of(tokens_of_tier, tier_of(options))};
}

float scaled(double log_mel) { return static_cast<float>((log_mel - mel_mean) / mel_scale); }

std::vector<float> input_of_frames(const Layout& layout, const SpeechSample& speech) {
    const auto width = static_cast<std::size_t>(layout.width());
    std::vector<float> input(static_cast<std::size_t>(layout.steps()) * width, 0.0F);
    std::size_t row = 0;
    for (std::size_t token = 0; token < speech.tokens.size(); ++token) {
        const std::int32_t length = speech.durations[token];
        for (std::int32_t step = 0; step < length; ++step, ++row) {
            float* const at = input.data() + row * width;
            at[speech.tokens[token]] = 1;
            at[speech_tokens] = (static_cast<float>(step) + 0.5F) / static_cast<float>(length);
            at[speech_tokens + 1] = static_cast<float>(length) / 10;
            at[speech_tokens + 2] = 1;
        }
    }
    return input;
}

std::vector<float> input_of_groups(const Layout& layout, const SpeechSample& speech) {
    const auto width = static_cast<std::size_t>(layout.width());
    std::vector<float> input(static_cast<std::size_t>(layout.steps()) * width, 0.0F);
    const std::size_t shown =
        std::min(speech.tokens.size(), static_cast<std::size_t>(layout.slots));
    // The last mark is always shown.
    for (std::size_t k = 0; k < shown; ++k) {
        const bool is_last = k + 1 == shown;
        input[k * width +
              static_cast<std::size_t>(is_last ? speech.tokens.back() : speech.tokens[k])] = 1;
    }
    for (std::int64_t step = 0; step < layout.target_steps(); ++step) {
        float* const at =
            input.data() + static_cast<std::size_t>(layout.source_steps() + step) * width;
        at[width - 1] = 1;
        if (step == 0) continue;
        const auto before = static_cast<std::size_t>((step * group - 1) * n_mels);
        for (std::size_t b = 0; b < n_mels; ++b) {
            at[static_cast<std::size_t>(speech_tokens) + b] = scaled(speech.log_mel[before + b]);
        }
    }
    return input;
}

std::vector<float> all_scaled(const std::vector<double>& log_mels) {
    std::vector<float> values;
    for (const double value : log_mels) values.push_back(scaled(value));
    return values;
}

SetGenerator generator_of(const Layout& layout, Values facts) {
    SetGenerator set{.task = "tts-syn", .options = std::move(facts)};
    set.fields = {{.name = "input", .type = SetType::f32, .row = {layout.steps(), layout.width()}},
                  {.name = "mel", .type = SetType::f32, .row = {layout.frames, n_mels}},
                  {.name = "pitch", .type = SetType::f32, .row = {layout.frames}},
                  {.name = "clean", .type = SetType::f32, .row = {layout.frames, n_mels}}};
    set.is_slow = true;
    set.draw = [layout](std::uint64_t seed, std::uint64_t index, SetColumns& columns) {
        const SpeechSample speech = make_utterance(layout.frames, seed, index);
        columns[0].add<float>(layout.autoregressive ? input_of_groups(layout, speech)
                                                    : input_of_frames(layout, speech));
        columns[1].add<float>(all_scaled(speech.log_mel));
        columns[2].add<float>(std::vector<float>(speech.pitch.begin(), speech.pitch.end()));
        columns[3].add<float>(all_scaled(speech.clean));
    };
    return set;
}

class SpeechTask final : public BenchmarkTask {
public:
    SpeechTask(TaskSpec spec, BenchmarkData data, const Layout& layout)
        : BenchmarkTask(std::move(spec), std::move(data)), layout_(layout) {}

    LossSums loss(const Batch& batch, const Tensor& output, std::int64_t sample,
                  const Tensor& gradient) const override {
        return visit_real(output.dtype(), [&]<class Real>(Real) {
            return loss_of<Real>(batch, output, sample, gradient);
        });
    }

protected:
    void measure(const Batch& batch, std::int64_t sample, const AnswerView& answer,
                 MetricSums& sums) const override {
        measure_mels(batch, sample, mels_of(answer), sums);
    }
    void measure_forced(const Batch& batch, std::int64_t sample, const AnswerView& answer,
                        MetricSums& sums) const override {
        const std::vector<double> truth = target_of(batch, 0, sample);
        const Frames mels = mels_of(answer);
        for (std::size_t k = 0; k < truth.size(); ++k) {
            sums[2].add(std::abs(mels.values[k] - (truth[k] * mel_scale + mel_mean)));
        }
    }
    std::vector<std::string> rule_names() const override { return {"oracle", "mean spectrum"}; }
    void measure_rule(std::size_t rule, const Batch& batch, std::int64_t sample,
                      MetricSums& sums) const override {
        const Frames truth = log_mels(target_of(batch, 0, sample));
        Frames answer = log_mels(target_of(batch, 2, sample));
        if (rule == 1) {
            const std::vector<double>& mean = mean_spectrum();
            for (std::size_t k = 0; k < answer.values.size(); ++k) {
                answer.values[k] = mean[k % n_mels];
            }
        }
        measure_mels(batch, sample, answer, sums);
        for (std::size_t k = 0; k < truth.values.size(); ++k) {
            sums[2].add(std::abs(answer.values[k] - truth.values[k]));
        }
    }
    bool decodes() const override { return layout_.autoregressive; }
    bool feed_back(const Tensor& output, SetColumns& columns) const override {
        auto& inputs = std::get<std::vector<float>>(columns.front().values);
        const std::int64_t width = layout_.width(), size = layout_.steps() * width;
        bool changed = false;
        for (std::int64_t sample = 0; sample < output.shape()[0]; ++sample) {
            const AnswerView answer = answer_of(output, sample);
            for (std::int64_t step = 1; step < layout_.target_steps(); ++step) {
                const std::int64_t row = layout_.source_steps() + step;
                for (std::int64_t b = 0; b < n_mels; ++b) {
                    float& into = inputs[static_cast<std::size_t>(sample * size + row * width +
                                                                  speech_tokens + b)];
                    const auto value =
                        static_cast<float>(answer.at(row - 1, (group - 1) * (n_mels + 1) + b));
                    changed = changed || into != value;
                    into = value;
                }
            }
        }
        return changed;
    }

private:
    static Frames log_mels(const std::vector<double>& scaled_mels) {
        Frames frames{.values = scaled_mels, .width = n_mels};
        for (double& value : frames.values) value = value * mel_scale + mel_mean;
        return frames;
    }
    /// Mean log mels over all frames of training samples.
    const std::vector<double>& mean_spectrum() const {
        std::call_once(has_mean_, [&] {
            const std::int64_t whole = count(Split::train);
            std::vector<std::int64_t> samples(static_cast<std::size_t>(
                whole > 0 ? std::min(whole, samples_of_mean) : samples_of_mean));
            std::iota(samples.begin(), samples.end(), 0);
            const SetColumns columns = read(Split::train, 0, samples);
            const auto& all = std::get<std::vector<float>>(columns[1].values);
            std::vector<double> mean(n_mels, 0.0);
            for (std::size_t k = 0; k < all.size(); ++k) mean[k % n_mels] += all[k];
            for (double& value : mean) value *= n_mels / static_cast<double>(all.size());
            mean_ = log_mels(mean).values;
        });
        return mean_;
    }
    /// Place in the output of mel `b` (n_mels: the pitch) of a frame.
    std::int64_t place(std::int64_t frame, std::int64_t b) const {
        const std::int64_t each = layout_.frames_per_step();
        return (layout_.source_steps() + frame / each) * layout_.outputs() +
               frame % each * (n_mels + 1) + b;
    }
    Frames mels_of(const AnswerView& answer) const {
        std::vector<double> values;
        for (std::int64_t frame = 0; frame < layout_.frames; ++frame) {
            for (std::int64_t b = 0; b < n_mels; ++b) {
                values.push_back(answer.values[static_cast<std::size_t>(place(frame, b))]);
            }
        }
        return log_mels(values);
    }
    static void measure_mels(const Batch& batch, std::int64_t sample, const Frames& answer,
                             MetricSums& sums) {
        const Frames truth = log_mels(target_of(batch, 0, sample));
        const auto frames = static_cast<double>(answer.count());
        sums[0].add(warped_distance(cepstra(truth), cepstra(answer)), frames);
        sums[1].add(warped_distance(truth, answer), frames);
    }
    template <class Real>
    LossSums loss_of(const Batch& batch, const Tensor& output, std::int64_t sample,
                     const Tensor& gradient) const {
        const std::int64_t size = layout_.steps() * layout_.outputs();
        const Real* const answer = output.host<Real>().data() + sample * size;
        Real* const slope = gradient.host<Real>().data() + sample * size;
        const Real* const mel =
            batch.targets[0].host<Real>().data() + sample * layout_.frames * n_mels;
        const Real* const pitch = batch.targets[1].host<Real>().data() + sample * layout_.frames;
        std::fill_n(slope, size, Real(0));
        LossSums sums;
        sums.count = layout_.frames;
        const double share = 1 / static_cast<double>(batch.n_counted);
        for (std::int64_t frame = 0; frame < layout_.frames; ++frame) {
            for (std::int64_t b = 0; b < n_mels; ++b) {
                const double error = static_cast<double>(answer[place(frame, b)]) -
                                     static_cast<double>(mel[frame * n_mels + b]);
                sums.parts[0] += std::abs(error) / static_cast<double>(n_mels);
                slope[place(frame, b)] = static_cast<Real>((error > 0   ? share
                                                            : error < 0 ? -share
                                                                        : 0) /
                                                           static_cast<double>(n_mels));
            }
            const double error = static_cast<double>(answer[place(frame, n_mels)]) -
                                 static_cast<double>(pitch[frame]);
            sums.parts[1] += error * error;
            slope[place(frame, n_mels)] = static_cast<Real>(2 * pitch_weight * share * error);
        }
        return sums;
    }

    Layout layout_;
    mutable std::once_flag has_mean_;
    mutable std::vector<double> mean_;  // of mean_spectrum()
};

std::unique_ptr<Task> make(const OptionSet& options, const TaskInput&) {
    const Layout layout = layout_of(options);
    TaskSpec spec{.name = "tts-syn",
                  .input = InputKind::dense,
                  .shape = {layout.width(), layout.outputs()},
                  .n_steps = layout.steps()};
    spec.loss_parts = {{"mel_l1", 1}, {"pitch_squared_error", pitch_weight}};
    spec.metrics = {{.name = "mcd", .label = "MCD", .is_drawn = true},
                    {.name = "msd", .label = "MSD"},
                    {.name = "l1", .label = "L1"}};
    BenchmarkData data{
        .generator = generator_of(layout, {{"tier", options.get<std::string>("tier")},
                                           {"role", options.get<std::string>("role")}}),
        .sizes = sizes_of(options, train_of_tier),
        .input = {.name = "phonemes and frames", .kind = InputKind::dense, .width = layout.width()},
        .source_steps = layout.source_steps(),
        .counted = layout.frames};
    return std::make_unique<SpeechTask>(std::move(spec), std::move(data), layout);
}

}  // namespace

TaskEntry tts_syn_task() {
    return {.name = "tts-syn",
            .summary = "made-up speech from phonemes: log mels, frame by frame",
            .source = "stands for Zhang et al. 2023, arXiv 2210.07661 (LJSpeech)",
            .options = options,
            .make = make};
}

}  // namespace elm
