// Properties of every mixer in each pattern that it has, and what mixers and backbones refuse.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <complex>
#include <map>

#include "baselines/backbones/backbone_registry.h"
#include "baselines/backbones/mixed_model.h"
#include "baselines/mixers/attention/rotation.h"
#include "kernels/core/support/error.h"
#include "kernels/io/option_set.h"
#include "tests/support/compare.h"
#include "tests/support/random_tensor.h"

namespace elm {
namespace {

constexpr std::int64_t width = 8, steps = 9, source_steps = 6;

Tensor draw(Stream& stream, const Shape& shape, std::uint32_t purpose) {
    return test::tensor_of(stream, shape, DType::f64,
                           test::random_values(shape.size(), -1, 1, {1, 0, purpose}));
}

Tensor counts(const std::vector<std::int32_t>& lengths) {
    Stream host{Device{}};
    return Tensor::from<std::int32_t>(host, {static_cast<std::int64_t>(lengths.size())}, lengths);
}

class Mixers : public testing::TestWithParam<std::string> {
protected:
    /// A mixer with parameters, made for the pattern.
    std::unique_ptr<SequenceMixer> mixer(bool causal) {
        const MixerEntry& entry = find_mixer(GetParam());
        auto made = entry.make(entry.options(), {.width = width, .causal = causal});
        flat_.push_back(allocate_parameters(stream_, *made, DType::f64, {7}));
        return made;
    }
    std::vector<double> run(SequenceMixer& mixer, const MixerInput& input) {
        Context context{stream_};
        return test::values_of(mixer.mix(context, input).value);
    }
    static std::vector<double> first_steps(const std::vector<double>& all, std::int64_t count) {
        return {all.begin(), all.begin() + count * width};
    }

    Stream stream_{Device{}};
    std::vector<FlatParameters> flat_;
};

TEST_P(Mixers, do_not_look_ahead_causally) {
    const auto made = mixer(true);
    const MixerTraits traits = made->traits();
    const Tensor sequence = draw(stream_, {1, steps, width}, 1);
    const Tensor source = draw(stream_, {1, source_steps, width}, 2);
    for (const bool cross : {false, true}) {
        if (!(cross ? traits.cross_causal : traits.self_causal)) continue;
        const Var context = cross ? Var{source} : Var{};
        const auto whole = run(*made, {.sequence = {sequence}, .context = context});
        for (std::int64_t count = 1; count < steps; ++count) {
            const Tensor start =
                sequence.reshape({steps, width}).rows(0, count).reshape({1, count, width});
            EXPECT_CLOSE(run(*made, {.sequence = {start}, .context = context}),
                         first_steps(whole, count), {.terms = 1024});
        }
    }
}

TEST_P(Mixers, do_not_see_padding) {
    for (const bool causal : {false, true}) {
        const auto made = mixer(causal);
        const MixerTraits traits = made->traits();
        for (const bool cross : {false, true}) {
            const bool known = cross ? (causal ? traits.cross_causal : traits.cross_noncausal)
                                     : (causal ? traits.self_causal : traits.self_noncausal);
            if (!known) continue;
            std::vector<double> values = test::random_values(steps * width, -1, 1, {1, 0, 3});
            const auto result = [&] {
                const Var padded{test::tensor_of(stream_, {1, steps, width}, DType::f64, values)};
                const Var own{draw(stream_, {1, steps, width}, 4)};
                MixerInput input{.sequence = cross ? own : padded, .causal = causal};
                if (cross) {
                    input.context = padded;
                    input.context_lengths = counts({5});
                } else {
                    input.lengths = counts({5});
                }
                return first_steps(run(*made, input), 5);
            };
            const auto before = result();
            for (std::size_t i = 5 * width; i < values.size(); ++i) values[i] += 2;
            EXPECT_CLOSE(result(), before, {.terms = 1024});
        }
    }
}

TEST_P(Mixers, refuse_what_they_do_not_have) {
    const auto made = mixer(true);
    const auto expect_error = [&](const MixerInput& input, StateCursor* state) {
        Context context{stream_};
        EXPECT_THROW(made->mix(context, input, state), Error);
    };
    const Var sequence{draw(stream_, {2, steps, width}, 1)};
    expect_error({.sequence = {draw(stream_, {2, steps, width + 1}, 1)}}, nullptr);
    expect_error({.sequence = {draw(stream_, {2, steps}, 1)}}, nullptr);
    SequenceState state;
    StateCursor cursor(state);
    expect_error({.sequence = sequence, .causal = false}, &cursor);
    const MixerTraits traits = made->traits();
    const Var source{draw(stream_, {2, source_steps, width}, 2)};
    if (!traits.cross_causal) expect_error({.sequence = sequence, .context = source}, nullptr);
    if (traits.cross_causal) {
        expect_error({.sequence = sequence, .context = {draw(stream_, {1, 3, width}, 2)}}, nullptr);
    }
    if (!traits.self_noncausal) expect_error({.sequence = sequence, .causal = false}, nullptr);
}

std::vector<std::string> names() {
    std::vector<std::string> all;
    for (const MixerEntry& entry : all_mixers()) all.push_back(entry.name);
    return all;
}
INSTANTIATE_TEST_SUITE_P(baselines, Mixers, testing::ValuesIn(names()),
                         [](const auto& name) { return name.param; });

/// What the error of a call says.
template <class Call>
std::string error_of(const Call& call) {
    try {
        call();
    } catch (const Error& error) {
        return error.message();
    }
    return "there was no error";
}

TEST(MixedModels, have_the_options_of_both) {
    const OptionSet options =
        mixed_options("transformer", "attention", {{"layers", "3"}, {"heads", "2"}});
    EXPECT_EQ(options.get<std::int64_t>("layers"), 3);
    EXPECT_EQ(options.get<std::int64_t>("heads"), 2);
    EXPECT_NE(error_of([] { find_mixer("atention"); }).find("Did you mean attention?"),
              std::string::npos);
    EXPECT_NE(error_of([] { find_backbone("transforme"); }).find("Did you mean transformer?"),
              std::string::npos);
}

TEST(MixedModels, say_what_does_not_go_together) {
    const auto make = [](std::initializer_list<PublishedOption> chosen) {
        return error_of([&] {
            make_mixed("transformer", "attention",
                       mixed_options("transformer", "attention", chosen), {6, 2}, 0);
        });
    };
    EXPECT_NE(make({{"heads", "3"}}).find("width 64 has 3 heads"), std::string::npos);
    EXPECT_NE(make({{"input", "none"}}).find("Set input to linear"), std::string::npos);
    const std::string causal = error_of([] {
        make_mixed("transformer", "linformer", mixed_options("transformer", "linformer", {}),
                   {6, 2}, 0);
    });
    EXPECT_NE(causal.find("cannot read causally. Set causal to false"), std::string::npos);
    EXPECT_NE(make({{"width", "12"}, {"rotary", "true"}}).find("an even number"),
              std::string::npos);
}

TEST(Positions, that_are_learned_end_somewhere) {
    Stream stream{Device{}};
    const auto model = make_mixed("transformer", "attention",
                                  mixed_options("transformer", "attention",
                                                {{"positions", "learned"}, {"max_positions", "7"}}),
                                  {6, 2}, 0);
    const FlatParameters flat = allocate_parameters(stream, *model, DType::f64, {1});
    Context context{stream};
    const auto run = [&](std::int64_t count, SequenceState* state) {
        model->forward(context, {.dense = {draw(stream, {1, count, 6}, 1)}}, state);
    };
    run(7, nullptr);
    EXPECT_NE(
        error_of([&] { run(8, nullptr); }).find("8 steps was given to a model that learned 7"),
        std::string::npos);
    SequenceState state;
    run(5, &state);
    EXPECT_NE(error_of([&] { run(3, &state); }).find("8 steps"), std::string::npos);
}

/// A sample of a padded batch becomes what it becomes alone. Rounding alone separates the two:
/// 1e-13 is below what a feature of padding, 1e-6, would change.
TEST(MixersOfFeatures, give_padded_samples_what_they_have_alone) {
    Stream stream{Device{}};
    Context context{stream};
    using Chosen = std::vector<std::pair<const char*, const char*>>;
    const std::pair<const char*, Chosen> all[] = {{"performer", {}},
                                                  {"performer", {{"kernel", "relu"}}},
                                                  {"linear_attention", {}},
                                                  {"cosformer", {}}};
    for (const auto& [name, chosen] : all) {
        SCOPED_TRACE(name);
        const MixerEntry& entry = find_mixer(name);
        OptionSet options = entry.options();
        for (const auto& [option, text] : chosen) options.set(option, text);
        const auto mixer = entry.make(options, {.width = width, .causal = false});
        const FlatParameters flat = allocate_parameters(stream, *mixer, DType::f64, {1});
        // Products of the padded steps are larger than those of the others, or smaller than 0.
        for (const double size : {100.0, 0.01}) {
            std::vector<double> values = test::random_values(3 * steps * width, -1, 1, {1, 0, 5});
            for (double& value : values) value *= size > 1 ? 0.1 : 3.0;
            const std::vector<std::int32_t> lengths{steps, 4, 0};
            for (std::int64_t i = 4 * width; i < steps * width; ++i) {
                values[static_cast<std::size_t>(steps * width + i)] *= size;
            }
            const auto answer = [&](std::int64_t first, std::int64_t samples, std::int64_t count,
                                    const Tensor& counts_of) {
                const auto begin = values.begin() + first * steps * width;
                const std::vector<double> part(begin, begin + samples * count * width);
                return test::values_of(
                    mixer
                        ->mix(context, {.sequence = {test::tensor_of(
                                            stream, {samples, count, width}, DType::f64, part)},
                                        .lengths = counts_of,
                                        .causal = false})
                        .value);
            };
            const auto together = answer(0, 3, steps, counts(lengths));
            for (std::int64_t sample = 0; sample < 2; ++sample) {
                const std::int64_t count = lengths[static_cast<std::size_t>(sample)];
                const auto alone = answer(sample, 1, count, {});
                for (std::size_t i = 0; i < alone.size(); ++i) {
                    const auto at = static_cast<std::size_t>(sample * steps * width) + i;
                    EXPECT_NEAR(together[at], alone[i], 1e-13) << sample << " " << i;
                }
            }
            for (const double value : together) EXPECT_TRUE(std::isfinite(value));
        }
    }
}

/// Mixers with a table of positions.
TEST(MixersWithTables, that_know_so_many_steps_refuse_more) {
    Stream stream{Device{}};
    for (const char* const name :
         {"linformer", "synthesizer", "cosformer", "hyena", "mega", "s4", "liquid_s4_released"}) {
        const MixerEntry& entry = find_mixer(name);
        OptionSet options = entry.options();
        options.set("longest", "7");
        const bool causal = !entry.make(options, {.width = width})->traits().self_noncausal;
        const auto mixer = entry.make(options, {.width = width, .causal = causal});
        const FlatParameters flat = allocate_parameters(stream, *mixer, DType::f64, {1});
        Context context{stream};
        const auto run = [&](std::int64_t count) {
            mixer->mix(context,
                       {.sequence = {draw(stream, {1, count, width}, 1)}, .causal = causal});
        };
        run(7);
        EXPECT_NE(error_of([&] { run(8); }).find("Set longest to"), std::string::npos) << name;
    }
}

/// Three steps of Liquid-S4 by its polynomial in the input: with a for the decay, g for the gain of
/// each mode and c for its output, c (g u2 + (a + g u2)(g u1 + (a + g u1) g u0)).
TEST(LiquidS4, is_its_polynomial_in_the_input) {
    Stream stream{Device{}};
    const MixerEntry& entry = find_mixer("liquid_s4");
    OptionSet options = entry.options();
    options.set("states", "4");
    options.set("output", "none");
    options.set("bounded", "false");
    const auto mixer = entry.make(options, {.width = 1});
    const FlatParameters flat = allocate_parameters(stream, *mixer, DType::f64, {3});
    std::map<std::string, std::vector<double>> values;
    for (const auto& [name, parameter] : mixer->parameters()) {
        values[name] = test::values_of(parameter->value);
    }
    const std::vector<double> u{0.7, -1.3, 0.9};
    double sum = values.at("skip")[0] * u[2];
    const double dt = std::exp(values.at("log_step")[0]);
    for (std::size_t n = 0; n < 2; ++n) {
        const std::complex<double> rate(-std::exp(values.at("log_decay")[n]),
                                        values.at("frequency")[n]);
        const auto part = [&](const char* name) {
            return std::complex<double>(values.at(name)[n], values.at(name)[2 + n]);
        };
        const std::complex<double> below = 1.0 - dt / 2 * rate;
        const auto a = (1.0 + dt / 2 * rate) / below, g = dt * part("input_weight") / below;
        sum += 2 * (part("output_weight") *
                    (g * u[2] + (a + g * u[2]) * (g * u[1] + (a + g * u[1]) * g * u[0])))
                       .real();
    }
    Context context{stream};
    const Var input{test::tensor_of(stream, {1, 3, 1}, DType::f64, u)};
    EXPECT_NEAR(test::values_of(mixer->mix(context, {.sequence = input}).value)[2], sum, 1e-14);
}

/// Under a large input of one sign decays of the published equations are above 1.
TEST(LiquidS4, stays_finite_over_many_steps_with_its_default_steps) {
    Stream stream{Device{}};
    const MixerEntry& entry = find_mixer("liquid_s4");
    const auto mixer = entry.make(entry.options(), {.width = 8});
    const FlatParameters flat = allocate_parameters(stream, *mixer, DType::f32, {3});
    for (const double lowest : {-2.0, 1.0}) {
        const Tensor value = test::tensor_of(stream, {1, 2048, 8}, DType::f32,
                                             test::random_values(2048 * 8, lowest, 2, {5}));
        const Parameter leaf{value, Tensor::zeros(stream, value.shape(), DType::f32)};
        clear_gradients(stream, flat);
        Tape tape;
        Context context{.stream = stream, .tape = &tape};
        const Var output = mixer->mix(context, {.sequence = tape.leaf(leaf)});
        tape.backward(stream, {&output, 1}, {&output.value, 1});
        const auto all_finite = [](const Tensor& numbers) {
            const auto values = test::values_of(numbers);
            return std::all_of(values.begin(), values.end(),
                               [](double number) { return std::isfinite(number); });
        };
        EXPECT_TRUE(all_finite(output.value)) << lowest;
        EXPECT_TRUE(all_finite(leaf.gradient)) << lowest;
        for (const auto& [name, parameter] : mixer->parameters()) {
            EXPECT_TRUE(all_finite(parameter->gradient)) << name << " from " << lowest;
        }
    }
}

/// Products of turned rows depend on the difference of their positions alone.
TEST(Rotation, turns_queries_and_keys_alike) {
    Stream stream{Device{}};
    Context context{stream};
    const Tensor query = draw(stream, {1, 1, 12}, 1), key = draw(stream, {1, 1, 12}, 2);
    Rotation rotation(2, 6);
    const auto product = [&](std::int64_t query_at, std::int64_t key_at) {
        const auto a = test::values_of(rotation.turn(context, {query}, query_at).value);
        const auto b = test::values_of(rotation.turn(context, {key}, key_at).value);
        std::vector<double> sums(2, 0.0);
        for (std::size_t i = 0; i < a.size(); ++i) sums[i / 6] += a[i] * b[i];
        return sums;
    };
    EXPECT_CLOSE(product(5, 3), product(107, 105), {.terms = 6});
    EXPECT_NE(product(5, 3), product(5, 4));
    // Pair 0 of a head is turned by the position itself.
    const auto turned = test::values_of(rotation.turn(context, {query}, 2).value);
    const auto plain = test::values_of(query);
    EXPECT_NEAR(turned[0], plain[0] * std::cos(2.0) - plain[3] * std::sin(2.0), 1e-14);
    EXPECT_NEAR(turned[3], plain[0] * std::sin(2.0) + plain[3] * std::cos(2.0), 1e-14);
}

}  // namespace
}  // namespace elm
