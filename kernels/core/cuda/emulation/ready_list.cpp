#include "kernels/core/cuda/emulation/ready_list.h"

#include <bit>
#include <utility>

namespace elm::emulation {

void ReadyList::reset(std::size_t capacity) {
    ring_.assign(std::bit_ceil(capacity), nullptr);
    first_ = 0;
    count_ = 0;
}

void ReadyList::push_front(Thread& thread) {
    first_ = (first_ + ring_.size() - 1) & (ring_.size() - 1);
    at(0) = &thread;
    ++count_;
}

Thread& ReadyList::take_first() {
    Thread& thread = *at(0);
    first_ = (first_ + 1) & (ring_.size() - 1);
    --count_;
    return thread;
}

Thread& ReadyList::take(std::size_t position) {
    std::swap(at(position), at(count_ - 1));
    return take_last();
}

}  // namespace elm::emulation
