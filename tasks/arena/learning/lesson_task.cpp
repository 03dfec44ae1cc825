#include "tasks/arena/learning/lesson_task.h"

#include <algorithm>
#include <utility>

#include "tasks/arena/learning/number_lesson.h"

namespace elm {
namespace {

SampleNumbers samples_of(const LessonPlan& plan) {
    SampleNumbers samples;
    for (const ScheduledLesson& one : plan.schedule) samples.push_back(one.sample);
    return samples;
}

class LessonTask final : public Task {
public:
    LessonTask(const ArenaPool& pool, LessonPlan plan, SampleNumbers held_out)
        : plan_(std::move(plan)) {
        if (!plan_.lessons.empty()) {
            kind_ = answer_kind_of(pool);
            if (kind_ == AnswerKind::numbers) form_ = number_form_of(pool);
        }
        const SampleNumbers test = held_out;
        base_ = pool.task_of(
            {.train = samples_of(plan_), .validation = std::move(held_out), .test = test});
    }

    const TaskSpec& spec() const override { return base_->spec(); }
    /// Behind the targets of the task stands the lesson of each row.
    void fill(const BatchRequest& request, Batch& batch) const override {
        base_->fill(request, batch);
        if (request.split != Split::train || plan_.lessons.empty()) return;
        batch.targets.resize(lesson_target() + 1);
        reshape_to(batch.targets.back(), {request.count}, DType::i32);
        const auto lessons = batch.targets.back().host<std::int32_t>();
        for (std::int64_t row = 0; row < request.count; ++row) {
            const auto at = static_cast<std::size_t>(request.first_sample() + row);
            lessons[static_cast<std::size_t>(row)] =
                static_cast<std::int32_t>(plan_.schedule[at].lesson);
        }
    }
    std::int64_t count(Split split) const override { return base_->count(split); }
    LossSums loss(const Batch& batch, const Tensor& output, std::int64_t sample,
                  const Tensor& gradient) const override {
        const bool has_lessons = !plan_.lessons.empty() && batch.targets.size() > lesson_target();
        const std::int32_t number =
            has_lessons
                ? batch.targets.back().host<std::int32_t>()[static_cast<std::size_t>(sample)]
                : -1;
        if (number < 0) return base_->loss(batch, output, sample, gradient);
        const Lesson& lesson = plan_.lessons[static_cast<std::size_t>(number)];
        return visit_real(output.dtype(), [&]<class Real>(Real) {
            return kind_ == AnswerKind::one_class
                       ? taught_class<Real>(lesson, batch, output, sample, gradient)
                       : taught_numbers<Real>(lesson, batch, output, sample, gradient);
        });
    }
    std::string summary() const override { return base_->summary(); }
    std::vector<double> readout_bias() const override { return base_->readout_bias(); }

private:
    /// The lesson stands behind the targets of the task: one label, or a target for each column.
    std::size_t lesson_target() const { return std::max<std::size_t>(1, form_.columns.size()); }

    template <class Real>
    static std::vector<double> row_of(const Tensor& output, std::int64_t sample) {
        const std::int64_t n = output.shape()[1] * output.shape()[2];
        const Real* const row = output.host<Real>().data() + sample * n;
        return {row, row + n};
    }
    /// Leaves `scale` times a gradient in the rows of a sample.
    template <class Real>
    static void put(const LossWithGradient& loss, double scale, std::int64_t sample,
                    const Tensor& gradient) {
        Real* const into = gradient.host<Real>().data() + sample * std::ssize(loss.gradient);
        for (std::size_t k = 0; k < loss.gradient.size(); ++k) {
            into[k] = static_cast<Real>(loss.gradient[k] * scale);
        }
    }

    template <class Real>
    LossSums taught_class(const Lesson& lesson, const Batch& batch, const Tensor& output,
                          std::int64_t sample, const Tensor& gradient) const {
        const auto row = static_cast<std::size_t>(sample);
        const std::int64_t label = batch.targets.front().host<std::int32_t>()[row];
        const std::vector<double> z = row_of<Real>(output, sample);
        const LossWithGradient loss = loss_of_lesson(lesson, z, label, plan_.settings);
        put<Real>(loss, 1 / static_cast<double>(batch.n_counted), sample, gradient);
        LossSums sums;
        sums.count = 1;
        sums.parts[0] = loss.loss;
        sums.parts[1] = std::max_element(z.begin(), z.end()) - z.begin() == label ? 1 : 0;
        return sums;
    }
    /// The loss as a whole counts as the first part: a preference belongs to no column.
    template <class Real>
    LossSums taught_numbers(const Lesson& lesson, const Batch& batch, const Tensor& output,
                            std::int64_t sample, const Tensor& gradient) const {
        const std::vector<double> asked =
            asked_numbers(batch, sample, output.dtype(), form_.n_columns());
        const LossWithGradient loss = loss_of_number_lesson(lesson, row_of<Real>(output, sample),
                                                            asked, form_, plan_.settings);
        const std::int64_t n_steps = output.shape()[1];
        const auto steps = static_cast<double>(n_steps);
        put<Real>(loss, steps / static_cast<double>(batch.n_counted), sample, gradient);
        LossSums sums;
        sums.count = n_steps;
        sums.parts[0] = loss.loss * steps / form_.weights.front();
        return sums;
    }

    LessonPlan plan_;
    AnswerKind kind_ = AnswerKind::one_class;
    NumberForm form_;  // of numbers
    std::unique_ptr<Task> base_;
};

}  // namespace

LossWithGradient loss_of_lesson(const Lesson& lesson, std::span<const double> output,
                                std::int64_t label, const LessonSettings& settings) {
    if (lesson.kind == LessonKind::distillation) {
        return distillation_loss(output, label, lesson.outputs, settings.distillation);
    }
    if (lesson.kind == LessonKind::reward) {
        std::vector<double> rewards(output.size(), 0);
        rewards[static_cast<std::size_t>(label)] = 1;
        LossWithGradient loss =
            reward_objective(output, lesson.outputs, rewards, settings.reward_kappa);
        loss.loss = -loss.loss;
        for (double& one : loss.gradient) one = -one;
        return loss;
    }
    // A distillation of no share is the cross entropy with the label.
    LossWithGradient loss = distillation_loss(output, label, output, {.share = 0});
    const double share = lesson.kind == LessonKind::label ? 1 : settings.label_share;
    loss.loss *= share;
    for (double& one : loss.gradient) one *= share;
    if (lesson.kind == LessonKind::label) return loss;
    const LossWithGradient preferred = preference_loss(output, lesson.outputs, lesson.chosen,
                                                       lesson.rejected, settings.preference);
    loss.loss += preferred.loss;
    for (std::size_t k = 0; k < loss.gradient.size(); ++k) {
        loss.gradient[k] += preferred.gradient[k];
    }
    return loss;
}

std::unique_ptr<Task> lesson_task(const ArenaPool& pool, LessonPlan plan, SampleNumbers held_out) {
    return std::make_unique<LessonTask>(pool, std::move(plan), std::move(held_out));
}

}  // namespace elm
