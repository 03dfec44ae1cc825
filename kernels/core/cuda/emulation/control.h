#pragma once

/// The host's side of the device emulation: launching, schedules, limits and faults.
/// Kernels see emulation.h; tests and launch.cuh see this file as well.
///
/// Everything runs on the one OS thread that calls launch().

#include <cstddef>
#include <cstdint>
#include <stdexcept>

#include "kernels/core/cuda/emulation/types.h"

namespace elm::emulation {

/// A mistake of a kernel or of its launch. The text names kernel, block, thread and schedule, and
/// lists who waits where.
class DeviceFault : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// A place in a kernel's source. As a default argument, `Site{__builtin_FILE(), __builtin_LINE()}`
/// is the place of the caller.
struct Site {
    const char* file = "";
    int line = 0;
};

/// Which of the threads that could run next does so.
enum class Order : std::uint8_t {
    forward,  ///< who became ready first; blocks in order of their index
    reverse,  ///< who became ready last; blocks in reverse
    random,   ///< any, drawn from the seed
};

struct Schedule {
    Order order = Order::forward;
    std::uint64_t seed = 1;  ///< used by Order::random and by preempt
    /// With chance 1/8 a thread is interrupted at each preemption point (atomics, and wherever
    /// preemption_point() is called), and any other continues.
    bool preempt = false;
    /// Under ThreadSanitizer only: no order between blocks, so that races between blocks show.
    bool concurrent_blocks = false;

    /// From ELM_EMULATE_ORDER (forward, reverse, random), ELM_EMULATE_SEED (a number; alone it
    /// means random order), ELM_EMULATE_PREEMPT and ELM_EMULATE_CONCURRENT_BLOCKS (0 or 1). Throws
    /// std::invalid_argument on any other value.
    static Schedule from_environment();
};

/// The schedule of the launches to come; initially that of the environment.
Schedule schedule();
void set_schedule(const Schedule&);

/// Sets a schedule for a scope.
class ScopedSchedule {
public:
    explicit ScopedSchedule(const Schedule& next) : previous_(schedule()) { set_schedule(next); }
    ScopedSchedule(const ScopedSchedule&) = delete;
    ScopedSchedule& operator=(const ScopedSchedule&) = delete;
    ~ScopedSchedule() { set_schedule(previous_); }

private:
    Schedule previous_;
};

/// Limits of the emulated device. The defaults are those of compute capability 8.0 (CUDA C++
/// Programming Guide, table of technical specifications), but few multiprocessors: each resident
/// thread of a cooperative launch costs a stack here.
struct Limits {
    unsigned threads_per_block = 1024;
    std::size_t static_shared_bytes = 48 * 1024;
    std::size_t shared_bytes = 163 * 1024;  ///< static and dynamic together, opted in
    unsigned threads_per_multiprocessor = 2048;
    unsigned blocks_per_multiprocessor = 32;
    unsigned multiprocessors = 8;
};

Limits limits();
void set_limits(const Limits&);

struct Shape {
    dim3 blocks;
    dim3 threads;
    std::size_t shared_bytes = 0;  ///< dynamic shared memory
    bool early_exit = false;       ///< threads that returned count as arrived at a barrier
    bool cooperative = false;      ///< all blocks are resident at once
};

/// Runs `body(context)` once per thread of the shape. An empty grid runs nothing.
/// Throws DeviceFault; the threads that had not ended are then dropped without unwinding.
void launch(const char* name, const Shape& shape, void (*body)(void*), void* context);

/// Threads that ran to their end since the process began; a test compares it around a launch to see
/// that work was done.
std::uint64_t finished_threads();

/// Whether a kernel is running, i.e. the caller is device code.
bool in_kernel();

/// Sanitizers that the program, or a part of it, was built with.
bool thread_sanitizer_present();
bool address_sanitizer_present();
bool undefined_behaviour_sanitizer_present();

}  // namespace elm::emulation
