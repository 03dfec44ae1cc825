#pragma once

/// Where the elements of a matrix product of one warp lie in its lanes: mma.sync.m16n8k16 with
/// 16-bit factors and float sums.
///
/// Source: PTX ISA, section "Matrix Fragments for mma.m16n8k16 with floating point type".
/// There groupID = lane / 4 and threadID_in_group = lane % 4.

#ifdef __CUDACC__
#    define ELM_LAYOUT_HD __host__ __device__
#else
#    define ELM_LAYOUT_HD
#endif

namespace elm {

struct TilePlace {
    int row;
    int column;
};

/// Rows and columns of the product, and length of its sums.
inline constexpr int mma_rows = 16;
inline constexpr int mma_columns = 8;
inline constexpr int mma_depth = 16;

/// Elements that a lane holds of A (16 x 16), B (16 x 8), and of C and D (16 x 8).
inline constexpr int mma_a_count = 8;
inline constexpr int mma_b_count = 4;
inline constexpr int mma_c_count = 4;

ELM_LAYOUT_HD constexpr TilePlace at_a(int lane, int i) {
    return {lane / 4 + ((i & 2) != 0 ? 8 : 0), lane % 4 * 2 + (i & 1) + (i >= 4 ? 8 : 0)};
}

ELM_LAYOUT_HD constexpr TilePlace at_b(int lane, int i) {
    return {lane % 4 * 2 + (i & 1) + (i >= 2 ? 8 : 0), lane / 4};
}

ELM_LAYOUT_HD constexpr TilePlace at_c(int lane, int i) {
    return {lane / 4 + (i >= 2 ? 8 : 0), lane % 4 * 2 + (i & 1)};
}

}  // namespace elm

#undef ELM_LAYOUT_HD
