#include "kernels/core/cuda/emulation/scheduler.h"
#include "kernels/core/cuda/mma_layout.h"

namespace elm::emulation {

void mma(int per_word, const float* a, const float* b, const float* c, float* d, Site site);

namespace {

struct MmaSlot {
    const float* a;
    const float* b;
    const float* c;
    float* d;
};

/// Factors with `per_word` elements in a word.
template <int per_word>
void combine_mma(const Gathered& gathered) {
    constexpr int depth = mma_depth_words * per_word;
    if (gathered.arrived != 0xFFFFFFFFu) {
        scheduler().raise("mma: a warp whose 32 lanes are not all here");
    }
    float a[mma_rows][depth];
    float b[depth][mma_columns];
    for (int lane = 0; lane < 32; ++lane) {
        const auto& slot = *static_cast<const MmaSlot*>(gathered.slots[lane]);
        for (int i = 0; i < mma_a_words * per_word; ++i) {
            const TilePlace place = at_a<per_word>(lane, i);
            a[place.row][place.column] = slot.a[i];
        }
        for (int i = 0; i < mma_b_words * per_word; ++i) {
            const TilePlace place = at_b<per_word>(lane, i);
            b[place.row][place.column] = slot.b[i];
        }
    }
    for (int lane = 0; lane < 32; ++lane) {
        const auto& slot = *static_cast<const MmaSlot*>(gathered.slots[lane]);
        for (int i = 0; i < mma_c_count; ++i) {
            const TilePlace place = at_c(lane, i);
            double sum = static_cast<double>(slot.c[i]);
            for (int k = 0; k < depth; ++k) {
                sum +=
                    static_cast<double>(a[place.row][k]) * static_cast<double>(b[k][place.column]);
            }
            slot.d[i] = static_cast<float>(sum);
        }
    }
}

constexpr WarpOperation mma_m16n8k16{"mma", &combine_mma<2>, false};
constexpr WarpOperation mma_m16n8k8{"mma", &combine_mma<1>, false};

}  // namespace

void mma(int per_word, const float* a, const float* b, const float* c, float* d, Site site) {
    MmaSlot slot{a, b, c, d};
    warp_collective(per_word == 2 ? mma_m16n8k16 : mma_m16n8k8, 0xFFFFFFFFu, &slot, site);
}

}  // namespace elm::emulation
