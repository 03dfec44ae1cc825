#include "kernels/core/cuda/emulation/scheduler.h"

#include <algorithm>
#include <numeric>
#include <string_view>
#include <utility>

namespace elm::emulation {

// --- launching ----------------------------------------------------------------------------------

Scheduler& scheduler() {
    static Scheduler instance;
    return instance;
}

Scheduler::Scheduler() : pool_(&Scheduler::fibre_main) {}

void Scheduler::run(const char* name, const Shape& shape, void (*body)(void*), void* context) {
    if (running()) raise("a kernel cannot launch a kernel");
    schedule_ = schedule();
    check_limits(name, shape, schedule_);
    name_ = name;
    shape_ = shape;
    body_ = body;
    context_ = context;
    blockDim = shape.threads;
    gridDim = shape.blocks;
    // Mixed with the name, so that a launch repeats whatever was launched before it.
    random_state_ = (schedule_.seed + 1) * 0x9E3779B97F4A7C15u ^
                    std::hash<std::string_view>{}(std::string_view(name));
    if (random_state_ == 0) random_state_ = 1;  // from 0 the generator does not move
    preemption_enabled = schedule_.preempt;
    const bool concurrent = has_tsan() && schedule_.concurrent_blocks;

    launched_.release();
    const std::vector<std::uint64_t> order = block_order();
    if (shape.cooperative) {
        run_resident(order);
    } else {
        for (const std::uint64_t index : order) {
            run_resident({index});
            if (fault_) break;
            if (concurrent) continue;
            ended_.acquire();
            launched_.release();
        }
    }
    ended_.acquire();
    if (concurrent) pool_.clear();
    preemption_enabled = false;
    if (fault_) std::rethrow_exception(std::exchange(fault_, nullptr));
}

std::vector<std::uint64_t> Scheduler::block_order() {
    const std::uint64_t count = std::uint64_t{gridDim.x} * gridDim.y * gridDim.z;
    std::vector<std::uint64_t> order(count);
    std::iota(order.begin(), order.end(), std::uint64_t{0});
    if (schedule_.order == Order::reverse) std::reverse(order.begin(), order.end());
    if (schedule_.order == Order::random) {
        for (std::uint64_t i = count; i > 1; --i) std::swap(order[i - 1], order[draw(i)]);
    }
    return order;
}

void Scheduler::run_resident(const std::vector<std::uint64_t>& block_indices) {
    const unsigned per_block = blockDim.x * blockDim.y * blockDim.z;
    const std::size_t total = per_block * block_indices.size();
    {
        const IgnoreScope bookkeeping;
        threads_.clear();
        threads_.resize(total);
        blocks_.clear();
        for (std::size_t i = 0; i < block_indices.size(); ++i) {
            make_block(block_indices[i], threads_.data() + i * per_block);
        }
        ready_.reset(total);
        for (Thread& thread : threads_) ready_.push_back(thread);
        retired_.reserve(total);
    }
    grid_barrier_ = Barrier{};
    grid_barrier_.threads = threads_.data();
    grid_barrier_.members = static_cast<unsigned>(total);
    live_ = total;
    if (has_tsan()) pool_.reserve(total);

    Thread& first = *pick();
    Fibre& fibre = fibre_of(first);
    become(first);
    switch_fibre(pool_.main(), fibre);
    end_resident();
}

void Scheduler::make_block(std::uint64_t index, Thread* threads) {
    auto block = std::make_unique<Block>();
    block->index = {static_cast<unsigned>(index % gridDim.x),
                    static_cast<unsigned>(index / gridDim.x % gridDim.y),
                    static_cast<unsigned>(index / gridDim.x / gridDim.y)};
    block->threads = threads;
    block->thread_count = blockDim.x * blockDim.y * blockDim.z;
    block->barrier.threads = threads;
    block->barrier.members = block->thread_count;
    block->warps.resize((block->thread_count + 31) / 32);
    for (unsigned i = 0; i < block->thread_count; ++i) {
        Thread& thread = threads[i];
        thread.block = block.get();
        thread.linear_index = i;
        thread.index = {i % blockDim.x, i / blockDim.x % blockDim.y, i / blockDim.x / blockDim.y};
        block->warps[i / 32].present |= 1u << thread.lane();
    }
    blocks_.push_back(std::move(block));
}

void Scheduler::end_resident() {
    current_ = nullptr;
    // In concurrent mode the fibres of a block stay taken: another block must not continue them.
    const bool reuse = !(has_tsan() && schedule_.concurrent_blocks);
    if (reuse || fault_) {
        for (Fibre* fibre : retired_) pool_.put_back(*fibre);
        retired_.clear();
    }
    if (fault_) pool_.abandon_taken();
    const IgnoreScope bookkeeping;
    if (!reuse) retired_.clear();
    blocks_.clear();
    threads_.clear();
}

// --- the life of a thread -----------------------------------------------------------------------

/// Runs threads one after another on this fibre; between two it may lie in the pool.
void Scheduler::fibre_main(Fibre& self) {
    Scheduler& state = scheduler();
    for (;;) {
        state.run_current();
        Thread* next = state.next_after_end();
        if (next == nullptr) {
            state.retire(self);
            switch_fibre(self, state.pool_.main());
        } else if (next->fibre == nullptr && !has_tsan()) {
            next->fibre = &self;  // lends its stack: no switch
            state.become(*next);
        } else {
            Fibre& other = state.fibre_of(*next);
            state.retire(self);
            state.become(*next);
            switch_fibre(self, other);
        }
    }
}

void Scheduler::run_current() noexcept {
    launched_.acquire();
    try {
        body_(context_);
        end_current();
    } catch (const DeviceFault&) {
        fault_ = std::current_exception();
    } catch (const std::exception& error) {
        const DeviceFault wrapped(describe_fault(*this, error.what()));
        fault_ = std::make_exception_ptr(wrapped);
    } catch (...) {
        fault_ = std::make_exception_ptr(DeviceFault(describe_fault(*this, "unknown exception")));
    }
    ended_.release();
}

void Scheduler::end_current() {
    Thread& me = *current_;
    if (!me.copies.empty()) {
        const Site& site = me.copies.front().site;
        raise(std::string("the thread returns with unfinished asynchronous copies, issued at ") +
              site.file + ":" + std::to_string(site.line));
    }
    me.state = State::exited;
    idle_yields_ = 0;
    --live_;
    ++finished_threads_;
    Warp& warp = warp_of(me);
    warp.exited |= 1u << me.lane();
    for (unsigned group = 0; group < warp.open_groups;) {
        if (!complete_if_due(warp, group)) ++group;
    }
    ++me.block->barrier.exited;
    ++grid_barrier_.exited;
    complete_if_due(me.block->barrier);
    complete_if_due(grid_barrier_);
}

Thread* Scheduler::next_after_end() noexcept {
    if (fault_) return nullptr;
    if (Thread* next = pick()) return next;
    if (live_ > 0) {
        fault_ = std::make_exception_ptr(
            DeviceFault(describe_fault(*this, "deadlock: no thread can run")));
        ended_.release();
    }
    return nullptr;
}

void Scheduler::become(Thread& thread) {
    current_ = &thread;
    thread.state = State::running;
    threadIdx = thread.index;
    blockIdx = thread.block->index;
}

Fibre& Scheduler::fibre_of(Thread& thread) {
    if (thread.fibre == nullptr) thread.fibre = &pool_.take();
    return *thread.fibre;
}

void Scheduler::retire(Fibre& fibre) {
    if (has_tsan()) {
        retired_.push_back(&fibre);
    } else {
        pool_.put_back(fibre);
    }
}

void Scheduler::switch_to(Thread& next) {
    Thread& me = *current_;
    Fibre& other = fibre_of(next);
    become(next);
    if (&next != &me) switch_fibre(*me.fibre, other);
}

void Scheduler::wait(State state, const char* operation, Site site) {
    idle_yields_ = 0;
    current_->state = state;
    current_->operation = operation;
    current_->site = site;
}

void Scheduler::make_ready(Thread& thread) {
    thread.state = State::ready;
    ready_.push_back(thread);
}

Thread* Scheduler::pick() {
    if (ready_.empty()) return nullptr;
    switch (schedule_.order) {
        case Order::forward:
            return &ready_.take_first();
        case Order::reverse:
            return &ready_.take_last();
        case Order::random:
            break;
    }
    return &ready_.take(draw(ready_.size()));
}

/// xorshift64*, Vigna 2016, doi:10.1145/2845077. The slight bias of the remainder does not matter.
std::uint64_t Scheduler::draw(std::uint64_t below) {
    random_state_ ^= random_state_ >> 12;
    random_state_ ^= random_state_ << 25;
    random_state_ ^= random_state_ >> 27;
    return (random_state_ * 0x2545F4914F6CDD1Du >> 32) % below;
}

void Scheduler::preempt() {
    if (!running() || ready_.empty() || draw(8) != 0) return;
    Thread& next = ready_.take(draw(ready_.size()));
    make_ready(*current_);
    switch_to(next);
}

void Scheduler::yield() {
    if (!running()) return;
    constexpr std::uint64_t patience = 10000;  // per thread
    if (++idle_yields_ > patience * live_)
        raise("livelock: threads spin, and nobody does the rest");
    if (ready_.empty()) return;
    Thread& next = *pick();
    current_->state = State::ready;
    // The end from which it is taken last, or two spinning threads would starve the others.
    if (schedule_.order == Order::reverse) {
        ready_.push_front(*current_);
    } else {
        ready_.push_back(*current_);
    }
    switch_to(next);
}

void Scheduler::raise(const std::string& text) { throw DeviceFault(describe_fault(*this, text)); }

}  // namespace elm::emulation
