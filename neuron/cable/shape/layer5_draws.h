#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "kernels/core/random/random_key.h"

namespace elm::cable {

struct Vector {
    double x = 0, y = 0, z = 0;
};
inline Vector operator+(const Vector& a, const Vector& b) {
    return {a.x + b.x, a.y + b.y, a.z + b.z};
}
inline Vector operator*(double s, const Vector& a) { return {s * a.x, s * a.y, s * a.z}; }
inline double dot(const Vector& a, const Vector& b) { return a.x * b.x + a.y * b.y + a.z * b.z; }
inline Vector unit(const Vector& a) { return 1 / std::sqrt(dot(a, a)) * a; }

/// Numbers in a row, for one purpose.
class Draws {
public:
    explicit Draws(const RandomKey& key) : key_(key) {}
    /// In [0, 1).
    double uniform() { return unit_uniform<double>(random_word(key_, next_++)); }
    double between(double low, double high) { return low + (high - low) * uniform(); }
    Vector direction() {
        while (true) {
            const double x = between(-1, 1), y = between(-1, 1), z = between(-1, 1);
            const double square = x * x + y * y + z * z;
            if (square > 0.01 && square <= 1) return unit({x, y, z});
        }
    }
    /// Perpendicular to a unit vector.
    Vector across(const Vector& axis) {
        while (true) {
            const Vector any = direction();
            const Vector rest = any + -dot(any, axis) * axis;
            if (dot(rest, rest) > 0.04) return unit(rest);
        }
    }
    /// Index, each as likely as its weight. There must be one above 0.
    std::size_t weighted(const std::vector<double>& weights) {
        double total = 0;
        for (const double weight : weights) total += weight;
        double left = uniform() * total;
        std::size_t last = 0;
        for (std::size_t i = 0; i < weights.size(); ++i) {
            if (!(weights[i] > 0)) continue;
            last = i;
            left -= weights[i];
            if (left < 0) break;
        }
        return last;
    }

private:
    RandomKey key_;
    std::int64_t next_ = 0;
};

}  // namespace elm::cable
