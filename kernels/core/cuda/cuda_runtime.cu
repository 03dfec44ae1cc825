#include "kernels/core/cuda/cuda_runtime.h"

#include <cuda_runtime.h>

#include "kernels/core/cuda/cuda_check.h"

namespace elm::cuda {
namespace {

cudaStream_t as_stream(void* stream) { return static_cast<cudaStream_t>(stream); }

void use(int device) { check(cudaSetDevice(device), "choosing the device"); }

}  // namespace

int device_count() {
    int count = 0;
    return cudaGetDeviceCount(&count) == cudaSuccess ? count : 0;
}

std::string why_none() {
    int count = 0;
    const cudaError_t status = cudaGetDeviceCount(&count);
    if (status != cudaSuccess) {
        return std::string("no CUDA device can be used here (") + cudaGetErrorString(status) +
               "). Use the device cpu, or install a driver for the GPU.";
    }
    return count == 0 ? "this machine has no CUDA device. Use the device cpu." : "";
}

std::string device_name(int device) {
    cudaDeviceProp properties;
    check(cudaGetDeviceProperties(&properties, device), "reading the device's name");
    return properties.name;
}

bool is_emulated() { return false; }

std::string device_details(int device) {
    cudaDeviceProp properties;
    check(cudaGetDeviceProperties(&properties, device), "reading the device's properties");
    int driver = 0;
    check(cudaDriverGetVersion(&driver), "reading the driver's version");
    return "sm_" + std::to_string(properties.major) + std::to_string(properties.minor) + ", " +
           std::to_string(properties.multiProcessorCount) + " multiprocessors, " +
           std::to_string(properties.totalGlobalMem >> 20) + " MiB, driver " +
           std::to_string(driver) + ", toolkit " + std::to_string(CUDART_VERSION);
}

std::string pci_address(int device) {
    char address[32] = {};
    check(cudaDeviceGetPCIBusId(address, sizeof address, device),
          "reading the place of the device");
    return address;
}

int multiprocessor_count(int device) {
    int count = 0;
    check(cudaDeviceGetAttribute(&count, cudaDevAttrMultiProcessorCount, device),
          "counting the multiprocessors");
    return count;
}

std::size_t max_shared_bytes(int device) {
    int bytes = 0;
    check(cudaDeviceGetAttribute(&bytes, cudaDevAttrMaxSharedMemoryPerBlockOptin, device),
          "reading the size of shared memory");
    return static_cast<std::size_t>(bytes);
}

double free_bytes(int device) {
    use(device);
    std::size_t free = 0, total = 0;
    check(cudaMemGetInfo(&free, &total), "asking for free memory");
    return static_cast<double>(free);
}

void* allocate(int device, void* stream, std::size_t bytes) {
    use(device);
    void* memory = nullptr;
    const cudaError_t status = cudaMallocAsync(&memory, bytes, as_stream(stream));
    if (status == cudaErrorMemoryAllocation) {
        throw Error(ErrorKind::memory, "out of memory on cuda:" + std::to_string(device) +
                                           " while asking for " + std::to_string(bytes) +
                                           " bytes. Use a smaller batch, or the device cpu.");
    }
    check(status, "allocating memory");
    return memory;
}

void release(int device, void* memory) noexcept {
    // Streams are created blocking, so the legacy default stream is ordered after all their work.
    if (cudaSetDevice(device) == cudaSuccess) cudaFreeAsync(memory, nullptr);
}

void copy(int device, void* stream, void* to, const void* from, std::size_t bytes, CopyKind kind) {
    use(device);
    const cudaMemcpyKind direction = kind == CopyKind::host_to_device   ? cudaMemcpyHostToDevice
                                     : kind == CopyKind::device_to_host ? cudaMemcpyDeviceToHost
                                                                        : cudaMemcpyDeviceToDevice;
    check(cudaMemcpyAsync(to, from, bytes, direction, as_stream(stream)), "copying memory");
    if (kind != CopyKind::device_to_device) synchronize(device, stream);
}

void fill(int device, void* stream, void* memory, int byte, std::size_t bytes) {
    use(device);
    check(cudaMemsetAsync(memory, byte, bytes, as_stream(stream)), "filling memory");
}

void* create_stream(int device) {
    use(device);
    cudaStream_t stream = nullptr;
    check(cudaStreamCreate(&stream), "creating a stream");
    return stream;
}

void destroy_stream(int device, void* stream) noexcept {
    if (cudaSetDevice(device) == cudaSuccess) cudaStreamDestroy(as_stream(stream));
}

void synchronize(int device, void* stream) {
    use(device);
    check(cudaStreamSynchronize(as_stream(stream)), "waiting for the device");
}

}  // namespace elm::cuda
