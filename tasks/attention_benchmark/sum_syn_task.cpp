// Summaries of made-up stories (story_samples.h), in two roles:
//
//   one-shot         behind the source stand as many marks as the summary may have tokens: a model
//                    answers all of them at once
//   autoregressive   behind the source stands a mark, then the summary so far. When it is scored, a
//                    model reads its own greedy answers
//
// Loss: cross entropy of the tokens of the summary.

#include <algorithm>
#include <cmath>
#include <memory>
#include <utility>

#include "tasks/attention_benchmark/benchmark_task.h"
#include "tasks/attention_benchmark/rouge.h"
#include "tasks/attention_benchmark/story_samples.h"
#include "tasks/data/ignored_target.h"
#include "tasks/losses.h"

namespace elm {
namespace {

constexpr ByTier source_of_tier{256, 1024, 4096}, target_of_tier{48, 128, 400},
    train_of_tier{500, 5000, 45000};
constexpr ByTier facts_of_tier{10, 30, 40}, documents_of_tier{4, 6, 6};

OptionSet options() {
    OptionSet options;
    declare_tier(options);
    options.declare({.name = "role",
                     .value = std::string("autoregressive"),
                     .help = "one-shot: all tokens at once; autoregressive: token after token",
                     .choices = {"one-shot", "autoregressive"}});
    declare_length(options, "source", "tokens of a story; 0: as the tier says");
    declare_length(options, "target", "tokens of a summary; 0: as the tier says");
    return options;
}

StoryOptions story_options(const OptionSet& options) {
    const Tier tier = tier_of(options);
    StoryOptions story{.source = length_of(options, "source", source_of_tier, 64, 1 << 20),
                       .target = length_of(options, "target", target_of_tier, 4, 1 << 16),
                       .facts = static_cast<int>(of(facts_of_tier, tier)),
                       .most_documents = static_cast<int>(of(documents_of_tier, tier))};
    if (tier != Tier::tiny) {
        story.entities = 400;
        story.attributes = 40;
        story.values = 600;
        story.fillers = 200;
    }
    return story;
}

std::vector<std::int32_t> input_of(const StoryOptions& options, const Story& story,
                                   bool autoregressive) {
    std::vector<std::int32_t> input = story.source;
    input.resize(static_cast<std::size_t>(options.source + options.target), story_ask);
    if (autoregressive) {
        const auto begin = static_cast<std::size_t>(options.source + 1);
        for (std::size_t k = 0; begin + k < input.size(); ++k) {
            input[begin + k] = k < story.summary.size() ? story.summary[k] : story_blank;
        }
    }
    return input;
}

SetGenerator generator_of(const StoryOptions& story, bool autoregressive, Values facts) {
    const std::int64_t steps = story.source + story.target;
    SetGenerator set{.task = "sum-syn", .options = std::move(facts)};
    set.fields = {{.name = "input", .type = SetType::i16, .row = {steps}},
                  {.name = "summary", .type = SetType::i16, .row = {steps}},
                  {.name = "random", .type = SetType::i16, .row = {story.target}},
                  {.name = "lead", .type = SetType::i16, .row = {story.target}}};
    set.draw = [story, autoregressive, steps](std::uint64_t seed, std::uint64_t index,
                                              SetColumns& columns) {
        const Story drawn = make_story(story, seed, index);
        std::vector<std::int32_t> labels(static_cast<std::size_t>(steps), ignored_target);
        std::copy(drawn.summary.begin(), drawn.summary.end(), labels.begin() + story.source);
        std::vector<std::int32_t> random = random_facts(story, drawn, seed, index);
        random.resize(static_cast<std::size_t>(story.target), story_end);
        columns[0].add<std::int32_t>(input_of(story, drawn, autoregressive));
        columns[1].add<std::int32_t>(labels);
        columns[2].add<std::int32_t>(random);
        columns[3].add<std::int32_t>(
            std::span(drawn.source).first(static_cast<std::size_t>(story.target)));
    };
    return set;
}

class SummaryTask final : public BenchmarkTask {
public:
    SummaryTask(TaskSpec spec, BenchmarkData data, const StoryOptions& story, bool autoregressive)
        : BenchmarkTask(std::move(spec), std::move(data)),
          story_(story),
          autoregressive_(autoregressive) {}

    LossSums loss(const Batch& batch, const Tensor& output, std::int64_t sample,
                  const Tensor& gradient) const override {
        return class_loss(output, batch.targets[0], sample, batch.n_counted, gradient,
                          batch.label_smoothing);
    }

protected:
    void measure(const Batch& batch, std::int64_t sample, const AnswerView& answer,
                 MetricSums& sums) const override {
        measure_text(batch, sample, story_text(answers(answer)), sums);
    }
    void measure_forced(const Batch& batch, std::int64_t sample, const AnswerView& answer,
                        MetricSums& sums) const override {
        const std::vector<double> labels = target_of(batch, 0, sample);
        for (std::int64_t step = story_.source; step < story_.source + story_.target; ++step) {
            const double label = labels[static_cast<std::size_t>(step)];
            if (label < 0) continue;
            double largest = answer.at(step, 0), sum = 0;
            for (std::int64_t k = 0; k < answer.outputs; ++k) {
                largest = std::max(largest, answer.at(step, k));
            }
            for (std::int64_t k = 0; k < answer.outputs; ++k) {
                sum += std::exp(answer.at(step, k) - largest);
            }
            sums[0].add(largest + std::log(sum) -
                        answer.at(step, static_cast<std::int64_t>(label)));
        }
    }
    std::vector<std::string> rule_names() const override {
        return {"oracle", "random facts", "lead"};
    }
    void measure_rule(std::size_t rule, const Batch& batch, std::int64_t sample,
                      MetricSums& sums) const override {
        measure_text(batch, sample,
                     rule == 0 ? truth_of(batch, sample)
                               : story_text(tokens_of(target_of(batch, rule, sample))),
                     sums);
        if (rule == 0) sums[0].add(0);
    }
    bool decodes() const override { return autoregressive_; }
    /// The greedy answer of each step, to be read in the next one.
    bool feed_back(const Tensor& output, SetColumns& columns) const override {
        auto& inputs = std::get<std::vector<std::int32_t>>(columns.front().values);
        const std::int64_t steps = story_.source + story_.target;
        bool changed = false;
        for (std::int64_t sample = 0; sample < output.shape()[0]; ++sample) {
            const std::vector<std::int32_t> best = answers(answer_of(output, sample));
            for (std::int64_t k = 0; k + 1 < story_.target; ++k) {
                std::int32_t& into =
                    inputs[static_cast<std::size_t>(sample * steps + story_.source + 1 + k)];
                changed = changed || into != best[static_cast<std::size_t>(k)];
                into = best[static_cast<std::size_t>(k)];
            }
        }
        return changed;
    }

private:
    static std::vector<std::int32_t> tokens_of(const std::vector<double>& numbers) {
        std::vector<std::int32_t> tokens;
        for (const double number : numbers) tokens.push_back(static_cast<std::int32_t>(number));
        return tokens;
    }
    std::vector<std::int32_t> answers(const AnswerView& answer) const {
        std::vector<std::int32_t> best;
        for (std::int64_t step = story_.source; step < story_.source + story_.target; ++step) {
            const auto row = answer.values.begin() + step * answer.outputs;
            best.push_back(
                static_cast<std::int32_t>(std::max_element(row, row + answer.outputs) - row));
        }
        return best;
    }
    std::string truth_of(const Batch& batch, std::int64_t sample) const {
        const std::vector<double> labels = target_of(batch, 0, sample);
        return story_text(tokens_of({labels.begin() + story_.source, labels.end()}));
    }
    void measure_text(const Batch& batch, std::int64_t sample, const std::string& text,
                      MetricSums& sums) const {
        const std::string truth = truth_of(batch, sample);
        if (truth.empty()) return;  // of documents too short for a fact
        std::size_t at = 1;
        for (const RougeVersion version : {RougeVersion::sets, RougeVersion::counts}) {
            sums[at++].add(100 * rouge_n(text, truth, 1, version).f);
            sums[at++].add(100 * rouge_n(text, truth, 2, version).f);
            sums[at++].add(100 * rouge_l(text, truth, version).f);
        }
    }

    StoryOptions story_;
    bool autoregressive_;
};

std::unique_ptr<Task> make(const OptionSet& options, const TaskInput&) {
    const StoryOptions story = story_options(options);
    const bool autoregressive = options.get<std::string>("role") == "autoregressive";
    const std::int64_t words = story.vocabulary();
    TaskSpec spec{.name = "sum-syn",
                  .input = InputKind::spikes,
                  .shape = {words, words},
                  .n_steps = story.source + story.target,
                  .has_labels = true};
    spec.loss_parts = class_loss_parts();
    spec.metrics = {{.name = "cross_entropy", .label = "loss", .is_drawn = true}};
    for (const char* const name :
         {"rouge_1", "rouge_2", "rouge_l", "rouge_1_counts", "rouge_2_counts", "rouge_l_counts"}) {
        spec.metrics.push_back(
            {.name = name, .label = name, .higher_is_better = true, .digits = 2});
    }
    spec.headline = 1;
    BenchmarkData data{.generator = generator_of(story, autoregressive,
                                                 {{"tier", options.get<std::string>("tier")},
                                                  {"role", options.get<std::string>("role")}}),
                       .sizes = sizes_of(options, train_of_tier),
                       .input = one_hot(words),
                       .source_steps = story.source};
    return std::make_unique<SummaryTask>(std::move(spec), std::move(data), story, autoregressive);
}

}  // namespace

TaskEntry sum_syn_task() {
    return {.name = "sum-syn",
            .summary = "made-up stories: what do most of the documents say?",
            .source = "stands for Zhang et al. 2023, arXiv 2210.07661 (Multi-News)",
            .options = options,
            .make = make};
}

}  // namespace elm
