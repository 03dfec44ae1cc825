#pragma once

#include <cmath>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace elm::cable {

/// Ion that a channel lets through, which says where its current reverses.
enum class Ion : std::uint8_t {
    none,       // reverses at Channel::reversal_mV
    sodium,     // at the segment's sodium_mV
    potassium,  // at its potassium_mV
    calcium,    // at the Nernst potential of the calcium there
};

/// Steady value of the variable of a gate, and how fast it goes there: dx/dt = (steady - x) / tau.
struct GateValue {
    double steady = 0;
    double tau_ms = 1;
};

struct Gate {
    const char* name;           // "m"
    int power;                  // 1 to 4, of the variable in the conductance
    GateValue (*at)(double x);  // x: voltage in mV, or calcium in mM
};

/// Current density g_bar * product of gate^power * (V - E), outward positive. A new channel is a
/// file channels/NAME.cpp with NAME_channel() and a line in channels.def.
struct Channel {
    const char* name;
    Ion ion = Ion::none;
    std::vector<Gate> gates;  // one or two
    double reversal_mV = 0;   // where ion is none
    bool calcium_gated = false;
    double celsius = 34;             // at which `gates` gives the rates
    std::optional<double> q10 = {};  // factor of the rates every 10 degrees; none: not published

    bool can_be_at(double other_celsius) const { return q10 || other_celsius == celsius; }
    /// Rates at that temperature over those of `gates`, for one that the channel can be at.
    double speed_at(double other_celsius) const {
        return q10 ? std::pow(*q10, (other_celsius - celsius) / 10) : 1;
    }
};

/// All channels of channels.def.
const std::vector<Channel>& all_channels();
/// Index in all_channels(). Throws Error{invalid} with the nearest name.
int find_channel(std::string_view name);

/// x / (1 - exp(-x / scale)), which is `scale` at x = 0.
inline double linoid(double x, double scale) {
    const double y = x / scale;
    return std::abs(y) < 1e-4 ? scale * (1 + y / 2 + y * y / 12) : x / -std::expm1(-y);
}

/// 1 / (1 + exp(-x)).
inline double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

/// The gate that opens with rate `opening` and closes with `closing`, 1/ms, both times `speed`.
inline GateValue from_rates(double opening, double closing, double speed = 1) {
    return {opening / (opening + closing), 1 / (opening + closing) / speed};
}

/// 2.3^((34 - 21) / 10): rates measured at 21 degrees, at 34 degrees.
inline constexpr double speed_at_34 = 2.952882641412121;

}  // namespace elm::cable
