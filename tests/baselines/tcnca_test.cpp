// TCNCA and Mega in chunks: dilated convolutions against loops, what a step may reach, and forms
// that must be the same.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "baselines/mixers/gated/dilated_convolutions.h"
#include "baselines/mixers/mixer_registry.h"
#include "kernels/core/support/error.h"
#include "tests/reference/elementwise_reference.h"
#include "tests/support/compare.h"
#include "tests/support/random_tensor.h"

namespace elm::test {
namespace {

constexpr std::int64_t width = 3, steps = 40;
using Chosen = std::vector<std::pair<std::string, std::string>>;
using Numbers = std::vector<double>;
using Named = std::map<std::string, Numbers>;

std::size_t at(std::int64_t step, std::int64_t feature) {
    return static_cast<std::size_t>(step * width + feature);
}
using reference::sigmoid;
using reference::silu;

class Tcnca : public testing::Test {
protected:
    template <class Made>
    void allocate(Made& made) {
        flat_.push_back(allocate_parameters(stream_, made, DType::f64, {3}));
    }
    std::unique_ptr<DilatedConvolutions> convolutions(const Chosen& chosen, bool causal) {
        OptionSet options;
        DilatedConvolutions::declare(options);
        for (const auto& [name, text] : chosen) options.set(name, text);
        auto made = std::make_unique<DilatedConvolutions>(options, width, causal);
        allocate(*made);
        return made;
    }
    std::unique_ptr<SequenceMixer> mixer(const std::string& name, const Chosen& chosen,
                                         bool causal) {
        OptionSet options = find_mixer(name).options();
        for (const auto& [option, text] : chosen) options.set(option, text);
        auto made = find_mixer(name).make(options, {.width = width, .causal = causal});
        allocate(*made);
        return made;
    }
    Tensor rows(const Numbers& values) {
        return tensor_of(stream_, {1, std::ssize(values) / width, width}, DType::f64, values);
    }
    static Numbers input(std::int64_t count = steps) {
        return random_values(count * width, -1, 1, {7});
    }
    static Named values_by_name(Module& module) {
        Named all;
        for (const auto& [name, parameter] : module.parameters()) {
            all[name] = values_of(parameter->value);
        }
        return all;
    }
    void set(Module& module, const std::string& wanted, const Numbers& values) {
        for (const auto& [name, parameter] : module.parameters()) {
            if (name == wanted) parameter->value.assign<double>(stream_, values);
        }
    }
    void copy(Module& to, Module& from) {
        for (const auto& [name, values] : values_by_name(from)) set(to, name, values);
    }
    Numbers run(DilatedConvolutions& made, const Numbers& values, bool causal) {
        Context context{stream_};
        return values_of(
            made.forward(context, {.sequence = {rows(values)}, .causal = causal}, nullptr).value);
    }
    Numbers run(SequenceMixer& made, const Numbers& values, bool causal) {
        Context context{stream_};
        return values_of(made.mix(context, {.sequence = {rows(values)}, .causal = causal}).value);
    }

    Stream stream_{Device{}};
    std::vector<FlatParameters> flat_;
};

struct Stack {
    std::int64_t taps, dilation, depth;
    bool full, residual, causal;
};

/// The equations of dilated_convolutions.h with the silu as the activation, term by term.
Numbers by_loops(const Stack& stack, const Named& known, const Numbers& input) {
    Numbers x = input;
    std::int64_t dilation = 1;
    for (std::int64_t layer = 0; layer < stack.depth; ++layer, dilation *= stack.dilation) {
        const std::string name = "layers." + std::to_string(layer);
        const Numbers &weight = known.at(name + ".weight"), &bias = known.at(name + ".bias");
        Numbers next(x.size());
        for (std::int64_t t = 0; t < steps; ++t) {
            for (std::int64_t o = 0; o < width; ++o) {
                double sum = bias[static_cast<std::size_t>(o)];
                for (std::int64_t k = 0; k < stack.taps; ++k) {
                    const std::int64_t ahead = stack.causal ? 0 : (stack.taps - 1) * dilation / 2;
                    const std::int64_t from = t + ahead - (stack.taps - 1 - k) * dilation;
                    if (from < 0 || from >= steps) continue;
                    for (std::int64_t i = 0; i < width; ++i) {
                        if (!stack.full && i != o) continue;
                        const std::int64_t tap =
                            stack.full ? (o * width + i) * stack.taps + k : o * stack.taps + k;
                        sum += weight[static_cast<std::size_t>(tap)] * x[at(from, i)];
                    }
                }
                next[at(t, o)] = (stack.residual ? x[at(t, o)] : 0) + silu(sum);
            }
        }
        x = next;
    }
    for (std::int64_t t = 0; t < steps; ++t) {
        for (std::int64_t o = 0; o < width; ++o) {
            x[at(t, o)] = silu(x[at(t, o)] +
                               known.at("omega")[static_cast<std::size_t>(o)] * input[at(t, o)]);
        }
    }
    return x;
}

Chosen options_of(const Stack& stack) {
    return {{"conv_taps", std::to_string(stack.taps)},
            {"conv_dilation", std::to_string(stack.dilation)},
            {"conv_depth", std::to_string(stack.depth)},
            {"conv_kind", stack.full ? "full" : "depthwise"},
            {"conv_residual", stack.residual ? "true" : "false"}};
}

TEST_F(Tcnca, convolutions_are_their_loops) {
    for (const Stack& stack :
         {Stack{4, 2, 3, false, true, true}, Stack{3, 4, 3, true, false, true},
          Stack{5, 3, 2, false, false, false}, Stack{3, 3, 3, true, true, false},
          Stack{1, 2, 2, false, true, false}}) {
        const auto made = convolutions(options_of(stack), stack.causal);
        EXPECT_CLOSE(run(*made, input(), stack.causal),
                     by_loops(stack, values_by_name(*made), input()), {.terms = 128});
    }
}

/// An impulse is heard in the steps that the reach says, and in no other.
TEST_F(Tcnca, an_impulse_reaches_as_far_as_the_dilations_say) {
    for (const bool causal : {true, false}) {
        const auto made =
            convolutions({{"conv_taps", "3"}, {"conv_dilation", "3"}, {"conv_depth", "2"}}, causal);
        ASSERT_EQ(made->reach(), 1 + 2 * 1 + 2 * 3);
        const std::int64_t first = causal ? 0 : 4, last = causal ? 8 : 4, impulse = 15;
        const Numbers before = run(*made, input(), causal);
        Numbers changed = input();
        for (std::int64_t k = 0; k < width; ++k) changed[at(impulse, k)] += 1;
        const Numbers after = run(*made, changed, causal);
        for (std::int64_t t = 0; t < steps; ++t) {
            const bool inside = impulse - first <= t && t <= impulse + last;
            EXPECT_EQ(after[at(t, 0)] != before[at(t, 0)], inside) << t;
        }
    }
}

/// Away from its ends a sequence that is moved has moved answers.
TEST_F(Tcnca, convolutions_in_both_directions_move_with_their_input) {
    const auto made =
        convolutions({{"conv_taps", "3"}, {"conv_dilation", "2"}, {"conv_depth", "2"}}, false);
    const Numbers all = input(steps + 1);
    const Numbers left = run(*made, {all.begin(), all.end() - width}, false);
    const Numbers right = run(*made, {all.begin() + width, all.end()}, false);
    for (std::int64_t t = made->reach(); t < steps - made->reach(); ++t) {
        for (std::int64_t k = 0; k < width; ++k) {
            EXPECT_NEAR(left[at(t + 1, k)], right[at(t, k)], 1e-14);
        }
    }
}

/// One depthwise convolution of as many taps as there are steps, which are those of the averages'
/// kernel, makes Mega of TCNCA, in chunks and without.
TEST_F(Tcnca, with_the_kernel_of_the_averages_it_is_mega) {
    for (const char* const chunk : {"0", "16", "40"}) {
        for (const char* const kind : {"softmax", "laplace"}) {
            const Chosen shared{{"attention", kind},
                                {"shared_width", "4"},
                                {"value_width", "5"},
                                {"chunk", chunk},
                                {"longest", "40"}};
            Chosen of_mega = shared, of_convolution = shared;
            of_mega.emplace_back("states", "2");
            for (const auto& option : Chosen{{"conv_taps", std::to_string(steps)},
                                             {"conv_depth", "1"},
                                             {"conv_activation", "none"},
                                             {"conv_residual", "false"}}) {
                of_convolution.push_back(option);
            }
            const auto mega = mixer("mega", of_mega, true);
            const auto tcnca = mixer("tcnca", of_convolution, true);
            copy(*tcnca, *mega);
            const Named known = values_by_name(*mega);
            Numbers taps(static_cast<std::size_t>(width * steps));
            for (std::int64_t k = 0; k < width; ++k) {
                for (std::int64_t lag = 0; lag < steps; ++lag) {
                    double sum = 0;
                    for (std::int64_t n = 0; n < 2; ++n) {
                        const auto i = static_cast<std::size_t>(2 * k + n);
                        const double p = sigmoid(known.at("move.delta")[i]);
                        const double q = 1 - p * sigmoid(known.at("move.alpha")[i]);
                        sum += known.at("move.gamma")[i] * known.at("move.beta")[i] * p *
                               std::pow(q, static_cast<double>(lag)) / std::sqrt(2.0);
                    }
                    taps[static_cast<std::size_t>(k * steps + steps - 1 - lag)] = sum;
                }
            }
            set(*tcnca, "move.layers.0.weight", taps);
            set(*tcnca, "move.layers.0.bias", Numbers(width, 0.0));
            EXPECT_CLOSE(run(*tcnca, input(), true), run(*mega, input(), true), {.terms = 1024});
        }
    }
}

/// Where the summary is of a step alone, so is a chunk; the last one may be shorter.
TEST_F(Tcnca, chunks_know_of_each_other_by_the_summary_alone) {
    for (const bool causal : {true, false}) {
        for (const char* const kind : {"softmax", "laplace", "relu2"}) {
            const Chosen shared{{"attention", kind}, {"shared_width", "4"}, {"chunk", "16"}};
            Chosen of_one_step = shared;
            of_one_step.emplace_back("conv_taps", "1");
            const auto tcnca = mixer("tcnca", of_one_step, causal);
            const auto mega = mixer("mega", shared, causal);
            // Averages that take nothing in: p = sigmoid(-800) is 0.
            const std::size_t numbers = values_by_name(*mega).at("move.delta").size();
            set(*mega, "move.delta", Numbers(numbers, -800.0));
            for (SequenceMixer* const made : {tcnca.get(), mega.get()}) {
                const Numbers all = input(), whole = run(*made, all, causal);
                Numbers joined;
                for (std::int64_t begin = 0; begin < steps; begin += 16) {
                    const std::int64_t end = std::min<std::int64_t>(begin + 16, steps);
                    const Numbers part = run(
                        *made, {all.begin() + begin * width, all.begin() + end * width}, causal);
                    joined.insert(joined.end(), part.begin(), part.end());
                }
                EXPECT_CLOSE(whole, joined, {.terms = 256});
            }
        }
    }
}

/// A chunk of no less steps than a sequence has is no chunk.
TEST_F(Tcnca, a_chunk_beyond_the_length_is_the_sequence) {
    for (const char* const name : {"mega", "tcnca"}) {
        const Chosen shared{{"rotary", "true"}, {"shared_width", "4"}};
        Numbers first;
        for (const char* const chunk : {"0", "40", "64"}) {
            Chosen chosen = shared;
            chosen.emplace_back("chunk", chunk);
            const auto made = mixer(name, chosen, false);
            const Numbers found = run(*made, input(), false);
            if (first.empty()) first = found;
            EXPECT_EQ(found, first) << name << " " << chunk;
        }
    }
}

/// Where the update gate is shut, nothing is added.
TEST_F(Tcnca, a_shut_update_gate_leaves_the_sequence_as_it_was) {
    const auto made = mixer("tcnca", {{"chunk", "8"}}, true);
    Named known = values_by_name(*made);
    Numbers weight = known.at("base.weight"), bias = known.at("base.bias");
    std::fill_n(weight.begin(), width * width, 0.0);
    std::fill_n(bias.begin(), width, -800.0);
    set(*made, "base.weight", weight);
    set(*made, "base.bias", bias);
    EXPECT_EQ(run(*made, input(), true), Numbers(static_cast<std::size_t>(steps * width), -0.0));
}

TEST_F(Tcnca, says_what_it_cannot_do) {
    const auto error_of = [&](const Chosen& chosen, bool causal) {
        try {
            convolutions(chosen, causal);
        } catch (const Error& error) {
            EXPECT_EQ(error.kind(), ErrorKind::invalid);
            return error.message();
        }
        return std::string("there was no error");
    };
    EXPECT_NE(error_of({{"conv_taps", "4"}}, false).find("Set conv_taps to an odd number"),
              std::string::npos);
    EXPECT_NE(error_of({{"conv_dilation", "1000"}, {"conv_depth", "9"}}, true)
                  .find("Set conv_depth or conv_dilation lower"),
              std::string::npos);
    EXPECT_NE(error_of({{"conv_kind", "sparse"}}, true).find("depthwise or full"),
              std::string::npos);
}

}  // namespace
}  // namespace elm::test
