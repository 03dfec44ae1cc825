#include "kernels/core/cuda/emulation/emulation.h"

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <cstring>
#include <new>
#include <numeric>
#include <span>
#include <string_view>
#include <utility>

#include "kernels/core/cuda/emulation/scheduler.h"

uint3 threadIdx;
uint3 blockIdx;
dim3 blockDim;
dim3 gridDim;

namespace elm::emulation {

bool preemption_enabled = false;

// --- ReadyList ----------------------------------------------------------------------------------

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

// --- barriers -----------------------------------------------------------------------------------

int Scheduler::wait_at_block_barrier(BarrierKind kind, bool predicate, Site site) {
    static constexpr const char* names[] = {"__syncthreads", "__syncthreads_count",
                                            "__syncthreads_and", "__syncthreads_or"};
    Barrier& barrier = current_->block->barrier;
    arrive(barrier, names[static_cast<int>(kind)], predicate, site);
    switch (kind) {
        case BarrierKind::sync:
            return 0;
        case BarrierKind::count:
            return static_cast<int>(barrier.result_count);
        case BarrierKind::all:
            return barrier.result_count == barrier.result_waiting ? 1 : 0;
        case BarrierKind::any:
            return barrier.result_count > 0 ? 1 : 0;
    }
    return 0;
}

void Scheduler::wait_at_grid_barrier(Site site) {
    if (!shape_.cooperative) raise("grid_sync in a launch that is not cooperative");
    arrive(grid_barrier_, "grid_sync", false, site);
}

void Scheduler::arrive(Barrier& barrier, const char* operation, bool predicate, Site site) {
    SyncPoint& sync = barrier.sync[barrier.phase & 1];
    sync.release();
    wait(State::at_barrier, operation, site);
    ++barrier.waiting;
    if (predicate) ++barrier.predicates;
    complete_if_due(barrier);
    Thread* next = pick();
    if (next == nullptr) raise("deadlock: no thread can run");
    switch_to(*next);
    sync.acquire();
}

void Scheduler::complete_if_due(Barrier& barrier) {
    if (barrier.waiting == 0 || barrier.waiting + barrier.exited < barrier.members) return;
    check_agreement(barrier);
    barrier.result_count = std::exchange(barrier.predicates, 0);
    barrier.result_waiting = std::exchange(barrier.waiting, 0);
    ++barrier.phase;
    for (Thread& thread : std::span(barrier.threads, barrier.members)) {
        if (thread.state == State::at_barrier) make_ready(thread);
    }
}

/// All members have arrived or returned. Faults unless they wait at one and the same barrier.
void Scheduler::check_agreement(const Barrier& barrier) {
    const bool may_return = shape_.early_exit && &barrier != &grid_barrier_;
    if (barrier.exited > 0 && !may_return) {
        raise("threads returned before a barrier that others wait in");
    }
    const Thread* first = nullptr;
    for (const Thread& thread : std::span(barrier.threads, barrier.members)) {
        if (thread.state != State::at_barrier) continue;
        if (first == nullptr) first = &thread;
        if (std::strcmp(thread.operation, first->operation) != 0 ||
            thread.site.line != first->site.line ||
            std::strcmp(thread.site.file, first->site.file) != 0) {
            raise("divergent barrier: threads wait at different lines");
        }
    }
}

// --- shared memory ------------------------------------------------------------------------------

void* Scheduler::static_shared(const void* key, std::size_t bytes, std::size_t alignment) {
    Block& block = *current_->block;
    for (const SharedPiece& piece : block.shared) {
        if (piece.key == key) return piece.storage.get();
    }
    block.static_shared_bytes += bytes;
    const Limits device = limits();
    if (block.static_shared_bytes > device.static_shared_bytes) {
        raise("static shared memory above " + std::to_string(device.static_shared_bytes) +
              " bytes: " + std::to_string(block.static_shared_bytes));
    }
    if (block.static_shared_bytes + shape_.shared_bytes > device.shared_bytes) {
        raise("static and dynamic shared memory together above " +
              std::to_string(device.shared_bytes) + " bytes");
    }
    return add_shared(key, bytes, alignment);
}

void* Scheduler::dynamic_shared(std::size_t bytes, std::size_t alignment) {
    if (bytes > shape_.shared_bytes) {
        raise("dynamic shared memory: the kernel asks for " + std::to_string(bytes) +
              " bytes, the launch gave " + std::to_string(shape_.shared_bytes));
    }
    for (const SharedPiece& piece : current_->block->shared) {
        if (piece.key == nullptr) return piece.storage.get();
    }
    return add_shared(nullptr, shape_.shared_bytes, alignment);
}

void* Scheduler::add_shared(const void* key, std::size_t bytes, std::size_t alignment) {
    const IgnoreScope bookkeeping;
    void* storage = nullptr;
    if (posix_memalign(&storage, std::max<std::size_t>(alignment, 128), bytes) != 0) {
        throw std::bad_alloc();
    }
    std::memset(storage, 0xFF, bytes);  // NaN in every float type, -1 as an index
    announce_unwritten(storage, bytes);
    current_->block->shared.push_back({key, bytes, {storage, &std::free}});
    return storage;
}

// --- the functions that kernels call ------------------------------------------------------------

namespace {

Scheduler& of_kernel() {
    if (!scheduler().running()) throw DeviceFault("device function called outside a kernel");
    return scheduler();
}

}  // namespace

void preempt() { scheduler().preempt(); }
void yield() { scheduler().yield(); }
int block_barrier(BarrierKind kind, bool predicate, Site site) {
    return of_kernel().wait_at_block_barrier(kind, predicate, site);
}
void grid_barrier(Site site) { of_kernel().wait_at_grid_barrier(site); }
void* static_shared(const void* key, std::size_t bytes, std::size_t alignment) {
    return of_kernel().static_shared(key, bytes, alignment);
}
void* dynamic_shared(std::size_t bytes, std::size_t alignment) {
    return of_kernel().dynamic_shared(bytes, alignment);
}
void fault(const char* text) { scheduler().raise(text); }

void launch(const char* name, const Shape& shape, void (*body)(void*), void* context) {
    if (shape.blocks.x == 0 || shape.blocks.y == 0 || shape.blocks.z == 0) return;
    scheduler().run(name, shape, body, context);
}
std::uint64_t finished_threads() { return scheduler().finished_threads(); }
bool in_kernel() { return scheduler().running(); }
bool thread_sanitizer_present() { return has_tsan(); }
bool address_sanitizer_present() { return has_asan(); }
bool undefined_behaviour_sanitizer_present() { return has_ubsan(); }

}  // namespace elm::emulation
