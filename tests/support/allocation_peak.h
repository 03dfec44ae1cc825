#pragma once

#include <cstdint>

namespace elm::test {

/// The most bytes that operator new has given out at once since the last call of reset(), beyond
/// those that were out then: of the whole program that allocation_peak.cpp is linked into.
class AllocationPeak {
public:
    AllocationPeak() { reset(); }
    void reset();
    std::int64_t bytes() const;

private:
    std::int64_t before_ = 0;
};

}  // namespace elm::test
