// Sections of a configuration and of --set come from the registries.

#include <gtest/gtest.h>

#include "baselines/fitted_model.h"
#include "kernels/core/support/error.h"
#include "kernels/io/option_set.h"
#include "kernels/modules/layers.h"
#include "tasks/program/arguments.h"
#include "tasks/samples/sample_task.h"
#include "tasks/task_registry.h"
#include "tasks/training/training.h"

namespace elm {
namespace {

/// One linear layer on each step.
class StepByStep : public SequenceModel {
public:
    explicit StepByStep(const SequenceShape& shape)
        : SequenceModel(shape),
          layer_(child("readout", std::make_unique<Linear>(shape.n_input, shape.n_output))) {}

protected:
    Var run(Context& context, const SequenceInput& input, SequenceState&) override {
        return layer_.forward(context, input.dense);
    }

private:
    Linear& layer_;
};

OptionSet made_up_options() {
    OptionSet options;
    options.declare({.name = "width", .value = std::int64_t{1}, .help = "", .lowest = 1});
    return options;
}

TEST(RegistrySections, an_added_model_has_its_section_and_options) {
    add_model({.name = "made_up",
               .summary = "a test",
               .source = "none",
               .options = made_up_options,
               .make = [](const OptionSet&, const SequenceShape& shape,
                          std::uint64_t) -> std::unique_ptr<SequenceModel> {
                   return std::make_unique<StepByStep>(shape);
               }});
    Arguments arguments(find_command("fit"));
    arguments.merge(Config{{{"made_up", {{"width", std::int64_t{3}}}}}}, "a test");
    EXPECT_EQ(arguments.component("made_up").at("width"), Value(std::int64_t{3}));
    const FittedModel model = make_model(
        {.model = "made_up", .options = arguments.component("made_up"), .shape = {4, 2}});
    EXPECT_EQ(model.spec.options.at("width"), Value(std::int64_t{3}));
    EXPECT_EQ(trainable_count(*model.model), 10);
    EXPECT_THROW(arguments.merge(Config{{{"made_app", {}}}}, "a test"), Error);
    EXPECT_THROW(add_model(find_model("made_up")), Error);
}

/// The last value of three noughts and ones is asked for.
SampleKind last_bits() {
    return {.family = "last_bit",
            .learnt = {"bits", "label"},
            .options = made_up_options,
            .generator =
                [](const OptionSet&) {
                    SetGenerator set;
                    set.fields = {{.name = "bits", .row = {3}}, {.name = "label"}};
                    set.draw = [](std::uint64_t seed, std::uint64_t index, SetColumns& columns) {
                        const RandomKey key{.seed = seed, .step = index};
                        std::uint8_t bits[3];
                        for (std::int64_t step = 0; step < 3; ++step) {
                            bits[step] = static_cast<std::uint8_t>(random_word(key, step) & 1U);
                        }
                        columns[0].add<std::uint8_t>(bits);
                        columns[1].add(bits[2]);
                    };
                    return set;
                },
            .form = [](const OptionSet&, const SampleSource&) -> SampleForm {
                return {.input = {.name = "value", .kind = InputKind::dense},
                        .n_steps = 3,
                        .n_classes = 2};
            }};
}

TEST(RegistrySections, an_added_task_has_its_section_and_is_learnt) {
    add_task(sample_task(
        {.name = "last_bit", .summary = "a test", .source = "none", .samples = last_bits()}));
    Arguments arguments(find_command("train"));
    arguments.merge(Config{{{"last_bit", {{"width", std::int64_t{3}}}}}}, "a test");
    EXPECT_EQ(arguments.component("last_bit").at("width"), Value(std::int64_t{3}));
    EXPECT_THROW(arguments.merge(Config{{{"last_bat", {}}}}, "a test"), Error);
    EXPECT_THROW(add_task(find_task("last_bit")), Error);

    OptionSet options = find_task("last_bit").options();
    options.set("held_out", "10");
    const auto task = find_task("last_bit").make(options, {});
    Stream stream{Device{}};
    Communicator alone;
    TrainingSettings settings{.updates = 200};
    settings.learning_rate.peak = 0.05;
    Training training(stream, make_model({.model = "lstm", .shape = task->spec().shape}), settings,
                      *task, alone);
    training.advance(200, 600);
    EXPECT_EQ(training.validate().scores[1], 1);  // all ten
}

}  // namespace
}  // namespace elm
