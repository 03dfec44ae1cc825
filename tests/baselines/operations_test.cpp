// Operations of a step, as models and mixers say them, held to what kernels count as they run.

#include <algorithm>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "baselines/mixers/mixer_registry.h"
#include "baselines/model_registry.h"
#include "kernels/io/option_set.h"
#include "kernels/modules/sequence_model.h"
#include "tests/support/random_tensor.h"

namespace elm {
namespace {

constexpr std::int64_t width = 64;

/// Kernels count masked halves and zeros behind blocks where they multiply them, and scans of real
/// numbers as the complex ones that run them; models say neither. Of what is counted by mistake, a
/// table, a direction or a batch, each is more than this at the sizes here.
constexpr double tolerance = 0.15;

Var draw(Stream& stream, const Shape& shape) {
    return {
        test::tensor_of(stream, shape, DType::f32, test::random_values(shape.size(), -1, 1, {17}))};
}

/// Of one more sample: those of two less those of one, which leaves out what a pass does for all.
template <class Pass>
double operations_of_one_more(Stream& stream, const Pass& pass) {
    const auto counted = [&](std::int64_t samples) {
        double operations = 0;
        Context context{.stream = stream, .operations = &operations};
        pass(context, samples);
        return operations;
    };
    const double of_two = counted(2);
    return of_two - counted(1);
}

void expect_near(double said, double counted, const std::string& what) {
    EXPECT_NEAR(said / counted, 1, tolerance)
        << what << " says " << said << ", its kernels count " << counted;
}

class MixerOperations : public testing::TestWithParam<std::string> {
protected:
    static OptionSet options() {
        OptionSet chosen = find_mixer(GetParam()).options();
        if (GetParam() == "reformer") {
            // Which steps share a bucket is known when it runs; in this mode all of a chunk do.
            chosen.set("mode", "release");
            chosen.set("buckets", "4");
        }
        return chosen;
    }
    void expect_counted(std::int64_t steps, bool causal, bool cross) {
        const auto mixer =
            find_mixer(GetParam()).make(options(), {.width = width, .causal = causal});
        const FlatParameters flat = allocate_parameters(stream_, *mixer, DType::f32, {7});
        const double counted =
            operations_of_one_more(stream_, [&](Context& context, std::int64_t samples) {
                const Var sequence = draw(stream_, {samples, steps, width});
                mixer->mix(
                    context,
                    {.sequence = sequence, .context = cross ? sequence : Var{}, .causal = causal});
            });
        const double said = 2 * static_cast<double>(products_per_step(*mixer)) +
                            mixer->flops_per_step(steps, causal && !cross);
        const MixerPattern pattern{cross, causal};
        if (counted == 0) {
            EXPECT_EQ(said, 0);
        } else {
            expect_near(said * static_cast<double>(steps), counted,
                        fmt::format("{} of {} steps, {}", GetParam(), steps, pattern.name()));
        }
    }

    Stream stream_{Device{}};
};

TEST_P(MixerOperations, are_those_that_its_kernels_count) {
    for (const std::int64_t steps : std::vector<std::int64_t>{100, 257}) {
        for (const MixerPattern& pattern : all_patterns) {
            const auto made =
                find_mixer(GetParam()).make(options(), {.width = width, .causal = pattern.causal});
            if (!pattern.is_known(made->traits())) continue;
            expect_counted(steps, pattern.causal, pattern.is_cross);
        }
    }
}

class TabledMixerOperations : public MixerOperations {};

/// A longer table is no more work.
TEST_P(TabledMixerOperations, do_not_grow_with_a_table) {
    OptionSet longer = options();
    longer.set("longest", "8192");
    for (const bool causal : std::vector<bool>{false, true}) {
        const MixerPlace place{.width = width, .causal = causal};
        const auto with = [&](const OptionSet& chosen) {
            const auto made = find_mixer(GetParam()).make(chosen, place);
            return 2 * static_cast<double>(products_per_step(*made)) +
                   made->flops_per_step(100, causal);
        };
        EXPECT_EQ(with(longer), with(options()));
    }
}

std::vector<std::string> mixers() {
    std::vector<std::string> all;
    for (const MixerEntry& entry : all_mixers()) all.push_back(entry.name);
    return all;
}
INSTANTIATE_TEST_SUITE_P(baselines, MixerOperations, testing::ValuesIn(mixers()),
                         [](const auto& name) { return name.param; });

std::vector<std::string> tabled_mixers() {
    std::vector<std::string> all;
    for (const MixerEntry& entry : all_mixers()) {
        const OptionSet options = entry.options();
        const auto is_length = [](const Option& option) { return option.name == "longest"; };
        if (std::ranges::any_of(options.options(), is_length)) all.push_back(entry.name);
    }
    return all;
}
INSTANTIATE_TEST_SUITE_P(baselines, TabledMixerOperations, testing::ValuesIn(tabled_mixers()),
                         [](const auto& name) { return name.param; });

class ModelOperations : public testing::TestWithParam<std::string> {};

TEST_P(ModelOperations, are_those_that_its_kernels_count) {
    constexpr std::int64_t steps = 100, inputs = 32;
    const ModelEntry& entry = find_model(GetParam());
    OptionSet chosen = entry.options();
    if (GetParam() == "reformer") {
        chosen.set("mode", "release");
        chosen.set("buckets", "4");
    }
    Stream stream{Device{}};
    const auto model = entry.make(chosen, {inputs, 3}, 1);
    const FlatParameters flat = allocate_parameters(stream, *model, DType::f32, {7});
    const double counted =
        operations_of_one_more(stream, [&](Context& context, std::int64_t samples) {
            model->forward(context, {.dense = draw(stream, {samples, steps, inputs})});
        });
    expect_near(static_cast<double>(steps) * model->flops_per_step(steps), counted, GetParam());
}

std::vector<std::string> models() {
    std::vector<std::string> all;
    for (const ModelEntry& entry : all_models()) all.push_back(entry.name);
    return all;
}
INSTANTIATE_TEST_SUITE_P(baselines, ModelOperations, testing::ValuesIn(models()),
                         [](const auto& name) { return name.param; });

}  // namespace
}  // namespace elm
