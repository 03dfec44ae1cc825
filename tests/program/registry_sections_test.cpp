// Sections of a configuration and of --set come from the registries.

#include <gtest/gtest.h>

#include "baselines/model_file.h"
#include "kernels/core/error.h"
#include "kernels/io/option_set.h"
#include "kernels/modules/layers.h"
#include "tasks/program/arguments.h"

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

}  // namespace
}  // namespace elm
