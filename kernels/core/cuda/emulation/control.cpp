#include "kernels/core/cuda/emulation/control.h"

#include <charconv>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

#include "kernels/core/cuda/emulation/scheduler.h"

namespace elm::emulation {
namespace {

std::optional<std::string_view> environment(const char* name) {
    const char* value = std::getenv(name);
    if (value == nullptr) return std::nullopt;
    return std::string_view(value);
}

[[noreturn]] void reject(const char* name, std::string_view value, const char* expected) {
    throw std::invalid_argument(std::string(name) + "=" + std::string(value) + ": expected " +
                                expected);
}

bool switched_on(const char* name) {
    const auto value = environment(name);
    if (!value || *value == "0") return false;
    if (*value != "1") reject(name, *value, "0 or 1");
    return true;
}

Schedule& active_schedule() {
    static Schedule instance = Schedule::from_environment();
    return instance;
}

Limits& active_limits() {
    static Limits instance;
    return instance;
}

std::string extent_text(const dim3& extent) {
    return std::to_string(extent.x) + "," + std::to_string(extent.y) + "," +
           std::to_string(extent.z);
}

}  // namespace

Schedule Schedule::from_environment() {
    Schedule result;
    if (const auto seed = environment("ELM_EMULATE_SEED")) {
        const char* end = seed->data() + seed->size();
        const auto [stop, error] = std::from_chars(seed->data(), end, result.seed);
        if (error != std::errc() || stop != end) reject("ELM_EMULATE_SEED", *seed, "a number");
        result.order = Order::random;
    }
    if (const auto order = environment("ELM_EMULATE_ORDER")) {
        if (*order == "forward") {
            result.order = Order::forward;
        } else if (*order == "reverse") {
            result.order = Order::reverse;
        } else if (*order == "random") {
            result.order = Order::random;
        } else {
            reject("ELM_EMULATE_ORDER", *order, "forward, reverse or random");
        }
    }
    result.preempt = switched_on("ELM_EMULATE_PREEMPT");
    result.concurrent_blocks = switched_on("ELM_EMULATE_CONCURRENT_BLOCKS");
    return result;
}

Schedule schedule() { return active_schedule(); }
void set_schedule(const Schedule& next) { active_schedule() = next; }

Limits limits() { return active_limits(); }
void set_limits(const Limits& next) { active_limits() = next; }

void check_limits(const char* name, const Shape& shape, const Schedule& schedule) {
    const auto refuse = [&](const std::string& text) {
        throw DeviceFault("kernel \"" + std::string(name) + "\" cannot be launched: " + text +
                          " (blocks " + extent_text(shape.blocks) + "; threads " +
                          extent_text(shape.threads) + ")");
    };
    const Limits device = limits();
    const dim3& threads = shape.threads;
    const dim3& blocks = shape.blocks;
    const std::uint64_t per_block = std::uint64_t{threads.x} * threads.y * threads.z;
    if (per_block == 0) refuse("a block without threads");
    if (threads.x > 1024 || threads.y > 1024 || per_block > device.threads_per_block) {
        refuse("more than " + std::to_string(device.threads_per_block) + " threads per block");
    }
    if (threads.z > 64) refuse("more than 64 threads in z");
    if (blocks.x > 0x7FFFFFFFu) refuse("more than 2147483647 blocks in x");
    if (blocks.y > 65535 || blocks.z > 65535) refuse("more than 65535 blocks in y or z");
    if (shape.shared_bytes > device.shared_bytes) {
        refuse(std::to_string(shape.shared_bytes) + " bytes of dynamic shared memory, at most " +
               std::to_string(device.shared_bytes));
    }

    const std::uint64_t block_count = std::uint64_t{blocks.x} * blocks.y * blocks.z;
    if (shape.cooperative) {
        const std::uint64_t by_threads = device.threads_per_multiprocessor / per_block;
        const std::uint64_t by_blocks = device.blocks_per_multiprocessor;
        const std::uint64_t resident =
            (by_threads < by_blocks ? by_threads : by_blocks) * device.multiprocessors;
        if (block_count > resident) {
            refuse("a cooperative launch of " + std::to_string(block_count) + " blocks, at most " +
                   std::to_string(resident) + " are resident");
        }
    }

    // Clang's ThreadSanitizer misses races silently from 256 threads on; see README.md.
    constexpr std::uint64_t detectable = 224;
    const bool together = shape.cooperative || schedule.concurrent_blocks;
    const std::uint64_t threads_known_to_tsan = together ? per_block * block_count : per_block;
    if (has_tsan() && threads_known_to_tsan > detectable) {
        refuse(std::to_string(threads_known_to_tsan) +
               " threads under ThreadSanitizer, which is blind above " +
               std::to_string(detectable));
    }
}

}  // namespace elm::emulation
