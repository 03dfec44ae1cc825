#include "tasks/validation/cell_physics.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include <fmt/format.h>

#include "neuron/cable/shape/layer5_morphology.h"
#include "neuron/cable/solver/cable_exact.h"
#include "tasks/validation/cable_shapes.h"

namespace elm {
namespace {

using namespace cable;

constexpr const char* family = "physics";

RunOptions options_of(double dt_ms, Scheme scheme) {
    RunOptions options;
    options.dt_ms = dt_ms;
    options.scheme = scheme;
    options.half_step_events = scheme == Scheme::crank_nicolson;
    options.precision = DType::f64;
    return options;
}

/// The exact cell, with the plan it refers to.
struct Run {
    Run(const Cell& cell, Trial input, const RunOptions& options)
        : plan(make_plan(cell, options)), trial(std::move(input)), exact(plan, trial, 0) {}

    void advance(int steps) {
        for (int i = 0; i < steps; ++i) exact.step();
    }
    double voltage(int segment) const {
        return exact.voltage(plan.segment_nodes[static_cast<std::size_t>(segment)]);
    }

    CablePlan plan;
    Trial trial;
    ExactCell exact;
};

/// From the middle of a cylindrical segment to its end, at 100 ohm cm, Mohm.
double half_resistance(const Segment& segment) {
    return 2 * segment.length_um / (std::numbers::pi * segment.diameter_um * segment.diameter_um);
}

/// Voltage where a passive cell settles under constant current: one step of backward Euler that is
/// long against every time constant.
double settled(const Cell& cell, int injected, int read, double current_nA) {
    Run run(cell, {{}, {{injected, current_nA, 0, 1e15, 0, 0}}},
            options_of(1e12, Scheme::backward_euler));
    run.advance(1);
    return run.voltage(read) - rallpack_rest_mV;
}

}  // namespace

void check_single_compartment(ValidationReport& report) {
    Cell cell = cylinder_cell(20, 20, 1);
    cell.initial_voltage_mV = -50;
    const double tau = 1e-3 / rallpack_leak_S_cm2, dt = 0.5;  // ms
    for (const Scheme scheme : {Scheme::backward_euler, Scheme::crank_nicolson}) {
        Run run(cell, {}, options_of(dt, scheme));
        const double h = dt / (2 * tau);
        const double factor =
            scheme == Scheme::backward_euler ? 1 / (1 + dt / tau) : (1 - h) / (1 + h);
        double worst = 0, closed = -50 - rallpack_rest_mV;
        for (int step = 1; step <= 200; ++step) {
            run.advance(1);
            closed *= factor;
            worst = worse(worst, std::abs(run.voltage(0) - rallpack_rest_mV - closed));
        }
        // 200 steps, each rounding once or twice at 65 mV.
        report.add(
            {family,
             fmt::format("decay of one compartment, {}",
                         scheme == Scheme::backward_euler ? "backward Euler" : "Crank-Nicolson"),
             worst, 400 * 65 * 2.3e-16, "mV"});
    }
}

void check_cylinder(ValidationReport& report) {
    constexpr int count = 400;
    const double length = 1000, diameter = 1;
    const Cell cell = cylinder_cell(length, diameter, count);
    // V(X) = I R_inf cosh(L - X) / sinh(L), X and L in units of lambda = 1000 um.
    const double rm = 1 / rallpack_leak_S_cm2, ra = 100, d = diameter * 1e-4;
    const double infinite_Mohm =
        2 * std::sqrt(rm * ra) / (std::numbers::pi * std::pow(d, 1.5)) * 1e-6;
    const double x0 = 0.5 / count, current = 0.1;
    for (const int at : {0, count / 2, count - 1}) {
        const double x = (at + 0.5) / count;
        const double closed = current * infinite_Mohm * std::cosh(1 - x) / std::sinh(1.0);
        const double measured = settled(cell, 0, at, current);
        // Second order in the width of a compartment, h^2 / 6 of the field's curvature and less;
        // the current enters half a compartment in: x0^2 / 2.
        report.add({family, fmt::format("sealed cylinder at {:.2f} lambda, relative", x),
                    std::abs(measured / closed - 1), 1.0 / count / count + x0 * x0, ""});
    }
    // From rest: V(X, t) = I R_inf (cosh(L - X) / sinh(L) - exp(-t / tau) / L
    //                      - 2 / L sum_n cos(n pi X / L) exp(-k_n t / tau) / k_n),
    // k_n = 1 + (n pi / L)^2 (Rall 1969, doi:10.1016/S0006-3495(69)86467-2), with L = 1.
    // The step is short enough for Crank-Nicolson to damp the fastest mode within 2 ms.
    constexpr int coarse = 200;
    const Cell coarse_cell = cylinder_cell(length, diameter, coarse);
    const double tau = 1e-3 / rallpack_leak_S_cm2, dt = 0.0025;
    const auto closed_at = [&](double x, double t) {
        double sum = std::cosh(1 - x) / std::sinh(1.0) - std::exp(-t / tau);
        for (int n = 1; n < 200; ++n) {
            const double k = 1 + std::pow(n * std::numbers::pi, 2);
            sum -= 2 * std::cos(n * std::numbers::pi * x) * std::exp(-k * t / tau) / k;
        }
        return current * infinite_Mohm * sum;
    };
    Run run(coarse_cell, {{}, {{0, current, 0, 1e15, 0, 0}}},
            options_of(dt, Scheme::crank_nicolson));
    double worst = 0;
    for (int ms = 1; ms <= 40; ++ms) {
        run.advance(400);
        if (ms < 2) continue;
        for (const int at : {0, coarse / 2, coarse - 1}) {
            const double closed = closed_at((at + 0.5) / coarse, ms);
            worst = worse(worst, std::abs(run.voltage(at) - rallpack_rest_mV - closed));
        }
    }
    // As above, with the sharper bend early on.
    report.add({family, "sealed cylinder from rest, 2 to 40 ms", worst,
                4 * current * infinite_Mohm / coarse / coarse, "mV"});
}

void check_gates(ValidationReport& report) {
    // One compartment with so much capacitance and so few channels that its voltage stays where a
    // single step of current puts it.
    Cell cell = cylinder_cell(20, 20, 1);
    constexpr double decay_ms = 80, dt = 0.025, step_to_mV = -20;
    cell.celsius = 34;  // where every channel can be
    cell.capacitance_uF_cm2 = {1e9};
    cell.leak_S_cm2 = {0};
    cell.sodium_mV = {50};
    cell.potassium_mV = {-85};
    cell.calcium_gamma = {1e-3};
    cell.calcium_decay_ms = {decay_ms};
    for (const Channel& channel : all_channels()) {
        cell.channels.push_back({channel.name, {1e-18}});
    }
    const double area_um2 = cell.compartments.segments[0].area_um2;
    const double jump_nA =
        (step_to_mV - cell.initial_voltage_mV) * 1e9 * 1e-3 / dt * area_um2 * 1e-2;
    RunOptions options = options_of(dt, Scheme::backward_euler);
    Run run(cell, {{}, {{0, jump_nA, 0, dt, 0, 0}}}, options);
    const std::vector<double> start = run.exact.state();
    constexpr int steps = 400;
    run.advance(steps);
    report.add(
        {family, "the voltage step itself", std::abs(run.voltage(0) - step_to_mV), 1e-9, "mV"});
    double worst = 0;
    for (const Channel& channel : all_channels()) {
        if (channel.calcium_gated) continue;
        for (std::size_t g = 0; g < channel.gates.size(); ++g) {
            const auto at = static_cast<std::size_t>(
                run.plan.gate_state(0, find_channel(channel.name), static_cast<int>(g)));
            const GateValue value = channel.gates[g].at(run.voltage(0));
            const double since = steps * dt * channel.speed_at(cell.celsius);
            const double closed =
                value.steady + (start[at] - value.steady) * std::exp(-since / value.tau_ms);
            worst = worse(worst, std::abs(run.exact.state()[at] - closed));
        }
    }
    // Every step rounds twice a value of at most 1.
    report.add({family, "gates 10 ms after a voltage step", worst, 2 * steps * 2.3e-16, ""});
    const double calcium = run.plan.read({Quantity::calcium, 0, "", 1}, -1, 0, [&](int at) {
        return run.exact.state()[static_cast<std::size_t>(at)];
    });
    const double settled_mM = cell.minimal_calcium_mM;
    const double closed =
        settled_mM + (cell.initial_calcium_mM - settled_mM) * std::exp(-steps * dt / decay_ms);
    report.add({family, "calcium on its way back, relative", std::abs(calcium / closed - 1),
                2 * steps * 2.3e-16, ""});
}

void check_reciprocity(ValidationReport& report) {
    const Cell cell = passive_cell(discretise(layer5_morphology(), SegmentRule{}));
    const auto last = static_cast<int>(cell.compartments.segments.size()) - 1;
    double worst = 0;
    for (int k = 0; k < 6; ++k) {
        const int a = k * 97 % last, b = (k * 211 + 300) % last;
        const double forth = settled(cell, a, b, 0.1), back = settled(cell, b, a, 0.1);
        worst = worse(worst, std::abs(forth / back - 1));
    }
    // Elimination over a tree of 82 levels, and a difference of 1e-2 mV from -65 mV.
    report.add({family, "transfer resistance there and back, relative", worst, 1e-9, ""});
}

void check_charge(ValidationReport& report) {
    const Cell cell = passive_cell(discretise(layer5_morphology(), SegmentRule{}));
    const double dt = 0.05;
    const CurrentClamp alpha{400, 0.5, 1, 0, 0.5, 3};
    Run run(cell, {{}, {alpha}}, options_of(dt, Scheme::backward_euler));
    double injected = 0, leaked = 0, stored = 0;  // pC
    const auto segments = static_cast<int>(cell.compartments.segments.size());
    const auto area_cm2 = [&](int segment) {
        return cell.compartments.segments[static_cast<std::size_t>(segment)].area_um2 * 1e-8;
    };
    for (int step = 0; step < 800; ++step) {
        injected += alpha.at((step + 0.5) * dt) * dt;
        run.advance(1);
        for (int s = 0; s < segments; ++s) {
            leaked +=
                1e6 * rallpack_leak_S_cm2 * (run.voltage(s) - rallpack_rest_mV) * area_cm2(s) * dt;
        }
    }
    for (int s = 0; s < segments; ++s) {
        stored += 1e3 * (run.voltage(s) - rallpack_rest_mV) * area_cm2(s);
    }
    report.add({family, "charge lost of an injected current, relative",
                std::abs((leaked + stored) / injected - 1), 1e-9, ""});
}

void check_synapse(ValidationReport& report) {
    Cell cell = cylinder_cell(20, 20, 1);
    cell.capacitance_uF_cm2 = {1e9};  // holds its voltage
    cell.site_segments = {0};
    Run run(cell, {{{2.0, 1}, {3.5, 1}}, {}}, options_of(0.025, Scheme::backward_euler));
    const SynapseKinetics& gaba = cell.gaba;
    const double peak = gaba.rise_ms * gaba.decay_ms / (gaba.decay_ms - gaba.rise_ms) *
                        std::log(gaba.decay_ms / gaba.rise_ms);
    const double factor = 1 / (std::exp(-peak / gaba.decay_ms) - std::exp(-peak / gaba.rise_ms));
    const auto one = [&](double since) {
        return since < -1e-9
                   ? 0
                   : factor * (std::exp(-since / gaba.decay_ms) - std::exp(-since / gaba.rise_ms));
    };
    double worst = 0, highest = 0;
    for (int step = 1; step <= 800; ++step) {
        run.advance(1);
        const double t = step * 0.025;
        const auto& state = run.exact.state();
        // An event acts from its step on; the states here are those at the step's end.
        const double closed = (t > 2.0 ? one(t - 2.0) : 0) + (t > 3.5 ? one(t - 3.5) : 0);
        worst = worse(worst, std::abs(state[5] - state[4] - closed));
        highest = std::max(highest, closed);
    }
    report.add({family, "two events of a dual-exponential conductance, of its peak",
                worst / highest, 800 * 2.3e-16 * 4, ""});
}

void check_convergence(ValidationReport& report) {
    // A stick of the layer-5 cell's simplest membrane, driven through its synapses.
    Cell cell = cylinder_cell(300, 2, 15);
    cell.celsius = 34;
    cell.channels.push_back({"Ih", std::vector<double>(15, 2e-4)});
    for (int i = 0; i < 15; ++i) cell.site_segments.push_back(i);
    const Trial trial{{{4.0, 12}, {8.0, 3}, {10.0, 15 + 7}}, {}};
    const auto trace = [&](double dt, Scheme scheme) {
        Run run(cell, trial, options_of(dt, scheme));
        std::vector<double> values;
        for (int ms = 0; ms < 30; ++ms) {
            run.advance(static_cast<int>(std::lround(1 / dt)));
            values.push_back(run.voltage(12));
        }
        return values;
    };
    const std::vector<double> limit = trace(0.001, Scheme::crank_nicolson);
    for (const Scheme scheme : {Scheme::backward_euler, Scheme::crank_nicolson}) {
        const bool first_order = scheme == Scheme::backward_euler;
        const double coarse = rms_difference(trace(0.1, scheme), limit);
        const double fine = rms_difference(trace(0.05, scheme), limit);
        const double order = std::log2(coarse / fine);
        report.add({family,
                    fmt::format("order of convergence, {}",
                                first_order ? "backward Euler" : "Crank-Nicolson, early events"),
                    order, first_order ? 0.9 : 1.85, "", true,
                    fmt::format("error at 0.05 ms: {:.2g} mV", fine)});
    }
}

void check_rallpacks(ValidationReport& report) {
    const CurrentClamp clamp{0, 0.1, 0, 250, 0, 0};
    // The figures of the suite's files: 101.935 and 43.096 mV, -40.127 and -40.207 mV; they agree
    // with the closed form of a sealed cylinder.
    struct Case {
        const char* name;
        Cell cell;
        int far;
        double near_mV, far_mV;
    };
    const Case cases[] = {{"Rallpack 1", cylinder_cell(1000, 1, 1000), 999, 101.935052, 43.096468},
                          {"Rallpack 2", binary_tree_cell(), 1022, -40.127018, -40.206553}};
    for (const Case& one : cases) {
        Run run(one.cell, {{}, {clamp}}, options_of(0.05, Scheme::crank_nicolson));
        run.advance(5000);
        // The end itself is half a compartment from its node.
        const Segment& end = one.cell.compartments.segments.front();
        const double drop_mV = clamp.amplitude_nA * half_resistance(end);
        report.add({family, fmt::format("{}, injected end after 250 ms", one.name),
                    std::abs(run.voltage(0) + drop_mV - one.near_mV), 2e-3, "mV"});
        report.add({family, fmt::format("{}, far end", one.name),
                    std::abs(run.voltage(one.far) - one.far_mV), 2e-3, "mV"});
    }
    Cell squid = cylinder_cell(1000, 1, 1000);
    add_squid_channels(squid);
    Run run(squid, {{}, {clamp}}, options_of(0.01, Scheme::crank_nicolson));
    std::vector<double> near, far;
    Curve at_near{"injected end", Mark::line, colour::of_place(0, 2), {}, {}};
    Curve at_far{"far end", Mark::line, colour::of_place(1, 2), {}, {}};
    double before = rallpack_rest_mV, before_far = rallpack_rest_mV;
    for (int step = 1; step <= 25000; ++step) {
        run.advance(1);
        const double now = run.voltage(0), now_far = run.voltage(999), t = step * 0.01;
        if (before < 0 && now >= 0) near.push_back(t - 0.01 * now / (now - before));
        if (before_far < 0 && now_far >= 0)
            far.push_back(t - 0.01 * now_far / (now_far - before_far));
        before = now;
        before_far = now_far;
        if (step % 10 != 0 || step > 6000) continue;
        for (Curve* curve : {&at_near, &at_far}) curve->x.push_back(t);
        at_near.y.push_back(now);
        at_far.y.push_back(now_far);
    }
    report.add({family, "Rallpack 3, spikes missing or extra",
                std::abs(static_cast<double>(near.size()) - 18) +
                    std::abs(static_cast<double>(far.size()) - 17),
                0, ""});
    if (near.size() == 18 && far.size() == 17) {
        report.add({family, "Rallpack 3, period", std::abs((near[17] - near[2]) / 15 - 14.53152),
                    0.01, "ms"});
        report.add({family, "Rallpack 3, last spike", std::abs(near[17] - 248.519), 0.1, "ms"});
        report.add({family, "Rallpack 3, delay of the far end", std::abs(far[1] - near[1] - 2.683),
                    0.01, "ms"});
    }
    Figure figure{"Rallpack 3: the squid axon", {}};
    figure.panels.push_back({"", "time (ms)", "voltage (mV)", {at_near, at_far}});
    report.figures.push_back({family, figure});
}

}  // namespace elm
