#include "kernels/core/cuda/mma_tile.cuh"

#include <gtest/gtest.h>

#include <set>
#include <utility>

#include "kernels/core/cuda/launch.cuh"
#include "tests/emulation/emulation_test_support.h"

namespace elm {
namespace {

struct Literal {
    int lane;
    int i;
    int row;
    int column;
};

// Loaders and emulation share at_a, at_b and at_c, so an error there would cancel out. These
// places, worked out by hand from the PTX ISA ("Matrix Fragments for mma.m16n8k16 with floating
// point type" and, for tf32, "Matrix Fragments for mma.m16n8k8"), and the strides below are
// independent of them.
constexpr Literal literal_a[] = {{0, 0, 0, 0},   {0, 1, 0, 1},   {0, 2, 8, 0},   {0, 3, 8, 1},
                                 {0, 4, 0, 8},   {0, 5, 0, 9},   {0, 6, 8, 8},   {0, 7, 8, 9},
                                 {5, 0, 1, 2},   {5, 6, 9, 10},  {30, 5, 7, 13}, {31, 0, 7, 6},
                                 {31, 3, 15, 7}, {31, 4, 7, 14}, {31, 7, 15, 15}};
constexpr Literal literal_b[] = {{0, 0, 0, 0},  {0, 1, 1, 0},  {0, 2, 8, 0},
                                 {0, 3, 9, 0},  {3, 0, 6, 0},  {4, 0, 0, 1},
                                 {5, 2, 10, 1}, {31, 0, 6, 7}, {31, 3, 15, 7}};
constexpr Literal literal_tf32_a[] = {{0, 0, 0, 0},  {0, 1, 8, 0},   {0, 2, 0, 4},
                                      {0, 3, 8, 4},  {5, 0, 1, 1},   {5, 3, 9, 5},
                                      {30, 2, 7, 6}, {31, 1, 15, 3}, {31, 3, 15, 7}};
constexpr Literal literal_tf32_b[] = {{0, 0, 0, 0}, {0, 1, 4, 0},  {3, 0, 3, 0}, {4, 0, 0, 1},
                                      {5, 1, 5, 1}, {31, 0, 3, 7}, {31, 1, 7, 7}};
constexpr Literal literal_c[] = {{0, 0, 0, 0}, {0, 1, 0, 1},  {0, 2, 8, 0},
                                 {0, 3, 8, 1}, {1, 0, 0, 2},  {5, 1, 1, 3},
                                 {5, 2, 9, 2}, {31, 0, 7, 6}, {31, 3, 15, 7}};

template <std::size_t Count>
void expect_places(const Literal (&table)[Count], TilePlace (*place_of)(int, int)) {
    for (const Literal& entry : table) {
        const TilePlace place = place_of(entry.lane, entry.i);
        EXPECT_EQ(place.row, entry.row) << "lane " << entry.lane << " element " << entry.i;
        EXPECT_EQ(place.column, entry.column) << "lane " << entry.lane << " element " << entry.i;
    }
}

void expect_each_place_once(TilePlace (*place_of)(int, int), int count, int rows, int columns) {
    std::set<std::pair<int, int>> seen;
    for (int lane = 0; lane < 32; ++lane) {
        for (int i = 0; i < count; ++i) {
            const TilePlace place = place_of(lane, i);
            EXPECT_TRUE(place.row >= 0 && place.row < rows);
            EXPECT_TRUE(place.column >= 0 && place.column < columns);
            seen.insert({place.row, place.column});
        }
    }
    EXPECT_EQ(seen.size(), static_cast<std::size_t>(rows * columns));
}

TEST(MmaLayout, agrees_with_the_manual) {
    expect_places(literal_a, &at_a<2>);
    expect_places(literal_b, &at_b<2>);
    expect_places(literal_tf32_a, &at_a<1>);
    expect_places(literal_tf32_b, &at_b<1>);
    expect_places(literal_c, &at_c);
}

TEST(MmaLayout, agrees_with_cutlass_everywhere) {
    // Column-major index of an element, by the strides that CUTLASS gives for SM80_16x8x16 and
    // SM80_16x8x8 of tf32 (cute/atom/mma_traits_sm80.hpp); B is described there by its transpose.
    const auto bit = [](int i, int position) { return i >> position & 1; };
    for (int lane = 0; lane < 32; ++lane) {
        for (int i = 0; i < FragmentA<Bf16>::count; ++i) {
            const int index =
                32 * (lane % 4) + lane / 4 + 16 * bit(i, 0) + 8 * bit(i, 1) + 128 * bit(i, 2);
            EXPECT_EQ(at_a<2>(lane, i).row + 16 * at_a<2>(lane, i).column, index);
        }
        for (int i = 0; i < FragmentB<Bf16>::count; ++i) {
            const int index = 16 * (lane % 4) + lane / 4 + 8 * bit(i, 0) + 64 * bit(i, 1);
            EXPECT_EQ(at_b<2>(lane, i).column + 8 * at_b<2>(lane, i).row, index);
        }
        for (int i = 0; i < FragmentA<Tf32>::count; ++i) {
            const int index = 16 * (lane % 4) + lane / 4 + 8 * bit(i, 0) + 64 * bit(i, 1);
            EXPECT_EQ(at_a<1>(lane, i).row + 16 * at_a<1>(lane, i).column, index);
        }
        for (int i = 0; i < FragmentB<Tf32>::count; ++i) {
            const int index = 8 * (lane % 4) + lane / 4 + 32 * bit(i, 0);
            EXPECT_EQ(at_b<1>(lane, i).column + 8 * at_b<1>(lane, i).row, index);
        }
        for (int i = 0; i < mma_c_count; ++i) {
            const int index = 32 * (lane % 4) + lane / 4 + 16 * bit(i, 0) + 8 * bit(i, 1);
            EXPECT_EQ(at_c(lane, i).row + 16 * at_c(lane, i).column, index);
        }
    }
}

TEST(MmaLayout, holds_each_place_once) {
    expect_each_place_once(&at_a<2>, FragmentA<Bf16>::count, 16, 16);
    expect_each_place_once(&at_b<2>, FragmentB<Bf16>::count, 16, 8);
    expect_each_place_once(&at_a<1>, FragmentA<Tf32>::count, 16, 8);
    expect_each_place_once(&at_b<1>, FragmentB<Tf32>::count, 8, 8);
    expect_each_place_once(&at_c, mma_c_count, 16, 8);
}

Bf16 narrow(float value, Bf16) { return to_bf16(value); }
Half narrow(float value, Half) { return to_half(value); }

Tf32 narrow(float value, Tf32) { return to_tf32(value); }

template <class Element>
struct Factors {
    static constexpr int depth = mma_depth<Element>;
    Element a[16][depth];
    Element b[depth][8];
    Element b_transposed[8][depth];
};

template <class Element>
__global__ void product_kernel(const Factors<Element>* factors, float (*d)[8], bool transposed) {
    constexpr int depth = mma_depth<Element>;
    FragmentC sum;
    for (int i = 0; i < mma_c_count; ++i) {
        const TilePlace place = at_c(static_cast<int>(threadIdx.x), i);
        sum.value[i] = static_cast<float>(place.row - place.column);
    }
    const auto a = load_fragment_a(&factors->a[0][0], depth);
    const auto b = transposed ? load_fragment_b_transposed(&factors->b_transposed[0][0], depth)
                              : load_fragment_b(&factors->b[0][0], 8);
    store_fragment_c(mma(a, b, sum), &d[0][0], 8);
}

/// `scatter(value)` is another pattern of the same element.
template <class Element>
void expect_exact_product(Element (*scatter)(Element) = [](Element value) { return value; }) {
    constexpr int depth = mma_depth<Element>;
    const auto a = [](int i, int k) { return (i * 5 + k * 11) % 17 - 8; };
    const auto b = [](int k, int j) { return (k * 7 + j * 3) % 13 - 6; };
    const auto element = [&](int value) {
        return scatter(narrow(static_cast<float>(value), Element{}));
    };
    Factors<Element> factors;
    for (int k = 0; k < depth; ++k) {
        for (int i = 0; i < 16; ++i) factors.a[i][k] = element(a(i, k));
        for (int j = 0; j < 8; ++j) {
            factors.b[k][j] = element(b(k, j));
            factors.b_transposed[j][k] = factors.b[k][j];
        }
    }
    for (const bool transposed : {false, true}) {
        float d[16][8] = {};
        launch_kernel(nullptr, "product", {1, 32}, product_kernel<Element>, &factors, d,
                      transposed);
        for (int i = 0; i < 16; ++i) {
            for (int j = 0; j < 8; ++j) {
                int expected = i - j;
                for (int k = 0; k < depth; ++k) expected += a(i, k) * b(k, j);
                ASSERT_EQ(d[i][j], static_cast<float>(expected)) << i << "," << j;
            }
        }
    }
}

TEST(MmaTile, multiplies_small_integers_exactly) {
    for (const planted::Schedule& schedule : planted::all_schedules()) {
        const planted::ScopedSchedule scope(schedule);
        expect_exact_product<Bf16>();
        expect_exact_product<Half>();
        expect_exact_product<Tf32>();
    }
}

TEST(MmaTile, ignores_the_low_bits_of_tf32) {
    expect_exact_product<Tf32>([](Tf32 value) { return Tf32{value.bits | 0x1FFFu}; });
}

template <class Element>
__global__ void half_a_warp_kernel() {
    const FragmentA<Element> a{};
    const FragmentB<Element> b{};
    (void)mma(a, b, FragmentC{});
}

TEST(MmaTile, needs_all_lanes) {
    for (const auto kernel : {half_a_warp_kernel<Half>, half_a_warp_kernel<Tf32>}) {
        planted::expect_fault_in_all_schedules(
            [&] {
                launch_kernel(nullptr, "half_a_warp", {1, 16}, kernel);
            },
            {"mma: a warp whose 32 lanes are not all here"});
    }
}

}  // namespace
}  // namespace elm
