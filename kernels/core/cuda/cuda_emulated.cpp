#include "kernels/core/cuda/cuda_runtime.h"
#include "kernels/core/cuda/emulation/control.h"
#include "kernels/core/cuda/emulation/runtime.h"
#include "kernels/core/memory.h"
#include "kernels/core/support/check.h"

/// One device, always there, whose work is done when each call returns: streams are names only.
namespace elm::cuda {

int device_count() { return 1; }
std::string why_none() { return ""; }
std::string device_name(int) { return "CUDA kernels on host fibres"; }
bool is_emulated() { return true; }
std::string device_details(int) {
    return fmt::format("{} multiprocessors of host fibres", emulation::limits().multiprocessors);
}
std::string pci_address(int) { return ""; }
// Few, so that small batches reach every form of a kernel that depends on their number.
int multiprocessor_count(int) { return 2; }
std::size_t max_shared_bytes(int) { return emulation::limits().shared_bytes; }

// That of the host, of which it is a part.
double free_bytes(int) { return free_memory_bytes(Device{}); }

void* allocate(int, void*, std::size_t bytes) {
    try {
        return emulation::device_allocate(bytes);
    } catch (const std::bad_alloc&) {
        throw Error(ErrorKind::memory,
                    fmt::format("out of memory on cuda:emulated while asking for {} bytes. Use a "
                                "smaller batch.",
                                bytes));
    }
}

// Ends the program with the emulation's words if a kernel wrote in front of the memory.
void release(int, void* memory) noexcept { emulation::device_free(memory); }

void copy(int, void*, void* to, const void* from, std::size_t bytes, CopyKind) {
    emulation::device_copy(to, from, bytes);
}
void fill(int, void*, void* memory, int byte, std::size_t bytes) {
    emulation::device_set(memory, static_cast<unsigned char>(byte), bytes);
}

void* create_stream(int) { return nullptr; }
void destroy_stream(int, void*) noexcept {}
void synchronize(int, void*) {}

}  // namespace elm::cuda
