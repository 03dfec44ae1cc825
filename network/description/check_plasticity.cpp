#include "network/description/check_plasticity.h"

#include <cmath>

#include <fmt/format.h>

#include "kernels/core/support/check.h"
#include "network/description/quantity.h"

namespace elm::network {

std::string at(const std::string& place) { return place.empty() ? place : place + ": "; }

void check_short_term(const Population& p) {
    const ShortTermPlasticity& rule = *p.short_term;
    ELM_CHECK(rule.release > 0 && rule.release <= 1,
              "{}short_term: release {}, expected above 0 and at most 1.", at(p.place),
              rule.release);
    ELM_CHECK(rule.tau_recovery_ms > 0 && std::isfinite(rule.tau_recovery_ms),
              "{}short_term: tau_recovery {} ms, expected a positive time.", at(p.place),
              rule.tau_recovery_ms);
    ELM_CHECK(rule.tau_facilitation_ms >= 0 && std::isfinite(rule.tau_facilitation_ms),
              "{}short_term: tau_facilitation {} ms, expected at least 0.", at(p.place),
              rule.tau_facilitation_ms);
    ELM_CHECK(rule.tau_current_ms >= 0 && std::isfinite(rule.tau_current_ms) &&
                  rule.tau_current_ms != rule.tau_recovery_ms,
              "{}short_term: tau_current {} ms, expected at least 0, and not tau_recovery.",
              at(p.place), rule.tau_current_ms);
}

void check_stdp(const Connection& c, const std::string& unit, double lowest, double highest) {
    const Stdp& stdp = *c.stdp;
    ELM_CHECK(stdp.tau_plus_ms > 0 && stdp.tau_minus_ms > 0,
              "{}stdp: time constants of {} and {} ms, expected positive ones.", at(c.place),
              stdp.tau_plus_ms, stdp.tau_minus_ms);
    ELM_CHECK(stdp.rate >= 0 && stdp.asymmetry >= 0 && stdp.mu_plus >= 0 && stdp.mu_minus >= 0,
              "{}stdp: rate {}, asymmetry {}, exponents {} and {}, expected at least 0.",
              at(c.place), stdp.rate, stdp.asymmetry, stdp.mu_plus, stdp.mu_minus);
    ELM_CHECK(stdp.unit_weight > 0, "{}stdp: {} {}, expected a positive weight.", at(c.place),
              stdp.is_power_law ? "unit_weight" : "largest_weight",
              quantity_text(stdp.unit_weight, unit));
    ELM_CHECK(c.delay_ms.is_constant(), "{}stdp: expected one delay for all synapses.",
              at(c.place));
    ELM_CHECK(lowest >= 0 && (stdp.is_power_law || highest <= stdp.unit_weight),
              "{}stdp: weights from {} to {}, expected {}.", at(c.place),
              quantity_text(lowest, unit), quantity_text(highest, unit),
              stdp.is_power_law
                  ? "at least 0"
                  : fmt::format("0 to largest_weight ({})", quantity_text(stdp.unit_weight, unit)));
}

void check_homeostasis(const Connection& c, const std::string& unit, double lowest,
                       double time_step_ms) {
    const Homeostasis& h = *c.homeostasis;
    ELM_CHECK(h.every_ms >= time_step_ms && std::isfinite(h.every_ms),
              "{}homeostasis: every {} ms, expected at least one step of {} ms.", at(c.place),
              h.every_ms, time_step_ms);
    ELM_CHECK(c.delay_ms.is_constant(), "{}homeostasis: expected one delay for all synapses.",
              at(c.place));
    ELM_CHECK(lowest >= 0, "{}homeostasis: weights from {}, expected at least 0.", at(c.place),
              quantity_text(lowest, unit));
    if (h.rule == Homeostasis::Rule::normalise) {
        ELM_CHECK(h.total > 0 && std::isfinite(h.total),
                  "{}homeostasis: total {}, expected a positive weight.", at(c.place),
                  quantity_text(h.total, unit));
        return;
    }
    ELM_CHECK(h.target_rate_hz >= 0 && std::isfinite(h.target_rate_hz) && h.gain >= 0 &&
                  std::isfinite(h.gain),
              "{}homeostasis: target_rate {} Hz, gain {}, expected at least 0.", at(c.place),
              h.target_rate_hz, h.gain);
    ELM_CHECK(h.tau_ms > 0 && std::isfinite(h.tau_ms),
              "{}homeostasis: tau {} ms, expected a positive time.", at(c.place), h.tau_ms);
}

}  // namespace elm::network
