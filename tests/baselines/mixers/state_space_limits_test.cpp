// Identities of state spaces and linear recurrences: limits in which one is another, or a formula.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <complex>
#include <functional>

#include "baselines/mixers/gated/damped_average.h"
#include "baselines/mixers/state_space/hippo_system.h"
#include "kernels/core/support/error.h"
#include "kernels/ops/scan/decaying/decaying_attention.h"
#include "kernels/ops/scan/decaying/wkv_scan.h"
#include "kernels/ops/scan/state_space/selective_scan.h"
#include "tests/baselines/mixers/living_mixer.h"
#include "tests/reference/elementwise_reference.h"

namespace elm::test::mixing {
namespace {

// --- S4

/// Without its correction S4 is S4D by the bilinear rule, once C' = C (1 - decay^L) is that of C:
/// as a convolution, and from a state.
TEST(StateSpaceLimits, s4_without_a_correction_is_s4d) {
    LivingMixer diagonal({"s4d", causally},
                         {{"states", "6"}, {"discretisation", "bilinear"}, {"initial", "legs"}});
    LivingMixer low_rank({"s4", causally}, {{"states", "6"}, {"longest", "64"}});
    for (const auto& [name, parameter] : diagonal.mixer->parameters()) {
        const std::string theirs = name.starts_with("output.") ? name : "space." + name;
        set(low_rank.stream, *low_rank.mixer, theirs, values_of(parameter->value));
    }
    set_all(low_rank.stream, *low_rank.mixer, "space.correction", 0);
    const Numbers log_step = values_in(*diagonal.mixer, "log_step");
    const Numbers log_decay = values_in(*diagonal.mixer, "log_decay");
    const Numbers frequency = values_in(*diagonal.mixer, "frequency");
    Numbers weight = values_in(*diagonal.mixer, "output_weight");
    const std::size_t modes = log_decay.size() / log_step.size(), half = weight.size() / 2;
    for (std::size_t i = 0; i < half; ++i) {
        const std::complex<double> turn =
            std::exp(log_step[i / modes]) / 2 *
            std::complex<double>(-std::exp(log_decay[i]), frequency[i]);
        const std::complex<double> made = std::complex<double>(weight[i], weight[half + i]) *
                                          (1.0 - std::pow((1.0 + turn) / (1.0 - turn), 64));
        weight[i] = made.real();
        weight[half + i] = made.imag();
    }
    set(low_rank.stream, *low_rank.mixer, "space.output_weight", weight);
    const Numbers wanted = diagonal.run(diagonal.input(sequence_values(), {}));
    EXPECT_CLOSE(low_rank.run(low_rank.input(sequence_values(), {})), wanted,
                 {.terms = longest_sum});
    SequenceState state;
    StateCursor cursor(state);
    // C = C' / (1 - decay^L): the slowest mode of the shortest step decays by about 3 % in 64
    // steps.
    EXPECT_CLOSE(low_rank.run(low_rank.input(sequence_values(), {}), &cursor), wanted,
                 {.condition = 8 / 0.03, .terms = longest_sum});
}

/// From a state it runs for longer than the kernel it learned, and goes on as in one piece.
TEST(StateSpaceLimits, s4_goes_on_beyond_its_longest_sequence) {
    LivingMixer living({"s4", causally},
                       {{"states", "6"}, {"longest", "64"}, {"step_min", "0.02"}});
    const Numbers sequence = sequence_values(100);
    SequenceState whole_state, piece_state;
    StateCursor whole_cursor(whole_state);
    const Numbers whole = living.run(living.input(sequence, {}), &whole_cursor);
    Numbers joined;
    for (const auto& [begin, end] : {std::pair{0, 1}, {1, 70}, {70, 100}}) {
        const Numbers piece(sequence.begin() + begin * width, sequence.begin() + end * width);
        StateCursor cursor(piece_state);
        const Numbers made = living.run(living.input(piece, {}), &cursor);
        cursor.finish();
        joined.insert(joined.end(), made.begin(), made.end());
    }
    EXPECT_CLOSE(joined, whole, {.terms = longest_sum});
}

TEST(StateSpaceLimits, s4_refuses_to_learn_from_a_state) {
    LivingMixer living({"s4", causally});
    Tape tape;
    Context context{.stream = living.stream, .tape = &tape};
    SequenceState state;
    StateCursor cursor(state);
    try {
        living.mixer->mix(context, living.input(sequence_values(), {}), &cursor);
        FAIL() << "there was no error";
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::unsupported);
        EXPECT_NE(error.message().find("whole sequences"), std::string::npos) << error.message();
    }
}

// --- HiPPO

double weight_of(std::int64_t n) { return std::sqrt(2 * static_cast<double>(n) + 1); }

/// A + Aᵀ is of low rank but for a multiple of 1: legs -1 - b bᵀ, legt -(b bᵀ + c cᵀ) / 2 with c_n
/// =
/// (-1)^n b_n.
TEST(StateSpaceLimits, systems_of_legendre_polynomials_are_normal_but_for_a_low_rank) {
    constexpr std::int64_t states = 9;
    const LinearSystem legs = hippo_system("legs", states), legt = hippo_system("legt", states);
    for (std::int64_t n = 0; n < states; ++n) {
        for (std::int64_t k = 0; k < states; ++k) {
            const auto sum = [&](const LinearSystem& system) {
                return system.matrix[static_cast<std::size_t>(n * states + k)] +
                       system.matrix[static_cast<std::size_t>(k * states + n)];
            };
            const double product = weight_of(n) * weight_of(k);
            const double error = 4 * epsilon_of(DType::f64) * product;
            EXPECT_NEAR(sum(legs), -product - (n == k ? 1 : 0), error);
            EXPECT_NEAR(sum(legt), -product * ((n + k) % 2 == 0 ? 1 : 0), error);
        }
    }
}

/// The response of legs is (sqrt(2 n + 1) P_n(2 e^-t - 1) e^-t), P_n a Legendre polynomial.
TEST(StateSpaceLimits, the_response_of_legs_is_made_of_legendre_polynomials) {
    constexpr std::int64_t states = 6;
    constexpr double time = 0.37;
    const LinearSystem system = hippo_system("legs", states);
    const LinearSystem step = discretised(system, "zoh", time);
    const double x = 2 * std::exp(-time) - 1;
    Numbers expected;
    double before = 0, polynomial = 1;
    for (std::int64_t n = 0; n < states; ++n) {
        expected.push_back(weight_of(n) * polynomial * std::exp(-time));
        const auto order = static_cast<double>(n);
        const double next = ((2 * order + 1) * x * polynomial - order * before) / (order + 1);
        before = polynomial;
        polynomial = next;
    }
    Numbers response(static_cast<std::size_t>(states), 0.0);
    for (std::size_t i = 0; i < step.matrix.size(); ++i) {
        response[i / states] += step.matrix[i] * system.vector[i % states];
    }
    // Terms of the exponential of a matrix of this norm, 40 times 0.37, cancel.
    EXPECT_CLOSE(response, expected, {.condition = 256, .terms = states});
}

/// A constant input of 1 has the first coefficient 1 and no others: A e_0 + B = 0.
TEST(StateSpaceLimits, legendre_memories_of_a_constant_are_their_first_coefficient) {
    for (const char* const measure : {"legs", "legt"}) {
        const LinearSystem system = hippo_system(measure, 7);
        for (std::size_t n = 0; n < 7; ++n) {
            EXPECT_NEAR(system.matrix[7 * n] + system.vector[n], 0,
                        4 * epsilon_of(DType::f64) * system.vector[n])
                << measure;
        }
    }
}

/// Halving the step divides the error of the rules by 2, and of the bilinear rule by 4.
TEST(StateSpaceLimits, rules_have_their_order) {
    const LinearSystem system = hippo_system("legt", 4);
    const auto state_at_1 = [&](const std::string& rule, int steps) {
        const LinearSystem step = discretised(system, rule, 1.0 / steps);
        Numbers state(4, 0.0);
        for (int t = 0; t < steps; ++t) {
            Numbers next = step.vector;
            for (std::size_t i = 0; i < 16; ++i) next[i / 4] += step.matrix[i] * state[i % 4];
            state = next;
        }
        return state;
    };
    const Numbers exact = state_at_1("zoh", 1);
    EXPECT_CLOSE(state_at_1("zoh", 64), exact, {.condition = 64, .terms = 256});
    const auto error = [&](const std::string& rule, int steps) {
        const Numbers found = state_at_1(rule, steps);
        double largest = 0;
        for (std::size_t n = 0; n < 4; ++n) {
            largest = std::max(largest, std::abs(found[n] - exact[n]));
        }
        return largest;
    };
    EXPECT_NEAR(error("forward", 512) / error("forward", 1024), 2, 0.1);
    EXPECT_NEAR(error("backward", 512) / error("backward", 1024), 2, 0.1);
    EXPECT_NEAR(error("bilinear", 512) / error("bilinear", 1024), 4, 0.1);
}

// --- LRU

/// Decays begin uniform on the ring, by its area, and states of white noise with a variance of 1:
/// gamma^2 / (1 - |decay|^2).
TEST(StateSpaceLimits, lru_begins_on_its_ring) {
    constexpr double inner = 0.5, outer = 0.9;
    constexpr std::size_t states = 4000;
    LivingMixer living({"lru", causally},
                       {{"states", std::to_string(states)}, {"r_min", "0.5"}, {"r_max", "0.9"}});
    const Numbers nu = values_in(*living.mixer, "nu"), gamma = values_in(*living.mixer, "gamma");
    Numbers shares;
    for (std::size_t n = 0; n < states; ++n) {
        const double square = std::exp(-2 * std::exp(nu[n]));
        EXPECT_NEAR(std::exp(2 * gamma[n]) / (1 - square), 1, 1e-13);
        shares.push_back((square - inner * inner) / (outer * outer - inner * inner));
    }
    std::sort(shares.begin(), shares.end());
    double distance = 0;
    for (std::size_t n = 0; n < states; ++n) {
        distance = std::max({distance, std::abs(shares[n] - static_cast<double>(n) / states),
                             std::abs(shares[n] - static_cast<double>(n + 1) / states)});
    }
    // Kolmogorov and Smirnov: 1.95 / sqrt(n) is passed once in a thousand times.
    EXPECT_LT(distance, 1.95 / std::sqrt(static_cast<double>(states)));
}

// --- Moving averages of MEGA

/// One in a direction, of `states` averages.
struct LivingAverage {
    LivingAverage(const char* states, bool causal) : average(options(states), width, causal) {
        flat = allocate_parameters(stream, average, DType::f64, {9});
    }
    static OptionSet options(const char* states) {
        OptionSet options;
        DampedAverage::declare(options);
        options.set("states", states);
        return options;
    }
    Numbers run(const Numbers& values, bool causal) {
        Context context{stream};
        const Var rows{
            tensor_of(stream, {1, std::ssize(values) / width, width}, DType::f64, values)};
        return values_of(
            average.forward(context, {.sequence = rows, .causal = causal}, nullptr).value);
    }
    Stream stream{Device{}};
    DampedAverage average;
    FlatParameters flat;
};

using reference::silu;

TEST(StateSpaceLimits, a_moving_average_that_takes_nothing_in_leaves_the_way_around_it) {
    LivingAverage living("4", true);
    set_all(living.stream, living.average, "delta", -1000);
    const Numbers omega = values_in(living.average, "omega"), x = sequence_values();
    Numbers expected;
    for (std::size_t i = 0; i < x.size(); ++i) expected.push_back(silu(omega[i % width] * x[i]));
    EXPECT_CLOSE(living.run(x, true), expected, {.terms = 4});
}

/// With p = 1/4 and no damping, q = 3/4: after 150 steps 3/4^150 = 2e-19 of the start is left.
TEST(StateSpaceLimits, a_moving_average_of_a_constant_becomes_the_constant) {
    LivingAverage living("1", true);
    set_all(living.stream, living.average, "delta", -std::log(3.0));
    set_all(living.stream, living.average, "alpha", 1000);
    set_all(living.stream, living.average, "beta", 1);
    set_all(living.stream, living.average, "gamma", 1);
    set_all(living.stream, living.average, "omega", 0);
    const Numbers found = living.run(Numbers(150 * width, 0.6), true);
    EXPECT_CLOSE(Numbers(found.end() - width, found.end()), Numbers(width, silu(0.6)),
                 {.terms = 150});
}

TEST(StateSpaceLimits, equal_averages_of_both_directions_keep_a_palindrome) {
    LivingAverage living("4", false);
    for (const char* const name : {"delta", "alpha", "beta", "gamma"}) {
        Numbers both = values_in(living.average, name);
        const auto middle = both.begin() + static_cast<std::ptrdiff_t>(both.size() / 2);
        std::copy(both.begin(), middle, middle);
        set(living.stream, living.average, name, both);
    }
    const auto reversed = [](const Numbers& rows) {
        Numbers turned;
        for (std::ptrdiff_t at = std::ssize(rows) - width; at >= 0; at -= width) {
            turned.insert(turned.end(), rows.begin() + at, rows.begin() + at + width);
        }
        return turned;
    };
    Numbers palindrome = sequence_values(5);
    const Numbers back = reversed(palindrome);
    palindrome.insert(palindrome.end(), back.begin(), back.end());
    const Numbers found = living.run(palindrome, false);
    EXPECT_CLOSE(reversed(found), found, {.terms = 10});
}

// --- minGRU

/// A state is a mean of the one before and of the candidate; an open gate takes the candidate.
TEST(StateSpaceLimits, states_of_a_min_gru_lie_between_the_one_before_and_the_candidate) {
    LivingMixer living({"min_gru", causally});
    set(living.stream, *living.mixer, "output.weight", identity(width));
    set_all(living.stream, *living.mixer, "output.bias", 0);
    const Numbers x = sequence_values(), hidden = living.run(living.input(x, {}));
    set_all(living.stream, *living.mixer, "gate.weight", 0);
    set_all(living.stream, *living.mixer, "gate.bias", 1000);
    const Numbers candidate = living.run(living.input(x, {}));
    const Numbers weight = values_in(*living.mixer, "candidate.weight");
    const Numbers bias = values_in(*living.mixer, "candidate.bias");
    for (std::size_t at = 0; at < x.size(); ++at) {
        const std::size_t row = at / width * width, unit = at % width;
        double sum = bias[unit];
        for (std::size_t i = 0; i < width; ++i) sum += weight[unit * width + i] * x[row + i];
        EXPECT_NEAR(candidate[at], sum >= 0 ? sum + 0.5 : 1 / (1 + std::exp(-sum)), 1e-14);
        const double before = at < width ? 0 : hidden[at - width];
        EXPECT_GT(hidden[at], std::min(before, candidate[at]));
        EXPECT_LT(hidden[at], std::max(before, candidate[at]));
    }
}

// --- Mamba, Mamba-2, RWKV

constexpr std::int64_t channels = 3, modes = 4, scanned_steps = 70;

struct SelectiveCase {
    Stream stream{Device{}};
    Context context{stream};

    Var draw(const Shape& shape, std::uint64_t step, double low = -1, double high = 1) {
        return {tensor_of(stream, shape, DType::f64,
                          random_values(shape.size(), low, high, {41, step}))};
    }
    Var constant(const Shape& shape, const std::function<double(std::int64_t)>& number) {
        Numbers values;
        for (std::int64_t i = 0; i < shape.size(); ++i) values.push_back(number(i));
        return {tensor_of(stream, shape, DType::f64, values)};
    }
    Numbers selective(const Var& u, const Var& delta, const Var& rate, const Var& b, const Var& c) {
        const Var skip{Tensor::zeros(stream, {channels}, DType::f64)};
        const Var initial{Tensor::zeros(stream, {1, modes, channels}, DType::f64)};
        return values_of(
            selective_scan(context, {u, delta, rate, b, c, skip, initial}).front().value);
    }
};

/// With a step, B and C that do not follow the input it is the convolution with
/// K[s] = sum over n of C_n exp(delta A_n s) delta B_n.
TEST(StateSpaceLimits, a_selective_scan_of_constants_is_a_convolution) {
    SelectiveCase run;
    constexpr double delta = 0.3;
    const Numbers b{0.5, -1, 0.7, 0.2}, c{1, 0.4, -0.6, 0.9};
    const auto by_mode = [](const Numbers& of) {
        return [&of](std::int64_t i) { return of[static_cast<std::size_t>(i % modes)]; };
    };
    const Var u = run.draw({1, scanned_steps, channels}, 1);
    const Var rate = run.draw({modes, channels}, 2, -2, -0.1);
    const Numbers found = run.selective(
        u, run.constant({1, scanned_steps, channels}, [](std::int64_t) { return delta; }), rate,
        run.constant({1, scanned_steps, modes}, by_mode(b)),
        run.constant({1, scanned_steps, modes}, by_mode(c)));
    const Numbers inputs = values_of(u.value), rates = values_of(rate.value);
    Numbers expected(found.size(), 0.0);
    for (std::size_t at = 0; at < expected.size(); ++at) {
        const std::size_t channel = at % channels;
        for (std::size_t s = 0; s * channels <= at; ++s) {
            double kernel = 0;
            for (std::size_t n = 0; n < modes; ++n) {
                kernel += c[n] * delta * b[n] *
                          std::exp(delta * rates[n * channels + channel] * static_cast<double>(s));
            }
            expected[at] += kernel * inputs[at - s * channels];
        }
    }
    EXPECT_CLOSE(found, expected, {.terms = scanned_steps * modes});
}

/// A step of 0 keeps the state: later answers do not change for it.
TEST(StateSpaceLimits, steps_of_no_length_are_not_there) {
    SelectiveCase run;
    const auto zero_at_7 = [](const Numbers& steps) {
        Numbers values = steps;
        for (std::size_t i = 7 * channels; i < 8 * channels; ++i) values[i] = 0;
        return values;
    };
    const auto without_7 = [](Numbers values, std::int64_t row) {
        values.erase(values.begin() + 7 * row, values.begin() + 8 * row);
        return values;
    };
    const auto tensor = [&](const Shape& shape, const Numbers& values) {
        return Var{tensor_of(run.stream, shape, DType::f64, values)};
    };
    const Var u = run.draw({1, 20, channels}, 1), rate = run.draw({modes, channels}, 2, -2, -0.1);
    const Numbers delta = zero_at_7(values_of(run.draw({1, 20, channels}, 3, 0.1, 1).value));
    const Var b = run.draw({1, 20, modes}, 4), c = run.draw({1, 20, modes}, 5);
    const Numbers with = run.selective(u, tensor({1, 20, channels}, delta), rate, b, c);
    const Numbers without =
        run.selective(tensor({1, 19, channels}, without_7(values_of(u.value), channels)),
                      tensor({1, 19, channels}, without_7(delta, channels)), rate,
                      tensor({1, 19, modes}, without_7(values_of(b.value), modes)),
                      tensor({1, 19, modes}, without_7(values_of(c.value), modes)));
    EXPECT_EQ(without_7(with, channels), without);
}

/// Mamba-2 is Mamba with one rate and one step for all channels of a head.
TEST(StateSpaceLimits, decaying_attention_is_a_selective_scan_of_one_rate) {
    SelectiveCase run;
    constexpr double rate = -0.7;
    const Numbers steps = random_values(scanned_steps, 0.1, 1, {43});
    const auto step_of = [&](std::int64_t i) { return steps[static_cast<std::size_t>(i)]; };
    const Var u = run.draw({1, scanned_steps, channels}, 1);
    const Var b = run.draw({1, scanned_steps, modes}, 4),
              c = run.draw({1, scanned_steps, modes}, 5);
    const Var delta = run.constant({1, scanned_steps, channels},
                                   [&](std::int64_t i) { return step_of(i / channels); });
    const Numbers wanted = run.selective(
        u, delta, run.constant({modes, channels}, [](std::int64_t) { return rate; }), b, c);
    const Numbers inputs = values_of(u.value);
    const Var value = run.constant({1, scanned_steps, channels}, [&](std::int64_t i) {
        return step_of(i / channels) * inputs[static_cast<std::size_t>(i)];
    });
    const Var decay =
        run.constant({1, scanned_steps, 1}, [&](std::int64_t i) { return rate * step_of(i); });
    for (const std::int64_t chunk : {1, 16, 64, 256}) {
        EXPECT_CLOSE(
            values_of(decaying_attention(run.context, c, b, value, decay, {.chunk = chunk}).value),
            wanted, {.terms = scanned_steps * modes})
            << chunk;
    }
}

/// Without a decay it is the causal sum of (q k) v.
TEST(StateSpaceLimits, attention_that_does_not_decay_is_linear_attention) {
    SelectiveCase run;
    const Var q = run.draw({1, scanned_steps, modes}, 1),
              k = run.draw({1, scanned_steps, modes}, 2);
    const Var v = run.draw({1, scanned_steps, channels}, 3);
    const Var none{Tensor::zeros(run.stream, {1, scanned_steps, 1}, DType::f64)};
    const Numbers queries = values_of(q.value), keys = values_of(k.value), vs = values_of(v.value);
    Numbers expected(vs.size(), 0.0);
    for (std::size_t at = 0; at < expected.size(); ++at) {
        const std::size_t i = at / channels;
        for (std::size_t j = 0; j <= i; ++j) {
            double score = 0;
            for (std::size_t n = 0; n < modes; ++n) {
                score += queries[i * modes + n] * keys[j * modes + n];
            }
            expected[at] += score * vs[j * channels + at % channels];
        }
    }
    EXPECT_CLOSE(values_of(decaying_attention(run.context, q, k, v, none, {.chunk = 16}).value),
                 expected, {.terms = scanned_steps * modes});
}

/// With e^w = 0 a step sees itself and the one before.
TEST(StateSpaceLimits, rwkv_that_forgets_at_once_weighs_two_steps) {
    SelectiveCase run;
    const Var key = run.draw({1, 12, channels}, 1), value = run.draw({1, 12, channels}, 2);
    const Var decay = run.constant({channels}, [](std::int64_t) { return -1000.0; });
    const Var bonus = run.draw({channels}, 3);
    const Tensor start = empty_wkv_state(run.stream, 1, channels, DType::f64);
    const Numbers found =
        values_of(wkv_scan(run.context, decay, bonus, key, value, start, nullptr).value);
    const Numbers k = values_of(key.value), v = values_of(value.value), u = values_of(bonus.value);
    Numbers expected;
    for (std::size_t at = 0; at < k.size(); ++at) {
        const double own = std::exp(u[at % channels] + k[at]);
        const double before = at < channels ? 0 : std::exp(k[at - channels]);
        expected.push_back((own * v[at] + (at < channels ? 0 : before * v[at - channels])) /
                           (own + before));
    }
    EXPECT_CLOSE(found, expected, {.terms = 2});
}

/// A constant added to all keys changes nothing.
TEST(StateSpaceLimits, rwkv_does_not_see_a_shift_of_its_keys) {
    SelectiveCase run;
    const Var key = run.draw({1, 12, channels}, 1), value = run.draw({1, 12, channels}, 2);
    const Var decay = run.draw({channels}, 4, -2, -0.1), bonus = run.draw({channels}, 3);
    const Tensor start = empty_wkv_state(run.stream, 1, channels, DType::f64);
    const auto read = [&](const Var& keys) {
        return values_of(wkv_scan(run.context, decay, bonus, keys, value, start, nullptr).value);
    };
    Numbers shifted = values_of(key.value);
    for (double& k : shifted) k += 50;
    // A key of 50 is rounded to 50 epsilon / 2.
    EXPECT_CLOSE(read({tensor_of(run.stream, {1, 12, channels}, DType::f64, shifted)}), read(key),
                 {.condition = 50, .terms = 12});
}

}  // namespace
}  // namespace elm::test::mixing
