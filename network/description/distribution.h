#pragma once

#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

namespace elm::network {

/// Values of one quantity over many neurons or synapses.
struct Distribution {
    enum class Kind : std::uint8_t {
        constant,  // first
        uniform,   // from first to second
        normal,    // mean first, standard deviation second, of which only lowest .. highest counts
        list       // values, one for each
    };
    Kind kind = Kind::constant;
    double first = 0, second = 0;
    double lowest = -std::numeric_limits<double>::infinity();
    double highest = std::numeric_limits<double>::infinity();
    std::vector<double> values = {};

    static Distribution constant(double value) { return {.first = value}; }
    static Distribution uniform(double low, double high) {
        return {.kind = Kind::uniform, .first = low, .second = high};
    }
    static Distribution normal(double mean, double standard_deviation,
                               double lowest = -std::numeric_limits<double>::infinity(),
                               double highest = std::numeric_limits<double>::infinity()) {
        return {Kind::normal, mean, standard_deviation, lowest, highest, {}};
    }
    static Distribution list(std::vector<double> values) {
        return {.kind = Kind::list, .values = std::move(values)};
    }
    bool is_constant() const { return kind == Kind::constant; }
};

/// Quantile of the standard normal distribution for 0 < p < 1, relative error 1e-16.
/// Source: Wichura 1988, algorithm AS 241 (PPND16), doi:10.2307/2347330.
double normal_quantile(double p);

/// Draws values of a distribution from words of 32 random bits; a value follows from its word
/// alone. A cut normal distribution is drawn by its quantiles, so nothing is drawn again.
class Draw {
public:
    explicit Draw(const Distribution& distribution);

    /// The value of element `index` (of a list) or of `word` (of the others).
    double operator()(std::uint32_t word, std::int64_t index) const {
        switch (kind_) {
            case Distribution::Kind::constant:
                return offset_;
            case Distribution::Kind::uniform:
                return offset_ + scale_ * unit(word);
            case Distribution::Kind::normal:
                return offset_ + scale_ * normal_quantile(cut_ + cut_range_ * unit(word));
            case Distribution::Kind::list:
                return list_[index];
        }
        return 0;
    }
    /// Between which all values lie.
    double lowest() const;
    double highest() const;

private:
    static double unit(std::uint32_t word) { return (word + 0.5) * 0x1p-32; }

    Distribution::Kind kind_;
    double offset_, scale_, cut_ = 0, cut_range_ = 1;
    const double* list_;
    std::int64_t list_size_;
};

}  // namespace elm::network
