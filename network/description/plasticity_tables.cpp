#include "network/description/plasticity_tables.h"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "kernels/io/toml_config.h"
#include "network/description/table_quantity.h"

namespace elm::network {

void read_short_term(const ConfigTree& tree, Population& population) {
    if (!tree.has("short_term")) return;
    const ConfigTree table = tree.table("short_term");
    table.require_known({"release", "tau_recovery", "tau_facilitation", "tau_current"});
    ShortTermPlasticity rule;
    rule.release = quantity_or(table, "release", "", rule.release);
    rule.tau_recovery_ms = quantity_or(table, "tau_recovery", "ms", rule.tau_recovery_ms);
    rule.tau_facilitation_ms =
        quantity_or(table, "tau_facilitation", "ms", rule.tau_facilitation_ms);
    rule.tau_current_ms = quantity_or(table, "tau_current", "ms", rule.tau_current_ms);
    population.short_term = rule;
}

void read_stdp(const ConfigTree& tree, const std::string& unit, Connection& connection) {
    if (!tree.has("stdp")) return;
    const ConfigTree table = tree.table("stdp");
    Stdp stdp;
    const std::string rule = table.has("rule") ? table.text("rule") : "bounded";
    stdp.is_power_law = rule == "power-law";
    stdp.is_balancing = rule == "balancing";
    if (rule != "bounded" && !stdp.is_power_law && !stdp.is_balancing) {
        table.fail("rule",
                   fmt::format("there is no rule {}.{} Known are bounded, power-law, balancing.",
                               rule, nearest_hint(rule, {"bounded", "power-law", "balancing"})));
    }
    const std::string of_unit = stdp.is_power_law ? "unit_weight" : "largest_weight";
    std::vector<std::string> known{"rule",      "tau_plus", "tau_minus", "rate",
                                   "asymmetry", "pairs",    of_unit};
    if (!stdp.is_balancing) known.emplace_back("mu_plus");
    if (!stdp.is_power_law && !stdp.is_balancing) known.emplace_back("mu_minus");
    table.require_known(known);
    stdp.tau_plus_ms = quantity_or(table, "tau_plus", "ms", stdp.tau_plus_ms);
    stdp.tau_minus_ms = quantity_or(table, "tau_minus", "ms", stdp.tau_minus_ms);
    stdp.rate = quantity_or(table, "rate", "", stdp.rate);
    stdp.asymmetry = quantity_or(table, "asymmetry", "", stdp.asymmetry);
    stdp.mu_plus = quantity_or(table, "mu_plus", "", stdp.mu_plus);
    stdp.mu_minus = quantity_or(table, "mu_minus", "", stdp.mu_minus);
    stdp.unit_weight = quantity(table, of_unit, unit);
    if (table.has("pairs")) {
        const std::string pairs = table.text("pairs");
        const auto found = std::find(stdp_pairs_names.begin(), stdp_pairs_names.end(), pairs);
        if (found == stdp_pairs_names.end()) {
            table.fail("pairs", fmt::format("there are no pairs {}.{} Known are {}.", pairs,
                                            nearest_hint(pairs, stdp_pairs_names),
                                            fmt::join(stdp_pairs_names, ", ")));
        }
        stdp.pairs = static_cast<StdpPairs>(found - stdp_pairs_names.begin());
    }
    connection.stdp = stdp;
}

void read_homeostasis(const ConfigTree& tree, const std::string& unit, Connection& connection) {
    if (!tree.has("homeostasis")) return;
    const ConfigTree table = tree.table("homeostasis");
    Homeostasis homeostasis;
    const std::string rule = table.text("rule");
    if (rule == "normalise") {
        table.require_known({"rule", "every", "total"});
        homeostasis.total = quantity(table, "total", unit);
    } else if (rule == "scale") {
        table.require_known({"rule", "every", "target_rate", "gain", "tau"});
        homeostasis.rule = Homeostasis::Rule::scale;
        homeostasis.target_rate_hz = quantity(table, "target_rate", "Hz");
        homeostasis.gain = quantity_or(table, "gain", "", homeostasis.gain);
        homeostasis.tau_ms = quantity_or(table, "tau", "ms", homeostasis.tau_ms);
    } else {
        table.fail("rule", fmt::format("there is no rule {}.{} Known are normalise, scale.", rule,
                                       nearest_hint(rule, {"normalise", "scale"})));
    }
    homeostasis.every_ms = quantity_or(table, "every", "ms", homeostasis.every_ms);
    connection.homeostasis = homeostasis;
}

}  // namespace elm::network
