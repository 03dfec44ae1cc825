// Faces made larger (face_samples.h): each pixel is a step, with the colours of the small image
// that was enlarged bicubically, and its place; a model answers what is to be added to the colours,
// in one step of regression and not by diffusion. Loss: mean squared error of colours in [-1, 1].

#include <cmath>
#include <memory>
#include <utility>

#include "kernels/core/support/check.h"
#include "tasks/attention_benchmark/benchmark_task.h"
#include "tasks/attention_benchmark/face_samples.h"
#include "tasks/attention_benchmark/image_quality.h"
#include "tasks/losses.h"

namespace elm {
namespace {

constexpr ByTier side_of_tier{32, 64, 128}, factor_of_tier{4, 4, 8},
    train_of_tier{500, 5000, 20000};
constexpr std::int64_t n_colours = 3, n_inputs = n_colours + 2;

OptionSet options() {
    OptionSet options;
    declare_tier(options);
    declare_length(options, "side", "pixels along a side, a multiple of 8; 0: as the tier says");
    return options;
}

SetGenerator generator_of(std::int64_t side, std::int64_t factor, Values facts) {
    const std::int64_t pixels = side * side;
    SetGenerator set{.task = "sr-syn", .options = std::move(facts)};
    set.fields = {{.name = "input", .type = SetType::f32, .row = {pixels, n_inputs}},
                  {.name = "residue", .type = SetType::f32, .row = {pixels, n_colours}},
                  {.name = "enlarged", .type = SetType::f32, .row = {pixels, n_colours}},
                  {.name = "clean", .type = SetType::f32, .row = {pixels, n_colours}}};
    set.is_slow = true;
    set.draw = [side, factor](std::uint64_t seed, std::uint64_t index, SetColumns& columns) {
        const Face face = make_face(side, factor, seed, index);
        std::vector<float> input, residue, enlarged;
        const auto place = [side](std::size_t at) {
            return 2 * (static_cast<float>(at) + 0.5F) / static_cast<float>(side) - 1;
        };
        for (std::size_t k = 0; k < face.image.size(); ++k) {
            const auto below = static_cast<float>(face.enlarged[k]);
            input.push_back(below);
            enlarged.push_back(below);
            residue.push_back(static_cast<float>(face.image[k]) - below);
            if ((k + 1) % static_cast<std::size_t>(n_colours) != 0) continue;
            const std::size_t pixel = k / static_cast<std::size_t>(n_colours);
            input.push_back(place(pixel / static_cast<std::size_t>(side)));
            input.push_back(place(pixel % static_cast<std::size_t>(side)));
        }
        columns[0].add<float>(input);
        columns[1].add<float>(residue);
        columns[2].add<float>(enlarged);
        columns[3].add<float>(std::vector<float>(face.clean.begin(), face.clean.end()));
    };
    return set;
}

class FaceTask final : public BenchmarkTask {
public:
    FaceTask(TaskSpec spec, BenchmarkData data, std::int64_t side)
        : BenchmarkTask(std::move(spec), std::move(data)), side_(side) {}

    LossSums loss(const Batch& batch, const Tensor& output, std::int64_t sample,
                  const Tensor& gradient) const override {
        return squared_error_loss(output, batch.targets[0], sample, batch.n_counted, gradient);
    }

protected:
    void measure(const Batch& batch, std::int64_t sample, const AnswerView& answer,
                 MetricSums& sums) const override {
        std::vector<double> image = target_of(batch, 1, sample);
        for (std::size_t k = 0; k < image.size(); ++k) image[k] += answer.values[k];
        measure_image(batch, sample, image, sums);
    }
    std::vector<std::string> rule_names() const override { return {"oracle", "bicubic"}; }
    void measure_rule(std::size_t rule, const Batch& batch, std::int64_t sample,
                      MetricSums& sums) const override {
        measure_image(batch, sample, target_of(batch, rule == 0 ? 2 : 1, sample), sums);
    }

private:
    void measure_image(const Batch& batch, std::int64_t sample, const std::vector<double>& image,
                       MetricSums& sums) const {
        const std::vector<double> residue = target_of(batch, 0, sample),
                                  below = target_of(batch, 1, sample);
        std::vector<double> grey, truth;
        for (std::size_t k = 0; k < image.size(); ++k) {
            grey.push_back(grey_level(image[k]));
            truth.push_back(grey_level(below[k] + residue[k]));
        }
        sums[0].add(peak_signal_to_noise(grey, truth));
        sums[1].add(structural_similarity(grey, truth, {side_, side_, n_colours}));
    }

    std::int64_t side_;
};

std::unique_ptr<Task> make(const OptionSet& options, const TaskInput&) {
    const std::int64_t side = length_of(options, "side", side_of_tier, 16, 1024),
                       factor = of(factor_of_tier, tier_of(options));
    ELM_CHECK(side % factor == 0, "side {}: expected a multiple of {}.", side, factor);
    TaskSpec spec{.name = "sr-syn",
                  .input = InputKind::dense,
                  .shape = {n_inputs, n_colours},
                  .n_steps = side * side};
    spec.loss_parts = {{"mse", 1}};
    spec.metrics = {{.name = "psnr",
                     .label = "PSNR dB",
                     .higher_is_better = true,
                     .digits = 2,
                     .is_drawn = true},
                    {.name = "ssim", .label = "SSIM", .higher_is_better = true}};
    BenchmarkData data{
        .generator = generator_of(
            side, factor,
            {{"tier", options.get<std::string>("tier")}, {"form", std::string("reg")}}),
        .sizes = sizes_of(options, train_of_tier),
        .input = {.name = "enlarged pixels", .kind = InputKind::dense, .width = n_inputs},
        .counted = side * side};
    return std::make_unique<FaceTask>(std::move(spec), std::move(data), side);
}

}  // namespace

TaskEntry sr_syn_task() {
    return {.name = "sr-syn",
            .summary = "made-up faces, four times larger, by one step of regression",
            .source = "stands for Zhang et al. 2023, arXiv 2210.07661 (FFHQ, CelebA-HQ)",
            .options = options,
            .make = make};
}

}  // namespace elm
