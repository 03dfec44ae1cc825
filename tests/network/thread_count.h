#pragma once

#include "kernels/core/support/parallel.h"

namespace elm::test {

/// Thread count for one test.
class Threads {
public:
    explicit Threads(int count) : before_(thread_count()) { set_thread_count(count); }
    ~Threads() { set_thread_count(before_); }
    Threads(const Threads&) = delete;
    Threads& operator=(const Threads&) = delete;

private:
    int before_;
};

}  // namespace elm::test
