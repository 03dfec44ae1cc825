#include "kernels/core/cuda/emulation/fibre.h"

#include <sys/mman.h>
#include <unistd.h>

#include <new>

#include "kernels/core/cuda/emulation/sanitizers.h"

namespace elm::emulation {
namespace {

namespace context = boost::context::detail;

// Flags of __tsan_switch_to_fiber.
constexpr unsigned with_synchronisation = 0;
constexpr unsigned without_synchronisation = 1;

// Entry of a fibre that runs for the first time.
FibrePool::Entry starting_entry = nullptr;
Fibre* starting_fibre = nullptr;

/// First thing on arrival at `self`: remembers where the fibre that jumped here stopped.
void arrive(Fibre& self, context::transfer_t transfer) {
    auto& previous = *static_cast<Fibre*>(transfer.data);
    previous.context = transfer.fctx;
    if (!has_asan()) return;
    const void* bottom = nullptr;
    std::size_t size = 0;
    __sanitizer_finish_switch_fiber(self.fake_stack, &bottom, &size);
    if (previous.mapping == nullptr) {  // the bounds of the OS thread's stack are learnt here
        previous.stack_bottom = bottom;
        previous.stack_size = size;
    }
}

void enter(context::transfer_t transfer) {
    Fibre& self = *starting_fibre;
    arrive(self, transfer);
    starting_entry(self);
}

std::size_t usable_stack_size() {
    constexpr std::size_t plain = 64 * 1024;
    constexpr std::size_t instrumented = 256 * 1024;
    return has_asan() || has_tsan() ? instrumented : plain;
}

}  // namespace

void switch_fibre(Fibre& from, Fibre& to) {
    starting_fibre = &to;  // read only if `to` has never run
    if (has_asan()) {
        __sanitizer_start_switch_fiber(&from.fake_stack, to.stack_bottom, to.stack_size);
    }
    if (has_tsan()) {
        __tsan_switch_to_fiber(to.tsan_fibre, without_synchronisation);
    }
    arrive(from, context::jump_fcontext(to.context, &from));
}

FibrePool::FibrePool(Entry entry) {
    starting_entry = entry;
    if (has_tsan()) main_.tsan_fibre = __tsan_get_current_fiber();
}

FibrePool::~FibrePool() { clear(); }

void FibrePool::reserve(std::size_t count) {
    while (free_.size() < count) free_.push_back(&make());
}

Fibre& FibrePool::take() {
    if (free_.empty()) free_.push_back(&make());
    Fibre& fibre = *free_.back();
    free_.pop_back();
    fibre.taken = true;
    return fibre;
}

void FibrePool::put_back(Fibre& fibre) {
    fibre.taken = false;
    free_.push_back(&fibre);
}

void FibrePool::abandon_taken() {
    for (const auto& fibre : all_) {
        if (!fibre->taken) continue;
        if (has_asan()) __asan_unpoison_memory_region(fibre->stack_bottom, fibre->stack_size);
        if (has_tsan()) {
            // What it did lies before what follows, and its shadow call stack stands inside the
            // dropped computation: pass through it with synchronisation, then make a new one.
            __tsan_switch_to_fiber(fibre->tsan_fibre, without_synchronisation);
            __tsan_switch_to_fiber(main_.tsan_fibre, with_synchronisation);
            __tsan_destroy_fiber(fibre->tsan_fibre);
            fibre->tsan_fibre = __tsan_create_fiber(0);
        }
        fibre->fake_stack = nullptr;
        prepare(*fibre);
        put_back(*fibre);
    }
}

void FibrePool::clear() {
    for (const auto& fibre : all_) destroy(*fibre);
    all_.clear();
    free_.clear();
}

Fibre& FibrePool::make() {
    auto fibre = std::make_unique<Fibre>();
    const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    // Room for the shift of the stack's top (see prepare) and a page that faults on overflow.
    constexpr std::size_t shift_range = 16384;
    fibre->mapping_size = page + usable_stack_size() + shift_range;
    fibre->mapping = mmap(nullptr, fibre->mapping_size, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (fibre->mapping == MAP_FAILED) throw std::bad_alloc();
    mprotect(fibre->mapping, page, PROT_NONE);
    fibre->stack_bottom = static_cast<char*>(fibre->mapping) + page;
    // Were all tops equal modulo 4096, the hot ends of all stacks would share a few cache sets.
    fibre->stack_size = usable_stack_size() + shift_range - 832 * all_.size() % shift_range;
    if (has_tsan()) fibre->tsan_fibre = __tsan_create_fiber(0);
    announce_stack(fibre->stack_bottom, fibre->stack_size);
    prepare(*fibre);
    all_.push_back(std::move(fibre));
    free_.reserve(all_.size());  // so that put_back never allocates inside a fibre
    return *all_.back();
}

void FibrePool::prepare(Fibre& fibre) {
    char* top = static_cast<char*>(const_cast<void*>(fibre.stack_bottom)) + fibre.stack_size;
    fibre.context = context::make_fcontext(top, fibre.stack_size, &enter);
}

void FibrePool::destroy(Fibre& fibre) {
    if (has_asan()) __asan_unpoison_memory_region(fibre.stack_bottom, fibre.stack_size);
    if (has_tsan()) __tsan_destroy_fiber(fibre.tsan_fibre);
    munmap(fibre.mapping, fibre.mapping_size);
}

}  // namespace elm::emulation
