#include "kernels/core/cuda/emulation_scheduler.h"
#include "kernels/core/cuda/mma_layout.h"

namespace elm::emulation {

void mma_m16n8k16(const float* a, const float* b, const float* c, float* d, Site site);

namespace {

struct MmaSlot {
    const float* a;
    const float* b;
    const float* c;
    float* d;
};

void combine_mma(const Gathered& gathered) {
    if (gathered.arrived != 0xFFFFFFFFu) {
        scheduler().raise("mma: a warp whose 32 lanes are not all here");
    }
    float a[mma_rows][mma_depth];
    float b[mma_depth][mma_columns];
    for (int lane = 0; lane < 32; ++lane) {
        const auto& slot = *static_cast<const MmaSlot*>(gathered.slots[lane]);
        for (int i = 0; i < mma_a_count; ++i) {
            const TilePlace place = at_a(lane, i);
            a[place.row][place.column] = slot.a[i];
        }
        for (int i = 0; i < mma_b_count; ++i) {
            const TilePlace place = at_b(lane, i);
            b[place.row][place.column] = slot.b[i];
        }
    }
    for (int lane = 0; lane < 32; ++lane) {
        const auto& slot = *static_cast<const MmaSlot*>(gathered.slots[lane]);
        for (int i = 0; i < mma_c_count; ++i) {
            const TilePlace place = at_c(lane, i);
            double sum = static_cast<double>(slot.c[i]);
            for (int k = 0; k < mma_depth; ++k) {
                sum +=
                    static_cast<double>(a[place.row][k]) * static_cast<double>(b[k][place.column]);
            }
            slot.d[i] = static_cast<float>(sum);
        }
    }
}

constexpr WarpOperation mma_operation{"mma", &combine_mma, false};

}  // namespace

void mma_m16n8k16(const float* a, const float* b, const float* c, float* d, Site site) {
    MmaSlot slot{a, b, c, d};
    warp_collective(mma_operation, 0xFFFFFFFFu, &slot, site);
}

}  // namespace elm::emulation
