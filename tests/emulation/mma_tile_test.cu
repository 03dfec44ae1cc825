#include "kernels/core/cuda/mma_tile.cuh"

#include <gtest/gtest.h>

#include <array>
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

// Worked out by hand from the figures of the PTX ISA, "Matrix Fragments for mma.m16n8k16 with
// floating point type": they are the independent witness, since loaders and emulation share at_a,
// at_b, at_c.
constexpr Literal literal_a[] = {{0, 0, 0, 0},   {0, 1, 0, 1},   {0, 2, 8, 0},   {0, 3, 8, 1},
                                 {0, 4, 0, 8},   {0, 5, 0, 9},   {0, 6, 8, 8},   {0, 7, 8, 9},
                                 {5, 0, 1, 2},   {5, 6, 9, 10},  {30, 5, 7, 13}, {31, 0, 7, 6},
                                 {31, 3, 15, 7}, {31, 4, 7, 14}, {31, 7, 15, 15}};
constexpr Literal literal_b[] = {{0, 0, 0, 0},  {0, 1, 1, 0},  {0, 2, 8, 0},
                                 {0, 3, 9, 0},  {3, 0, 6, 0},  {4, 0, 0, 1},
                                 {5, 2, 10, 1}, {31, 0, 6, 7}, {31, 3, 15, 7}};
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
    expect_places(literal_a, &at_a);
    expect_places(literal_b, &at_b);
    expect_places(literal_c, &at_c);
}

TEST(MmaLayout, holds_each_place_once) {
    expect_each_place_once(&at_a, mma_a_count, 16, 16);
    expect_each_place_once(&at_b, mma_b_count, 16, 8);
    expect_each_place_once(&at_c, mma_c_count, 16, 8);
}

Bf16 narrow(float value, Bf16) { return to_bf16(value); }
Half narrow(float value, Half) { return to_half(value); }

template <class Element>
struct Factors {
    Element a[16][16];
    Element b[16][8];
    Element b_transposed[8][16];
};

template <class Element>
__global__ void product_kernel(const Factors<Element>* factors, float (*d)[8], bool transposed) {
    FragmentC sum;
    for (int i = 0; i < mma_c_count; ++i) {
        const TilePlace place = at_c(static_cast<int>(threadIdx.x), i);
        sum.value[i] = static_cast<float>(place.row - place.column);
    }
    const auto a = load_fragment_a(&factors->a[0][0], 16);
    const auto b = transposed ? load_fragment_b_transposed(&factors->b_transposed[0][0], 16)
                              : load_fragment_b(&factors->b[0][0], 8);
    store_fragment_c(mma(a, b, sum), &d[0][0], 8);
}

template <class Element>
void expect_exact_product() {
    Factors<Element> factors;
    std::array<std::array<int, 16>, 16> a;
    std::array<std::array<int, 8>, 16> b;
    for (int i = 0; i < 16; ++i) {
        const auto row = static_cast<std::size_t>(i);
        for (int j = 0; j < 16; ++j) {
            a[row][static_cast<std::size_t>(j)] = (i * 5 + j * 11) % 17 - 8;
            factors.a[i][j] = narrow(static_cast<float>((i * 5 + j * 11) % 17 - 8), Element{});
        }
        for (int j = 0; j < 8; ++j) {
            b[row][static_cast<std::size_t>(j)] = (i * 7 + j * 3) % 13 - 6;
            factors.b[i][j] = narrow(static_cast<float>((i * 7 + j * 3) % 13 - 6), Element{});
            factors.b_transposed[j][i] = factors.b[i][j];
        }
    }
    for (const bool transposed : {false, true}) {
        float d[16][8] = {};
        launch_kernel(nullptr, "product", {1, 32}, product_kernel<Element>, &factors, d,
                      transposed);
        for (int i = 0; i < 16; ++i) {
            for (int j = 0; j < 8; ++j) {
                int expected = i - j;
                for (std::size_t k = 0; k < 16; ++k) {
                    expected +=
                        a[static_cast<std::size_t>(i)][k] * b[k][static_cast<std::size_t>(j)];
                }
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
    }
}

__global__ void half_a_warp_kernel() {
    const FragmentA<Half> a{};
    const FragmentB<Half> b{};
    (void)mma(a, b, FragmentC{});
}

TEST(MmaTile, needs_all_lanes) {
    planted::expect_fault_in_all_schedules(
        [] {
            launch_kernel(nullptr, "half_a_warp", {1, 16}, half_a_warp_kernel);
        },
        {"mma: a warp whose 32 lanes are not all here"});
}

}  // namespace
}  // namespace elm
