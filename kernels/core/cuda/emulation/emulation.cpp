#include "kernels/core/cuda/emulation/emulation.h"

#include "kernels/core/cuda/emulation/scheduler.h"

uint3 threadIdx;
uint3 blockIdx;
dim3 blockDim;
dim3 gridDim;

namespace elm::emulation {

bool preemption_enabled = false;

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
