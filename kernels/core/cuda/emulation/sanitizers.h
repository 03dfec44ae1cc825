#pragma once

/// The hooks of the sanitizers, as weak symbols: the runtime of the emulation is compiled without
/// sanitizer flags and asks at run time which sanitizer the program brought along. Likewise
/// valgrind.
///
/// Sources: sanitizer/common_interface_defs.h, asan_interface.h and tsan_interface.h of LLVM.

#include <cstddef>

#if __has_include(<valgrind/memcheck.h>)
#    include <valgrind/memcheck.h>
#    define ELM_KNOWS_VALGRIND 1
#else
#    define ELM_KNOWS_VALGRIND 0
#endif

// NOLINTBEGIN(bugprone-reserved-identifier): the names are the sanitizers'.
extern "C" {
#define ELM_WEAK __attribute__((weak))
ELM_WEAK void __sanitizer_start_switch_fiber(void** fake_stack, const void* bottom,
                                             std::size_t size);
ELM_WEAK void __sanitizer_finish_switch_fiber(void* fake_stack, const void** old_bottom,
                                              std::size_t* old_size);
ELM_WEAK void __asan_unpoison_memory_region(const volatile void* address, std::size_t size);

ELM_WEAK void __ubsan_handle_out_of_bounds(void* data, void* index);

ELM_WEAK void* __tsan_get_current_fiber();
ELM_WEAK void* __tsan_create_fiber(unsigned flags);
ELM_WEAK void __tsan_destroy_fiber(void* fiber);
ELM_WEAK void __tsan_switch_to_fiber(void* fiber, unsigned flags);
ELM_WEAK void __tsan_acquire(void* address);
ELM_WEAK void __tsan_release(void* address);
ELM_WEAK void AnnotateIgnoreReadsBegin(const char* file, int line);
ELM_WEAK void AnnotateIgnoreReadsEnd(const char* file, int line);
ELM_WEAK void AnnotateIgnoreWritesBegin(const char* file, int line);
ELM_WEAK void AnnotateIgnoreWritesEnd(const char* file, int line);
#undef ELM_WEAK
}
// NOLINTEND(bugprone-reserved-identifier)

namespace elm::emulation {

inline bool has_asan() { return __asan_unpoison_memory_region != nullptr; }
inline bool has_tsan() { return __tsan_create_fiber != nullptr; }
inline bool has_ubsan() { return __ubsan_handle_out_of_bounds != nullptr; }

/// Tells valgrind of a new stack. Does nothing outside valgrind.
inline void announce_stack([[maybe_unused]] const void* bottom, [[maybe_unused]] std::size_t size) {
#if ELM_KNOWS_VALGRIND
    (void)VALGRIND_STACK_REGISTER(bottom, static_cast<const char*>(bottom) + size);
#endif
}

/// Tells valgrind that nobody has written this memory. Does nothing outside valgrind.
inline void announce_unwritten([[maybe_unused]] void* address, [[maybe_unused]] std::size_t size) {
#if ELM_KNOWS_VALGRIND
    (void)VALGRIND_MAKE_MEM_UNDEFINED(address, size);
#endif
}

/// An address that carries order between CUDA threads for ThreadSanitizer. Switching fibres orders
/// nothing; only these calls do.
class SyncPoint {
public:
    void acquire() {
        if (has_tsan()) __tsan_acquire(&address_);
    }
    void release() {
        if (has_tsan()) __tsan_release(&address_);
    }

private:
    char address_ = 0;
};

/// A scope whose memory accesses ThreadSanitizer ignores: those of the runtime's own bookkeeping in
/// intercepted functions (malloc, memmove). Memory allocated inside it begins without history.
class IgnoreScope {
public:
    IgnoreScope() {
        if (!has_tsan()) return;
        AnnotateIgnoreReadsBegin(__FILE__, __LINE__);
        AnnotateIgnoreWritesBegin(__FILE__, __LINE__);
    }
    IgnoreScope(const IgnoreScope&) = delete;
    IgnoreScope& operator=(const IgnoreScope&) = delete;
    ~IgnoreScope() {
        if (!has_tsan()) return;
        AnnotateIgnoreWritesEnd(__FILE__, __LINE__);
        AnnotateIgnoreReadsEnd(__FILE__, __LINE__);
    }
};

}  // namespace elm::emulation
