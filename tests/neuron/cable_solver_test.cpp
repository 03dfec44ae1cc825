// The cable solver: rates of the channels, that a trial does not depend on its company, that
// batches in float32 follow the double-precision cell, and how mistakes are told.

#include <algorithm>
#include <cmath>
#include <functional>

#include <gtest/gtest.h>

#include "kernels/core/support/error.h"
#include "kernels/core/support/parallel.h"
#include "kernels/io/hdf5_file.h"
#include "neuron/cable/channels/channel.h"
#include "tests/neuron/l5pc_geometry.h"
#include "tests/neuron/small_cell.h"

namespace elm::cable {
namespace {

RunOptions options_of(DType precision, double duration_ms = 35) {
    RunOptions options;
    options.duration_ms = duration_ms;
    options.precision = precision;
    options.probes = {{Quantity::voltage, 0, "", 1},
                      {Quantity::voltage, 3, "", 3},
                      {Quantity::calcium, 4, "", 1},
                      {Quantity::channel_current, 0, "NaTs2_t", 1},
                      {Quantity::channel_conductance, 4, "Ca_HVA", 1},
                      {Quantity::synaptic_current, 3, "", 1}};
    return options;
}

void expect_error(ErrorKind kind, const std::string& part, const std::function<void()>& work) {
    try {
        work();
        FAIL() << "no error, expected: " << part;
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), kind) << error.message();
        EXPECT_NE(error.message().find(part), std::string::npos) << error.message();
    }
}

TEST(CableChannels, rates_are_those_of_the_exported_tables) {
    ELM_SKIP_WITHOUT_DATA("l5pc_geometry.h5");
    const Hdf5File file = Hdf5File::open(test::l5pc_file("l5pc_geometry.h5"));
    const auto voltage = file.read<double>("rates/v_mV");
    const std::pair<const char*, const char*> names[] = {
        {"Ca_HVA", "Ca_HVA"}, {"Ca_LVAst", "Ca_LVAst"}, {"Ih", "Ih"},
        {"Im", "Im"},         {"K_Pst", "K_Pst"},       {"K_Tst", "K_Tst"},
        {"NaTa_t", "NaTa_t"}, {"NaTs2_t", "NaTs2_t"},   {"Nap_Et2", "Nap_Et2"},
        {"SKv3_1", "SKv3_1"}};
    for (const auto& [table, name] : names) {
        const Channel& channel = all_channels()[static_cast<std::size_t>(find_channel(name))];
        for (const Gate& gate : channel.gates) {
            const auto values = file.read<double>(fmt::format("rates/{}_{}", table, gate.name));
            for (std::size_t i = 0; i < voltage.size(); ++i) {
                const GateValue here = gate.at(voltage[i]);
                // A few roundings of exponentials.
                EXPECT_NEAR(here.steady, values[i], 1e-14) << name << " at " << voltage[i];
                EXPECT_NEAR(here.tau_ms / values[voltage.size() + i], 1, 1e-14)
                    << name << " at " << voltage[i];
            }
        }
    }
    const auto calcium = file.read<double>("rates/SK_E2_cai_mM");
    const auto opened = file.read<double>("rates/SK_E2_zinf");
    const Channel& sk = all_channels()[static_cast<std::size_t>(find_channel("SK_E2"))];
    for (std::size_t i = 0; i < calcium.size(); ++i) {
        EXPECT_NEAR(sk.gates[0].at(calcium[i]).steady, opened[i], 1e-14);
    }
}

TEST(CableChannels, rates_are_finite_at_every_voltage) {
    for (const Channel& channel : all_channels()) {
        ASSERT_GE(channel.gates.size(), 1U);
        ASSERT_LE(channel.gates.size(), 2U);
        for (const Gate& gate : channel.gates) {
            EXPECT_GE(gate.power, 1);
            EXPECT_LE(gate.power, 4);
            for (double v = -200; v <= 200; v += 0.125) {
                const GateValue here = gate.at(channel.calcium_gated ? std::exp(v / 20) : v);
                EXPECT_GE(here.steady, 0) << channel.name << ' ' << gate.name << " at " << v;
                EXPECT_LE(here.steady, 1) << channel.name << ' ' << gate.name << " at " << v;
                EXPECT_TRUE(std::isfinite(here.tau_ms) && here.tau_ms > 0)
                    << channel.name << ' ' << gate.name << " at " << v;
            }
        }
    }
}

TEST(CableChannels, rates_go_through_their_seams_without_a_step) {
    // Voltages where some rate is 0 / 0 or changes its formula.
    for (const double seam :
         {-154.9, -66.0, -64.4, -60.0, -55.0, -40.0, -38.0, -32.0, -27.0, -17.0}) {
        for (const Channel& channel : all_channels()) {
            if (channel.calcium_gated) continue;
            for (const Gate& gate : channel.gates) {
                const GateValue at = gate.at(seam);
                // The published constants of this tau meet to 8e-6.
                const bool published_step = std::string(channel.name) == "K_Pst" && seam == -60;
                for (const double step : {-1e-7, 1e-7}) {
                    const GateValue beside = gate.at(seam + step);
                    // The steepest gate turns by 0.1 a mV, the time constants by 20 % a mV.
                    EXPECT_NEAR(beside.steady, at.steady, 1e-8) << channel.name << " at " << seam;
                    EXPECT_NEAR(beside.tau_ms / at.tau_ms, 1, published_step ? 1e-5 : 2e-8)
                        << channel.name << " at " << seam;
                }
            }
        }
    }
}

TEST(CableSolver, a_trial_has_the_same_bits_in_any_company) {
    const Cell cell = small_cell();
    const std::vector<Trial> some = some_trials(cell);
    for (const DType precision : {DType::f32, DType::f64}) {
        const RunOptions options = options_of(precision, 12);
        std::vector<Trial> many;
        for (int i = 0; i < (precision == DType::f32 ? 71 : 5); ++i) {
            many.push_back(some[static_cast<std::size_t>(i) % 3]);
        }
        std::vector<TrialRecording> alone;
        for (const Trial& trial : some) alone.push_back(simulate(cell, {trial}, options).front());
        for (const int threads : {1, 2, 4}) {
            set_thread_count(threads);
            const auto together = simulate(cell, many, options);
            for (std::size_t i = 0; i < many.size(); ++i) {
                EXPECT_EQ(together[i].recordings, alone[i % 3].recordings)
                    << "trial " << i << " on " << threads << " threads";
            }
        }
        set_thread_count(0);
    }
}

TEST(CableSolver, float32_follows_float64) {
    const Cell cell = small_cell();
    const std::vector<Trial> trials = some_trials(cell);
    const auto single = simulate(cell, trials, options_of(DType::f32));
    const auto exact = simulate(cell, trials, options_of(DType::f64));
    for (std::size_t trial = 0; trial < trials.size(); ++trial) {
        for (std::size_t p = 0; p < single[trial].recordings.size(); ++p) {
            const auto& ours = single[trial].recordings[p];
            const auto& reference = exact[trial].recordings[p];
            double worst = 0, most = 0;
            for (std::size_t i = 0; i < ours.size(); ++i) {
                worst = std::max(worst, std::abs(static_cast<double>(ours[i] - reference[i])));
                most = std::max(most, std::abs(static_cast<double>(reference[i])));
            }
            // Rate tables are good to 6e-6, and a conductance is a product of up to five of them.
            EXPECT_LE(worst, 1e-3 * most) << "trial " << trial << ", probe " << p;
            EXPECT_GT(most, 0) << "trial " << trial << ", probe " << p;
        }
    }
}

TEST(CableSolver, float32_follows_float64_over_the_whole_layer5_cell) {
    const Cell cell = load_cell("l5pc", std::nullopt);
    const auto sites = static_cast<int>(cell.site_segments.size());
    std::vector<Trial> trials(3);
    trials[1].events = {{20, 40}, {30, 200}, {31, sites + 40}};
    trials[2].events = {{20, 400}, {25, sites - 1}, {40, 2 * sites - 1}};
    trials[2].clamps = {{0, -0.1, 10, 40, 0, 0}};
    RunOptions options;
    options.duration_ms = 80;
    for (const int segment : {0, cell.site_segments[40], cell.site_segments[400],
                              cell.site_segments.back(), cell.nexus_segment}) {
        options.probes.push_back({Quantity::voltage, segment, "", 4});
    }
    const auto single = simulate(cell, trials, options);
    options.precision = DType::f64;
    const auto exact = simulate(cell, trials, options);
    const auto worst = [](const std::vector<float>& a, const std::vector<float>& b) {
        double most = 0;
        for (std::size_t i = 0; i < a.size(); ++i) {
            most = std::max(most, std::abs(static_cast<double>(a[i]) - static_cast<double>(b[i])));
        }
        return most;
    };
    for (std::size_t trial = 0; trial < trials.size(); ++trial) {
        for (std::size_t p = 0; p < options.probes.size(); ++p) {
            // What plain float32 states cost below threshold, at the soma and at a local site.
            EXPECT_LT(worst(single[trial].recordings[p], exact[trial].recordings[p]),
                      p == 0 ? 8e-4 : 7e-3)
                << "trial " << trial << ", probe " << p;
        }
    }
    EXPECT_GT(worst(exact[0].recordings[1], exact[1].recordings[1]), 0.1) << "no input came";
}

TEST(CableSolver, voltages_beyond_the_main_rows_of_the_tables_follow_float64) {
    const Cell cell = small_cell();
    std::vector<Trial> trials(2);
    trials[0].clamps.push_back({0, -2.0, 5, 15, 0, 0});
    trials[1].clamps.push_back({0, 60.0, 5, 15, 0, 0});
    const auto single = simulate(cell, trials, options_of(DType::f32));
    const auto exact = simulate(cell, trials, options_of(DType::f64));
    double lowest = 0, highest = 0;
    for (std::size_t trial = 0; trial < 2; ++trial) {
        const auto& ours = single[trial].recordings[0];
        const auto& reference = exact[trial].recordings[0];
        for (std::size_t i = 0; i < ours.size(); ++i) {
            const auto v = static_cast<double>(reference[i]);
            lowest = std::min(lowest, v);
            highest = std::max(highest, v);
            EXPECT_NEAR(static_cast<double>(ours[i]), v, 0.02) << "trial " << trial << ", " << i;
        }
    }
    EXPECT_LT(lowest, -105);
    EXPECT_GT(highest, 65);
}

TEST(CableSolver, a_channel_with_an_event_at_0_is_silent) {
    const Cell cell = small_cell();
    std::vector<Trial> trials(3);
    trials[0].events = {{0.0, 2}, {3.0, 2}, {4.0, 3}};
    trials[1].events = {{4.0, 3}};
    trials[2].events = {{3.0, 2}, {4.0, 3}};
    const auto seen = simulate(cell, trials, options_of(DType::f32, 10));
    EXPECT_EQ(seen[0].recordings, seen[1].recordings);
    EXPECT_NE(seen[0].recordings, seen[2].recordings);
}

TEST(CableSolver, events_come_in_any_order) {
    const Cell cell = small_cell();
    const Trial ordered = some_trials(cell)[2];
    Trial turned = ordered;
    std::reverse(turned.events.begin(), turned.events.end());
    for (const DType precision : {DType::f32, DType::f64}) {
        const auto seen = simulate(cell, {ordered, turned}, options_of(precision, 30));
        EXPECT_EQ(seen[0].recordings, seen[1].recordings);
    }
}

TEST(CableSolver, refuses_two_synapses_of_a_kind_on_a_segment) {
    Cell cell = small_cell();
    cell.site_segments.push_back(cell.site_segments.front());
    for (const DType precision : {DType::f32, DType::f64}) {
        expect_error(ErrorKind::invalid, "two synapses stand on segment 1",
                     [&] { simulate(cell, {Trial{}}, options_of(precision, 1)); });
    }
}

TEST(CableSolver, tells_where_and_when_a_cell_diverges) {
    const Cell cell = small_cell();
    std::vector<Trial> trials(2);
    trials[1].clamps.push_back({0, 1e5, 3, 10, 0, 0});
    for (const DType precision : {DType::f32, DType::f64}) {
        const auto run = [&] { simulate(cell, trials, options_of(precision)); };
        expect_error(ErrorKind::numeric, "trial 1", run);
        expect_error(ErrorKind::numeric, "soma[0](0.5), segment 0", run);
        expect_error(ErrorKind::numeric, "smaller time step", run);
    }
}

TEST(CableSolver, refuses_what_makes_no_sense) {
    const Cell cell = small_cell();
    const auto with = [&](const std::function<void(RunOptions&, Trial&)>& change) {
        return [&cell, change] {
            RunOptions options = options_of(DType::f32, 1);
            std::vector<Trial> trials(1);
            change(options, trials[0]);
            simulate(cell, trials, options);
        };
    };
    const auto refused = [&](const std::string& part,
                             const std::function<void(RunOptions&, Trial&)>& change) {
        expect_error(ErrorKind::invalid, part, with(change));
    };
    refused("time step of 0 ms", [](RunOptions& o, Trial&) { o.dt_ms = 0; });
    refused("time step of -1 ms", [](RunOptions& o, Trial&) { o.dt_ms = -1; });
    refused("a run of 0 ms", [](RunOptions& o, Trial&) { o.duration_ms = 0; });
    refused("a probe is on segment 999", [](RunOptions& o, Trial&) {
        o.probes.push_back({Quantity::voltage, 999, "", 1});
    });
    refused("expected 1 or more", [](RunOptions& o, Trial&) { o.probes[0].every_steps = 0; });
    refused("Did you mean Ih", [](RunOptions& o, Trial&) { o.probes[3].channel = "Ihh"; });
    refused("synaptic channel 99", [](RunOptions&, Trial& t) { t.events.push_back({1, 99}); });
    refused("at -1 ms", [](RunOptions&, Trial& t) { t.events.push_back({-1, 0}); });
    refused("on segment -1", [](RunOptions&, Trial& t) {
        t.clamps.push_back({-1, 1, 0, 1, 0, 0});
    });
    refused("duration above 0", [](RunOptions&, Trial& t) {
        t.clamps.push_back({0, 1, 0, 0, 0, 0});
    });
}

TEST(CableSolver, stops_when_it_is_told_to) {
    const Cell cell = small_cell();
    for (const DType precision : {DType::f32, DType::f64}) {
        RunOptions options = options_of(precision, 1000);
        int calls = 0;
        options.progress = [&](std::int64_t done, std::int64_t all) {
            EXPECT_LE(done, all);
            return ++calls < 3;
        };
        EXPECT_TRUE(simulate(cell, std::vector<Trial>(1), options).empty());
        EXPECT_EQ(calls, 3);
    }
}

}  // namespace
}  // namespace elm::cable
