#include "neuron/cable/solver/rate_tables.h"

#include <array>
#include <cmath>
#include <functional>
#include <numbers>

namespace elm::cable {
namespace {

using table::terms;
using Function = std::function<double(double)>;

/// Coefficients in t, -1/2 to 1/2, of the polynomial through f(low + (t + 1/2) width) at the
/// Chebyshev nodes.
std::array<double, terms> interpolate(const Function& f, double low, double width) {
    std::array<double, terms> nodes{}, divided{}, result{};
    for (std::size_t i = 0; i < terms; ++i) {
        nodes[i] = 0.5 * std::cos((static_cast<double>(i) + 0.5) * std::numbers::pi / terms);
        divided[i] = f(low + (nodes[i] + 0.5) * width);
    }
    // Newton's divided differences, then powers of t.
    for (std::size_t order = 1; order < terms; ++order) {
        for (std::size_t i = terms - 1; i >= order; --i) {
            divided[i] = (divided[i] - divided[i - 1]) / (nodes[i] - nodes[i - order]);
        }
    }
    for (std::size_t i = terms; i-- > 0;) {
        for (std::size_t k = terms - 1; k > 0; --k)
            result[k] = result[k - 1] - nodes[i] * result[k];
        result[0] = divided[i] - nodes[i] * result[0];
    }
    return result;
}

class Builder {
public:
    int add(const Function& f, bool of_calcium) {
        const std::size_t first = tables.values.size();
        tables.values.resize(first + table::size);
        for (int row = 0; row < table::rows; ++row) {
            double low =
                static_cast<double>(table::first_mV) + row * static_cast<double>(table::row_mV);
            double width = static_cast<double>(table::row_mV);
            if (of_calcium) {
                const int per_octave = 1 << table::calcium_rows_per_octave_log2;
                const double octave =
                    std::ldexp(1.0, table::calcium_first_exponent + row / per_octave);
                width = octave / per_octave;
                low = octave + row % per_octave * width;
            }
            const auto terms_of_row = interpolate(f, low, width);
            for (std::size_t k = 0; k < terms; ++k) {
                tables.values[first + k * table::rows + static_cast<std::size_t>(row)] =
                    static_cast<float>(terms_of_row[k]);
            }
        }
        return static_cast<int>(first) / table::size;
    }

    RateTables tables;
};

}  // namespace

RateTables make_rate_tables(const CablePlan& plan) {
    Builder builder;
    builder.tables.gates.resize(all_channels().size());
    for (const SegmentKind& kind : plan.kinds) {
        for (const int channel : kind.channels) {
            auto& known = builder.tables.gates[static_cast<std::size_t>(channel)];
            if (!known.empty()) continue;
            const Channel& what = all_channels()[static_cast<std::size_t>(channel)];
            for (const Gate& gate : what.gates) {
                known.push_back(
                    builder.add([&](double x) { return gate.at(x).steady; }, what.calcium_gated));
                builder.add([&](double x) { return plan.relaxation(channel, gate.at(x)); },
                            what.calcium_gated);
            }
        }
        if (kind.synapses && builder.tables.magnesium < 0) {
            builder.tables.magnesium = builder.add(magnesium_gate, false);
        }
        if (kind.calcium && builder.tables.calcium_reversal < 0) {
            builder.tables.calcium_reversal =
                builder.add([&](double x) { return plan.calcium_reversal_mV(x); }, true);
        }
    }
    return builder.tables;
}

}  // namespace elm::cable
