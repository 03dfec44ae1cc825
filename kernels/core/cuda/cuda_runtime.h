#pragma once

#include <cstddef>
#include <string>

/// The whole of what host code asks of a CUDA device. Three bodies: cuda_runtime.cu (the toolkit),
/// cuda_emulated.cpp (host fibres) and cuda_absent.cpp (a build without either).
namespace elm::cuda {

int device_count();
/// Why device_count() is 0; empty otherwise.
std::string why_none();
std::string device_name(int device);
/// True where "devices" are host fibres. Such a device is never chosen by default.
bool is_emulated();
/// Compute capability, driver and toolkit version of a real device, for `info`.
std::string device_details(int device);
/// Its place on the PCI bus, domain:bus:device.function; empty for one that is emulated.
std::string pci_address(int device);

int multiprocessor_count(int device);
/// Shared memory that one block may ask for, bytes.
std::size_t max_shared_bytes(int device);

/// Memory of a device that nobody has.
double free_bytes(int device);
/// Throws Error{memory} naming the size if there is no room.
void* allocate(int device, void* stream, std::size_t bytes);
void release(int device, void* memory) noexcept;

enum class CopyKind { host_to_device, device_to_host, device_to_device };
/// Finished on return for host memory; ordered in the stream for device to device.
void copy(int device, void* stream, void* to, const void* from, std::size_t bytes, CopyKind kind);
void fill(int device, void* stream, void* memory, int byte, std::size_t bytes);

void* create_stream(int device);
void destroy_stream(int device, void* stream) noexcept;
/// Throws Error{device} with the driver's words if earlier work failed.
void synchronize(int device, void* stream);

}  // namespace elm::cuda
