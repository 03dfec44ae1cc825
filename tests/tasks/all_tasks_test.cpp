// Requirements on every registered task, whatever it is: one test for all that make their own
// samples.

#include <algorithm>
#include <cmath>
#include <set>
#include <thread>

#include <gtest/gtest.h>

#include "baselines/model_registry.h"
#include "kernels/core/support/error.h"
#include "tasks/losses.h"
#include "tasks/task_registry.h"
#include "tests/support/compare.h"

namespace elm {
namespace {

class AllTasks : public testing::TestWithParam<std::string> {
protected:
    const TaskEntry& entry_ = find_task(GetParam());
    const std::unique_ptr<Task> task_ = entry_.make(entry_.options(), {});

    Batch batch(const BatchRequest& request) const {
        Batch filled;
        task_->fill(request, filled);
        return filled;
    }
};

bool same(const Tensor& a, const Tensor& b) {
    if (a.defined() != b.defined()) return false;
    return !a.defined() || (a.shape() == b.shape() && a.dtype() == b.dtype() &&
                            std::equal(a.data(), a.data() + a.bytes(), b.data()));
}

void expect_same(const Batch& a, const Batch& b) {
    EXPECT_TRUE(same(a.dense, b.dense));
    EXPECT_TRUE(same(a.tokens, b.tokens));
    EXPECT_TRUE(same(a.lengths, b.lengths));
    EXPECT_EQ(a.spikes.units, b.spikes.units);
    EXPECT_EQ(a.spikes.row_begin, b.spikes.row_begin);
    ASSERT_EQ(a.targets.size(), b.targets.size());
    for (std::size_t k = 0; k < a.targets.size(); ++k) {
        EXPECT_TRUE(same(a.targets[k], b.targets[k]));
    }
}

/// Sample `sample` of a tensor whose first axis is the batch, as bytes.
std::vector<std::byte> sample_of(const Tensor& tensor, std::int64_t sample) {
    if (!tensor.defined()) return {};
    const std::size_t size = tensor.bytes() / static_cast<std::size_t>(tensor.shape()[0]);
    const auto* const begin =
        reinterpret_cast<const std::byte*>(tensor.data()) + static_cast<std::size_t>(sample) * size;
    return {begin, begin + size};
}

/// The units of each step of sample `sample`.
std::vector<std::vector<std::int32_t>> spikes_of(const Batch& batch, std::int64_t sample) {
    std::vector<std::vector<std::int32_t>> steps;
    if (batch.spikes.n_samples == 0) return steps;
    for (std::int64_t step = 0; step < batch.spikes.n_steps; ++step) {
        const auto row = batch.spikes.row(sample, step);
        steps.emplace_back(row.begin(), row.end());
    }
    return steps;
}

/// Steps of a sample that are no padding.
std::int64_t length_of(const Batch& batch, std::int64_t sample, std::int64_t n_steps) {
    return batch.lengths.defined()
               ? batch.lengths.host<std::int32_t>()[static_cast<std::size_t>(sample)]
               : n_steps;
}

TEST_P(AllTasks, says_what_it_is) {
    const TaskSpec& spec = task_->spec();
    EXPECT_EQ(spec.name, entry_.name);
    EXPECT_FALSE(entry_.summary.empty());
    EXPECT_FALSE(entry_.source.empty());
    EXPECT_FALSE(spec.metrics.empty());
    EXPECT_LE(spec.loss_parts.size(), LossSums::most_parts);
    EXPECT_LT(spec.headline, spec.metrics.size());
    EXPECT_GT(task_->count(Split::validation), 0);
    std::set<std::string> sections;
    for (const ModelEntry& model : all_models()) sections.insert(model.name);
    EXPECT_FALSE(sections.contains(entry_.name)) << "a model has this section";
}

TEST_P(AllTasks, a_batch_follows_from_its_request_alone) {
    const BatchRequest request{.seed = 5, .index = 3, .size = 6, .first = 0, .count = 6};
    const Batch once = batch(request);
    Batch used = batch({.seed = 9, .index = 0, .size = 4, .count = 4, .dtype = DType::f64});
    std::thread([&] { task_->fill(request, used); }).join();
    expect_same(once, used);
    const TaskSpec& spec = task_->spec();
    EXPECT_EQ(once.n_sequences(spec.input), 6 * sequences_per_sample(spec));
    const auto differs = [&](const BatchRequest& other) {
        const Batch filled = batch(other);
        return !same(filled.dense, once.dense) || !same(filled.tokens, once.tokens) ||
               filled.spikes.units != once.spikes.units;
    };
    EXPECT_TRUE(differs({.seed = 6, .index = 3, .size = 6, .count = 6}));
    EXPECT_TRUE(differs({.seed = 5, .index = 4, .size = 6, .count = 6}));
    EXPECT_TRUE(differs({.split = Split::validation, .seed = 5, .size = 6, .count = 6}));
}

TEST_P(AllTasks, parts_of_a_batch_are_those_of_the_whole) {
    const Batch whole = batch({.seed = 1, .index = 2, .size = 6, .count = 6});
    for (const std::int64_t first : {0, 2, 4}) {
        const Batch part = batch({.seed = 1, .index = 2, .size = 6, .first = first, .count = 2});
        EXPECT_EQ(part.n_counted, whole.n_counted);
        const std::int64_t each = sequences_per_sample(task_->spec());
        for (std::int64_t k = 0; k < 2 * each; ++k) {
            const std::int64_t same = first * each + k;
            EXPECT_EQ(sample_of(part.dense, k), sample_of(whole.dense, same));
            EXPECT_EQ(sample_of(part.tokens, k), sample_of(whole.tokens, same));
            EXPECT_EQ(sample_of(part.lengths, k), sample_of(whole.lengths, same));
            EXPECT_EQ(spikes_of(part, k), spikes_of(whole, same));
        }
        for (std::int64_t sample = 0; sample < 2; ++sample) {
            for (std::size_t k = 0; k < part.targets.size(); ++k) {
                EXPECT_EQ(sample_of(part.targets[k], sample),
                          sample_of(whole.targets[k], first + sample));
            }
        }
    }
}

/// A model reads the input that the spec says, and nothing beyond a sample: no spike, no value but
/// 0, no answer.
TEST_P(AllTasks, input_is_as_the_spec_says_and_padding_is_silent) {
    const TaskSpec& spec = task_->spec();
    const Batch filled = batch({.seed = 4, .size = 6, .count = 6});
    const std::int64_t n_samples = 6 * sequences_per_sample(spec);
    const Shape dense{n_samples, spec.n_steps, spec.shape.n_input};
    if (spec.input == InputKind::spikes) {
        EXPECT_NO_THROW(filled.spikes.check());
        EXPECT_EQ(filled.spikes.n_samples, n_samples);
        EXPECT_EQ(filled.spikes.n_steps, spec.n_steps);
        EXPECT_EQ(filled.spikes.n_units, spec.shape.n_input);
    } else if (spec.input == InputKind::dense) {
        EXPECT_EQ(filled.dense.shape(), dense);
        EXPECT_EQ(filled.spikes.n_samples, 0);
    }
    for (std::int64_t sample = 0; sample < n_samples; ++sample) {
        const std::int64_t length = length_of(filled, sample, spec.n_steps);
        EXPECT_GE(length, 1);
        ASSERT_LE(length, spec.n_steps);
        for (std::int64_t step = length; step < spec.n_steps; ++step) {
            if (spec.input == InputKind::spikes) {
                ASSERT_TRUE(filled.spikes.row(sample, step).empty());
            } else if (spec.input == InputKind::dense) {
                const auto at =
                    static_cast<std::size_t>((sample * spec.n_steps + step) * spec.shape.n_input);
                for (std::int64_t k = 0; k < spec.shape.n_input; ++k) {
                    ASSERT_EQ(filled.dense.host<float>()[at + static_cast<std::size_t>(k)], 0);
                }
            }
            const Tensor& targets = filled.targets.front();
            if (spec.pooling == Pooling::all && spec.towers.empty() &&
                targets.dtype() == DType::i32) {
                ASSERT_LT(targets.host<std::int32_t>()[static_cast<std::size_t>(
                              sample * spec.n_steps + step)],
                          0);
            }
        }
    }
}

/// What follows a sample's last step must not move its loss: the gradient there is 0.
TEST_P(AllTasks, no_gradient_comes_from_padding) {
    const TaskSpec& spec = task_->spec();
    if (!spec.towers.empty()) GTEST_SKIP() << "what is judged is the answer for a pair";
    constexpr std::int64_t n_samples = 4;
    const Batch filled =
        batch({.seed = 4, .size = n_samples, .count = n_samples, .dtype = DType::f64});
    Stream host{Device{}};
    const Shape shape{n_samples, spec.n_steps, spec.shape.n_output},
        rows{n_samples, 1, spec.shape.n_output};
    const Tensor output = Tensor::zeros(host, shape, DType::f64),
                 gradient = Tensor::zeros(host, shape, DType::f64),
                 pooled = Tensor::zeros(host, rows, DType::f64),
                 pooled_gradient = Tensor::zeros(host, rows, DType::f64);
    std::int64_t counted = 0;
    for (std::int64_t sample = 0; sample < n_samples; ++sample) {
        counted +=
            loss_of_sample(*task_, filled, output, sample, gradient, pooled, pooled_gradient).count;
        const std::int64_t length = length_of(filled, sample, spec.n_steps);
        const auto slopes = gradient.host<double>().subspan(
            static_cast<std::size_t>(sample * spec.n_steps * spec.shape.n_output),
            static_cast<std::size_t>(spec.n_steps * spec.shape.n_output));
        const auto end = slopes.begin() + length * spec.shape.n_output;
        EXPECT_TRUE(std::all_of(end, slopes.end(), [](double slope) { return slope == 0; }));
        if (spec.pooling == Pooling::last) {
            const auto last = end - spec.shape.n_output;
            EXPECT_TRUE(std::all_of(slopes.begin(), last, [](double slope) { return slope == 0; }));
            EXPECT_TRUE(std::any_of(last, end, [](double slope) { return slope != 0; }));
        }
    }
    EXPECT_EQ(counted, filled.n_counted);
}

TEST_P(AllTasks, held_out_samples_are_the_same_for_every_seed) {
    for (const Split split : {Split::validation, Split::test}) {
        if (task_->count(split) == 0) continue;
        expect_same(batch({.split = split, .seed = 1, .size = 4, .count = 4}),
                    batch({.split = split, .seed = 2, .size = 4, .count = 4}));
    }
}

/// Central differences in float64: an error of h^2 of the third derivative, of order 1, and of the
/// rounding of the loss over h.
TEST_P(AllTasks, the_gradient_is_that_of_the_loss) {
    const TaskSpec& spec = task_->spec();
    const std::int64_t n_samples = 3;
    const Batch filled = batch({.size = n_samples, .count = n_samples, .dtype = DType::f64});
    Stream host{Device{}};
    const std::int64_t n_rows = spec.towers.empty() ? spec.n_steps : 1;
    const Shape shape{n_samples, n_rows, spec.shape.n_output},
        rows{n_samples, 1, spec.shape.n_output};
    const Tensor output = Tensor::zeros(host, shape, DType::f64),
                 gradient = Tensor::zeros(host, shape, DType::f64),
                 unused = Tensor::zeros(host, shape, DType::f64),
                 pooled = Tensor::zeros(host, rows, DType::f64),
                 pooled_gradient = Tensor::zeros(host, rows, DType::f64);
    auto values = output.host<double>();
    for (std::size_t k = 0; k < values.size(); ++k) values[k] = std::sin(0.7 * double(k));
    const auto loss = [&](const Tensor& into) {
        LossSums sums;
        for (std::int64_t sample = 0; sample < n_samples; ++sample) {
            sums.add(loss_of_sample(*task_, filled, output, sample, into, pooled, pooled_gradient));
        }
        EXPECT_LE(sums.count, filled.n_counted);
        double total = 0;
        for (std::size_t k = 0; k < spec.loss_parts.size(); ++k) {
            total += spec.loss_parts[k].weight * sums.parts[k];
        }
        return total / static_cast<double>(filled.n_counted);
    };
    loss(gradient);
    const auto slopes = gradient.host<double>();
    constexpr double h = 1e-5;
    double largest = 0;
    const std::size_t stride = std::max<std::size_t>(1, values.size() / 300);
    std::vector<std::size_t> places;
    for (std::size_t k = 0; k < values.size(); k += stride) places.push_back(k);
    for (std::size_t k = 0; k < values.size(); ++k) {  // and where there is a slope
        if (slopes[k] != 0 && places.size() < 600) places.push_back(k);
    }
    const auto difference = [&](std::size_t k, double step) {
        const double value = values[k];
        values[k] = value + step;
        const double above = loss(unused);
        values[k] = value - step;
        const double below = loss(unused);
        values[k] = value;
        return (above - below) / (2 * step);
    };
    for (const std::size_t k : places) {
        // A loss that is made of pieces, as of nearest points, may have an edge within h: nearer
        // by, where rounding counts more, there is none.
        if (std::abs(slopes[k] - difference(k, h)) > 1e-9) {
            ASSERT_NEAR(slopes[k], difference(k, h / 16), 1e-8) << k;
        }
        largest = std::max(largest, std::abs(slopes[k]));
    }
    EXPECT_GT(largest, 0);
}

std::vector<std::string> names() {
    std::vector<std::string> all;
    for (const TaskEntry& task : all_tasks()) {
        if (!task.needs_files) all.push_back(task.name);
    }
    return all;
}
INSTANTIATE_TEST_SUITE_P(Registry, AllTasks, testing::ValuesIn(names()), [](const auto& one) {
    std::string name = one.param;
    std::replace(name.begin(), name.end(), '-', '_');
    return name;
});

TEST(Losses, class_loss_is_that_of_the_softmax) {
    Stream host{Device{}};
    const std::vector<double> logits{1, 2, 3, 0, 0, 0, 5, -5, 2};
    const std::vector<std::int32_t> labels{2, -1, 1};
    const Tensor output = Tensor::from<double>(host, {1, 3, 3}, logits);
    const Tensor label = Tensor::from<std::int32_t>(host, {1, 3}, labels);
    const Tensor gradient = Tensor::zeros(host, {1, 3, 3}, DType::f64);
    const LossSums sums = class_loss(output, label, 0, 2, gradient);
    const double first = std::log(std::exp(1.0) + std::exp(2.0) + std::exp(3.0)) - 3;
    const double last = std::log(std::exp(5.0) + std::exp(-5.0) + std::exp(2.0)) + 5;
    EXPECT_NEAR(sums.parts[0], first + last, 32 * 2.3e-16);
    EXPECT_EQ(sums.parts[1], 1);
    EXPECT_EQ(sums.count, 2);
    for (std::size_t k = 3; k < 6; ++k) EXPECT_EQ(gradient.host<double>()[k], 0);
}

/// Against the cross entropy with targets that are written out, and central differences of it.
TEST(Losses, smoothed_labels_are_targets_that_all_classes_share) {
    Stream host{Device{}};
    constexpr double smoothing = 0.3, h = 1e-5;
    std::vector<double> logits{1, 2, 3, -1, 0.5, 4};
    const std::vector<std::int32_t> labels{2, 0};
    const Tensor label = Tensor::from<std::int32_t>(host, {1, 2}, labels);
    const Tensor gradient = Tensor::zeros(host, {1, 2, 3}, DType::f64);
    const auto written_out = [&] {
        double loss = 0;
        for (std::size_t row = 0; row < 2; ++row) {
            double sum = 0;
            for (std::size_t k = 0; k < 3; ++k) sum += std::exp(logits[3 * row + k]);
            for (std::size_t k = 0; k < 3; ++k) {
                const bool is_label = labels[row] == static_cast<std::int32_t>(k);
                const double target = (is_label ? 1 - smoothing : 0) + smoothing / 3;
                loss -= target * std::log(std::exp(logits[3 * row + k]) / sum);
            }
        }
        return loss;
    };
    const LossSums sums =
        class_loss(Tensor::from<double>(host, {1, 2, 3}, logits), label, 0, 2, gradient, smoothing);
    EXPECT_NEAR(sums.parts[0], written_out(), 64 * 2.3e-16);
    for (std::size_t k = 0; k < 6; ++k) {
        const double value = logits[k];
        logits[k] = value + h;
        const double above = written_out();
        logits[k] = value - h;
        const double below = written_out();
        logits[k] = value;
        EXPECT_NEAR(gradient.host<double>()[k], (above - below) / (2 * h) / 2, 1e-9) << k;
    }
}

TEST(Losses, a_label_that_is_no_class_is_refused) {
    Stream host{Device{}};
    const Tensor output = Tensor::zeros(host, {1, 1, 3}, DType::f32);
    const Tensor label = Tensor::from<std::int32_t>(host, {1, 1}, std::vector<std::int32_t>{3});
    EXPECT_THROW(class_loss(output, label, 0, 1, output), Error);
}

TEST(AddingTask, marks_one_value_in_each_half_and_asks_for_their_sum) {
    const TaskEntry& entry = find_task("adding");
    OptionSet options = entry.options();
    options.set("steps", "11");
    const auto task = entry.make(options, {});
    constexpr std::int64_t n_samples = 4000;
    Batch batch;
    task->fill({.size = n_samples, .count = n_samples, .dtype = DType::f64}, batch);
    const auto input = batch.dense.host<double>(), target = batch.targets[0].host<double>();
    std::vector<int> marks(11, 0);
    double mean = 0, square = 0;
    for (std::size_t sample = 0; sample < n_samples; ++sample) {
        double sum = 0;
        int first = 0, second = 0;
        for (std::size_t step = 0; step < 11; ++step) {
            const double value = input[(sample * 11 + step) * 2];
            const double mark = input[(sample * 11 + step) * 2 + 1];
            EXPECT_TRUE(value >= 0 && value < 1 && (mark == 0 || mark == 1));
            sum += value * mark;
            (step < 5 ? first : second) += static_cast<int>(mark);
            marks[step] += static_cast<int>(mark);
        }
        EXPECT_EQ(first, 1);
        EXPECT_EQ(second, 1);
        EXPECT_EQ(target[sample], double(float(sum)));
        mean += sum / n_samples;
        square += (sum - 1) * (sum - 1) / n_samples;
    }
    // Variance 1/6; the standard error of the variance of a triangle is 0.0039 at 4,000 samples.
    EXPECT_NEAR(mean, 1, 4 * std::sqrt(1.0 / 6 / n_samples));
    EXPECT_NEAR(square, 1.0 / 6, 4 * 0.0030);
    for (std::size_t step = 0; step < 11; ++step) {
        const double p = step < 5 ? 1.0 / 5 : 1.0 / 6;
        EXPECT_NEAR(marks[step], n_samples * p, 4.5 * std::sqrt(n_samples * p * (1 - p))) << step;
    }
}

}  // namespace
}  // namespace elm
