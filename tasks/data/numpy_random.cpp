#include "tasks/data/numpy_random.h"

#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <limits>

namespace elm {
namespace {

constexpr std::size_t pool_size = 4;
using Pool = std::array<std::uint32_t, pool_size>;

/// The hash of numpy's SeedSequence (O'Neill 2015, "Developing a seed_seq alternative").
class SeedHash {
public:
    SeedHash(std::uint32_t start, std::uint32_t factor) : state_(start), factor_(factor) {}
    std::uint32_t operator()(std::uint32_t value) {
        value ^= state_;
        state_ *= factor_;
        value *= state_;
        return value ^ (value >> 16);
    }

private:
    std::uint32_t state_, factor_;
};

std::uint32_t mixed(std::uint32_t a, std::uint32_t b) {
    const std::uint32_t result = 0xca01f9ddU * a - 0x4973f715U * b;
    return result ^ (result >> 16);
}

Pool pool_of(std::uint64_t seed) {
    SeedHash hash(0x43b0d7e5U, 0x931e8875U);
    const Pool entropy{static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)};
    Pool pool{};
    for (std::size_t k = 0; k < pool_size; ++k) pool[k] = hash(entropy[k]);
    for (std::size_t from = 0; from < pool_size; ++from) {
        for (std::size_t to = 0; to < pool_size; ++to) {
            if (from != to) pool[to] = mixed(pool[to], hash(pool[from]));
        }
    }
    return pool;
}

/// 64 x 64 bits.
std::array<std::uint64_t, 2> wide_product(std::uint64_t a, std::uint64_t b) {  // high, low
    constexpr std::uint64_t mask = 0xffffffffU;
    const std::uint64_t low = (a & mask) * (b & mask);
    const std::uint64_t left = (a >> 32) * (b & mask) + (low >> 32);
    const std::uint64_t right = (a & mask) * (b >> 32) + (left & mask);
    return {(a >> 32) * (b >> 32) + (left >> 32) + (right >> 32), (right << 32) | (low & mask)};
}

}  // namespace

NumpyRandom::Wide NumpyRandom::sum(Wide a, Wide b) {
    const std::uint64_t low = a.low + b.low;
    return {a.high + b.high + (low < a.low ? 1 : 0), low};
}

NumpyRandom::Wide NumpyRandom::product(Wide a, Wide b) {
    const auto [high, low] = wide_product(a.low, b.low);
    return {high + a.high * b.low + a.low * b.high, low};
}

NumpyRandom::NumpyRandom(std::uint64_t seed) {
    const Pool pool = pool_of(seed);
    SeedHash hash(0x8b51f9ddU, 0x58f38dedU);
    std::array<std::uint64_t, 4> words{};
    for (std::size_t k = 0; k < 2 * words.size(); ++k) {
        words[k / 2] |= std::uint64_t{hash(pool[k % pool_size])} << (k % 2 * 32);
    }
    increment_ = {words[2] << 1 | words[3] >> 63, words[3] << 1 | 1};
    step();
    state_ = sum(state_, {words[0], words[1]});
    step();
}

void NumpyRandom::step() {
    constexpr Wide factor{2549297995355413924U, 4865540595714422341U};
    state_ = sum(product(state_, factor), increment_);
}

std::uint64_t NumpyRandom::word() {
    step();
    return std::rotr(state_.high ^ state_.low, static_cast<int>(state_.high >> 58));
}

std::uint32_t NumpyRandom::half_word() {
    if (has_half_) {
        has_half_ = false;
        return half_;
    }
    const std::uint64_t next = word();
    has_half_ = true;
    half_ = static_cast<std::uint32_t>(next >> 32);
    return static_cast<std::uint32_t>(next);
}

std::uint32_t NumpyRandom::below(std::uint64_t count) {
    if (count == 1) return 0;  // numpy draws nothing
    constexpr std::uint64_t words = std::uint64_t{1} << 32;
    if (count == words) return half_word();
    const std::uint64_t rejected = words % count;
    std::uint64_t scaled = half_word() * count;
    while ((scaled & std::numeric_limits<std::uint32_t>::max()) < rejected) {
        scaled = half_word() * count;
    }
    return static_cast<std::uint32_t>(scaled >> 32);
}

bool NumpyRandom::chance(double probability) {
    return uniform() > std::exp(std::log(1 - probability));
}

}  // namespace elm
