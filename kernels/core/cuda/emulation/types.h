#pragma once

/// The CUDA types and qualifiers that kernels use, for a host compiler. Sizes and alignments are
/// those of the toolkit, so that UBSan reports a misaligned vector access.
///
/// __noinline__ stays undefined on purpose: libstdc++ spells __attribute__((__noinline__)).
/// __shared__ and __constant__ stay undefined so that their use does not compile.

#ifdef __CUDACC__
#    error "the device emulation is for host compilers; nvcc builds must not define ELM_EMULATE"
#endif

// NOLINTBEGIN(bugprone-reserved-identifier): the names are CUDA's.
#define __global__
#define __device__
#define __host__
#define __grid_constant__
#define __launch_bounds__(...)
#define __forceinline__ inline __attribute__((always_inline))
#define __align__(bytes) __attribute__((aligned(bytes)))
// NOLINTEND(bugprone-reserved-identifier)

// NOLINTBEGIN(bugprone-macro-parentheses): the arguments are names of types.
#define ELM_EMULATED_VECTOR2(name, scalar, alignment)                 \
    struct alignas(alignment) name {                                  \
        scalar x, y;                                                  \
    };                                                                \
    constexpr name make_##name(scalar x, scalar y) { return {x, y}; } \
    static_assert(sizeof(name) == 2 * sizeof(scalar))

#define ELM_EMULATED_VECTOR3(name, scalar)                                         \
    struct name {                                                                  \
        scalar x, y, z;                                                            \
    };                                                                             \
    constexpr name make_##name(scalar x, scalar y, scalar z) { return {x, y, z}; } \
    static_assert(sizeof(name) == 3 * sizeof(scalar))

#define ELM_EMULATED_VECTOR4(name, scalar, alignment)                                           \
    struct alignas(alignment) name {                                                            \
        scalar x, y, z, w;                                                                      \
    };                                                                                          \
    constexpr name make_##name(scalar x, scalar y, scalar z, scalar w) { return {x, y, z, w}; } \
    static_assert(sizeof(name) == 4 * sizeof(scalar))

// NOLINTEND(bugprone-macro-parentheses)

ELM_EMULATED_VECTOR2(char2, signed char, 2);
ELM_EMULATED_VECTOR4(char4, signed char, 4);
ELM_EMULATED_VECTOR2(uchar2, unsigned char, 2);
ELM_EMULATED_VECTOR4(uchar4, unsigned char, 4);
ELM_EMULATED_VECTOR2(short2, short, 4);
ELM_EMULATED_VECTOR4(short4, short, 8);
ELM_EMULATED_VECTOR2(ushort2, unsigned short, 4);
ELM_EMULATED_VECTOR4(ushort4, unsigned short, 8);
ELM_EMULATED_VECTOR2(int2, int, 8);
ELM_EMULATED_VECTOR3(int3, int);
ELM_EMULATED_VECTOR4(int4, int, 16);
ELM_EMULATED_VECTOR2(uint2, unsigned, 8);
ELM_EMULATED_VECTOR3(uint3, unsigned);
ELM_EMULATED_VECTOR4(uint4, unsigned, 16);
ELM_EMULATED_VECTOR2(longlong2, long long, 16);
ELM_EMULATED_VECTOR2(ulonglong2, unsigned long long, 16);
ELM_EMULATED_VECTOR2(float2, float, 8);
ELM_EMULATED_VECTOR3(float3, float);
ELM_EMULATED_VECTOR4(float4, float, 16);
ELM_EMULATED_VECTOR2(double2, double, 16);

#undef ELM_EMULATED_VECTOR2
#undef ELM_EMULATED_VECTOR3
#undef ELM_EMULATED_VECTOR4

struct dim3 {
    unsigned x = 1, y = 1, z = 1;

    // Implicit, as in CUDA: a plain number is a one-dimensional extent.
    constexpr dim3(unsigned x_extent = 1, unsigned y_extent = 1, unsigned z_extent = 1)
        : x(x_extent), y(y_extent), z(z_extent) {}
    constexpr dim3(uint3 extent) : x(extent.x), y(extent.y), z(extent.z) {}
};
