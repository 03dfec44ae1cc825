#pragma once

#include "kernels/core/simd/lanes.h"
#include "neuron/cable/solver/rate_tables.h"

/// Vectors of trials for the CPU: `Count` vectors side by side, which share the coefficients of a
/// rate table while these are in registers.
namespace elm::cable {

template <int Count>
struct CpuLanes {
    static constexpr int width = lanes::native<float>;
    static constexpr int stride = Count * width;
    using Vector = lanes::Vec<float, width>;
    using Whole = lanes::Vec<std::int32_t, width>;

    struct Value {
        Vector part[Count];

#define ELM_OPERATOR(op)                                                         \
    friend ELM_INLINE Value operator op(const Value& a, const Value& b) {        \
        Value result;                                                            \
        for (int k = 0; k < Count; ++k) result.part[k] = a.part[k] op b.part[k]; \
        return result;                                                           \
    }                                                                            \
    friend ELM_INLINE Value operator op(const Value& a, float b) {               \
        Value result;                                                            \
        for (int k = 0; k < Count; ++k) result.part[k] = a.part[k] op b;         \
        return result;                                                           \
    }
        ELM_OPERATOR(+)
        ELM_OPERATOR(-)
        ELM_OPERATOR(*)
#undef ELM_OPERATOR
    };

    /// Where on a rate table the lanes are.
    struct Row {
        Whole row[Count];
        Value t;           // in the row, -1/2 to 1/2
        bool main = true;  // all lanes are in the main rows
    };

    ELM_INLINE static Value broadcast(float x) {
        Value result;
        for (Vector& part : result.part) part = lanes::broadcast<float, width>(x);
        return result;
    }
    ELM_INLINE static Value load(const float* rows, std::int64_t row) {
        Value result;
        for (int k = 0; k < Count; ++k) {
            result.part[k] = lanes::load<float, width>(rows + row * stride + k * width);
        }
        return result;
    }
    ELM_INLINE static void store(float* rows, std::int64_t row, const Value& value) {
        for (int k = 0; k < Count; ++k) {
            lanes::store<float, width>(rows + row * stride + k * width, value.part[k]);
        }
    }
    ELM_INLINE static Value multiply_add(const Value& a, const Value& b, const Value& c) {
        Value result;
        for (int k = 0; k < Count; ++k) {
            result.part[k] = lanes::multiply_add<float, width>(a.part[k], b.part[k], c.part[k]);
        }
        return result;
    }

    /// 1 / x to about 2 units in the last place.
    ELM_INLINE static Value reciprocal(const Value& x) {
        Value result;
        for (int k = 0; k < Count; ++k) {
#if defined(__AVX512F__)
            const Vector guess = (Vector)_mm512_rcp14_ps((__m512)x.part[k]);
            const Vector two = lanes::broadcast<float, width>(2);
            result.part[k] = guess * lanes::multiply_add<float, width>(-x.part[k], guess, two);
#else
            result.part[k] = 1.0F / x.part[k];
#endif
        }
        return result;
    }

    ELM_INLINE static Row voltage_row(const Value& v) {
        Row result;
        Whole odd{};
        for (int k = 0; k < Count; ++k) {
            const Vector at =
                lanes::clamp<float, width>((v.part[k] - table::first_mV) * (1 / table::row_mV), 0,
                                           static_cast<float>(table::rows) - 0.001F);
            result.row[k] = __builtin_convertvector(at, Whole);
            result.t.part[k] = at - __builtin_convertvector(result.row[k], Vector) - 0.5F;
            odd |= result.row[k] ^ table::first_main_row;
        }
        finish(result, odd);
        return result;
    }

    ELM_INLINE static Row calcium_row(const Value& calcium) {
        constexpr int mantissa = 23 - table::calcium_rows_per_octave_log2;
        constexpr int first = (127 + table::calcium_first_exponent)
                              << table::calcium_rows_per_octave_log2;
        Row result;
        Whole odd{};
        for (int k = 0; k < Count; ++k) {
            const Whole bits = std::bit_cast<Whole>(calcium.part[k]);
            Whole row = (bits >> mantissa) - first;
            row = row < 0 ? Whole{} : row;
            const Whole last = Whole{} + (table::rows - 1);
            row = row > last ? last : row;
            // The rest of the mantissa, as a number from 1 to 1 + 2^-2.
            const Whole rest = (bits & ((1 << mantissa) - 1)) | 0x3F800000;
            constexpr float per_row = 1 << table::calcium_rows_per_octave_log2;
            result.t.part[k] = std::bit_cast<Vector>(rest) * per_row - (per_row + 0.5F);
            result.row[k] = row;
            odd |= row ^ table::first_main_row;
        }
        finish(result, odd);
        return result;
    }

    ELM_INLINE static Value polynomial(const float* function, const Row& x) {
        if (x.main) [[likely]]
            return horner<true>(function, x);
        return outside(function, x);
    }

    /// The value, and the derivative with respect to mV.
    ELM_INLINE static void polynomial(const float* function, const Row& x, Value& value,
                                      Value& slope) {
        if (x.main) [[likely]] {
            horner<true>(function, x, value, slope);
        } else {
            outside(function, x, value, slope);
        }
    }

private:
    [[gnu::noinline, gnu::cold]] static Value outside(const float* function, const Row& x) {
        return horner<false>(function, x);
    }
    [[gnu::noinline, gnu::cold]] static void outside(const float* function, const Row& x,
                                                     Value& value, Value& slope) {
        horner<false>(function, x, value, slope);
    }

    /// Whole rows 32 to 63 differ from 32 in their low five bits alone.
    ELM_INLINE static void finish(Row& result, const Whole& odd) {
        result.main = !any(odd & ~(table::main_rows - 1));
    }

    ELM_INLINE static bool any(const Whole& x) {
#if defined(__AVX512F__)
        return _mm512_test_epi32_mask((__m512i)x, (__m512i)x) != 0;
#else
        std::int32_t all = 0;
        for (int i = 0; i < width; ++i) all |= x[i];
        return all != 0;
#endif
    }

    template <bool main>
    ELM_INLINE static Value horner(const float* function, const Row& x) {
        Value value = coefficient<main>(function, table::terms - 1, x);
#pragma GCC unroll 8
        for (int k = table::terms - 2; k >= 0; --k) {
            value = multiply_add(value, x.t, coefficient<main>(function, k, x));
        }
        return value;
    }

    template <bool main>
    ELM_INLINE static void horner(const float* function, const Row& x, Value& value, Value& slope) {
        value = coefficient<main>(function, table::terms - 1, x);
        slope = Value{};
#pragma GCC unroll 8
        for (int k = table::terms - 2; k >= 0; --k) {
            slope = multiply_add(slope, x.t, value);
            value = multiply_add(value, x.t, coefficient<main>(function, k, x));
        }
        slope = slope * (1 / table::row_mV);
    }

    template <bool main>
    ELM_INLINE static Value coefficient(const float* function, int term, const Row& x) {
        const float* rows = function + term * table::rows;
        Value result;
#if defined(__AVX512F__)
        if constexpr (main) {
            const __m512 low = _mm512_load_ps(rows + table::first_main_row);
            const __m512 high = _mm512_load_ps(rows + table::first_main_row + width);
            for (int k = 0; k < Count; ++k) {
                result.part[k] = (Vector)_mm512_permutex2var_ps(low, (__m512i)x.row[k], high);
            }
            return result;
        }
#endif
        for (int k = 0; k < Count; ++k) {
            for (int i = 0; i < width; ++i) result.part[k][i] = rows[x.row[k][i]];
        }
        return result;
    }
};

}  // namespace elm::cable
