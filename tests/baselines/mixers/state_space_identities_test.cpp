// Identities of state spaces: parameters of which one computes what another one does, or what is
// written out.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <complex>
#include <numbers>
#include <numeric>

#include "baselines/mixers/state_space/hippo.h"
#include "baselines/mixers/state_space/hippo_system.h"
#include "tests/baselines/mixers/written_out.h"

namespace elm::test::mixing {
namespace {

Numbers reversed(const Numbers& rows) {
    Numbers turned;
    for (std::ptrdiff_t at = std::ssize(rows) - width; at >= 0; at -= width) {
        turned.insert(turned.end(), rows.begin() + at, rows.begin() + at + width);
    }
    return turned;
}

// --- S4, S4D, DSS, S5

/// With B = 1 and twice the C, for S4D counts both modes of a pair.
TEST(StateSpaceIdentities, dss_with_a_zero_order_hold_is_s4d_of_shared_modes) {
    LivingMixer pairs({"s4d", causally}, {{"states", "8"}, {"rows", "1"}, {"output", "none"}});
    LivingMixer shared(
        {"dss", causally},
        {{"gain", "zero_order_hold"}, {"separate_steps", "false"}, {"output", "none"}});
    set(pairs.stream, *pairs.mixer, "input_weight", {1, 1, 1, 1, 0, 0, 0, 0});
    for (const char* const name : {"log_step", "log_decay", "frequency", "skip"}) {
        set(shared.stream, *shared.mixer, name, values_in(*pairs.mixer, name));
    }
    Numbers output = values_in(*pairs.mixer, "output_weight");
    for (double& number : output) number *= 2;
    set(shared.stream, *shared.mixer, "output_weight", output);
    EXPECT_CLOSE(shared.run(shared.input(sequence_values(), {})),
                 pairs.run(pairs.input(sequence_values(), {})), {.terms = longest_sum});
}

/// State p of S5 reads and writes feature p alone.
TEST(StateSpaceIdentities, s5_with_a_state_for_each_feature_is_s4d_of_one_mode) {
    LivingMixer single({"s4d", causally}, {{"states", "2"}, {"output", "none"}});
    LivingMixer many({"s5", causally}, {{"states", std::to_string(2 * width)},
                                        {"blocks", "1"},
                                        {"discretisation", "zero_order_hold"},
                                        {"output", "none"}});
    const Numbers frequency = random_values(width, 0.5, 3, {3, 0, 4});
    set(single.stream, *single.mixer, "frequency", frequency);
    set(many.stream, *many.mixer, "frequency", frequency);
    Numbers rate = values_in(*single.mixer, "log_decay");
    for (double& number : rate) number = -std::exp(number);
    set(many.stream, *many.mixer, "rate", rate);
    for (const char* const name : {"log_step", "skip"}) {
        set(many.stream, *many.mixer, name, values_in(*single.mixer, name));
    }
    for (const char* const name : {"input_weight", "output_weight"}) {
        const Numbers own = values_in(*single.mixer, name);  // real parts, then imaginary ones
        Numbers matrices(2 * width * width, 0.0);
        for (std::size_t part = 0; part < 2; ++part) {
            for (std::size_t p = 0; p < n_features; ++p) {
                matrices[(part * n_features + p) * n_features + p] = own[part * n_features + p];
            }
        }
        set(many.stream, *many.mixer, name, matrices);
    }
    EXPECT_CLOSE(many.run(many.input(sequence_values(), {})),
                 single.run(single.input(sequence_values(), {})), {.terms = longest_sum});
}

/// b A^k b of a HiPPO matrix, that of its modes and corrections, by powers of A. Divided by the
/// size of A to the k.
TEST(StateSpaceIdentities, modes_and_corrections_are_their_hippo_matrix) {
    constexpr std::size_t pairs = 4, states = 2 * pairs;
    for (const char* const measure : {"legs", "legt", "fout"}) {
        const LinearSystem system = hippo_system(measure, states);
        const HippoModes modes = hippo_modes(measure, pairs);
        const double size = std::sqrt(std::inner_product(system.matrix.begin(), system.matrix.end(),
                                                         system.matrix.begin(), 0.0));
        Numbers state = system.vector, expected, found;
        std::vector<std::complex<double>> turned = modes.input_weight;
        const auto both_of_pairs = [&](const std::vector<std::complex<double>>& left) {
            std::complex<double> sum = 0;
            for (std::size_t n = 0; n < pairs; ++n) sum += std::conj(left[n]) * turned[n];
            return 2 * sum.real();
        };
        for (std::size_t power = 0; power < states; ++power) {
            expected.push_back(
                std::inner_product(state.begin(), state.end(), system.vector.begin(), 0.0));
            found.push_back(both_of_pairs(modes.input_weight));
            Numbers next(states, 0.0);
            for (std::size_t i = 0; i < states * states; ++i) {
                next[i / states] += system.matrix[i] / size * state[i % states];
            }
            state = next;
            std::vector<std::complex<double>> after;
            for (std::size_t n = 0; n < pairs; ++n) {
                std::complex<double> rate(-modes.decay, modes.frequency[n]);
                after.push_back(rate * turned[n] / size);
                for (const auto& correction : modes.corrections) {
                    after[n] -= correction[n] * both_of_pairs(correction) / size;
                }
            }
            turned = after;
        }
        // Eigenvectors are as exact as matrices of that size allow.
        EXPECT_CLOSE(found, expected, {.condition = 64, .terms = states * states}) << measure;
    }
}

/// Twice the step on a sequence is the step on one in which each value stays for two: a held input
/// is followed exactly.
TEST(StateSpaceIdentities, s4d_of_twice_the_step_reads_values_that_stay_for_two) {
    LivingMixer fine({"s4d", causally}, {{"states", "6"}, {"output", "none"}});
    LivingMixer coarse({"s4d", causally}, {{"states", "6"}, {"output", "none"}});
    copy_parameters(coarse, fine);
    Numbers log_step = values_in(*fine.mixer, "log_step");
    for (double& number : log_step) number += std::numbers::ln2;
    set(coarse.stream, *coarse.mixer, "log_step", log_step);
    const Numbers x = sequence_values();
    Numbers held, second;
    for (std::int64_t row = 0; row < 2 * steps; ++row) {
        held.insert(held.end(), x.begin() + row / 2 * width, x.begin() + (row / 2 + 1) * width);
    }
    const Numbers found = fine.run(fine.input(held, {}));
    for (std::int64_t row = 1; row < 2 * steps; row += 2) {
        second.insert(second.end(), found.begin() + row * width, found.begin() + (row + 1) * width);
    }
    EXPECT_CLOSE(second, coarse.run(coarse.input(x, {})), {.terms = longest_sum});
}

/// What looks ahead is what looks back, on the sequence from its end. That of convolutions begins
/// with the next step, that of recurrences with the present one.
TEST(StateSpaceIdentities, both_directions_are_two_that_look_back) {
    struct TwoWays {
        const char* mixer;
        const char* module;
        std::size_t rows;  // of the output weight, in each of which the directions lie side by side
        std::size_t offset;
    };
    const std::size_t planes = 2;
    for (const TwoWays& one :
         {TwoWays{"s4d", "", planes, 1}, TwoWays{"dss", "", planes, 1},
          TwoWays{"s4", "space.", planes, 1}, TwoWays{"s5", "", planes * n_features, 0},
          TwoWays{"lru", "", planes * n_features, 0}}) {
        const ChosenOptions options{{"states", "6"}, {"output", "none"}};
        LivingMixer both({one.mixer, both_directions}, options);
        LivingMixer back({one.mixer, causally}, options), ahead({one.mixer, causally}, options);
        const std::string weight = std::string(one.module) + "output_weight";
        const Numbers all = values_in(*both.mixer, weight);
        for (LivingMixer* const made : {&back, &ahead}) {
            for (const auto& [name, parameter] : made->mixer->parameters()) {
                if (name != weight)
                    set(made->stream, *made->mixer, name, values_in(*both.mixer, name));
            }
            Numbers own;
            const std::size_t part = all.size() / one.rows / 2;
            for (std::size_t row = 0; row < one.rows; ++row) {
                const auto begin = all.begin() + static_cast<std::ptrdiff_t>(
                                                     (2 * row + (made == &ahead ? 1 : 0)) * part);
                own.insert(own.end(), begin, begin + static_cast<std::ptrdiff_t>(part));
            }
            set(made->stream, *made->mixer, weight, own);
        }
        set_all(ahead.stream, *ahead.mixer, std::string(one.module) + "skip", 0);
        const Numbers x = sequence_values();
        Numbers expected = back.run(back.input(x, {}));
        const Numbers future = reversed(ahead.run(ahead.input(reversed(x), {})));
        for (std::size_t at = one.offset * n_features; at < expected.size(); ++at) {
            expected[at - one.offset * n_features] += future[at];
        }
        EXPECT_CLOSE(both.run(both.input(x, {})), expected, {.terms = longest_sum}) << one.mixer;
    }
}

// --- Liquid-S4

/// Products of inputs are small beside inputs that are: those of two by differences of signs, those
/// of three and more, 1e-12 and less, by their size.
TEST(StateSpaceIdentities, liquid_s4_of_small_inputs_is_s4d) {
    constexpr double small = 1e-6;
    LivingMixer liquid({"liquid_s4", causally},
                       {{"states", "6"}, {"bounded", "false"}, {"output", "none"}});
    LivingMixer plain(
        {"s4d", causally},
        {{"states", "6"}, {"discretisation", "bilinear"}, {"initial", "legs"}, {"output", "none"}});
    copy_parameters(plain, liquid);
    const Numbers weight = values_in(*liquid.mixer, "output_weight");  // (2, modes, width)
    Numbers turned(weight.size());
    const std::size_t modes = weight.size() / 2 / n_features;
    for (std::size_t at = 0; at < weight.size(); ++at) {
        const std::size_t plane = at / (modes * n_features), mode = at / n_features % modes;
        turned[(plane * n_features + at % n_features) * modes + mode] = weight[at];
    }
    set(plain.stream, *plain.mixer, "output_weight", turned);
    const auto times = [](Numbers values, double factor) {
        for (double& value : values) value *= factor;
        return values;
    };
    const Numbers x = sequence_values();
    Numbers found = liquid.run(liquid.input(times(x, small), {}));
    const Numbers opposite = liquid.run(liquid.input(times(x, -small), {}));
    for (std::size_t at = 0; at < found.size(); ++at) {
        found[at] = (found[at] - opposite[at]) / (2 * small);
    }
    EXPECT_EQ(difference_above(found, plain.run(plain.input(x, {})), 1e-11), "");
}

TEST(StateSpaceIdentities, released_liquid_s4_without_its_constants_is_s4) {
    for (const char* const combinations : {"all", "neighbours"}) {
        LivingMixer liquid({"liquid_s4_released", both_directions},
                           {{"states", "6"}, {"combinations", combinations}, {"output", "none"}});
        LivingMixer plain({"s4", both_directions}, {{"states", "6"}, {"output", "none"}});
        copy_parameters(plain, liquid);
        const Numbers x = sequence_values(), wanted = plain.run(plain.input(x, {}));
        EXPECT_NE(difference_above(liquid.run(liquid.input(x, {})), wanted, 1e-6), "");
        set_all(liquid.stream, *liquid.mixer, "constants", 0);
        EXPECT_CLOSE(liquid.run(liquid.input(x, {})), wanted, {.terms = longest_sum});
    }
}

// --- S4ND

constexpr std::int64_t columns = 3;

/// An S4D with the state space along one axis of an S4ND, and no skip.
class Axis {
public:
    Axis(LivingMixer& image, const std::string& name)
        : living_({"s4d", image.pattern}, {{"states", "4"}, {"output", "none"}}) {
        for (const auto& [own, parameter] : living_.mixer->parameters()) {
            if (own == "skip") continue;
            set(living_.stream, *living_.mixer, own, values_in(*image.mixer, name + "." + own));
        }
        set_all(living_.stream, *living_.mixer, "skip", 0);
    }
    Numbers run(const Numbers& rows) { return living_.run(living_.input(rows, {})); }
    /// What an impulse comes to, (lags from -4 to 4, width).
    Numbers response() {
        Numbers impulse(9 * width, 0.0);
        std::fill_n(impulse.begin() + 4 * width, width, 1.0);
        return run(impulse);
    }

private:
    LivingMixer living_;
};

/// Four rows, of which the last one lacks a step.
TEST(StateSpaceIdentities, s4nd_is_a_convolution_in_two_dimensions) {
    constexpr std::int64_t count = 11;
    for (const MixerPattern& pattern : {causally, both_directions}) {
        LivingMixer living(
            {"s4nd", pattern},
            {{"columns", std::to_string(columns)}, {"states", "4"}, {"output", "none"}});
        const Numbers along_rows = Axis(living, "along_rows").response();
        const Numbers along_columns = Axis(living, "along_columns").response();
        const Numbers x = sequence_values(count), skip = values_in(*living.mixer, "skip");
        Numbers expected;
        for (std::int64_t at = 0; at < count * width; ++at) {
            const std::int64_t to = at / width, feature = at % width;
            const auto tap = [&](const Numbers& response, std::int64_t lag) {
                return response[static_cast<std::size_t>((lag + 4) * width + feature)];
            };
            double sum = skip[static_cast<std::size_t>(feature)] * x[static_cast<std::size_t>(at)];
            for (std::int64_t from = 0; from < count; ++from) {
                sum += tap(along_columns, to / columns - from / columns) *
                       tap(along_rows, to % columns - from % columns) *
                       x[static_cast<std::size_t>(from * width + feature)];
            }
            expected.push_back(sum);
        }
        EXPECT_CLOSE(living.run(living.input(x, {})), expected, {.terms = longest_sum})
            << pattern.name();
    }
}

/// Along columns a pulse: modes that are gone after a step (exp(-1000) is 0) whose sum is 1.
TEST(StateSpaceIdentities, s4nd_with_a_pulse_along_columns_is_s4d_of_each_row) {
    for (const MixerPattern& pattern : {causally, both_directions}) {
        LivingMixer living(
            {"s4nd", pattern},
            {{"columns", std::to_string(columns)}, {"states", "4"}, {"output", "none"}});
        const auto set_number = [&](const char* name, double number) {
            set_all(living.stream, *living.mixer, std::string("along_columns.") + name, number);
        };
        set_number("log_step", 0);
        set_number("log_decay", std::log(1000));
        set_number("frequency", 0);
        Numbers weight = values_in(*living.mixer, "along_columns.output_weight");
        std::fill(weight.begin(), weight.end(), 0.0);
        // Two modes, each of which counts twice and has a gain of 1 / 1000.
        std::fill_n(weight.begin(), 2 * width, 250.0);
        set(living.stream, *living.mixer, "along_columns.output_weight", weight);
        set_all(living.stream, *living.mixer, "skip", 0);
        Axis axis(living, "along_rows");
        const Numbers x = sequence_values();
        Numbers expected;
        for (auto row = x.begin(); row != x.end(); row += columns * width) {
            const Numbers made = axis.run({row, row + columns * width});
            expected.insert(expected.end(), made.begin(), made.end());
        }
        EXPECT_CLOSE(living.run(living.input(x, {})), expected, {.terms = longest_sum})
            << pattern.name();
    }
}

}  // namespace
}  // namespace elm::test::mixing
