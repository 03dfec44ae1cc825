#include "kernels/core/cuda/cuda_runtime.h"
#include "kernels/core/support/error.h"

namespace elm::cuda {
namespace {

[[noreturn]] void absent() { throw Error(ErrorKind::unsupported, why_none()); }

}  // namespace

int device_count() { return 0; }
std::string why_none() {
    return "this build has no CUDA support. Use the device cpu, or rebuild with -DELM_CUDA=ON.";
}
std::string device_name(int) { absent(); }
bool is_emulated() { return false; }
std::string device_details(int) { absent(); }
std::string pci_address(int) { absent(); }
int multiprocessor_count(int) { absent(); }
std::size_t max_shared_bytes(int) { absent(); }
double free_bytes(int) { absent(); }
void* allocate(int, void*, std::size_t) { absent(); }
void release(int, void*) noexcept {}
void copy(int, void*, void*, const void*, std::size_t, CopyKind) { absent(); }
void fill(int, void*, void*, int, std::size_t) { absent(); }
void* create_stream(int) { absent(); }
void destroy_stream(int, void*) noexcept {}
void synchronize(int, void*) { absent(); }

}  // namespace elm::cuda
