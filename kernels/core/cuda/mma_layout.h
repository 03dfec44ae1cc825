#pragma once

/// Where the elements of a matrix product of one warp lie in its lanes: mma.sync.m16n8k16 with
/// 16-bit factors, mma.sync.m16n8k8 with tf32 factors, and float sums. Both lie alike if factors
/// are seen as 32-bit words: of two elements, or of one.
///
/// Source: PTX ISA, sections "Matrix Fragments for mma.m16n8k16 with floating point type" and
/// "Matrix Fragments for mma.m16n8k8". There groupID = lane / 4 and threadID_in_group = lane % 4.

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

/// Rows and columns of the product, and length of its sums in words.
inline constexpr int mma_rows = 16;
inline constexpr int mma_columns = 8;
inline constexpr int mma_depth_words = 8;

/// Words that a lane holds of A and B, and elements of C and D (16 x 8).
inline constexpr int mma_a_words = 4;
inline constexpr int mma_b_words = 2;
inline constexpr int mma_c_count = 4;

/// Of a word of A (16 x 8 words): its column in words.
ELM_LAYOUT_HD constexpr TilePlace word_at_a(int lane, int word) {
    return {lane / 4 + ((word & 1) != 0 ? 8 : 0), lane % 4 + (word >= 2 ? 4 : 0)};
}

/// Of a word of B (8 words x 8): its row in words.
ELM_LAYOUT_HD constexpr TilePlace word_at_b(int lane, int word) {
    return {lane % 4 + word * 4, lane / 4};
}

/// Of element i of a lane's share of A or B, `per_word` elements to a word.
template <int per_word>
ELM_LAYOUT_HD constexpr TilePlace at_a(int lane, int i) {
    const TilePlace place = word_at_a(lane, i / per_word);
    return {place.row, place.column * per_word + i % per_word};
}

template <int per_word>
ELM_LAYOUT_HD constexpr TilePlace at_b(int lane, int i) {
    const TilePlace place = word_at_b(lane, i / per_word);
    return {place.row * per_word + i % per_word, place.column};
}

ELM_LAYOUT_HD constexpr TilePlace at_c(int lane, int i) {
    return {lane / 4 + (i >= 2 ? 8 : 0), lane % 4 * 2 + (i & 1)};
}

}  // namespace elm

#undef ELM_LAYOUT_HD
