#pragma once

#include <cstddef>
#include <vector>

namespace elm::emulation {

struct Thread;

/// The threads that could run.
class ReadyList {
public:
    void reset(std::size_t capacity);
    bool empty() const { return count_ == 0; }
    void push_back(Thread& thread) { at(count_++) = &thread; }
    void push_front(Thread& thread);
    Thread& take_first();
    Thread& take_last() { return *at(--count_); }
    Thread& take(std::size_t position);
    std::size_t size() const { return count_; }

private:
    Thread*& at(std::size_t position) { return ring_[(first_ + position) & (ring_.size() - 1)]; }

    std::vector<Thread*> ring_;  ///< its size is a power of two
    std::size_t first_ = 0;
    std::size_t count_ = 0;
};

}  // namespace elm::emulation
