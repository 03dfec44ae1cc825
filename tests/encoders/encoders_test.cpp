// Properties that follow from the definitions of the encoders, and what they refuse.

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "encoders/encoder_registry.h"
#include "kernels/core/support/check.h"
#include "kernels/core/support/error.h"
#include "kernels/core/support/parallel.h"
#include "tests/encoders/encoder_cases.h"
#include "tests/support/error_message.h"

namespace elm::test {
namespace {

/// A slow wave of two channels within [0, 1].
Signal wave(std::int64_t steps, double step_ms) {
    std::vector<float> values;
    for (std::int64_t t = 0; t < steps; ++t) {
        const double phase = 0.07 * static_cast<double>(t);
        values.push_back(static_cast<float>(0.5 + 0.45 * std::sin(phase)));
        values.push_back(static_cast<float>(0.4 - 0.3 * std::cos(1.7 * phase)));
    }
    return signal_of(std::move(values), 2, step_ms);
}

std::vector<float> ramp(std::int64_t count) {
    std::vector<float> values;
    for (std::int64_t i = 0; i < count; ++i) {
        values.push_back(static_cast<float>(i) / static_cast<float>(count - 1));
    }
    return values;
}

TEST(Encoders, poisson_counts_have_mean_and_variance_of_bernoulli_draws) {
    constexpr int steps = 200, units = 5000;
    for (const double x : {0.05, 0.5, 0.9}) {
        const Signal signal =
            signal_of(std::vector<float>(units, static_cast<float>(x)), units, steps);
        const Encoding encoding = encode_with("poisson", {{"rate_hz", "1000"}}, signal);
        std::vector<double> counts(units);
        for (const SpikeEvent& spike : encoding.spikes) {
            counts[static_cast<std::size_t>(spike.unit)] += 1;
        }
        double mean = 0, square = 0;
        for (const double count : counts) mean += count / units;
        for (const double count : counts) square += (count - mean) * (count - mean) / (units - 1);
        const double variance = steps * x * (1 - x);
        EXPECT_NEAR(mean, steps * x, 3 * std::sqrt(variance / units));
        // Fano factor 1 - x; a variance of n normal numbers has a relative error of sqrt(2 / n).
        EXPECT_NEAR(square, variance, 3.5 * variance * std::sqrt(2.0 / units));
    }
}

TEST(Encoders, draws_do_not_depend_on_threads_and_follow_the_key) {
    const Signal signal = wave(300, 20);
    for (const char* const name : {"poisson", "signed-poisson"}) {
        set_thread_count(1);
        const auto one = counts_of(encode_with(name, {}, signal, {.seed = 3}));
        set_thread_count(4);
        EXPECT_EQ(counts_of(encode_with(name, {}, signal, {.seed = 3})), one);
        EXPECT_NE(counts_of(encode_with(name, {}, signal, {.seed = 4})), one);
    }
    set_thread_count(0);
}

TEST(Encoders, poisson_is_silent_before_its_onset) {
    const Encoding encoding = encode_with("poisson", {{"rate_hz", "1000"}, {"onset_ms", "5"}},
                                          signal_of({1, 1, 1}, 3, 10));
    EXPECT_EQ(encoding.spikes.size(), 15U);
    EXPECT_EQ(encoding.spikes.front().step, 5);
}

TEST(Encoders, latency_has_one_spike_a_value_and_the_earlier_the_larger) {
    for (const char* const curve : {"linear", "log", "rc"}) {
        const Encoding encoding =
            encode_with("latency", {{"curve", curve}}, signal_of(ramp(50), 50, 200));
        ASSERT_EQ(encoding.spikes.size(), 50U);
        std::vector<std::int64_t> late(50, -1);
        for (const SpikeEvent& spike : encoding.spikes) {
            late[static_cast<std::size_t>(spike.unit)] = spike.step;
        }
        for (std::size_t i = 1; i < 50; ++i) EXPECT_LE(late[i], late[i - 1]) << curve;
        EXPECT_EQ(late.back(), 0);
        // A value below the threshold of 0.01 counts as that: 199 * 0.99 steps of linear.
        EXPECT_EQ(late.front(), std::string(curve) == "linear" ? 197 : 199);
    }
}

TEST(Encoders, first_spikes_of_the_smallest_value_come_in_the_last_step) {
    for (const double value_ms : {1.0, 5.0}) {
        const Encoding encoding =
            encode_with("time-to-first-spike", {}, signal_of({0, 1}, 2, value_ms));
        ASSERT_EQ(encoding.spikes.size(), 2U);
        for (const SpikeEvent& spike : encoding.spikes) {
            EXPECT_EQ(static_cast<double>(spike.step), spike.unit == 0 ? value_ms - 1 : 0);
        }
    }
}

struct DecodeCase {
    std::string name;
    Settings settings;
    double value_ms, error;
};

TEST(Encoders, decoders_give_the_signal_back_within_the_resolution_of_the_code) {
    const DecodeCase cases[] = {
        {"latency", {}, 100, 0.5 * 0.01 + 0.01 + 1e-6},  // half a step of 99, and the threshold
        {"weighted-phase", {}, 8, 1.0 / 256},
        {"level-crossing", {{"threshold", "0.05"}}, 1, 0.05 + 1e-6},
        // Units 1 / 20 apart with overlapping fields; the ends of the range have fields on one
        // side.
        {"population",
         {{"units", "41"},
          {"lowest", "-0.5"},
          {"highest", "1.5"},
          {"width", "0.1"},
          {"output", "activity"}},
         1,
         1e-3},
        {"population",
         {{"units", "41"}, {"lowest", "-0.5"}, {"highest", "1.5"}, {"width", "0.1"}},
         100,
         0.02},
        {"receptive-fields",
         {{"units", "12"}, {"lowest", "-0.5"}, {"highest", "1.5"}, {"silent_below", "0.001"}},
         1000,
         0.02}};
    for (const DecodeCase& c : cases) {
        const EncoderEntry& encoder = find_encoder(c.name);
        const OptionSet options = options_of(encoder, c.settings);
        const Signal signal = wave(120, c.value_ms);
        const Encoding encoding = encode(encoder, options, signal, {});
        const ReconstructionError error = reconstruction_error(encoder, options, signal, encoding);
        EXPECT_LT(error.largest, c.error) << c.name;
        EXPECT_GT(error.largest, 0) << c.name;
        EXPECT_LE(error.root_mean_square, error.largest);
    }
}

TEST(Encoders, rc_and_log_latency_are_inverted_where_steps_are_fine) {
    for (const char* const curve : {"rc", "log"}) {
        const EncoderEntry& encoder = find_encoder("latency");
        const OptionSet options = options_of(encoder, {{"curve", curve}, {"step_ms", "0.001"}});
        const Signal signal = signal_of({0.1F, 0.3F, 0.7F, 0.95F}, 4, 15);
        const Signal decoded = encoder.decode(options, encode(encoder, options, signal, {}), 15);
        for (std::size_t i = 0; i < 4; ++i) {
            // Half a step, times d ln x / dt: -1 a step for log; for rc, whose 15,000 steps are
            // ln((theta + 1e-7) / 1e-7) = 11.5 tau, -(x - theta) / (theta tau).
            const double x = signal.values[i];
            const double allowed = std::string(curve) == "rc"
                                       ? 0.5 * 11.52 / 14999 * (x - 0.01) / 0.01
                                       : std::expm1(0.5);
            EXPECT_NEAR(decoded.values[i] / x, 1, 1.05 * allowed) << curve << i;
        }
    }
}

TEST(Encoders, level_crossing_caps_its_spikes_and_signs_its_units) {
    const Signal signal = signal_of({0.55F, 0.0F, -0.35F}, 1, 1);
    EXPECT_EQ(signs_of(encode_with("level-crossing", {}, signal)), (std::vector<int>{5, -5, -3}));
    EXPECT_EQ(signs_of(encode_with("level-crossing", {{"most_spikes", "2"}}, signal)),
              (std::vector<int>{2, -2, -2}));
}

/// From the definition, a level after the other.
TEST(Encoders, level_crossing_counts_the_levels_between_two_values) {
    for (const double threshold : {0.1, 0.01, 0.03}) {
        std::vector<float> values = ramp(101);
        for (std::size_t at = 0; at < values.size(); at += 2) values[at] *= -0.7F;
        const std::vector<int> signs =
            signs_of(encode_with("level-crossing", {{"threshold", fmt::format("{}", threshold)}},
                                 signal_of(values, 1, 1)));
        double level = 0;
        for (std::size_t at = 0; at < values.size(); ++at) {
            int sign = 0;
            const auto over = [&] { return std::fma(-level, threshold, double{values[at]}); };
            for (; over() >= threshold; ++level) ++sign;
            for (; - over() >= threshold; --level) --sign;
            EXPECT_EQ(signs[at], sign) << threshold << " at " << at;
        }
    }
}

TEST(EncoderErrors, more_level_crossings_than_fit_are_no_endless_run) {
    for (const char* const most : {"0", "1000000000"}) {
        EXPECT_NE(message_of([&] {
                      encode_with("level-crossing", {{"threshold", "1e-6"}, {"most_spikes", most}},
                                  signal_of({0, 0.5, 1e6}, 1, 1));
                  }).find("the value of step 2, channel 0"),
                  std::string::npos);
    }
}

TEST(Encoders, one_unit_codes_have_exactly_one_spike_a_value) {
    const Encoding grey =
        encode_with("grey-bins", {{"bins", "4"}}, signal_of({0, 0.2499F, 0.25F, 0.99F, 1}, 1, 1));
    std::vector<int> units;
    for (const SpikeEvent& spike : grey.spikes) units.push_back(spike.unit);
    EXPECT_EQ(units, (std::vector<int>{0, 0, 1, 3, 3}));

    const Encoding hot = encode_with("one-hot", {{"classes", "3"}}, signal_of({2, -1, 0, 1}, 2, 1));
    EXPECT_EQ(counts_of(hot), (std::vector<int>{0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0}));

    const Encoding text = encode_with("byte", {{"length", "5"}}, signal_of({0, 255, 65}, 1, 1));
    EXPECT_EQ(text.n_steps, 5);
    ASSERT_EQ(text.spikes.size(), 3U);
    EXPECT_EQ(text.spikes[0].unit, 1);
    EXPECT_EQ(text.spikes[1].unit, 256);
    EXPECT_EQ(text.spikes[2].unit, 66);
    EXPECT_EQ(encode_with("byte", {{"length", "2"}}, signal_of({0, 255, 65}, 1, 1)).spikes.size(),
              2U);
}

TEST(Encoders, current_and_hold_repeat_values) {
    const Signal signal = signal_of({0.5F, -2}, 1, 2);
    EXPECT_EQ(encode_with("current", {{"gain_nA", "3"}}, signal).values,
              (std::vector<float>{1.5F, 1.5F, -6, -6}));
    const Encoding held = encode_with("hold", {{"times", "3"}}, signal);
    EXPECT_EQ(held.values, (std::vector<float>{0.5F, 0.5F, 0.5F, -2, -2, -2}));
    EXPECT_EQ(held.step_ms, 2);
}

TEST(Encoders, integrate_and_fire_has_the_rate_of_the_closed_form) {
    // From 0 to 1 under a drive of I: tau ln(I / (I - 1)), on a grid that is fine beside it.
    const Encoding encoding =
        encode_with("integrate-and-fire", {{"step_ms", "0.001"}}, signal_of({1}, 1, 100));
    const double interval = 10 * std::log(2.0);
    ASSERT_EQ(encoding.spikes.size(), static_cast<std::size_t>(100 / interval));
    EXPECT_NEAR(encoding.time_ms(encoding.spikes[4]), 5 * interval, 5 * 0.002);
}

TEST(Encoders, events_fall_into_bins_that_are_closed_on_the_left) {
    Signal signal{.n_channels = 2, .events = {{0, 0}, {1, 1}, {1, 1}, {1.999, 0}, {2, 0}}};
    EXPECT_EQ(counts_of(encode_with("events", {}, signal)), (std::vector<int>{1, 0, 1, 2, 1, 0}));
    EXPECT_EQ(counts_of(encode_with("events", {{"count", "once"}}, signal)),
              (std::vector<int>{1, 0, 1, 1, 1, 0}));
}

TEST(Encoders, every_encoder_says_what_it_is_and_encodes_something) {
    for (const EncoderEntry& encoder : all_encoders()) {
        EXPECT_FALSE(encoder.summary.empty() || encoder.source.empty()) << encoder.name;
        if (encoder.reads == SignalKind::events || encoder.reads == SignalKind::sound) continue;
        const bool codes = encoder.range.whole_numbers;
        const Signal signal = codes ? signal_of({1, 2, 3, 4}, 1, 200) : wave(50, 200);
        const Encoding encoding = encode(encoder, encoder.options, signal, {});
        EXPECT_FALSE(encoding.spikes.empty() && encoding.values.empty()) << encoder.name;
        EXPECT_TRUE(encoding.spikes.empty() || encoding.values.empty()) << encoder.name;
        EXPECT_NO_THROW(encoding.train().check()) << encoder.name;
    }
}

// --- what they refuse

TEST(EncoderErrors, an_unknown_name_is_answered_with_the_nearest) {
    EXPECT_EQ(message_of([] { find_encoder("poison"); }),
              "there is no encoder poison. Did you mean poisson?");
    const std::string all = message_of([] { find_encoder("zzzzzzzz"); });
    for (const EncoderEntry& encoder : all_encoders()) {
        EXPECT_NE(all.find(encoder.name), std::string::npos) << all;
    }
}

TEST(EncoderErrors, a_value_that_does_not_fit_is_named) {
    const float nan = std::numeric_limits<float>::quiet_NaN();
    EXPECT_EQ(message_of([&] {
                  encode_with("poisson", {}, signal_of({0, 0, nan, 0}, 2, 1));
              }),
              "the value of step 1, channel 0 is nan: the encoder poisson takes finite numbers "
              "from 0 to 1");
    EXPECT_NE(message_of([] {
                  encode_with("latency", {}, signal_of({0.5F, 1.5F}, 1, 9));
              }).find("step 1, channel 0 is 1.5"),
              std::string::npos);
    EXPECT_NE(message_of([] {
                  encode_with("byte", {}, signal_of({0.5F}, 1, 1));
              }).find("takes whole numbers from 0 to 255"),
              std::string::npos);
    EXPECT_NE(message_of([] {
                  encode_with("one-hot", {}, signal_of({10}, 1, 1));
              }).find("the value 10 is no class: expected 0 to 9"),
              std::string::npos);
    const float infinity = std::numeric_limits<float>::infinity();
    EXPECT_NE(message_of([&] {
                  encode_with("delta", {}, signal_of({infinity}, 1, 1));
              }).find("takes finite numbers"),
              std::string::npos);
}

TEST(EncoderErrors, empty_and_foreign_signals_are_refused) {
    EXPECT_EQ(message_of([] { encode_with("delta", {}, Signal{.n_channels = 1}); }),
              "there is nothing to encode: the signal is empty");
    Signal events{.n_channels = 1, .events = {{0, 0}}};
    EXPECT_EQ(message_of([&] { encode_with("delta", {}, events); }),
              "the encoder delta takes values, not a stream of events");
    EXPECT_EQ(message_of([] { encode_with("events", {}, signal_of({1}, 1, 1)); }),
              "the encoder events takes a stream of events, not values of 1 channels");
}

TEST(EncoderErrors, events_out_of_order_or_outside_are_named) {
    const auto message = [](std::vector<SignalEvent> events) {
        return message_of([&] {
            encode_with("events", {}, Signal{.n_channels = 4, .events = std::move(events)});
        });
    };
    EXPECT_NE(message({{2, 0}, {1, 0}}).find("event 1: its time of 1 ms is before"),
              std::string::npos);
    EXPECT_NE(message({{2, 4}}).find("its unit is 4, expected 0 to 3"), std::string::npos);
    EXPECT_NE(message({{-1, 0}}).find("its time is -1 ms"), std::string::npos);
}

TEST(EncoderErrors, times_that_do_not_fit_say_what_would) {
    EXPECT_NE(message_of([] {
                  encode_with("poisson", {{"step_ms", "0.3"}}, wave(2, 1));
              }).find("no whole number of steps"),
              std::string::npos);
    EXPECT_NE(message_of([] {
                  encode_with("weighted-phase", {}, wave(2, 4));
              }).find("but its code takes 8"),
              std::string::npos);
    EXPECT_NE(message_of([] {
                  encode_with("poisson", {{"rate_hz", "2000"}}, wave(2, 4));
              }).find("more than one spike in a step"),
              std::string::npos);
    EXPECT_NE(message_of([] {
                  encode_with("latency", {{"tau_ms", "50"}}, wave(2, 20));
              }).find("but a value lasts 20 ms"),
              std::string::npos);
    EXPECT_NE(message_of([] {
                  encode_with("burst", {}, signal_of({0.6F}, 1, 20));
              }).find("choose fewer most_spikes"),
              std::string::npos);
}

}  // namespace
}  // namespace elm::test
