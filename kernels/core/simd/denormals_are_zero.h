#pragma once

#if defined(__SSE__)
#    include <xmmintrin.h>
#endif

namespace elm {

/// While it lives, numbers of this thread below the normal ones are 0, as operands and as results:
/// decaying states pass through them, and they are slow. Does nothing on other machines than x86.
class DenormalsAreZero {
public:
#if defined(__SSE__)
    DenormalsAreZero() : before_(_mm_getcsr()) { _mm_setcsr(before_ | 0x8040U); }
    ~DenormalsAreZero() { _mm_setcsr(before_); }
#else
    DenormalsAreZero() {}
#endif
    DenormalsAreZero(const DenormalsAreZero&) = delete;
    DenormalsAreZero& operator=(const DenormalsAreZero&) = delete;

#if defined(__SSE__)
private:
    unsigned before_;
#endif
};

}  // namespace elm
