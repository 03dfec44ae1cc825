// Objects of which one side is seen (shape_samples.h), made whole: points that are seen are the
// source; behind them stands a query for each group of points to be answered, with the place of one
// seen point, the farthest from those before. A model answers where the points of a group lie
// around it. Loss: half the mean distance to the nearest true point, and half that of true points
// to the nearest answer. Distances are shown times 1000.

#include <memory>
#include <utility>

#include "tasks/attention_benchmark/benchmark_task.h"
#include "tasks/attention_benchmark/point_distance.h"
#include "tasks/attention_benchmark/shape_samples.h"

namespace elm {
namespace {

constexpr ByTier seen_of_tier{128, 512, 2048}, points_of_tier{512, 2048, 16384},
    train_of_tier{500, 5000, 20000};
constexpr std::int64_t axes = 3, n_inputs = axes + 1;
constexpr double shown = 1000;

struct Layout {
    std::int64_t seen = 0, points = 0;

    std::int64_t group() const { return points / seen; }
    std::int64_t steps() const { return 2 * seen; }
    std::int64_t outputs() const { return axes * group(); }
};

OptionSet options() {
    OptionSet options;
    declare_tier(options);
    declare_length(options, "seen", "points that are seen, and queries; 0: as the tier says");
    return options;
}

SetGenerator generator_of(const Layout& layout, Values facts) {
    SetGenerator set{.task = "pcc-syn", .options = std::move(facts)};
    set.fields = {{.name = "input", .type = SetType::f32, .row = {layout.steps(), n_inputs}},
                  {.name = "complete", .type = SetType::f32, .row = {layout.points, axes}},
                  {.name = "anchors", .type = SetType::f32, .row = {layout.seen, axes}},
                  {.name = "another", .type = SetType::f32, .row = {layout.points, axes}}};
    set.is_slow = true;
    set.draw = [layout](std::uint64_t seed, std::uint64_t index, SetColumns& columns) {
        const ShapeSample drawn = make_shape(layout.seen, layout.points, seed, index);
        std::vector<float> input, anchors;
        const auto add = [&](std::int64_t point, float is_query) {
            for (std::int64_t axis = 0; axis < axes; ++axis) {
                const auto value = static_cast<float>(
                    drawn.partial[static_cast<std::size_t>(axes * point + axis)]);
                input.push_back(value);
                if (is_query > 0) anchors.push_back(value);
            }
            input.push_back(is_query);
        };
        for (std::int64_t point = 0; point < layout.seen; ++point) add(point, 0);
        for (const std::int64_t point : farthest_points(drawn.partial, layout.seen)) add(point, 1);
        columns[0].add<float>(input);
        columns[1].add<float>(std::vector<float>(drawn.complete.begin(), drawn.complete.end()));
        columns[2].add<float>(anchors);
        columns[3].add<float>(std::vector<float>(drawn.another.begin(), drawn.another.end()));
    };
    return set;
}

class ShapeTask final : public BenchmarkTask {
public:
    ShapeTask(TaskSpec spec, BenchmarkData data, const Layout& layout)
        : BenchmarkTask(std::move(spec), std::move(data)), layout_(layout) {}

    LossSums loss(const Batch& batch, const Tensor& output, std::int64_t sample,
                  const Tensor& gradient) const override {
        const std::vector<double> answer = placed(batch, sample, answer_of(output, sample));
        std::vector<double> slope(answer.size());
        LossSums sums;
        sums.count = 1;
        sums.parts[0] = cloud_loss(answer, target_of(batch, 0, sample), slope);
        const auto share = 1 / static_cast<double>(batch.n_counted);
        visit_real(gradient.dtype(), [&]<class Real>(Real) {
            const auto size = static_cast<std::size_t>(layout_.steps() * layout_.outputs());
            const auto into =
                gradient.host<Real>().subspan(static_cast<std::size_t>(sample) * size, size);
            std::fill(into.begin(), into.end(), Real(0));
            const auto begin = static_cast<std::size_t>(layout_.seen * layout_.outputs());
            for (std::size_t k = 0; k < slope.size(); ++k) {
                into[begin + k] = static_cast<Real>(share * slope[k]);
            }
        });
        return sums;
    }

protected:
    void measure(const Batch& batch, std::int64_t sample, const AnswerView& answer,
                 MetricSums& sums) const override {
        measure_cloud(batch, sample, placed(batch, sample, answer), sums);
    }
    std::vector<std::string> rule_names() const override { return {"oracle", "copy input"}; }
    void measure_rule(std::size_t rule, const Batch& batch, std::int64_t sample,
                      MetricSums& sums) const override {
        measure_cloud(batch, sample, target_of(batch, rule == 0 ? 2 : 1, sample), sums);
    }

private:
    static void measure_cloud(const Batch& batch, std::int64_t sample,
                              const std::vector<double>& cloud, MetricSums& sums) {
        const CloudDistance distance = cloud_distance(cloud, target_of(batch, 0, sample));
        sums[0].add(shown * distance.l1);
        sums[1].add(shown * distance.l2);
        sums[2].add(distance.f);
    }
    /// The answer of the queries, around their anchors.
    std::vector<double> placed(const Batch& batch, std::int64_t sample,
                               const AnswerView& answer) const {
        const std::vector<double> anchors = target_of(batch, 1, sample);
        std::vector<double> points;
        for (std::int64_t query = 0; query < layout_.seen; ++query) {
            for (std::int64_t k = 0; k < layout_.outputs(); ++k) {
                points.push_back(anchors[static_cast<std::size_t>(axes * query + k % axes)] +
                                 answer.at(layout_.seen + query, k));
            }
        }
        return points;
    }

    Layout layout_;
};

std::unique_ptr<Task> make(const OptionSet& options, const TaskInput&) {
    const Tier tier = tier_of(options);
    Layout layout{.seen = length_of(options, "seen", seen_of_tier, 8, 1 << 15)};
    layout.points = layout.seen * (of(points_of_tier, tier) / of(seen_of_tier, tier));
    TaskSpec spec{.name = "pcc-syn",
                  .input = InputKind::dense,
                  .shape = {n_inputs, layout.outputs()},
                  .n_steps = layout.steps()};
    spec.loss_parts = {{"cd_l1", 1}};
    spec.metrics = {{.name = "cd_l1_x1000", .label = "CD-l1", .digits = 3, .is_drawn = true},
                    {.name = "cd_l2_x1000", .label = "CD-l2", .digits = 3},
                    {.name = "f_at_001", .label = "F@0.01", .higher_is_better = true}};
    BenchmarkData data{
        .generator = generator_of(layout, {{"tier", options.get<std::string>("tier")}}),
        .sizes = sizes_of(options, train_of_tier),
        .input = {.name = "points and queries", .kind = InputKind::dense, .width = n_inputs},
        .source_steps = layout.seen,
        .counted = 1};
    return std::make_unique<ShapeTask>(std::move(spec), std::move(data), layout);
}

}  // namespace

TaskEntry pcc_syn_task() {
    return {.name = "pcc-syn",
            .summary = "made-up objects seen from one side: their whole surface",
            .source = "stands for Zhang et al. 2023, arXiv 2210.07661 (PCN)",
            .options = options,
            .make = make};
}

}  // namespace elm
