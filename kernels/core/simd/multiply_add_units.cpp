#include "kernels/core/simd/multiply_add_units.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <limits>
#include <string>

#include "kernels/core/simd/lanes.h"
#include "kernels/core/support/check.h"

// Independent multiply-adds of registers, in 512 and in 256 bits. A core with two 512-bit units
// begins two a cycle of either; one that joins two units of 256 bits, or makes two halves of each
// operation, begins one of 512 bits in the time of two of 256. Other work can only make a piece
// slower, so the fastest of many short pieces counts, and both widths alternate so that they see
// the same clock.

namespace elm {
namespace {

#if defined(__AVX512F__)
template <int N>
double seconds_of_piece() {
    constexpr int loops = 500;
    using V = lanes::Vec<float, N>;
    V a{}, b{}, c{}, d{}, e{}, f{}, g{}, h{}, i{}, j{}, k{}, l{};
    const V factor = lanes::broadcast<float, N>(0.5F);
    const auto start = std::chrono::steady_clock::now();
    for (int loop = 0; loop < loops; ++loop) {
        // In one piece: sums that a compiler keeps in memory would wait for their own stores.
        asm volatile(
            "vfmadd231ps %12, %12, %0\n\tvfmadd231ps %12, %12, %1\n\t"
            "vfmadd231ps %12, %12, %2\n\tvfmadd231ps %12, %12, %3\n\t"
            "vfmadd231ps %12, %12, %4\n\tvfmadd231ps %12, %12, %5\n\t"
            "vfmadd231ps %12, %12, %6\n\tvfmadd231ps %12, %12, %7\n\t"
            "vfmadd231ps %12, %12, %8\n\tvfmadd231ps %12, %12, %9\n\t"
            "vfmadd231ps %12, %12, %10\n\tvfmadd231ps %12, %12, %11"
            : "+v"(a), "+v"(b), "+v"(c), "+v"(d), "+v"(e), "+v"(f), "+v"(g), "+v"(h), "+v"(i),
              "+v"(j), "+v"(k), "+v"(l)
            : "v"(factor));
    }
    const auto end = std::chrono::steady_clock::now();
    return std::chrono::duration<double>(end - start).count();
}

MultiplyAddUnits measured() {
    constexpr int pieces = 100;
    double wide = std::numeric_limits<double>::infinity(), narrow = wide;
    for (int piece = 0; piece < pieces; ++piece) {
        wide = std::min(wide, seconds_of_piece<16>());
        narrow = std::min(narrow, seconds_of_piece<8>());
    }
    return {narrow > 0.75 * wide ? 2 : 1, "measured"};
}

MultiplyAddUnits of_this_machine() {
    constexpr const char* name = "ELM_MULTIPLY_ADD_UNITS";
    const char* const value = std::getenv(name);
    if (value == nullptr) return measured();
    const std::string text = value;
    ELM_CHECK(text == "1" || text == "2", "{} is '{}', expected 1 or 2", name, text);
    return {text == "1" ? 1 : 2, name};
}
#else
MultiplyAddUnits of_this_machine() { return {0, "no AVX-512"}; }
#endif

std::atomic<int> forced{0};

}  // namespace

MultiplyAddUnits multiply_add_units() {
    static const MultiplyAddUnits own = of_this_machine();
    const int count = forced;
    return count == 0 || own.count == 0 ? own : MultiplyAddUnits{count, "set"};
}

void set_multiply_add_units(int count) {
    ELM_CHECK(count == 1 || count == 2, "1 or 2 multiply-add units, not {}", count);
    forced = count;
}

}  // namespace elm
