#pragma once

#include <cmath>

#include "kernels/core/random/random.h"

namespace elm {

/// Writes the draws of one block of four words; the last block may be cut short.
template <class T, class Draw>
struct FillBlock {
    View<T, 1> values;
    RandomKey key;
    Draw draw;

    ELM_HD void operator()(std::int64_t block) const {
        const PhiloxCounter words = random_block(key, block);
        const std::int64_t first = block * draws_per_block;
        const std::int64_t left = values.extent[0] - first;
        const int count = static_cast<int>(left < draws_per_block ? left : draws_per_block);
        for (int k = 0; k < count; ++k) values(first + k) = draw(words, k);
    }
};

template <class Real>
struct DrawUniform {
    Real low, width;
    ELM_HD Real operator()(const PhiloxCounter& words, int k) const {
        // A written-out fma, so that no compiler decides; rounding up to `high` is cut.
        const Real value = std::fma(width, unit_uniform<Real>(words.word[k]), low);
        return value < low + width || width == Real(0) ? value : low;
    }
};

/// Words 0 and 1 give draws 0 and 1, words 2 and 3 give draws 2 and 3.
template <class Real>
struct DrawNormal {
    double mean, standard_deviation;
    ELM_HD Real operator()(const PhiloxCounter& words, int k) const {
        constexpr double two_pi = 6.283185307179586;
        const int pair = k & ~1;
        const double radius_draw = (words.word[pair] + 0.5) * 0x1p-32;  // in (0, 1)
        const double angle = two_pi * unit_uniform<double>(words.word[pair + 1]);
        const double radius = std::sqrt(-2.0 * std::log(radius_draw));
        const double normal = radius * (k == pair ? std::cos(angle) : std::sin(angle));
        return static_cast<Real>(std::fma(standard_deviation, normal, mean));
    }
};

struct DrawBernoulli {
    double probability;
    ELM_HD std::uint8_t operator()(const PhiloxCounter& words, int k) const {
        return draw_bernoulli(words.word[k], probability) ? 1 : 0;
    }
};

template <class Backend, class T, class Draw>
void fill_blocks(Stream& stream, View<T, 1> values, const RandomKey& key, const Draw& draw) {
    const std::int64_t blocks = (values.extent[0] + draws_per_block - 1) / draws_per_block;
    Backend::for_each_index(stream, blocks, FillBlock<T, Draw>{values, key, draw});
}

template <class Backend, class Real>
void run_fill_uniform(Stream& stream, const RandomFillArgs<Real>& args) {
    const auto low = static_cast<Real>(args.first);
    fill_blocks<Backend>(stream, args.values, args.key,
                         DrawUniform<Real>{low, static_cast<Real>(args.second) - low});
}

template <class Backend, class Real>
void run_fill_normal(Stream& stream, const RandomFillArgs<Real>& args) {
    fill_blocks<Backend>(stream, args.values, args.key, DrawNormal<Real>{args.first, args.second});
}

template <class Backend>
void run_fill_bernoulli(Stream& stream, const BernoulliFillArgs& args) {
    fill_blocks<Backend>(stream, args.values, args.key, DrawBernoulli{args.probability});
}

// Slots take the address of both backends; each is instantiated in its own file.
extern template void run_fill_uniform<Cpu, float>(Stream&, const RandomFillArgs<float>&);
extern template void run_fill_uniform<Cpu, double>(Stream&, const RandomFillArgs<double>&);
extern template void run_fill_normal<Cpu, float>(Stream&, const RandomFillArgs<float>&);
extern template void run_fill_normal<Cpu, double>(Stream&, const RandomFillArgs<double>&);
extern template void run_fill_bernoulli<Cpu>(Stream&, const BernoulliFillArgs&);
extern template void run_fill_uniform<Cuda, float>(Stream&, const RandomFillArgs<float>&);
extern template void run_fill_uniform<Cuda, double>(Stream&, const RandomFillArgs<double>&);
extern template void run_fill_normal<Cuda, float>(Stream&, const RandomFillArgs<float>&);
extern template void run_fill_normal<Cuda, double>(Stream&, const RandomFillArgs<double>&);
extern template void run_fill_bernoulli<Cuda>(Stream&, const BernoulliFillArgs&);

}  // namespace elm
